/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns which results have come.  A result counts if its task is of a batch that
 * is under way and none came before: so what runs again after a loss is told
 * once.  A batch is over with its last result; no thread asks for its end.
 */
#include "pool/results.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <multirank/queue.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "util/clock.h"

enum {
    AHEAD = 8,   /* tasks for each worker, by default */
    BATCHES = 4, /* that these are divided into */
    MAX_AHEAD = 1 << 24,
    SHORT_TASK = 1000000 /* nanoseconds */
};

static mri_results *results_of(const mri_scheduler *d)
{
    return d->results;
}

/* ---- what has come ------------------------------------------------------- */

static bool is_known(const mri_results *r, size_t index)
{
    return r->known[index / 8] >> index % 8 & 1;
}

static mri_schedule_batch *batch_with(const mri_scheduler *d, size_t index,
                                      mri_schedule_node **node)
{
    for (size_t i = 0; i < d->nodes_count; i++) {
        for (unsigned int k = 0; k < d->nodes[i].batches_max; k++) {
            mri_schedule_batch *p = &d->nodes[i].batches[k];

            if (p->handle.kind != MRI_NONE && index >= p->tasks.first &&
                index - p->tasks.first < p->tasks.count) {
                *node = &d->nodes[i];
                return p;
            }
        }
    }
    return NULL;
}

/* Takes the message over. */
static void keep(mri_results *r, mri_arrival arrival)
{
    size_t index = arrival.message->index;
    size_t place = r->ordered ? index : r->come;

    assert(index < r->total && !is_known(r, index));
    assert(!r->waiting[place % r->ahead].message);
    r->known[index / 8] |= (unsigned char)(1 << index % 8);
    r->waiting[place % r->ahead] = arrival;
    r->come++;
}

/* Its workers need not be waited for: the last that leaves destroys it. */
static void count_down(mri_scheduler *d, mri_schedule_node *n,
                       mri_schedule_batch *p)
{
    assert(p->missing > 0 && p->missing <= p->tasks.count);
    if (--p->missing == 0) {
        n->task = (double)(mri_now() - p->scheduled) * (double)n->workers /
                  (double)p->tasks.count;
        mri_batch_cancel(p->handle);
        mri_schedule_batch_ended(d, p);
    }
}

static void accept(mri_scheduler *d, mri_arrival arrival)
{
    size_t index = arrival.message->index;
    mri_schedule_node *n = NULL;
    mri_schedule_batch *p = batch_with(d, index, &n);

    if (!p || is_known(results_of(d), index)) {
        free(arrival.message);
        return;
    }
    keep(results_of(d), arrival);
    count_down(d, n, p);
}

mr_error mri_results_receive(mri_scheduler *d)
{
    mri_arrival arrival;
    mr_error error;

    for (;;) {
        error = mri_mailbox_get_alloc(
            results_of(d)->queue, (void **)&arrival.message, &arrival.size, 0);
        if (error) {
            return error == MR_ERR_TIMEOUT ? MR_OK : error;
        }
        accept(d, arrival);
    }
}

mri_arrival mri_results_take(mri_results *r)
{
    mri_arrival *place = &r->waiting[r->taken % r->ahead];
    mri_arrival arrival = *place;

    if (arrival.message) {
        place->message = NULL;
        r->taken++;
        assert(r->taken <= r->come);
    }
    return arrival;
}

/* ---- failures ------------------------------------------------------------ */

static mr_error make_failure(const mr_task_error *error, mri_arrival *arrival)
{
    arrival->size = sizeof *arrival->message + sizeof *error;
    arrival->message = malloc(arrival->size);
    if (!arrival->message) {
        return MR_ERR_NO_MEMORY;
    }
    *arrival->message = (mri_result){.index = error->index, .failed = 1};
    memcpy(arrival->message + 1, error, sizeof *error);
    return MR_OK;
}

static mr_error ask(mri_scheduler *d, mri_schedule_node *n,
                    const mri_schedule_batch *p)
{
    mr_task_error failures[MRI_BATCH_FAILURES];
    size_t count = MRI_BATCH_FAILURES;
    mr_error error = MR_OK;

    while (!error && count == MRI_BATCH_FAILURES &&
           p->handle.kind != MRI_NONE) {
        error = mri_batch_failures(p->handle, failures, &count);
        for (size_t i = 0; !error && i < count; i++) {
            mri_arrival arrival;

            error = make_failure(&failures[i], &arrival);
            if (!error) {
                accept(d, arrival);
            }
        }
    }
    return error == MR_ERR_OWNER_LOST ? mri_schedule_lose(d, n) : error;
}

mr_error mri_results_ask_for_failures(mri_scheduler *d)
{
    mr_error error = mri_results_receive(d);

    for (size_t i = 0; i < d->nodes_count; i++) {
        mri_schedule_node *n = &d->nodes[i];

        for (unsigned int k = 0; !error && k < n->batches_max; k++) {
            error = ask(d, n, &n->batches[k]);
        }
    }
    return error;
}

static mr_error give_back(mri_scheduler *d, mri_schedule_range lost)
{
    size_t end = lost.first + lost.count;
    mr_error error = MR_OK;

    for (size_t i = lost.first; !error && i < end; i++) {
        mri_schedule_range run = {.first = i, .again = lost.again};

        while (i < end && !is_known(results_of(d), i)) {
            i++;
        }
        run.count = i - run.first;
        if (run.count) {
            error = mri_schedule_give_back(d, run);
        }
    }
    return error;
}

static mr_error fail_rest(mri_scheduler *d, mri_schedule_range lost,
                          const mr_task_error *error)
{
    mr_task_error one = *error;
    mr_error result = MR_OK;

    for (size_t i = 0; !result && i < lost.count; i++) {
        mri_arrival arrival;

        one.index = lost.first + i;
        if (!is_known(results_of(d), one.index)) {
            result = make_failure(&one, &arrival);
            if (!result) {
                keep(results_of(d), arrival);
            }
        }
    }
    return result;
}

/* ---- the sink ------------------------------------------------------------ */

static size_t come(const mri_scheduler *d)
{
    return results_of(d)->come;
}

/* With a batch for each worker, tasks that take long, one in each batch, keep
 * no other worker from having some. */
static unsigned int batches(const mri_scheduler *d, const mri_schedule_node *n)
{
    size_t workers = n->spec->workers;
    size_t most = workers > BATCHES ? workers : BATCHES;
    size_t ahead = results_of(d)->ahead;

    return (unsigned int)(most < ahead ? most : ahead);
}

/* Tasks that one of several nodes has at most, lest a late one keep others
 * waiting for a worker while those of other nodes are idle: one more for each
 * worker than it works on, and not even that towards the end. */
static size_t max_of_node(const mri_scheduler *d, const mri_schedule_node *n)
{
    bool short_tasks = n->task > 0 && n->task < SHORT_TASK;

    if (d->nodes_count == 1 || short_tasks) {
        return results_of(d)->ahead;
    }
    return d->left < 2 * d->workers ? n->workers : 2 * n->workers;
}

static size_t tasks_of_node(const mri_schedule_node *n)
{
    size_t sum = 0;

    for (unsigned int k = 0; k < n->batches_max; k++) {
        sum +=
            n->batches[k].handle.kind != MRI_NONE ? n->batches[k].missing : 0;
    }
    return sum;
}

/* Of tasks that came back the first may be what the user waits for, so that
 * nothing makes more room: there is some for each of them. */
static size_t batch_size(const mri_scheduler *d, const mri_schedule_node *n)
{
    const mri_results *r = results_of(d);
    size_t scheduled = r->total - d->left - r->taken; /* and not taken yet */
    size_t room = r->ahead - scheduled;
    size_t share = r->ahead * n->workers / (BATCHES * d->workers);
    size_t most = max_of_node(d, n);
    size_t size = share < most / 2 ? share : most / 2;

    assert(scheduled <= r->ahead);
    size = size > 1 ? size : 1;
    size = size < d->left ? size : d->left;
    if (d->again_count && size > room) {
        size = room;
    }
    return size <= room && tasks_of_node(n) + size <= most ? size : 0;
}

static size_t size(const mri_scheduler *d, const mri_schedule_node *n,
                   unsigned int number)
{
    size_t fit = mri_schedule_fit(d);
    size_t size = batch_size(d, n);

    (void)number;
    return size < fit ? size : fit;
}

static void describe(const mri_scheduler *d, mri_batch_spec *spec)
{
    spec->results = results_of(d)->queue;
}

const mri_sink mri_results_sink = {.batches = batches,
                                   .size = size,
                                   .small_batches = true,
                                   .describe = describe,
                                   .ended = come,
                                   .look = mri_results_ask_for_failures,
                                   .give_back = give_back,
                                   .give_up = fail_rest};

/* ---- begin and end ------------------------------------------------------- */

mr_error mri_results_begin(mri_results *r, size_t total, size_t workers,
                           size_t ahead, bool ordered)
{
    mri_mailbox_spec spec = {.creator = mri_self_endpoint()};
    mri_call call = {.in = &spec, .in_size = sizeof spec};

    ahead = ahead ? ahead : AHEAD * workers;
    ahead = ahead < MAX_AHEAD ? ahead : MAX_AHEAD;
    ahead = ahead < total ? ahead : total;
    *r = (mri_results){
        .ordered = ordered, .ahead = ahead ? ahead : 1, .total = total};
    r->known = calloc(total / 8 + 1, 1);
    r->waiting = calloc(r->ahead, sizeof *r->waiting);
    if (!r->known || !r->waiting) {
        return MR_ERR_NO_MEMORY;
    }
    return mri_create(&mri_mailbox_ops, mri_endpoint_rank(spec.creator), &call,
                      &r->queue);
}

void mri_results_end(mri_results *r)
{
    if (r->queue.kind != MRI_NONE) {
        (void)!mri_destroy(&mri_mailbox_ops, r->queue);
    }
    for (size_t i = 0; r->waiting && i < r->ahead; i++) {
        free(r->waiting[i].message);
    }
    free(r->waiting);
    free(r->known);
    *r = (mri_results){.ahead = 1};
}
