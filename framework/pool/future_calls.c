/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the calls that begin an asynchronous map, wait for it and end it.
 */
#include <math.h>
#include <stdlib.h>

#include "engine/operation.h"
#include "objects/kinds.h"
#include "pool/async.h"
#include "util/clock.h"
#include "util/log.h"

static mr_error begin(mr_future *future, mr_pool pool,
                      const mri_map_request *map,
                      const mr_async_options *options)
{
    mri_request *r = calloc(1, sizeof *r);
    mr_error error;

    if (!r) {
        return MR_ERR_NO_MEMORY;
    }
    r->pool = pool;
    r->map = *map;
    r->deadline = mri_deadline(map->timeout);
    r->callback = options ? options->callback : NULL;
    r->user = options ? options->user : NULL;
    error = mri_future_create(&r->future, map->total);
    if (error) {
        free(r);
        return error;
    }
    *future = r->future;
    error = mri_async_add(r);
    if (error) {
        (void)!mri_destroy(&mri_future_ops, r->future.handle);
        mri_request_end(r);
    }
    return error;
}

static mr_error map_async(const char *caller, mr_future *future, mr_pool pool,
                          mr_task_function *function, mri_map_request *map,
                          const mr_async_options *options)
{
    mr_future made;
    mr_error error;

    if (!future) {
        return mri_bad_argument(caller, "future", "is NULL");
    }
    error =
        mri_map_prepare(map, caller, function, options ? options->timeout : 0);
    if (!error) {
        error = mri_map_allowed();
    }
    if (!error) {
        error = begin(&made, pool, map, options);
    }
    if (!error) {
        *future = made;
    }
    return error;
}

mr_error mr_pool_map_async(mr_future *future, mr_pool pool,
                           mr_task_function *function, const void *context,
                           size_t context_size, const void *inputs,
                           size_t input_size, void *outputs, size_t output_size,
                           size_t count, const mr_async_options *options)
{
    mri_map_request map = mri_map_of(context, context_size, inputs, input_size,
                                     outputs, output_size, count);

    map.chunk = options ? options->chunk : 0;
    return map_async("mr_pool_map_async", future, pool, function, &map,
                     options);
}

mr_error mr_pool_apply_async(mr_future *future, mr_pool pool,
                             mr_task_function *function, const void *context,
                             size_t context_size, const void *input,
                             size_t input_size, void *output,
                             size_t output_size,
                             const mr_async_options *options)
{
    mri_map_request map = mri_map_of(context, context_size, input, input_size,
                                     output, output_size, 1);

    map.single = true;
    return map_async("mr_pool_apply_async", future, pool, function, &map,
                     options);
}

static mr_error await(const char *caller, mr_future future, double timeout,
                      mr_error *code)
{
    int64_t deadline = mri_deadline(timeout);
    mr_error error;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (isnan(timeout)) {
        return mri_bad_argument(caller, "timeout", "is NaN");
    }
    error = mri_async_help(future, timeout);
    return error ? error
                 : mri_future_await(future, mri_timeout_left(timeout, deadline),
                                    code);
}

mr_error mr_future_wait(mr_future future, double timeout)
{
    mr_error code;

    return await("mr_future_wait", future, timeout, &code);
}

mr_error mr_future_get(mr_future future, double timeout, mr_task_error *first)
{
    mr_error code = MR_OK;
    mr_error error = await("mr_future_get", future, timeout, &code);

    if (!error && first) {
        error = mri_future_tell_first(future, first);
    }
    return error ? error : code;
}

mr_error mr_future_destroy(mr_future future)
{
    mr_error error = MR_OK;
    bool ended = true;

    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    if (mri_async_has(future)) {
        error = mr_future_cancel(future);
        error = error ? error : mr_future_wait(future, MR_FOREVER);
    } else {
        error = mr_future_ready(future, &ended);
    }
    if (!error && !ended) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "the map of a future goes on in another endpoint: "
                        "cancel it there, or wait for its end");
    }
    return error ? error : mri_destroy(&mri_future_ops, future.handle);
}
