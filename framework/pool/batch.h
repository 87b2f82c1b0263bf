/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batch: what one node does at once of a map, as its creator sees it.
 *
 * It lies in the segment of a rank of that node, with the inputs and the
 * outputs of its tasks.  Its creation notifies its workers, which are of the
 * same node; its end brings the outputs.
 */
#ifndef MRI_POOL_BATCH_H
#define MRI_POOL_BATCH_H

#include <multirank/pool.h>

#include "pool/worker/run.h"

/* The description of a new batch.  Memory that is named by reference is used in
 * place; else the inputs lie in call->more, and the outputs begin with
 * zeros. */
typedef struct mri_batch_spec {
    mri_function_ref function;
    mr_handle pool;
    mr_handle context; /* of the same rank; of kind MRI_NONE: none */
    mr_handle results; /* see mri_batch; of kind MRI_NONE: none */
    mr_handle setup;   /* see mri_batch_body */
    uint64_t input_size;
    uint64_t output_size;
    uint64_t count; /* below 2^32 */
    uint64_t first;
    uint64_t total;
    uint64_t chunk;
    uint64_t pool_workers;
    mri_ref inputs;
    mri_ref outputs;
    uint64_t old_outputs; /* not 0: where in call->more they lie */
    uint64_t timed;       /* not 0: how long the tasks take is asked for */
    uint64_t workers;     /* a slot for each */
    mri_batch_worker list[];
} mri_batch_spec;

static inline size_t mri_batch_spec_size(uint64_t workers)
{
    return sizeof(mri_batch_spec) + workers * sizeof(mri_batch_worker);
}

/* Make a batch; inputs are `size` bytes.  Errors as mri_create;
 * MR_ERR_NO_MEMORY also when no worker can be told. */
mr_error mri_batch_create(unsigned int rank, const mri_batch_spec *spec,
                          const void *inputs, size_t size, mr_handle *batch);

/* Wait until all tasks have ended; *ended is written on MR_ERR_TIMEOUT,
 * too. */
mr_error mri_batch_await(mr_handle batch, double timeout, uint64_t *ended);

/* How the tasks of a batch went. */
typedef struct mri_batch_result {
    mr_task_error error; /* the first failure, or of the code MR_OK */
    uint64_t age;        /* of that, in nanoseconds */
    uint64_t time;       /* that the tasks took, in nanoseconds; 0: unknown */
} mri_batch_result;

/* Wait until all tasks have ended, and destroy the batch, with its outputs
 * copied into `outputs`, of `size` bytes, unless they were in place.  When
 * `keep` is set and no task failed the batch stays, for mri_batch_refill. */
mr_error mri_batch_end(mr_handle batch, bool keep, double timeout,
                       void *outputs, size_t size, mri_batch_result *result);

/* Are there tasks that no worker has taken? */
mr_error mri_batch_left(mr_handle batch, bool *left);

/* How workers died since this was asked last, of a batch whose results come one
 * by one; at most MRI_BATCH_FAILURES of them. */
enum { MRI_BATCH_FAILURES = 8 };
mr_error mri_batch_failures(mr_handle batch, mr_task_error *failures,
                            size_t *count);

/* Begin no more tasks: the batch ends with those that run. */
void mri_batch_cancel(mr_handle batch);

/* ---- pool/batch_reuse.c ------------------------------------------------ */

/* Fill a batch of this node that was kept with other tasks, for the same
 * workers.  The caller then notifies them.  MR_ERR_STATE: the tasks do not fit,
 * or a worker is still inside. */
mr_error mri_batch_refill(mr_handle batch, const mri_batch_spec *spec,
                          const void *inputs, size_t size);

/* The try function of that. */
mr_error mri_batch_try_refill(mri_record *self, mri_object *object,
                              mri_call *call);

/* What a spec says of the tasks, into a batch that holds zeros. */
static inline void mri_batch_fill(mri_batch *batch, const mri_batch_spec *spec)
{
    batch->function = spec->function;
    batch->pool = spec->pool;
    batch->results = spec->results;
    batch->input_size = spec->input_size;
    batch->output_size = spec->output_size;
    batch->count = spec->count;
    batch->first = spec->first;
    batch->total = spec->total;
    batch->chunk = spec->chunk;
    batch->pool_workers = spec->pool_workers;
    batch->timed = spec->timed;
    batch->workers = spec->workers;
}

/* ---- pool/batch_notify.c ------------------------------------------------- */

/* Let a worker work in its slot.  MR_OK also if another driver has replaced the
 * worker: then the attention of all drivers is called, and they notify the new
 * one. */
mr_error mri_batch_notify(mr_handle batch, const mri_batch_worker *worker,
                          unsigned int slot, double timeout);

/* Where a worker's slot begins in a new batch: with these tasks. */
static inline uint64_t mri_batch_share(uint64_t count, uint64_t workers,
                                       uint64_t slot)
{
    return count * slot / workers;
}

static inline uint64_t mri_batch_range(const mri_batch *batch, uint64_t slot)
{
    return mri_range(mri_batch_share(batch->count, batch->workers, slot),
                     mri_batch_share(batch->count, batch->workers, slot + 1));
}

/* Do only a few workers have tasks in their slots, with `count` tasks?  Where
 * results come one by one all are notified: batches are small there, and many.
 */
static inline bool mri_batch_is_for_few(const mri_batch_spec *spec,
                                        uint64_t count)
{
    return spec->results.kind == MRI_NONE && count < spec->workers;
}

/* Is the notification of that worker deferred until the workers with tasks in
 * their slots have had time to end?  Otherwise a map of few tasks would wake
 * all. */
static inline bool mri_batch_defers(const mri_batch_spec *spec, uint64_t count,
                                    unsigned int slot)
{
    return mri_batch_is_for_few(spec, count) &&
           mri_batch_share(count, spec->workers, slot) ==
               mri_batch_share(count, spec->workers, slot + 1);
}

/* Notify all workers but the deferred ones.  MR_ERR_NO_MEMORY, when no worker
 * can be notified. */
mr_error mri_batch_notify_all(mr_handle batch, const mri_batch_spec *spec);

/* Notify the deferred workers of a batch of `count` tasks, too; true if all
 * were. */
bool mri_batch_notify_rest(mr_handle batch, const mri_batch_spec *spec,
                           uint64_t count);

#endif
