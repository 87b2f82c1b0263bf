/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stream: results of tasks that go to the caller one by one, each as soon as
 * its task has ended, and of any size.  Here is the side of the worker, and
 * what a result looks like on its way.
 */
#ifndef MRI_POOL_WORKER_RETURN_H
#define MRI_POOL_WORKER_RETURN_H

#include "pool/worker/run.h"

/* What lies in the mailbox.  Behind it come the bytes, or, of a task that
 * failed, an mr_task_error. */
typedef struct mri_result {
    uint64_t index;
    uint64_t failed;
} mri_result;

/* The calling thread is about to work on a map with results one by one: the
 * function to call in place of the task. */
mr_task_function *mri_return_begin(const mri_batch *batch, mri_slot *slot,
                                   mr_task_function *function);
void mri_return_end(void);

#endif
