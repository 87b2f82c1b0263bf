/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for any of several objects, and how a signal ends a wait.
 */
#ifndef MULTIRANK_WAIT_H
#define MULTIRANK_WAIT_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Wait until at least one of several objects is ready.  Pass the `handle`
 * member of each object.  Ready is:
 *
 *     a process       when it has ended
 *     a queue         when it has an item, or is at end of file
 *     a pipe end      when it has a message, or is at end of file
 *     a lock          when it is free, also the lock of a Value, an Array or
 *                     a Condition
 *     a semaphore     when its count is not 0
 *     an event        when it is set
 *     a future        when its map has ended
 *
 * Ready means that a call would not have blocked at that moment.  Another
 * endpoint may be faster, so use a time-out of 0 in the call that follows.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until one object is ready, at most `timeout` seconds; then, for
 *            objects of other nodes, until their owners have answered.
 * Ownership: `handles` stays the caller's.  `ready` has `count` elements and
 *            is written on success only: true for each object that is ready.
 * Units:     `count` is at least 1, and the time grows with it: some 50
 *            nanoseconds for each look at an object of this node, and 16 bytes
 *            in a message for each of another node; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - no object became ready in time;
 *            MR_ERR_ARGUMENT - handles or ready is NULL, count is 0, timeout
 *            is NaN, or a handle is of a kind that cannot be waited for;
 *            MR_ERR_NO_MEMORY - the heap, the segment of this rank or that of
 *            an owner has no room for the wait: 48 bytes for each object;
 *            MR_ERR_LIMIT - more than 131,072 handles are of one rank of
 *            another node;
 *            MR_ERR_STALE - an object was destroyed before the call;
 *            MR_ERR_CLOSED - an object was destroyed during the call;
 *            MR_ERR_OWNER_LOST - the rank of an object is lost;
 *            MR_ERR_STATE - there is no job.
 * Differs:   multiprocessing.connection.wait() returns a list.
 */
MR_CHECKED mr_error mr_wait(const mr_handle *handles, size_t count,
                            double timeout, bool *ready);

/* Says whether blocked calls are to end now.  A thread asks it from inside a
 * blocked call, not from a signal handler.  It must not call the library. */
typedef bool mr_interrupt_hook(void *argument);

/**
 * Let signals end blocked calls.  A call that waits asks the hook before it
 * sleeps, after a signal has been handled, and every 50 milliseconds.  If the
 * hook returns true, the call ends with MR_ERR_INTERRUPTED and has taken
 * nothing.  A call on an object of another node first asks the owner to end it:
 * if the owner has completed the call by then, it succeeds as usual.
 *
 * Callers:   any endpoint.  Set the hook before other threads call the library;
 *            it is inherited by no process.
 * Blocks:    never.
 * Ownership: `argument` is passed to the hook; it must live as long as the hook
 *            is set.  A NULL hook, the default, ends this.
 * Differs:   Python does this for KeyboardInterrupt and other exceptions that
 *            signal handlers raise.
 */
MR_API void mr_set_interrupt(mr_interrupt_hook *hook, void *argument);

#ifdef __cplusplus
}
#endif

#endif
