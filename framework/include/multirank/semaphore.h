/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Semaphore: a count.  mr_semaphore_acquire takes one from it and waits while
 * it is 0; mr_semaphore_release gives back.
 *
 * A semaphore has no owner.  When an endpoint ends without having released what
 * it acquired, the count stays lower: use a Lock where that must not happen.
 */
#ifndef MULTIRANK_SEMAPHORE_H
#define MULTIRANK_SEMAPHORE_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest count. */
#define MR_SEMAPHORE_MAX 0x7fffffffu

typedef struct mr_semaphore {
    mr_handle handle;
} mr_semaphore;

/* Zeroed means: all defaults. */
typedef struct mr_semaphore_options {
    int place;    /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
    bool bounded; /* a BoundedSemaphore: the count never exceeds its first
                     value */
} mr_semaphore_options;

/**
 * Create a semaphore.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the semaphore lives until mr_semaphore_destroy or the end of the
 *            job.
 * Units:     `value` is the first count, from 0 to MR_SEMAPHORE_MAX.
 * Errors:    MR_ERR_ARGUMENT - semaphore is NULL, value is too large, or there
 *            is no such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   Python's first value is 1 where none is given.
 */
MR_CHECKED mr_error mr_semaphore_create(mr_semaphore *semaphore,
                                        unsigned int value,
                                        const mr_semaphore_options *options);

/**
 * Take one from the count.  mr_wait can wait for several.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the count is 0, at most `timeout` seconds.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the count was 0 all the time;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the semaphore was destroyed before the call;
 *            MR_ERR_CLOSED - the semaphore was destroyed during the call.
 */
MR_CHECKED mr_error mr_semaphore_acquire(mr_semaphore semaphore,
                                         double timeout);

/**
 * Add to the count.  As many threads as that may go on.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Units:     `count` is from 1 to MR_SEMAPHORE_MAX.
 * Errors:    MR_ERR_NOT_HELD - the semaphore is bounded, and its count would
 *            exceed its first value (Python: ValueError);
 *            MR_ERR_LIMIT - the count would exceed MR_SEMAPHORE_MAX;
 *            MR_ERR_ARGUMENT - count is 0 or too large;
 *            MR_ERR_STALE - the semaphore was destroyed.
 * Differs:   `count` is given; Python's multiprocessing releases one.
 */
MR_API mr_error mr_semaphore_release(mr_semaphore semaphore,
                                     unsigned int count);

/**
 * The count of a semaphore, at one moment during the call.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *value is written on success only.
 * Errors:    MR_ERR_ARGUMENT - value is NULL;
 *            MR_ERR_STALE - the semaphore was destroyed.
 */
MR_CHECKED mr_error mr_semaphore_get_value(mr_semaphore semaphore,
                                           unsigned int *value);

/**
 * Destroy a semaphore.  Threads that wait for it get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the semaphore; from
 *            another node until the owner has answered.
 * Ownership: the semaphore is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the semaphore was destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_semaphore_destroy(mr_semaphore semaphore);

#ifdef __cplusplus
}
#endif

#endif
