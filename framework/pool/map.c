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

#include <assert.h>
#include <string.h>

#include <multirank/wait.h>

#include "engine/operation.h"
#include "engine/wait_any.h"
#include "pool/scheduler.h"

/* Seconds. */
static const double POLL_INTERVAL = 1e-3;

/* ---- small maps ---------------------------------------------------------- */

/* Bytes of inputs and outputs of a batch that is worth to be kept; also tasks.
 */
enum { MAX_KEPT = 64 << 10 };

static bool is_small(const mri_map_request *r)
{
    size_t size = r->input_size + r->output_size;

    return r->total > 0 && r->total <= MAX_KEPT && r->context_size == 0 &&
           (size == 0 || r->total <= MAX_KEPT / size);
}

/* Is the batch of that node, with all tasks of the map, to be kept for others?
 */
static bool keeps(const mri_scheduler *d, const mri_schedule_node *n,
                  const mri_schedule_batch *p)
{
    return d->nodes_count == 1 && n->near &&
           p->tasks.count == d->request->total && is_small(d->request) &&
           n->workers == d->driver->workers && d->driver->is_creator;
}

/* ---- gathering ----------------------------------------------------------- */

static void collected(mri_scheduler *d, mri_schedule_node *n,
                      mri_schedule_batch *p, uint64_t time)
{
    assert(p->tasks.count > 0);
    mri_schedule_batch_ended(d, p);
    n->task = (double)time / (double)p->tasks.count;
    if (!n->near &&
        (d->dispatch_cost == 0 || p->dispatch_cost < d->dispatch_cost)) {
        d->dispatch_cost = p->dispatch_cost;
    }
}

/* The first batch that ends need not be that of the first failure. */
static void note_failure(mri_scheduler *d, const mr_task_error *failure,
                         int64_t when)
{
    if (!d->first->code || when < d->first_at) {
        *d->first = *failure;
        d->first_at = when;
    }
}

static mr_error collect(mri_scheduler *d, mri_schedule_node *n,
                        mri_schedule_batch *p)
{
    int64_t begun = mri_schedule_now(d);
    bool keep = keeps(d, n, p);
    mri_batch_result result;
    mr_error error =
        mri_batch_end(p->handle, keep, 0, mri_schedule_outputs(d, p->tasks),
                      p->tasks.count * d->request->output_size, &result);

    if (error == MR_ERR_OWNER_LOST) {
        return mri_schedule_lose(d, n);
    }
    if (error) {
        return error == MR_ERR_TIMEOUT ? MR_OK : error;
    }
    if (result.error.code) {
        note_failure(d, &result.error, mri_now() - (int64_t)result.age);
    } else if (keep) {
        mri_kept_add(d->driver, p->handle, n->spec);
    }
    p->dispatch_cost += mri_schedule_now(d) - begun;
    collected(d, n, p, result.time);
    return MR_OK;
}

/* Handles to wait for: the pool, then the batches under way; `batches` and
 * `nodes` say whose. */
typedef struct waiting {
    mr_handle handles[MRI_SCHEDULE_WAITS];
    bool ready[MRI_SCHEDULE_WAITS];
    mri_schedule_batch *batches[MRI_SCHEDULE_WAITS];
    mri_schedule_node *nodes[MRI_SCHEDULE_WAITS];
    size_t count;
} waiting;

static void list_all(const mri_scheduler *d, waiting *w)
{
    w->handles[0] = d->driver->pool.handle;
    w->count = 1;
    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < d->nodes[i].batches_max; k++) {
            mri_schedule_batch *p = &d->nodes[i].batches[k];

            if (p->handle.kind != MRI_NONE) {
                assert(w->count < MRI_SCHEDULE_WAITS);
                w->handles[w->count] = p->handle;
                w->batches[w->count] = p;
                w->nodes[w->count++] = &d->nodes[i];
            }
        }
    }
}

/* The few that were told of a small batch may be in tasks of another pool, or
 * have died: the others are told when it has not ended soon. */
static void notify_the_deferred(const waiting *w)
{
    for (size_t i = 1; i < w->count; i++) {
        mri_schedule_batch *p = w->batches[i];

        if (p->deferred_until && !w->ready[i] &&
            mri_now() >= p->deferred_until) {
            p->deferred_until =
                mri_batch_notify_rest(p->handle, w->nodes[i]->spec,
                                      p->tasks.count)
                    ? 0
                    : mri_now() + MRI_SCHEDULE_DEFER;
        }
    }
}

/* Long tasks may hold all batches that are under way while workers have nothing
 * to begin. */
static void look_what_has_begun(const waiting *w)
{
    for (size_t i = 1; i < w->count; i++) {
        mri_schedule_batch *p = w->batches[i];
        bool left = true;

        if (!p->begun && mri_batch_left(p->handle, &left) == MR_OK) {
            p->begun = !left;
        }
    }
}

static bool some_are_deferred(const waiting *w)
{
    for (size_t i = 1; i < w->count; i++) {
        if (w->batches[i]->deferred_until) {
            return true;
        }
    }
    return false;
}

/* Seconds after which to look around; MR_FOREVER: nothing could be done. */
static double patience(const mri_scheduler *d, const waiting *w)
{
    if (some_are_deferred(w)) {
        return MRI_SCHEDULE_DEFER / 1e9;
    }
    return d->nodes_count == 1 && d->left ? POLL_INTERVAL : MR_FOREVER;
}

/* Outputs as mri_wait_any; perhaps none is ready. */
static mr_error wait_for_any(const mri_scheduler *d, waiting *w)
{
    double left = mri_schedule_time_left(d);
    double most = patience(d, w);
    bool looks = most > 0 && (left < 0 || most < left);
    mr_error error;

    mri_driver_waits(d->driver, true);
    error = mri_wait_any(w->handles, w->count, looks ? most : left, w->ready);
    mri_driver_waits(d->driver, false);

    if (looks && error == MR_ERR_TIMEOUT) {
        memset(w->ready, false, w->count * sizeof *w->ready);
        error = MR_OK;
        if (d->nodes_count == 1 && d->left) {
            look_what_has_begun(w);
        }
    }
    if (!error) {
        notify_the_deferred(w);
    }
    return error;
}

static mr_error wait_and_collect(mri_scheduler *d)
{
    waiting w;
    mr_error error;

    list_all(d, &w);
    assert(w.count == d->under_way + 1);
    error = wait_for_any(d, &w);
    if (error == MR_ERR_OWNER_LOST) { /* of any batch */
        memset(w.ready, true, w.count * sizeof *w.ready);
        error = MR_OK;
    }
    if (!error && w.ready[0]) {
        error = mri_schedule_attend(d);
    }
    for (size_t i = 1; !error && i < w.count; i++) {
        if (w.ready[i] && w.batches[i]->handle.kind != MRI_NONE) {
            error = collect(d, w.nodes[i], w.batches[i]);
        }
    }
    return error;
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
    mri_kept *kept = is_small(request) ? mri_kept_take(driver) : NULL;
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
