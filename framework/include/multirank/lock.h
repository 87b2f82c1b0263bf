/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lock: one holder at a time, at any endpoint.
 *
 * The word of a lock names the endpoint that holds it.  When that endpoint
 * ends, killed or not, the lock is passed on, and the next holder is told by
 * MR_ERR_HOLDER_DIED.
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
    int place; /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
} mr_lock_options;

/**
 * Make a lock that nobody holds.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another until it has answered.
 * Ownership: the lock lives until mr_lock_destroy or the end of the job.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL, or a rank that does not exist;
 *            MR_ERR_STATE - no job; MR_ERR_LIMIT - too many objects;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_lock_create(mr_lock *lock,
                                   const mr_lock_options *options);

/**
 * Take a lock.  The lock of a Value or an Array is recursive: the thread that
 * holds it takes it again at once, and releases it as often.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the lock is free, at most `timeout` seconds.
 * Ownership: with MR_OK and with MR_ERR_HOLDER_DIED the caller holds it.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_HOLDER_DIED - you hold it, but its last holder died, and
 *            what it protects may be half changed; MR_ERR_TIMEOUT - somebody
 *            else holds it; MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE, MR_ERR_CLOSED - destroyed before, meanwhile.
 * Differs:   in Python a lock whose holder died stays locked for ever.
 */
MR_CHECKED mr_error mr_lock_acquire(mr_lock lock, double timeout);

/**
 * Give a lock back.  A Lock may be released by anybody; the lock of a Value
 * or an Array by its holder alone.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: the caller holds it no longer.
 * Units:     none.
 * Errors:    MR_ERR_NOT_HELD - it is free, or another's recursive lock;
 *            MR_ERR_STALE - destroyed.
 * Differs:   not at all.
 */
MR_API mr_error mr_lock_release(mr_lock lock);

/**
 * Destroy a lock.  Who waits for it gets MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on it; from another node
 *            until the owner has answered.
 * Ownership: frees the lock; its handles become stale.
 * Units:     none.
 * Errors:    MR_ERR_STALE - destroyed before; MR_ERR_ARGUMENT - the lock
 *            belongs to a Value or an Array, destroy that.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_lock_destroy(mr_lock lock);

#ifdef __cplusplus
}
#endif

#endif
