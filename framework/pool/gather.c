/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the batches of a map are gathered: which of them are waited for,
 * and what is done with one that has ended.
 */
#include "pool/gather.h"

#include <assert.h>

/* Seconds. */
static const double POLL_INTERVAL = 1e-3;

/* ---- batches that are kept ----------------------------------------------- */

/* Bytes of inputs and outputs of a batch that is worth to be kept; also tasks.
 */
enum { MAX_KEPT = 64 << 10 };

bool mri_map_is_small(const mri_map_request *r)
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
           p->tasks.count == d->request->total &&
           mri_map_is_small(d->request) && n->workers == d->driver->workers &&
           d->driver->is_creator;
}

/* ---- batches that have ended --------------------------------------------- */

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

/* ---- waiting ------------------------------------------------------------- */

size_t mri_gather_room(const mri_scheduler *d)
{
    size_t room = 1;

    for (size_t i = 0; i < d->nodes_count; i++) {
        room += d->nodes[i].batches_max;
    }
    return room < MRI_SCHEDULE_WAITS ? room : MRI_SCHEDULE_WAITS;
}

void mri_gather_list(const mri_scheduler *d, mri_gather *g)
{
    assert(g->room >= mri_gather_room(d));
    g->handles[0] = d->driver->pool.handle;
    g->count = 1;
    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < d->nodes[i].batches_max; k++) {
            mri_schedule_batch *p = &d->nodes[i].batches[k];

            if (p->handle.kind != MRI_NONE) {
                assert(g->count < g->room);
                g->handles[g->count] = p->handle;
                g->batches[g->count] = p;
                g->nodes[g->count++] = &d->nodes[i];
            }
        }
    }
    assert(g->count == d->under_way + 1);
}

/* The few that were told of a small batch may be in tasks of another pool, or
 * have died: the others are told when it has not ended soon. */
static void notify_the_deferred(const mri_gather *g)
{
    for (size_t i = 1; i < g->count; i++) {
        mri_schedule_batch *p = g->batches[i];

        if (p->deferred_until && !g->ready[i] &&
            mri_now() >= p->deferred_until) {
            p->deferred_until =
                mri_batch_notify_rest(p->handle, g->nodes[i]->spec,
                                      p->tasks.count)
                    ? 0
                    : mri_now() + MRI_SCHEDULE_DEFER;
        }
    }
}

/* Long tasks may hold all batches that are under way while workers have nothing
 * to begin. */
static void look_what_has_begun(const mri_gather *g)
{
    for (size_t i = 1; i < g->count; i++) {
        mri_schedule_batch *p = g->batches[i];
        bool left = true;

        if (!p->begun && mri_batch_left(p->handle, &left) == MR_OK) {
            p->begun = !left;
        }
    }
}

static bool some_are_deferred(const mri_gather *g)
{
    for (size_t i = 1; i < g->count; i++) {
        if (g->batches[i]->deferred_until) {
            return true;
        }
    }
    return false;
}

double mri_gather_patience(const mri_scheduler *d, const mri_gather *g)
{
    if (some_are_deferred(g)) {
        return MRI_SCHEDULE_DEFER / 1e9;
    }
    return d->nodes_count == 1 && d->left ? POLL_INTERVAL : MR_FOREVER;
}

mr_error mri_gather_collect(mri_scheduler *d, mri_gather *g)
{
    mr_error error = MR_OK;

    if (d->nodes_count == 1 && d->left) {
        look_what_has_begun(g);
    }
    notify_the_deferred(g);
    if (g->ready[0]) {
        error = mri_schedule_attend(d);
    }
    for (size_t i = 1; !error && i < g->count; i++) {
        if (g->ready[i] && g->batches[i]->handle.kind != MRI_NONE) {
            error = collect(d, g->nodes[i], g->batches[i]);
        }
    }
    return error;
}
