/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lock and RLock: one holder at a time, at any endpoint.
 *
 * When an endpoint ends while it holds a lock, by a crash or in any other way,
 * the lock passes on, and the next holder gets MR_ERR_HOLDER_DIED.
 */
#ifndef MULTIRANK_LOCK_H
#define MULTIRANK_LOCK_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_lock {
    mr_handle handle;
} mr_lock;

/* Zeroed means: all defaults. */
typedef struct mr_lock_options {
    int place;      /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
    bool recursive; /* an RLock: the thread that holds it may take it again */
} mr_lock_options;

/**
 * Create a lock, or with `recursive` an RLock.  It is free.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the lock lives until mr_lock_destroy or the end of the job.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL, or there is no such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 */
MR_CHECKED mr_error mr_lock_create(mr_lock *lock,
                                   const mr_lock_options *options);

/**
 * Take a lock.  An RLock and the lock of a Value, an Array or a Condition are
 * recursive: the thread that holds one may take it again and must release it as
 * often.
 *
 * A deadlock, as when two threads take two locks in different order, ends only
 * by the time-out.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the lock is free, at most `timeout` seconds.
 * Ownership: the caller holds the lock with MR_OK and with MR_ERR_HOLDER_DIED.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_HOLDER_DIED - the caller holds the lock, but the last
 *            holder died, and what the lock protects may be half changed;
 *            MR_ERR_TIMEOUT - the lock was not free in time;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the lock was destroyed before the call;
 *            MR_ERR_CLOSED - the lock was destroyed during the call.
 * Differs:   in Python a lock whose holder died stays locked for ever.
 */
MR_CHECKED mr_error mr_lock_acquire(mr_lock lock, double timeout);

/**
 * Release a lock.  Any endpoint may release a Lock, as in Python.  A recursive
 * lock is released by the thread that holds it only.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_NOT_HELD - the lock is free, or it is recursive and
 *            another thread holds it;
 *            MR_ERR_STALE - the lock was destroyed.
 */
MR_API mr_error mr_lock_release(mr_lock lock);

/**
 * Destroy a lock.  Threads that wait for it get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the lock; from another
 *            node until the owner has answered.
 * Ownership: the lock is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the lock was destroyed before;
 *            MR_ERR_ARGUMENT - the lock belongs to a Value, an Array or a
 *            Condition: destroy that.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_lock_destroy(mr_lock lock);

#ifdef __cplusplus
}
#endif

#endif
