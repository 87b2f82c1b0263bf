/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for any of several objects.
 */
#ifndef MULTIRANK_WAIT_H
#define MULTIRANK_WAIT_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MR_WAIT_MAX 512 /* handles in one call of mr_wait */

/**
 * Wait until at least one of several objects is ready.  Pass the `handle`
 * member of each object.  Ready is:
 *
 *     a process       when it has ended
 *     a queue         when it has an item
 *     a pipe end      when it has a message, or is at end of file
 *     a lock          when it is free, also the lock of a Value or an Array
 *
 * Ready means that a call would not have blocked at that moment.  Another
 * endpoint may be faster, so use a time-out of 0 in the call that follows.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until one object is ready, at most `timeout` seconds; then, for
 *            objects of other nodes, until their owners have answered.
 * Ownership: `handles` stays the caller's.  `ready` has `count` elements and
 *            is written on success only: true for each object that is ready.
 * Units:     `count` from 1 to MR_WAIT_MAX; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - no object became ready in time;
 *            MR_ERR_ARGUMENT - handles or ready is NULL, count is out of
 *            range, timeout is NaN, or a handle is of a kind that cannot be
 *            waited for;
 *            MR_ERR_NO_MEMORY - the segment has no room for the wait;
 *            MR_ERR_STALE - an object was destroyed before the call;
 *            MR_ERR_CLOSED - an object was destroyed during the call;
 *            MR_ERR_OWNER_LOST - the rank of an object is lost;
 *            MR_ERR_STATE - there is no job.
 * Differs:   multiprocessing.connection.wait() returns a list.
 */
MR_CHECKED mr_error mr_wait(const mr_handle *handles, size_t count,
                            double timeout, bool *ready);

#ifdef __cplusplus
}
#endif

#endif
