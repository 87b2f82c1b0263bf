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
 * Wait until at least one of several objects is ready: a process that has
 * ended, a queue with an item, a pipe end with a message or at end of file, a
 * lock that is free, also that of a Value or an Array.  Take the `handle`
 * member of each object.  Ready means
 * that the next call would not have blocked at that moment; another endpoint
 * may be faster.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until one is ready, at most `timeout` seconds; then, for objects
 *            of other nodes, until their owners have answered.
 * Ownership: `handles` stays the caller's; `ready`, of `count` elements, is
 *            written on success only: true for each that is ready.
 * Units:     `count` 1 to MR_WAIT_MAX; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - none was; MR_ERR_ARGUMENT - handles or ready is
 *            NULL, count is out of range, timeout is NaN, or a handle is of a
 *            kind that cannot be waited for; MR_ERR_NO_MEMORY - the segment
 *            has no room for the wait; MR_ERR_STALE, MR_ERR_CLOSED -
 *            one of them was destroyed before, meanwhile;
 *            MR_ERR_OWNER_LOST - the rank of one of them is lost;
 *            MR_ERR_STATE - no job.
 * Differs:   multiprocessing.connection.wait() returns a list.
 */
MR_CHECKED mr_error mr_wait(const mr_handle *handles, size_t count,
                            double timeout, bool *ready);

#ifdef __cplusplus
}
#endif

#endif
