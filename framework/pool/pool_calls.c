/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns mr_pool_map and mr_pool_apply, and what all calls that map have in
 * common: their arguments, and who may map.
 */
#include <multirank/pool.h>

#include <math.h>

#include "pool/pool.h"
#include "pool/schedule.h"
#include "runtime/job/identity.h"
#include "util/log.h"

static mr_error check_memory(const char *caller, const char *name,
                             const void *memory, size_t size, size_t count)
{
    if (!memory && size && count) {
        return mri_bad_argument(caller, name, "is NULL");
    }
    if (size && count > (SIZE_MAX / 2) / size) {
        return mri_bad_argument(caller, "count", "times a size overflows");
    }
    return MR_OK;
}

/* The outputs of some tasks would overwrite inputs of others that have not been
 * read.  The same memory for both, with one size, is fine. */
static mr_error check_overlap(const char *caller,
                              const mri_map_request *request)
{
    uintptr_t in = (uintptr_t)request->inputs;
    uintptr_t out = (uintptr_t)request->outputs;
    size_t in_size = request->total * request->input_size;
    size_t out_size = request->total * request->output_size;

    if (in_size && out_size && in < out + out_size && out < in + in_size &&
        (in != out || in_size != out_size)) {
        return mri_bad_argument(caller, "outputs", "overlap the inputs");
    }
    return MR_OK;
}

mr_error mri_map_prepare(mri_map_request *request, const char *caller,
                         mr_task_function *function)
{
    mr_error error = MR_OK;

    if (!function) {
        error = mri_bad_argument(caller, "function", "is NULL");
    }
    if (!error) {
        error = check_memory(caller, "context", request->context,
                             request->context_size, 1);
    }
    if (!error) {
        error = check_memory(caller, "inputs", request->inputs,
                             request->input_size, request->total);
    }
    if (!error) {
        error = check_memory(caller, "outputs", request->outputs,
                             request->output_size, request->total);
    }
    if (!error) {
        error = check_overlap(caller, request);
    }
    if (!error) {
        error =
            mri_function_encode((mri_function *)function, &request->function);
    }
    return error;
}

mr_error mri_map_allowed(void)
{
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (mri_inside_task) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "a task of a pool cannot start a map: start it "
                        "from main or from a process");
    }
    return MR_OK;
}

mr_error mri_map_begin(mri_driver *driver, mr_pool pool)
{
    mr_error error = mri_map_allowed();

    return error ? error : mri_driver_begin(driver, pool);
}

static mr_error run(mr_pool pool, const mri_map_request *request,
                    const mr_map_options *options)
{
    mr_task_error first = {.code = MR_OK};
    mri_driver driver;
    mr_error error = mri_map_begin(&driver, pool);

    if (error) {
        return error;
    }
    error = mri_schedule(&driver, request, &first);
    mri_driver_end(&driver);
    if (options && options->error) {
        *options->error = first;
    }
    return error ? error : first.code;
}

static mr_error batch(const char *caller, mr_pool pool,
                      mr_task_function *function, mri_map_request *request,
                      const mr_map_options *options)
{
    double timeout = options ? options->timeout : 0;
    mr_error error;

    if (isnan(timeout)) {
        return mri_bad_argument(caller, "options->timeout", "is NaN");
    }
    request->timeout = timeout > 0 ? timeout : MR_FOREVER;
    error = mri_map_prepare(request, caller, function);
    return error ? error : run(pool, request, options);
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
    };

    return batch("mr_pool_map", pool, function, &request, options);
}

mr_error mr_pool_apply(mr_pool pool, mr_task_function *function,
                       const void *context, size_t context_size,
                       const void *input, size_t input_size, void *output,
                       size_t output_size, const mr_map_options *options)
{
    mri_map_request request = {
        .context = context,
        .context_size = context_size,
        .inputs = input,
        .input_size = input_size,
        .outputs = output,
        .output_size = output_size,
        .total = 1,
    };

    if (!input && input_size) {
        return mri_bad_argument("mr_pool_apply", "input", "is NULL");
    }
    if (!output && output_size) {
        return mri_bad_argument("mr_pool_apply", "output", "is NULL");
    }
    return batch("mr_pool_apply", pool, function, &request, options);
}
