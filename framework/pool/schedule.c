/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the schedule of tasks: of a map, see pool/map.c and pool/request.c, or
 * of an iterator, see pool/iterator.c.
 *
 * Workers that share memory are one node, and get their tasks as a batch, of
 * which each takes chunks: see pool/worker/run.h.  How large it is decides the
 * sink: pool/sizes.c or pool/results.c.
 *
 * The tasks of a lost rank are scheduled again.
 */
#include "pool/schedule.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <multirank/wait.h>

#include "pool/context.h"
#include "pool/scheduler.h"
#include "util/clock.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Bytes of inputs and outputs in a batch. */
enum { BATCH_BYTES = 64 << 20 };

/* Tasks that have so much input and output. */
size_t mri_schedule_tasks_of(const mri_scheduler *d, size_t bytes)
{
    size_t size = d->request->input_size + d->request->output_size;

    return size ? larger(bytes / size, 1) : SIZE_MAX;
}

/* The number of tasks whose inputs and outputs fit.  A batch takes a small
 * share of the allowance, so that several maps, and queues, have room beside
 * it. */
size_t mri_schedule_fit(const mri_scheduler *d)
{
    return mri_schedule_tasks_of(
        d, smaller(BATCH_BYTES, (size_t)mri_node.allowance / 32));
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
        if (d->nodes_count > 1 || d->sink->small_batches || d->under_way == 0) {
            n->max_tasks = larger(count / 2, 1);
        }
        n->full = d->under_way > 0 || count == 1;
        return MR_OK;
    default:
        return error;
    }
}

static mr_error schedule_batch(mri_scheduler *d, mri_schedule_node *n,
                               mri_schedule_batch *p, size_t size)
{
    mr_error error = add_context(d, n);
    mri_schedule_range tasks = mri_schedule_take(d, size);

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

/* Tasks for the next batch of a node, whose number is given; 0: not now. */
static size_t size_of_batch(const mri_scheduler *d, const mri_schedule_node *n,
                            unsigned int number)
{
    size_t most = smaller(smaller(d->left, n->max_tasks), UINT32_MAX);

    if (most == 0 || !n->workers || n->full || number >= n->batches_max ||
        n->batches[number].handle.kind != MRI_NONE) {
        return 0;
    }
    return smaller(most, d->sink->size(d, n, number));
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
            mri_schedule_node *n = &d->nodes[k];
            size_t size;

            while (!error && (size = size_of_batch(d, n, i)) > 0) {
                error = schedule_batch(d, n, &n->batches[i], size);
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
