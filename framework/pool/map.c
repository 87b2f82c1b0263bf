/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns a map as a whole: batches are scheduled, and gathered with their
 * outputs, until all tasks have ended.  A small one may have been done before
 * that, see pool/map_reuse.c.
 */
#include "pool/schedule.h"

#include <assert.h>
#include <string.h>

#include <multirank/wait.h>

#include "engine/wait_any.h"
#include "pool/scheduler.h"

/* Seconds. */
static const double LOOK_AROUND = 1e-3;

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
    bool keep = mri_map_keeps(d, n, p);
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
        mri_pool_keep(d->pool, &p->handle, n->spec);
    }
    p->dispatch_cost += mri_schedule_now(d) - begun;
    collected(d, n, p, result.time);
    return MR_OK;
}

/* Handles to wait for: the pool, then the batches under way; `batches` and
 * `nodes` say whose. */
typedef struct waiting {
    mr_handle handles[MR_WAIT_MAX];
    bool ready[MR_WAIT_MAX];
    mri_schedule_batch *batches[MR_WAIT_MAX];
    mri_schedule_node *nodes[MR_WAIT_MAX];
    size_t count;
} waiting;

static void list_all(const mri_scheduler *d, waiting *w)
{
    w->handles[0] = d->pool.handle;
    w->count = 1;
    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < d->nodes[i].parts_count; k++) {
            mri_schedule_batch *p = &d->nodes[i].batches[k];

            if (p->handle.kind != MRI_NONE) {
                assert(w->count < MR_WAIT_MAX);
                w->handles[w->count] = p->handle;
                w->batches[w->count] = p;
                w->nodes[w->count++] = &d->nodes[i];
            }
        }
    }
}

/* The few that were told of a small batch may be in tasks of another pool, or
 * have died: the others are told when it has not ended soon. */
static void tell_the_spared(const waiting *w)
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

static bool some_are_spared(const waiting *w)
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
    if (some_are_spared(w)) {
        return MRI_SCHEDULE_DEFER / 1e9;
    }
    return d->nodes_count == 1 && d->left ? LOOK_AROUND : MR_FOREVER;
}

/* Outputs as mri_wait_any; perhaps none is ready. */
static mr_error wait_for_any(const mri_scheduler *d, waiting *w)
{
    double left = mri_schedule_time_left(d);
    double most = patience(d, w);
    bool looks = most > 0 && (left < 0 || most < left);
    mr_error error;

    mri_pool_give_way(d->pool, true);
    error = mri_wait_any(w->handles, w->count, looks ? most : left, w->ready);
    mri_pool_give_way(d->pool, false);

    if (looks && error == MR_ERR_TIMEOUT) {
        memset(w->ready, false, w->count * sizeof *w->ready);
        error = MR_OK;
        if (d->nodes_count == 1 && d->left) {
            look_what_has_begun(w);
        }
    }
    if (!error) {
        tell_the_spared(w);
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
    if (!error && mri_pool_wants_attention(d->pool)) {
        error = mri_schedule_restart_dead(d);
    }
    for (size_t i = 1; !error && i < w.count; i++) {
        if (w.ready[i] && w.batches[i]->handle.kind != MRI_NONE) {
            error = collect(d, w.nodes[i], w.batches[i]);
        }
    }
    return error;
}

/* ---- a map --------------------------------------------------------------- */

static mr_error run(mri_scheduler *d)
{
    mr_error error = MR_OK;

    while (!error) {
        error = mri_schedule_more(d);
        if (error || d->under_way == 0) {
            break;
        }
        error = wait_and_collect(d);
    }
    return !error && d->left ? mri_schedule_refusal(d) : error;
}

mr_error mri_schedule(mr_pool pool, const mri_map_request *request,
                      mr_task_error *first)
{
    mri_scheduler d = {.first = first,
                       .deadline = mri_deadline(request->timeout)};
    mr_handle batch;
    mr_error error = mri_map_reuse(pool, request, first, &batch);

    if (error != MRI_WOULD_BLOCK) {
        return error;
    }
    d.adopted = batch;
    error = mri_schedule_begin(&d, pool, request);
    if (!error) {
        error = run(&d);
    }
    mri_schedule_end(&d);
    return error;
}
