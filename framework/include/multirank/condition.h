/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Condition: threads release a lock, wait until another notifies them, and
 * take the lock again.
 *
 *     mr_lock_acquire(lock, MR_FOREVER);
 *     while (count == 0) {
 *         mr_condition_wait(condition, MR_FOREVER);
 *     }
 *     ... take one, count--
 *     mr_lock_release(lock);
 *
 * A wait is one call, also on another node: one message there and one back.
 * When a thread that was notified dies, another waiter gets the notification.
 */
#ifndef MULTIRANK_CONDITION_H
#define MULTIRANK_CONDITION_H

#include <multirank/base.h>
#include <multirank/lock.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_condition {
    mr_handle handle;
} mr_condition;

/* Zeroed means: all defaults. */
typedef struct mr_condition_options {
    int place;    /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank, or
                     the rank of the lock */
    mr_lock lock; /* a Lock, an RLock, or the lock of a Value or an Array;
                     zeroed: the condition has an RLock of its own */
} mr_condition_options;

/**
 * Create a condition.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the condition lives until mr_condition_destroy or the end of the
 *            job.  A given lock stays the caller's, and must live longer.
 * Errors:    MR_ERR_ARGUMENT - condition is NULL, options->lock is no lock,
 *            options->place is another rank than that of the lock, or there is
 *            no such rank;
 *            MR_ERR_STALE - the given lock was destroyed;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 */
MR_CHECKED mr_error mr_condition_create(mr_condition *condition,
                                        const mr_condition_options *options);

/**
 * Get the lock of a condition, for mr_lock_acquire and mr_lock_release.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *lock is the given lock, or else a part of the condition, which
 *            cannot be destroyed alone.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL;
 *            MR_ERR_STALE - the condition was destroyed.
 * Differs:   Python's Condition has acquire and release itself.
 */
MR_CHECKED mr_error mr_condition_get_lock(mr_condition condition,
                                          mr_lock *lock);

/**
 * Release the lock, wait for a notification, and take the lock again.  A lock
 * that was taken several times is released wholly, and taken as often again.
 *
 * Callers:   any endpoint, any thread that holds the lock.
 * Blocks:    until another thread notifies, at most `timeout` seconds, and then
 *            until the lock is free.
 * Ownership: the caller holds the lock afterwards, but for MR_ERR_NOT_HELD,
 *            MR_ERR_STALE, MR_ERR_CLOSED and MR_ERR_OWNER_LOST.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - there was no notification in time (Python:
 *            False);
 *            MR_ERR_INTERRUPTED - see mr_set_interrupt; a notification that
 *            the caller had already goes to another thread;
 *            MR_ERR_HOLDER_DIED - the last holder of the lock died, and what
 *            the lock protects may be half changed;
 *            MR_ERR_NOT_HELD - the caller does not hold the lock;
 *            MR_ERR_LIMIT - the caller has taken the lock a million times;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the condition was destroyed before the call;
 *            MR_ERR_CLOSED - the condition or its lock was destroyed during
 *            the call.
 */
MR_CHECKED mr_error mr_condition_wait(mr_condition condition, double timeout);

/* Is what the caller waits for so?  It is asked while the lock is held. */
typedef bool mr_condition_predicate(void *argument);

/**
 * Wait until `predicate(argument)` is true: ask, and while it is not, wait for
 * a notification and ask again.
 *
 * Callers:   any endpoint, any thread that holds the lock.
 * Blocks:    until the predicate is true, at most `timeout` seconds, and then
 *            until the lock is free.
 * Ownership: as mr_condition_wait.  `argument` stays the caller's.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the predicate was not true in time (Python:
 *            False);
 *            MR_ERR_ARGUMENT - predicate is NULL, or timeout is NaN;
 *            all errors of mr_condition_wait.
 */
MR_CHECKED mr_error mr_condition_wait_for(mr_condition condition,
                                          mr_condition_predicate *predicate,
                                          void *argument, double timeout);

/**
 * Let waiting threads go on, at most `count` of them.  Threads that begin to
 * wait later are not meant.
 *
 * Callers:   any endpoint, any thread that holds the lock.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Units:     `count` is 1 or more.
 * Errors:    MR_ERR_NOT_HELD - the caller does not hold the lock;
 *            MR_ERR_ARGUMENT - count is 0;
 *            MR_ERR_STALE - the condition was destroyed;
 *            MR_ERR_CLOSED - its lock was destroyed.
 * Differs:   `count` is given; Python's notify() is for one.
 */
MR_API mr_error mr_condition_notify(mr_condition condition, unsigned int count);

/**
 * Let all waiting threads go on.
 *
 * Callers:   any endpoint, any thread that holds the lock.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_NOT_HELD - the caller does not hold the lock;
 *            MR_ERR_STALE - the condition was destroyed;
 *            MR_ERR_CLOSED - its lock was destroyed.
 */
MR_API mr_error mr_condition_notify_all(mr_condition condition);

/**
 * Destroy a condition.  Threads that wait for it get MR_ERR_CLOSED and do not
 * hold the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the condition; from
 *            another node until the owner has answered.
 * Ownership: the condition is freed, with its own lock; its handles become
 *            stale.  A given lock lives on.
 * Errors:    MR_ERR_STALE - the condition was destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_condition_destroy(mr_condition condition);

#ifdef __cplusplus
}
#endif

#endif
