/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns a map as a whole: parts are dealt, and gathered with their outputs,
 * until all tasks have ended.
 */
#include "objects/deal.h"

#include <string.h>

#include <multirank/wait.h>

#include "objects/dealing.h"
#include "route/several.h"

/* ---- gathering ----------------------------------------------------------- */

static void collected(mri_dealing *d, mri_deal_node *n, mri_deal_part *p,
                      uint64_t time)
{
    mri_deal_part_ended(d, p);
    n->task = (double)time / (double)p->tasks.count;
    if (!n->near && (d->care == 0 || p->care < d->care)) {
        d->care = p->care;
    }
}

static mr_error collect(mri_dealing *d, mri_deal_node *n, mri_deal_part *p)
{
    int64_t begun = mri_deal_now(d);
    mr_task_error failure;
    uint64_t time;
    mr_error error =
        mri_part_end(p->handle, mri_deal_outputs(d, p->tasks),
                     p->tasks.count * d->request->output_size, &failure, &time);

    if (error == MR_ERR_OWNER_LOST) {
        return mri_deal_lose(d, n);
    }
    if (error) {
        return error == MR_ERR_TIMEOUT ? MR_OK : error;
    }
    if (failure.code && !d->first->code) {
        *d->first = failure;
    }
    p->care += mri_deal_now(d) - begun;
    collected(d, n, p, time);
    return MR_OK;
}

/* Handles to wait for: the pool, then the parts under way; `parts` and
 * `nodes` say whose. */
typedef struct waiting {
    mr_handle handles[MR_WAIT_MAX];
    bool ready[MR_WAIT_MAX];
    mri_deal_part *parts[MR_WAIT_MAX];
    mri_deal_node *nodes[MR_WAIT_MAX];
    size_t count;
} waiting;

static void list_all(const mri_dealing *d, waiting *w)
{
    w->handles[0] = d->pool.handle;
    w->count = 1;
    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < d->nodes[i].parts_count; k++) {
            mri_deal_part *p = &d->nodes[i].parts[k];

            if (p->handle.kind != MRI_NONE) {
                w->handles[w->count] = p->handle;
                w->parts[w->count] = p;
                w->nodes[w->count++] = &d->nodes[i];
            }
        }
    }
}

/* Seconds.  The few that were told of a small part may be in tasks of another
 * pool, or have died: the others are told when it has not ended soon. */
static const double SOON = 1e-3;

static bool some_are_spared(const waiting *w)
{
    for (size_t i = 1; i < w->count; i++) {
        if (w->parts[i]->spares) {
            return true;
        }
    }
    return false;
}

static void tell_the_spared(const waiting *w)
{
    for (size_t i = 1; i < w->count; i++) {
        mri_deal_part *p = w->parts[i];

        if (p->spares) {
            mri_part_post_rest(p->handle, w->nodes[i]->spec, p->tasks.count);
            p->spares = false;
        }
    }
}

/* Outputs as mri_wait_any. */
static mr_error wait_for_any(const mri_dealing *d, waiting *w)
{
    double left = mri_deal_time_left(d);

    if (some_are_spared(w)) {
        mr_error error =
            mri_wait_any(w->handles, w->count,
                         left < 0 || left > SOON ? SOON : left, w->ready);

        if (error != MR_ERR_TIMEOUT) {
            return error;
        }
        tell_the_spared(w);
        left = mri_deal_time_left(d);
    }
    return mri_wait_any(w->handles, w->count, left, w->ready);
}

static mr_error wait_and_collect(mri_dealing *d)
{
    waiting w;
    mr_error error;

    list_all(d, &w);
    error = wait_for_any(d, &w);
    if (error == MR_ERR_OWNER_LOST) { /* whoever it is */
        memset(w.ready, true, w.count * sizeof *w.ready);
        error = MR_OK;
    }
    if (!error && mri_pool_wants_attention(d->pool)) {
        error = mri_deal_look_after_workers(d);
    }
    for (size_t i = 1; !error && i < w.count; i++) {
        if (w.ready[i] && w.parts[i]->handle.kind != MRI_NONE) {
            error = collect(d, w.nodes[i], w.parts[i]);
        }
    }
    return error;
}

/* ---- a map --------------------------------------------------------------- */

static mr_error run(mri_dealing *d)
{
    mr_error error = MR_OK;

    while (!error) {
        error = mri_deal_out(d);
        if (error || d->under_way == 0) {
            break;
        }
        error = wait_and_collect(d);
    }
    return !error && d->left ? mri_deal_refusal(d) : error;
}

mr_error mri_deal(mr_pool pool, const mri_map_request *request,
                  mr_task_error *first)
{
    mri_dealing d = {.first = first};
    mr_error error = mri_deal_begin(&d, pool, request);

    if (!error) {
        error = run(&d);
    }
    mri_deal_end(&d);
    return error;
}
