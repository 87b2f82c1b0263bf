/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RWLock: a reader-writer lock.  Many readers hold it at a time, or one writer.
 *
 * Writers do not starve readers, nor readers writers: while a writer waits no
 * new reader enters, and after a writer the readers that waited then come
 * first.  When a reader's endpoint ends, the reader no longer holds the lock.
 * When the writer's does, the next holders get MR_ERR_HOLDER_DIED.
 */
#ifndef MULTIRANK_RWLOCK_H
#define MULTIRANK_RWLOCK_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_rwlock {
    mr_handle handle;
} mr_rwlock;

/* Zeroed means: all defaults. */
typedef struct mr_rwlock_options {
    int place; /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
} mr_rwlock_options;

/**
 * Create a reader-writer lock.  It is free.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the lock lives until mr_rwlock_destroy or the end of the job.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL, or there is no such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   Python has no such lock.
 */
MR_CHECKED mr_error mr_rwlock_create(mr_rwlock *lock,
                                     const mr_rwlock_options *options);

/**
 * Take a lock for reading.  A thread that reads already may read again, and
 * releases as often.  A thread that holds the lock for writing must not: it
 * would wait for itself.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while there is a writer, or one waits that came earlier; at most
 *            `timeout` seconds.
 * Ownership: the calling thread holds the lock with MR_OK and with
 *            MR_ERR_HOLDER_DIED.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_HOLDER_DIED - the caller holds the lock, but the last
 *            writer died, and what the lock protects may be half changed; all
 *            readers are told this until there is another writer;
 *            MR_ERR_TIMEOUT - the lock could not be had in time;
 *            MR_ERR_LIMIT - a million threads read;
 *            MR_ERR_NO_MEMORY - the segment is full;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the lock was destroyed before the call;
 *            MR_ERR_CLOSED - the lock was destroyed during the call.
 */
MR_CHECKED mr_error mr_rwlock_acquire_read(mr_rwlock lock, double timeout);

/**
 * Take a lock for writing.  A thread that holds it already, for reading or
 * writing, must not: it would wait for itself.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while there are readers or a writer, at most `timeout` seconds.
 * Ownership: the calling thread holds the lock with MR_OK and with
 *            MR_ERR_HOLDER_DIED.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_HOLDER_DIED - the caller holds the lock, but the last
 *            writer died, and what the lock protects may be half changed;
 *            MR_ERR_TIMEOUT - the lock could not be had in time;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the lock was destroyed before the call;
 *            MR_ERR_CLOSED - the lock was destroyed during the call.
 */
MR_CHECKED mr_error mr_rwlock_acquire_write(mr_rwlock lock, double timeout);

/**
 * Release a lock that the calling thread holds, for reading or writing.
 *
 * Callers:   the thread that holds the lock.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_NOT_HELD - the calling thread does not hold the lock;
 *            MR_ERR_STALE - the lock was destroyed.
 */
MR_API mr_error mr_rwlock_release(mr_rwlock lock);

/**
 * Destroy a lock.  Threads that wait for it get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the lock; from another
 *            node until the owner has answered.
 * Ownership: the lock is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the lock was destroyed before.
 */
MR_API mr_error mr_rwlock_destroy(mr_rwlock lock);

#ifdef __cplusplus
}
#endif

#endif
