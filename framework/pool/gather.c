/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the sink of maps: how large their batches are, which of them are waited
 * for, and what is done with one that has ended.
 *
 * One node alone gets all tasks in one batch if it can be used where it lies;
 * else in batches of equal size, so that one is copied while others are worked
 * on, and all in the same memory, whose pages are known by then.  Of several
 * nodes each gets batches of what is left, half of its share at first and then
 * less and less (guided self-scheduling; Polychronopoulos and Kuck, IEEE Trans.
 * Computers C-36(12), 1987; halved as in factoring; Hummel, Schonberg and
 * Flynn, Comm. ACM 35(8), 1992), so that the last are small and all end
 * together.  A batch holds a bounded amount of inputs and outputs, and a node
 * has two of them, so that one travels while the other is worked on.
 */
#include "pool/gather.h"

#include <assert.h>

/* ---- sizes --------------------------------------------------------------- */

/* Seconds. */
static const double POLL_INTERVAL = 1e-3;

/* Large batches lie in fresh memory, whose pages cost as much as the copies;
 * small ones lie where earlier ones lay. */
enum {
    GOOD_BYTES = 2 << 20, /* of inputs and outputs in a batch */
    BATCH_TIME = 1000000, /* nanoseconds that no batch need be shorter */
    NEAR_CHUNKS = 8       /* for each worker, in a batch of the only node */
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Tasks that take so long together that the caller can care for the batches of
 * all nodes, and is idle half of the time. */
static size_t worth_a_batch(const mri_scheduler *d, const mri_schedule_node *n)
{
    double time = (double)(2 * d->dispatch_cost) * (double)d->nodes_count;
    double tasks = (time > BATCH_TIME ? time : BATCH_TIME) / n->task;

    return n->task > 0 ? (size_t)(tasks < UINT32_MAX ? tasks : UINT32_MAX) : 0;
}

static bool lies_in_place(const void *memory, size_t size)
{
    return !size || (memory && mri_in_region(memory, size));
}

/* What is not copied need not be divided.  Else there is work in it for all, so
 * that they do not get in each other's way at its end, if memory allows that.
 */
static size_t size_of_near_batch(const mri_scheduler *d,
                                 const mri_schedule_node *n)
{
    const mri_map_request *r = d->request;
    size_t chunks = n->workers * (r->chunk ? smaller(r->chunk, UINT32_MAX) : 1);

    if (lies_in_place(r->inputs, r->total * r->input_size) &&
        lies_in_place(r->outputs, r->total * r->output_size)) {
        return SIZE_MAX;
    }
    return larger(smaller(larger(mri_schedule_tasks_of(d, GOOD_BYTES),
                                 NEAR_CHUNKS * chunks),
                          mri_schedule_fit(d)),
                  chunks);
}

/* Of a single node.  Each batch of which all tasks have begun, and some have
 * not ended, keeps at least one worker: so there are places for all of those.
 */
static unsigned int batches_to_begin(const mri_scheduler *d)
{
    const mri_schedule_node *n = &d->nodes[0];
    unsigned int count = 0;

    for (unsigned int i = 0; i < n->batches_max; i++) {
        count += n->batches[i].handle.kind != MRI_NONE && !n->batches[i].begun;
    }
    return count;
}

/* A second batch waits for the end of the first, so there is none when a task
 * of it might begin sooner elsewhere. */
static bool is_time_for(const mri_scheduler *d, unsigned int number)
{
    if (d->under_way >= MRI_SCHEDULE_WAITS - 1) {
        return false;
    }
    if (d->nodes_count == 1) {
        return batches_to_begin(d) < MRI_SCHEDULE_NEAR;
    }
    return number == 0 ||
           (number < MRI_SCHEDULE_FAR && d->left >= 2 * d->workers);
}

static size_t size(const mri_scheduler *d, const mri_schedule_node *n,
                   unsigned int number)
{
    size_t chunk = d->request->chunk ? d->request->chunk : 1;
    size_t share = d->left / (2 * d->workers) * n->workers;
    size_t least = smaller(chunk, UINT32_MAX) * n->workers;
    size_t good = smaller(share, mri_schedule_tasks_of(d, GOOD_BYTES));

    if (!is_time_for(d, number)) {
        return 0;
    }
    if (d->nodes_count == 1) {
        return size_of_near_batch(d, n);
    }
    return smaller(mri_schedule_fit(d),
                   larger(larger(good, least), worth_a_batch(d, n)));
}

static unsigned int batches(const mri_scheduler *d, const mri_schedule_node *n)
{
    (void)d;
    return n->near ? MRI_SCHEDULE_NEAR + (unsigned int)n->spec->workers
                   : MRI_SCHEDULE_FAR;
}

static size_t ended(const mri_scheduler *d)
{
    size_t sum = d->ended;

    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < d->nodes[i].batches_max; k++) {
            const mri_schedule_batch *p = &d->nodes[i].batches[k];
            uint64_t of_batch = 0;

            if (p->handle.kind != MRI_NONE) {
                (void)!mri_batch_await(p->handle, 0, &of_batch);
                sum += of_batch;
            }
        }
    }
    return sum;
}

static mr_error give_up(mri_scheduler *d, mri_schedule_range lost,
                        const mr_task_error *error)
{
    (void)lost;
    if (!d->first->code) {
        *d->first = *error;
    }
    return error->code;
}

/* ---- batches that have ended --------------------------------------------- */

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

const mri_sink mri_map_sink = {.batches = batches,
                               .size = size,
                               .ended = ended,
                               .give_back = mri_schedule_give_back,
                               .give_up = give_up};
