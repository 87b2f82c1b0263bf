/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results that come one by one: which have come, and which wait to be taken.
 *
 * Tasks are scheduled only `ahead` of the results that the caller has taken. So
 * what waits is bounded without a worker that stands still, and results can be
 * brought into order without a deadlock: the next in order has always been
 * scheduled.
 */
#ifndef MRI_POOL_RESULTS_H
#define MRI_POOL_RESULTS_H

#include "pool/scheduler.h"
#include "pool/worker/return.h"

/* One that has come; the message is the holder's. */
typedef struct mri_arrival {
    mri_result *message; /* NULL: none */
    size_t size;         /* with its head */
} mri_arrival;

typedef struct mri_results {
    mr_handle queue; /* where they come in, on the caller's rank */
    bool ordered;
    size_t ahead; /* tasks that may be scheduled whose results were not taken */
    size_t total;
    size_t come;
    size_t taken;
    unsigned char *known; /* a bit for each task: its result has come */
    mri_arrival *waiting; /* `ahead` of them, a ring */
} mri_results;

extern const mri_sink mri_results_sink;

/* Have the results of a schedule come one by one; `ahead` is 0 for a number
 * that is chosen.  MR_ERR_NO_MEMORY, MR_ERR_LIMIT.  It has to be ended in any
 * case. */
mr_error mri_results_begin(mri_results *r, size_t total, size_t workers,
                           size_t ahead, bool ordered);
void mri_results_end(mri_results *r);

/* Receive all that have come.  MR_ERR_NO_MEMORY: later, perhaps. */
mr_error mri_results_receive(mri_scheduler *d);

/* Receive them; then, of tasks that ended their worker, a failure each. */
mr_error mri_results_ask_for_failures(mri_scheduler *d);

/* The next for the user, if it has come; then its message is the caller's. */
mri_arrival mri_results_take(mri_results *r);

#endif
