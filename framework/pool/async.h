/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The asynchronous maps of an endpoint.
 */
#ifndef MRI_POOL_ASYNC_H
#define MRI_POOL_ASYNC_H

#include "pool/request.h"

/* Take over a request, whose future was made, and begin it, if there is a
 * place.  After an error it is the caller's.  MR_ERR_LIMIT, MR_ERR_SYSTEM:
 * there is no thread; else as mri_request_begin. */
mr_error mri_async_add(mri_request *request);

/* If this endpoint has the request of a future, go on with it until it is over,
 * another thread goes on with it, or the time-out.  MR_ERR_TIMEOUT,
 * MR_ERR_INTERRUPTED. */
mr_error mri_async_help(mr_future future, double timeout);

/* Does this endpoint have the request of that future? */
bool mri_async_has(mr_future future);

/* May the calling thread wait for requests?  MR_ERR_STATE: it is in a
 * callback. */
mr_error mri_async_may_wait(const char *caller);

/* Wait until no request of this endpoint for a pool is left. */
void mri_async_await(mr_pool pool);

/* Cancel all requests of this endpoint for a pool, and wait for their end. */
void mri_async_cancel(mr_pool pool);

/* The endpoint ends: the same for all pools; then the thread ends. */
void mri_async_end(void);

#endif
