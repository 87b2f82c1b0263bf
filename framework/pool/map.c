/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns mr_pool_map and mr_pool_apply, and the arguments of all calls that map.
 * Batches are scheduled and gathered by the calling thread, until all tasks
 * have ended.
 *
 * A small map has a short way.  When all workers are on the caller's node the
 * pool keeps the batch of a small map that went well: it is filled with the
 * tasks of the next one, the workers are told, and one call waits for them and
 * brings the outputs.  What does not fit goes the long way from the start, and
 * what has not ended soon goes on there, where deaths are looked after.
 */
#include "pool/schedule.h"

#include <math.h>
#include <string.h>

#include <multirank/wait.h>

#include "engine/operation.h"
#include "engine/wait_any.h"
#include "pool/gather.h"
#include "pool/worker/map_inside.h"
#include "runtime/job/identity.h"
#include "util/log.h"

/* ---- arguments ----------------------------------------------------------- */

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
                         mr_task_function *function, double timeout)
{
    mr_error error = MR_OK;

    if (isnan(timeout)) {
        return mri_bad_argument(caller, "options->timeout", "is NaN");
    }
    request->timeout = timeout > 0 ? timeout : MR_FOREVER;
    if (!function) {
        error = mri_bad_argument(caller, "function", "is NULL");
    }
    if (!error) {
        error = check_memory(caller, "context", request->context,
                             request->context_size, 1);
    }
    if (!error) {
        error =
            check_memory(caller, request->single ? "input" : "inputs",
                         request->inputs, request->input_size, request->total);
    }
    if (!error) {
        error = check_memory(caller, request->single ? "output" : "outputs",
                             request->outputs, request->output_size,
                             request->total);
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
                        "a task of a pool can only map, apply and spawn: call "
                        "this from main or from a process");
    }
    return MR_OK;
}

mr_error mri_map_begin(mri_driver *driver, mr_pool pool)
{
    mr_error error = mri_map_allowed();

    return error ? error : mri_driver_begin(driver, pool, false);
}

/* ---- waiting ------------------------------------------------------------- */

/* The arrays of a mri_gather. */
typedef struct arrays {
    mr_handle handles[MRI_SCHEDULE_WAITS];
    bool ready[MRI_SCHEDULE_WAITS];
    mri_schedule_batch *batches[MRI_SCHEDULE_WAITS];
    mri_schedule_node *nodes[MRI_SCHEDULE_WAITS];
} arrays;

/* After MR_OK perhaps none is ready. */
static mr_error wait_for_any(const mri_scheduler *d, mri_gather *g)
{
    double left = mri_schedule_time_left(d);
    double most = mri_gather_patience(d, g);
    bool looks = most > 0 && (left < 0 || most < left);
    mr_error error;

    mri_driver_waits(d->driver, true);
    error = mri_wait_any(g->handles, g->count, looks ? most : left, g->ready);
    mri_driver_waits(d->driver, false);
    if (error == MR_ERR_OWNER_LOST || (looks && error == MR_ERR_TIMEOUT)) {
        memset(g->ready, error == MR_ERR_OWNER_LOST, /* of any batch */
               g->count * sizeof *g->ready);
        error = MR_OK;
    }
    return error;
}

static mr_error wait_and_collect(mri_scheduler *d)
{
    arrays a;
    mri_gather g = {.handles = a.handles,
                    .ready = a.ready,
                    .batches = a.batches,
                    .nodes = a.nodes,
                    .room = MRI_SCHEDULE_WAITS};
    mr_error error;

    mri_gather_list(d, &g);
    error = wait_for_any(d, &g);
    return error ? error : mri_gather_collect(d, &g);
}

/* ---- the short way ------------------------------------------------------- */

static void describe(mri_batch_spec *spec, const mri_map_request *r)
{
    mri_schedule_describe(r, spec);
    spec->count = r->total;
    spec->inputs = mri_schedule_in_place(r->inputs, r->total * r->input_size);
    spec->outputs =
        mri_schedule_in_place(r->outputs, r->total * r->output_size);
}

/* Seconds to wait here. */
static double soon(const mri_map_request *r)
{
    double most = MRI_SCHEDULE_DEFER / 1e9;

    return r->timeout >= 0 && r->timeout < most ? r->timeout : most;
}

/* All have been told. */
static mr_error finish_reused(const mri_driver *driver,
                              const mri_map_request *r, mr_task_error *first,
                              mri_kept *kept)
{
    mri_batch_result result;
    mr_error error;

    mri_driver_waits(driver, true);
    error = mri_batch_end(kept->batch, true, soon(r), r->outputs,
                          r->total * r->output_size, &result);
    mri_driver_waits(driver, false);
    if (error == MR_ERR_TIMEOUT) {
        return MRI_WOULD_BLOCK;
    }
    if (error || result.error.code) {
        mri_kept_cancel(kept);
    } else {
        mri_kept_return(kept);
    }
    if (result.error.code) {
        *first = result.error;
    }
    return error;
}

/* Have a small map done by the batch that the pool has kept.  MRI_WOULD_BLOCK:
 * it is still under way in *batch; or that is of kind MRI_NONE, and nothing was
 * begun. */
static mr_error reuse(const mri_driver *driver, const mri_map_request *request,
                      mr_task_error *first, mr_handle *batch)
{
    mri_kept *kept = mri_map_is_small(request) ? mri_kept_take(driver) : NULL;
    mr_error error;
    size_t size;

    *batch = (mr_handle){0};
    if (!kept) {
        return MRI_WOULD_BLOCK;
    }
    describe(&kept->spec, request);
    size = kept->spec.inputs ? 0 : request->total * request->input_size;
    if (mri_batch_refill(kept->batch, &kept->spec, request->inputs, size)) {
        mri_kept_cancel(kept);
        return MRI_WOULD_BLOCK;
    }
    error = mri_batch_notify_all(kept->batch, &kept->spec);
    if (error) {
        mri_kept_cancel(kept);
        return error;
    }
    error = finish_reused(driver, request, first, kept);
    if (error == MRI_WOULD_BLOCK) {
        *batch = kept->batch;
        mri_kept_hand_over(kept);
    }
    return error;
}

/* ---- a map --------------------------------------------------------------- */

static mr_error go_on(mri_scheduler *d)
{
    mr_error error = MR_OK;

    while (!error) {
        error = mri_schedule_more(d);
        if (error || (d->under_way == 0 && !mri_schedule_is_hopeful(d))) {
            break;
        }
        error = wait_and_collect(d);
    }
    return !error && d->left ? mri_schedule_refusal(d) : error;
}

/* Have all tasks run.  *first, of the code MR_OK, becomes the first failure of
 * a task.  Errors of mr_pool_map that are not a task's. */
static mr_error run(mri_driver *driver, const mri_map_request *request,
                    mr_task_error *first)
{
    mri_scheduler d = {.sink = &mri_map_sink,
                       .first = first,
                       .deadline = mri_deadline(request->timeout)};
    mr_handle batch;
    mr_error error = reuse(driver, request, first, &batch);

    if (error != MRI_WOULD_BLOCK) {
        return error;
    }
    d.adopted = batch;
    error = mri_schedule_begin(&d, driver, request);
    if (!error) {
        error = go_on(&d);
    }
    mri_schedule_end(&d);
    return error;
}

/* ---- calls --------------------------------------------------------------- */

static mr_error map_outside(mr_pool pool, const mri_map_request *request,
                            mr_task_error *first)
{
    mri_driver driver;
    mr_error error = mri_map_begin(&driver, pool);

    if (!error) {
        error = run(&driver, request, first);
        mri_driver_end(&driver);
    }
    return error == MR_ERR_BROKEN ? mri_pool_tell_breach(pool, first) : error;
}

static mr_error map(const char *caller, mr_pool pool,
                    mr_task_function *function, const mri_map_request *request,
                    const mr_map_options *options)
{
    mr_task_error first = {.code = MR_OK};
    mr_error error = mri_inside_task ? mri_map_inside(caller, pool, function,
                                                      request, &first)
                                     : map_outside(pool, request, &first);

    if (options && options->error) {
        *options->error = first;
    }
    return error ? error : first.code;
}

static mr_error prepare_and_map(const char *caller, mr_pool pool,
                                mr_task_function *function,
                                mri_map_request *request,
                                const mr_map_options *options)
{
    mr_error error = mri_map_prepare(request, caller, function,
                                     options ? options->timeout : 0);

    return error ? error : map(caller, pool, function, request, options);
}

mr_error mr_pool_map(mr_pool pool, mr_task_function *function,
                     const void *context, size_t context_size,
                     const void *inputs, size_t input_size, void *outputs,
                     size_t output_size, size_t count,
                     const mr_map_options *options)
{
    mri_map_request request = mri_map_of(
        context, context_size, inputs, input_size, outputs, output_size, count);

    request.chunk = options ? options->chunk : 0;
    return prepare_and_map("mr_pool_map", pool, function, &request, options);
}

mr_error mr_pool_apply(mr_pool pool, mr_task_function *function,
                       const void *context, size_t context_size,
                       const void *input, size_t input_size, void *output,
                       size_t output_size, const mr_map_options *options)
{
    mri_map_request request = mri_map_of(context, context_size, input,
                                         input_size, output, output_size, 1);

    request.single = true;
    return prepare_and_map("mr_pool_apply", pool, function, &request, options);
}
