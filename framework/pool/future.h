/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Futures inside the library: the object, as the endpoint sees it that has the
 * tasks done.
 */
#ifndef MRI_POOL_FUTURE_H
#define MRI_POOL_FUTURE_H

#include <multirank/future.h>

#include "engine/object.h"

/* The variant of a handle that is ready when the future is cancelled, too. */
enum { MRI_FUTURE_CANCELLED = 1 };

/* Make one on the rank of the calling endpoint.  Errors as mri_create. */
mr_error mri_future_create(mr_future *future, size_t tasks);

/* Is it cancelled, and is its progress asked for? */
mr_error mri_future_look(mr_future future, bool *cancelled, bool *progress);

/* Tell how many tasks have ended. */
void mri_future_note(mr_future future, size_t ended);

/* It has ended, and is ready. */
void mri_future_deliver(mr_future future, mr_error code,
                        const mr_task_error *first, size_t ended);

/* Wait for its end.  *code is what was delivered. */
mr_error mri_future_await(mr_future future, double timeout, mr_error *code);

/* Of one that has ended: the first failure of a task. */
mr_error mri_future_tell_first(mr_future future, mr_task_error *first);

#endif
