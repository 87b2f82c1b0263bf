/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The task that a thread runs, and how it fails.
 */
#ifndef MRI_POOL_WORKER_FAILURE_H
#define MRI_POOL_WORKER_FAILURE_H

#include <assert.h>
#include <stddef.h>

#include <multirank/pool.h>

#include "pool/worker/run.h"

/* What a thread knows of the task that it runs. */
typedef struct mri_task_now {
    mri_slot *slot;     /* of its batch; NULL: it runs none */
    mri_ref frame;      /* of a spawned task; 0: one of the batch itself */
    uint64_t with_text; /* the task that called mr_task_fail last; 0: none */
    int signal;         /* beside that text: what ended another's worker */
    void *place;        /* pool/worker/spawn.c's own */
} mri_task_now;

extern _Thread_local mri_task_now mri_task
    __attribute__((tls_model("initial-exec")));

/* This thread runs the tasks of that slot from now on, and no others. */
static inline void mri_task_enter(mri_slot *slot)
{
    assert(slot);
    mri_task = (mri_task_now){.slot = slot};
}

static inline void mri_task_leave(void)
{
    mri_task.slot = NULL;
}

/* How a task of this thread failed. */
void mri_batch_describe_failure(mri_record *self, size_t index, mr_error code,
                                mr_task_error *error);

/* Keep the first error of the batch. */
void mri_batch_fail(mri_record *self, mri_batch *batch,
                    const mr_task_error *error);

/* Keep a failure in a slot for the creator: it asks for it each second. */
void mri_batch_keep_failure(mri_slot *slot, const mr_task_error *error);

/* Wait until the creator has asked for it, or the batch is cancelled. */
void mri_batch_await_told(const mri_batch *batch, const mri_slot *slot);

#endif
