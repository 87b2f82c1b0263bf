/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns mr_pool_map: its arguments, and the one map at a time.
 */
#include <multirank/pool.h>

#include <math.h>

#include "objects/deal.h"
#include "objects/pool.h"
#include "runtime/place.h"
#include "util/log.h"

static mr_error check_memory(const char *name, const void *memory, size_t size,
                             size_t count)
{
    if (!memory && size && count) {
        return mri_bad_argument("mr_pool_map", name, "is NULL");
    }
    if (size && count > (SIZE_MAX / 2) / size) {
        return mri_bad_argument("mr_pool_map", "count",
                                "times a size overflows");
    }
    return MR_OK;
}

static mr_error check(const mri_map_request *request, bool has_function,
                      const mr_map_options *options)
{
    mr_error error = MR_OK;

    if (!has_function) {
        error = mri_bad_argument("mr_pool_map", "function", "is NULL");
    }
    if (!error && options && isnan(options->timeout)) {
        error = mri_bad_argument("mr_pool_map", "options->timeout", "is NaN");
    }
    if (!error) {
        error =
            check_memory("context", request->context, request->context_size, 1);
    }
    if (!error) {
        error = check_memory("inputs", request->inputs, request->input_size,
                             request->total);
    }
    if (!error) {
        error = check_memory("outputs", request->outputs, request->output_size,
                             request->total);
    }
    return error;
}

static mr_error run(mr_pool pool, const mri_map_request *request,
                    const mr_map_options *options)
{
    mr_task_error first = {.code = MR_OK};
    mr_error error = MR_ERR_STATE;

    if (mri_self() && !mri_inside_task) {
        error = mri_pool_begin(pool);
    }
    if (error) {
        return error;
    }
    error = mri_deal(pool, request, &first);
    mri_pool_end(pool);
    if (options && options->error) {
        *options->error = first;
    }
    return error ? error : first.code;
}

mr_error mr_pool_map(mr_pool pool, mr_task_function *function,
                     const void *context, size_t context_size,
                     const void *inputs, size_t input_size, void *outputs,
                     size_t output_size, size_t count,
                     const mr_map_options *options)
{
    mri_map_request request = {
        .context = context,
        .context_size = context_size,
        .inputs = inputs,
        .input_size = input_size,
        .outputs = outputs,
        .output_size = output_size,
        .total = count,
        .chunk = options ? options->chunk : 0,
        .timeout =
            options && options->timeout > 0 ? options->timeout : MR_FOREVER,
    };
    mr_error error = check(&request, function != NULL, options);

    if (!error) {
        error =
            mri_function_encode((mri_function *)function, &request.function);
    }
    return error ? error : run(pool, &request, options);
}
