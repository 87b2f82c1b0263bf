/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the schedule of tasks: of a map, see pool/map.c, or of an iterator, see
 * pool/iterator.c and, for how much of it is scheduled, pool/results.c.
 *
 * Workers that share memory are one node, and get their tasks as a batch, of
 * which each takes chunks: see pool/worker/run.h.  One node alone gets all in
 * one batch if it can be used where it lies; else in batches of equal size, so
 * that one is copied while others are worked on, and all in the same memory,
 * whose pages are known by then.  Of several nodes each gets batches of what is
 * left, half of its share at first and then less and less (guided
 * self-scheduling; Polychronopoulos and Kuck, IEEE Trans. Computers C-36(12),
 * 1987; halved as in factoring; Hummel, Schonberg and Flynn, Comm. ACM 35(8),
 * 1992), so that the last are small and all end together.  A batch holds a
 * bounded amount of inputs and outputs, and a node has two of them, so that one
 * travels while the other is worked on.
 *
 * The tasks of a lost rank are scheduled again.
 */
#include "pool/schedule.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <multirank/wait.h>

#include "pool/context.h"
#include "pool/results.h"
#include "pool/scheduler.h"
#include "util/clock.h"

/* Of inputs and outputs in a batch.  Large batches lie in fresh memory, whose
 * pages cost as much as the copies; small ones lie where earlier ones lay. */
enum {
    BATCH_BYTES = 64 << 20,
    GOOD_BYTES = 2 << 20,
    BATCH_TIME = 1000000, /* nanoseconds that no batch need be shorter */
    NEAR_CHUNKS = 8       /* for each worker, in a batch of the only node */
};

double mri_schedule_time_left(const mri_scheduler *d)
{
    return mri_timeout_left(d->request->timeout, d->deadline);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Tasks that have so much input and output. */
static size_t tasks_of_bytes(const mri_scheduler *d, size_t bytes)
{
    size_t size = d->request->input_size + d->request->output_size;

    return size ? larger(bytes / size, 1) : SIZE_MAX;
}

/* The number of tasks whose inputs and outputs fit.  A batch takes a small
 * share of the allowance, so that several maps, and queues, have room beside
 * it. */
static size_t fit_in_memory(const mri_scheduler *d)
{
    return tasks_of_bytes(
        d, smaller(BATCH_BYTES, (size_t)mri_node.allowance / 32));
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
    return larger(
        smaller(larger(tasks_of_bytes(d, GOOD_BYTES), NEAR_CHUNKS * chunks),
                fit_in_memory(d)),
        chunks);
}

static size_t size_of_batch(const mri_scheduler *d, const mri_schedule_node *n)
{
    size_t most = smaller(smaller(d->left, n->max_tasks), UINT32_MAX);
    size_t chunk = d->request->chunk ? d->request->chunk : 1;
    size_t share = d->left / (2 * d->workers) * n->workers;
    size_t least = smaller(chunk, UINT32_MAX) * n->workers;
    size_t good = smaller(share, tasks_of_bytes(d, GOOD_BYTES));

    if (d->results) {
        return smaller(smaller(most, fit_in_memory(d)),
                       mri_results_batch_size(d, n));
    }
    if (d->nodes_count == 1) {
        return smaller(most, size_of_near_batch(d, n));
    }
    return smaller(smaller(most, fit_in_memory(d)),
                   larger(larger(good, least), worth_a_batch(d, n)));
}

/* ---- the tasks that are left ----------------------------------------------
 */
/* All from some number on, and ranges that came back. */

mri_schedule_range mri_schedule_take(mri_scheduler *d, size_t max_tasks)
{
    mri_schedule_range r = {.first = d->next};

    assert(max_tasks > 0 && max_tasks <= d->left);
    d->left -= max_tasks;
    r.count = max_tasks;
    if (d->again_count) {
        mri_schedule_range *again = &d->again[d->again_count - 1];

        r.first = again->first;
        r.again = again->again;
        r.count = max_tasks < again->count ? max_tasks : again->count;
        d->left += max_tasks - r.count;
        assert(again->count > 0 && again->first + again->count <= d->next);
        again->first += r.count;
        again->count -= r.count;
        d->again_count -= again->count == 0;
    } else {
        d->next += r.count;
    }
    assert(r.count > 0 && r.first + r.count <= d->next);
    return r;
}

mr_error mri_schedule_give_back(mri_scheduler *d, mri_schedule_range r)
{
    mri_schedule_range *more;

    assert(r.count > 0 && r.first + r.count <= d->next);
    d->left += r.count;
    if (r.first + r.count == d->next && !r.again) {
        d->next = r.first;
        return MR_OK;
    }
    more = realloc(d->again, (d->again_count + 1) * sizeof *more);
    if (!more) {
        return MR_ERR_NO_MEMORY;
    }
    d->again = more;
    d->again[d->again_count++] = r;
    return MR_OK;
}

/* ---- making batches ------------------------------------------------------ */

static const void *inputs_of(const mri_scheduler *d, mri_schedule_range r)
{
    return d->request->inputs ? (const unsigned char *)d->request->inputs +
                                    r.first * d->request->input_size
                              : NULL;
}

void *mri_schedule_outputs(const mri_scheduler *d, mri_schedule_range r)
{
    return d->request->outputs ? (unsigned char *)d->request->outputs +
                                     r.first * d->request->output_size
                               : NULL;
}

void mri_schedule_describe(const mri_map_request *request, mri_batch_spec *spec)
{
    spec->function = request->function;
    spec->input_size = request->input_size;
    spec->output_size = request->output_size;
    spec->total = request->total;
    spec->chunk = request->chunk;
}

mri_ref mri_schedule_in_place(const void *memory, size_t size)
{
    return size && mri_in_region(memory, size) ? mri_ref_of(memory) : 0;
}

/* Outputs that would be in place, were the node near, begin with what they
 * hold: that travels behind the inputs. */
static mr_error create_with_outputs(const mri_scheduler *d,
                                    const mri_schedule_node *n,
                                    mri_schedule_range r, mr_handle *handle)
{
    size_t inputs = r.count * d->request->input_size;
    size_t outputs = r.count * d->request->output_size;
    size_t begin = larger((inputs + 63) & ~(size_t)63, 64);
    unsigned char *both = malloc(begin + outputs);
    mr_error error;

    if (!both) {
        return MR_ERR_NO_MEMORY;
    }
    if (inputs) {
        memcpy(both, inputs_of(d, r), inputs);
    }
    memcpy(both + begin, mri_schedule_outputs(d, r), outputs);
    n->spec->old_outputs = begin;
    error = mri_batch_create(n->rank, n->spec, both, begin + outputs, handle);
    free(both);
    return error;
}

static mr_error create(const mri_scheduler *d, const mri_schedule_node *n,
                       mri_schedule_range r, mr_handle *handle)
{
    size_t inputs = r.count * d->request->input_size;
    size_t outputs = r.count * d->request->output_size;
    mri_batch_spec *spec = n->spec;

    spec->count = r.count;
    spec->first = r.first;
    spec->inputs = n->near ? mri_schedule_in_place(inputs_of(d, r), inputs) : 0;
    spec->outputs =
        n->near ? mri_schedule_in_place(mri_schedule_outputs(d, r), outputs)
                : 0;
    spec->old_outputs = 0;
    spec->timed = d->nodes_count > 1;
    if (!n->near && outputs &&
        mri_in_region(mri_schedule_outputs(d, r), outputs)) {
        return create_with_outputs(d, n, r, handle);
    }
    return mri_batch_create(n->rank, spec, inputs_of(d, r),
                            spec->inputs ? 0 : inputs, handle);
}

static mr_error add_context(const mri_scheduler *d, const mri_schedule_node *n)
{
    if (!d->request->context_size || n->spec->context.kind != MRI_NONE) {
        return MR_OK;
    }
    return mri_context_create(n->rank, d->request->context,
                              d->request->context_size, &n->spec->context);
}

/* Memory has become free. */
static void nothing_is_full(mri_scheduler *d)
{
    for (size_t i = 0; i < d->nodes_count; i++) {
        d->nodes[i].full = false;
    }
}

/* There is no room: try less, when that can be had, or later. */
static mr_error refuse(mri_scheduler *d, mri_schedule_node *n, size_t count,
                       mr_error error)
{
    switch (error) {
    case MR_ERR_OWNER_LOST:
        return mri_schedule_lose(d, n);
    case MR_ERR_NO_MEMORY:
    case MR_ERR_TOO_LARGE:
    case MR_ERR_LIMIT:
        if (mri_kept_free(d->driver)) {
            return MR_OK;
        }
        d->refused = error;
        /* Batches of a single node are as large as they are to be: one that
         * ends makes room. */
        if (d->nodes_count > 1 || d->results || d->under_way == 0) {
            n->max_tasks = larger(count / 2, 1);
        }
        n->full = d->under_way > 0 || count == 1;
        return MR_OK;
    default:
        return error;
    }
}

static mr_error schedule_batch(mri_scheduler *d, mri_schedule_node *n,
                               mri_schedule_batch *p)
{
    mr_error error = add_context(d, n);
    mri_schedule_range tasks = mri_schedule_take(d, size_of_batch(d, n));

    p->dispatch_cost = -mri_schedule_now(d);
    if (!error) {
        error = create(d, n, tasks, &p->handle);
    }
    p->dispatch_cost += mri_schedule_now(d);
    if (error) {
        mr_error lost = mri_schedule_give_back(d, tasks);

        p->handle.kind = MRI_NONE;
        return lost ? lost : refuse(d, n, tasks.count, error);
    }
    p->tasks = tasks;
    p->begun = false;
    p->deferred_until = mri_batch_is_for_few(n->spec, tasks.count)
                            ? mri_now() + MRI_SCHEDULE_DEFER
                            : 0;
    p->missing = tasks.count;
    p->scheduled = mri_schedule_now(d);
    d->under_way++;
    return MR_OK;
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

static bool wants_batch(const mri_scheduler *d, const mri_schedule_node *n,
                        unsigned int number)
{
    return d->left && n->workers && !n->full && number < n->batches_max &&
           n->batches[number].handle.kind == MRI_NONE &&
           (d->results ? mri_results_batch_size(d, n) > 0
                       : is_time_for(d, number));
}

static unsigned int max_batches(const mri_scheduler *d)
{
    unsigned int most = 0;

    for (size_t k = 0; k < d->nodes_count; k++) {
        most = d->nodes[k].batches_max > most ? d->nodes[k].batches_max : most;
    }
    return most;
}

mr_error mri_schedule_more(mri_scheduler *d)
{
    unsigned int most = d->left ? max_batches(d) : 0;
    mr_error error = MR_OK;

    if (d->under_way == 0) {
        nothing_is_full(d);
    }
    for (unsigned int i = 0; i < most; i++) {
        for (size_t k = 0; k < d->nodes_count; k++) {
            while (!error && wants_batch(d, &d->nodes[k], i)) {
                error =
                    schedule_batch(d, &d->nodes[k], &d->nodes[k].batches[i]);
            }
        }
    }
    return error;
}

void mri_schedule_batch_ended(mri_scheduler *d, mri_schedule_batch *p)
{
    assert(p->handle.kind == MRI_BATCH && d->under_way > 0);
    p->handle.kind = MRI_NONE;
    d->under_way--;
    d->ended += p->tasks.count;
    nothing_is_full(d);
}

/* ---- begin and end ------------------------------------------------------- */

/* All but the deferred workers were notified of it, and it did not end within
 * MRI_SCHEDULE_DEFER. */
static void take_adopted(mri_scheduler *d)
{
    mri_schedule_batch *p = &d->nodes[0].batches[0];

    assert(d->nodes_count && d->nodes[0].batches_max && !d->under_way);
    p->handle = d->adopted;
    p->tasks = mri_schedule_take(d, d->left);
    p->missing = p->tasks.count;
    p->deferred_until =
        mri_batch_is_for_few(d->nodes[0].spec, p->tasks.count) ? mri_now() : 0;
    d->under_way = 1;
    d->adopted.kind = MRI_NONE;
}

mr_error mri_schedule_begin(mri_scheduler *d, mri_driver *driver,
                            const mri_map_request *request)
{
    mr_error error;

    d->driver = driver;
    d->request = request;
    d->deadline = d->deadline ? d->deadline : mri_deadline(request->timeout);
    d->left = request->total;
    error = mri_driver_refresh(driver);
    if (!error) {
        error = mri_schedule_add_nodes(d);
    }
    if (!error && d->adopted.kind == MRI_NONE) {
        error = mri_schedule_restart_lost(d);
    }
    if (!error && d->adopted.kind != MRI_NONE) {
        take_adopted(d);
    }
    return error;
}

mr_error mri_schedule_refusal(const mri_scheduler *d)
{
    if (d->workers) {
        return d->refused;
    }
    return d->not_started ? d->not_started : MR_ERR_OWNER_LOST;
}

/* Tasks that have begun go on in memory that is the batch's. */
void mri_schedule_end(mri_scheduler *d)
{
    for (size_t i = 0; i < d->nodes_count; i++) {
        mri_schedule_node *n = &d->nodes[i];

        for (unsigned int k = 0; n->spec && k < n->batches_max; k++) {
            if (n->batches[k].handle.kind != MRI_NONE) {
                mri_batch_cancel(n->batches[k].handle);
            }
        }
        if (n->spec && n->spec->context.kind != MRI_NONE) {
            mri_context_release(n->spec->context);
        }
        free(n->spec);
        free(n->batches);
    }
    if (d->adopted.kind != MRI_NONE) {
        mri_batch_cancel(d->adopted);
    }
    free(d->nodes);
    free(d->again);
}
