/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Request: an asynchronous map of this endpoint, and how a thread goes on with
 * several of them.  Private memory.
 *
 * One thread at a time goes on with a request; pool/async.c says which.
 */
#ifndef MRI_POOL_REQUEST_H
#define MRI_POOL_REQUEST_H

#include <stdatomic.h>

#include "pool/future.h"
#include "pool/gather.h"

typedef struct mri_request {
    mr_future future;
    mr_pool pool;
    mri_map_request map;
    mr_future_callback *callback;
    void *user;
    int64_t deadline; /* 0: none */

    bool admitted; /* it waits for its turn, see pool/admission.h */
    bool begun;
    bool stopped; /* nothing is scheduled any more */
    mri_driver driver;
    mri_scheduler scheduler;
    mr_task_error first;
    mri_gather gather;
    mr_handle *handles; /* the cancellation, then those of `gather` */
    unsigned char *found;
    int64_t noted; /* when progress was, in nanoseconds */

    mr_error result; /* MRI_WOULD_BLOCK as long as it is under way */
} mri_request;

/* Become a driver of the pool, and schedule the first tasks.  Errors of
 * mr_pool_map; then it has to be ended all the same. */
mr_error mri_request_begin(mri_request *r);

/* Go on with requests that have begun: do what can be done, then wait for what
 * comes, at most `most` seconds, and do what can be done then.  The result of
 * those that are over is set.  MR_ERR_TIMEOUT; MR_ERR_INTERRUPTED, also when
 * `stop` is set, see mri_wait_request; MR_ERR_NO_MEMORY. */
mr_error mri_requests_go_on(mri_request **list, size_t count, double most,
                            atomic_bool *stop);

/* It is over, or given up: no more tasks of it begin.  It is still a driver. */
void mri_request_stop(mri_request *r);

/* Stop it, if it was not stopped, and free what it has. */
void mri_request_end(mri_request *r);

#endif
