/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns a map as a whole: batches are scheduled, and gathered with their
 * outputs, until all tasks have ended.
 *
 * A small map has a short way.  When all workers are on the caller's node the
 * pool keeps the batch of a small map that went well: it is filled with the
 * tasks of the next one, the workers are told, and one call waits for them and
 * brings the outputs.  What does not fit goes the long way from the start, and
 * what has not ended soon goes on there, where deaths are looked after.
 */
#include "pool/schedule.h"

#include <string.h>

#include <multirank/wait.h>

#include "engine/operation.h"
#include "engine/wait_any.h"
#include "pool/gather.h"

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

static mr_error run(mri_scheduler *d)
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

mr_error mri_schedule(mri_driver *driver, const mri_map_request *request,
                      mr_task_error *first)
{
    mri_scheduler d = {.first = first,
                       .deadline = mri_deadline(request->timeout)};
    mr_handle batch;
    mr_error error = reuse(driver, request, first, &batch);

    if (error != MRI_WOULD_BLOCK) {
        return error;
    }
    d.adopted = batch;
    error = mri_schedule_begin(&d, driver, request);
    if (!error) {
        error = run(&d);
    }
    mri_schedule_end(&d);
    return error;
}
