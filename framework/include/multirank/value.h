/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Value: one number in shared memory, with a recursive lock of its own.
 *
 * Callers on the owner's node use the memory directly.  For callers on another
 * node the owner does the same atomic steps, so no update is lost.
 */
#ifndef MULTIRANK_VALUE_H
#define MULTIRANK_VALUE_H

#include <multirank/base.h>
#include <multirank/lock.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The type of a Value, or of the elements of an Array. */
typedef enum mr_type {
    MR_INT32 = 1, /* int32_t */
    MR_INT64,     /* int64_t */
    MR_DOUBLE     /* double */
} mr_type;

typedef struct mr_value {
    mr_handle handle;
} mr_value;

/* Zeroed means: all defaults. */
typedef struct mr_value_options {
    int place; /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
} mr_value_options;

/**
 * Create a Value.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: `initial` is copied; NULL means zero.  The Value lives until
 *            mr_value_destroy or the end of the job.
 * Units:     `initial` points to one element of `type`.
 * Errors:    MR_ERR_ARGUMENT - value is NULL, the type is unknown, or there is
 *            no such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   the type is an enum, not a letter.
 */
MR_CHECKED mr_error mr_value_create(mr_value *value, mr_type type,
                                    const void *initial,
                                    const mr_value_options *options);

/**
 * Read a Value.  The read is atomic and does not wait for the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *out is written on success only.
 * Units:     `out` points to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - out is NULL;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python's .value takes the lock for each access.
 */
MR_CHECKED mr_error mr_value_get(mr_value value, void *out);

/**
 * Write a Value.  The write is atomic and does not wait for the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.
 * Units:     `in` points to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - in is NULL;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python's .value takes the lock for each access.
 */
MR_CHECKED mr_error mr_value_set(mr_value value, const void *in);

/**
 * Add to a Value in one atomic step, without the lock.  Integers wrap around.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `amount` stays the caller's.  *before is the value before the
 *            addition; it is written on success only, and `before` may be
 *            NULL.
 * Units:     both point to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - amount is NULL;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python has no such call: `v.value += 1` needs the lock.
 */
MR_CHECKED mr_error mr_value_add(mr_value value, const void *amount,
                                 void *before);

/**
 * Get the lock that belongs to a Value, for mr_lock_acquire and
 * mr_lock_release.  The lock is recursive, as in Python.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *lock is part of the Value and cannot be destroyed alone.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL;
 *            MR_ERR_STALE - the Value was destroyed.
 */
MR_CHECKED mr_error mr_value_get_lock(mr_value value, mr_lock *lock);

/**
 * Destroy a Value.  Threads that wait for its lock get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the Value; from
 *            another node until the owner has answered.
 * Ownership: the Value is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the Value was destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_value_destroy(mr_value value);

#ifdef __cplusplus
}
#endif

#endif
