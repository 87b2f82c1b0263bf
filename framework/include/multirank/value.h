/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Value: one number, or a struct, in shared memory, with a lock.  The lock is a
 * recursive one of its own, a given one, or none.
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
    MR_INT32 = 1,           /* int32_t */
    MR_INT64,               /* int64_t */
    MR_DOUBLE,              /* double */
    MR_INT8,                /* int8_t */
    MR_INT16,               /* int16_t */
    MR_UINT8,               /* uint8_t */
    MR_UINT16,              /* uint16_t */
    MR_UINT32,              /* uint32_t */
    MR_UINT64,              /* uint64_t */
    MR_FLOAT,               /* float */
    MR_BOOL,                /* bool, a byte that is 0 or 1 */
    MR_BYTES_FLAG = 0x4000, /* see MR_BYTES */
    MR_TYPE_MAX = 0x7fff
} mr_type;

/* The type of a struct, or of any other bytes of a fixed size, at most
 * MR_BYTES_MAX.  They are aligned to 64 bytes, or in an Array to the largest
 * power of two that divides the size. */
#define MR_BYTES_MAX 0x3fff
#define MR_BYTES(size) ((mr_type)(MR_BYTES_FLAG | (size)))

typedef struct mr_value {
    mr_handle handle;
} mr_value;

/* Zeroed means: all defaults. */
typedef struct mr_value_options {
    int place;    /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
    mr_lock lock; /* for mr_value_get_lock; zeroed: the Value has its own */
    bool no_lock; /* there is none */
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
 * Errors:    MR_ERR_ARGUMENT - value is NULL, the type is unknown,
 *            options->lock is no lock or stands beside no_lock, or there is no
 *            such rank;
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
 * Errors:    MR_ERR_ARGUMENT - amount is NULL, or the Value is of bytes or a
 *            bool;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python has no such call: `v.value += 1` needs the lock.
 */
MR_CHECKED mr_error mr_value_add(mr_value value, const void *amount,
                                 void *before);

/**
 * Make a Value the smaller of itself and `in`, in one atomic step.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  *before is the value before the change;
 *            it is written on success only, and `before` may be NULL.
 * Units:     both point to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - in is NULL, or the Value is of bytes or a bool;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_value_min(mr_value value, const void *in, void *before);

/**
 * Make a Value the larger of itself and `in`, in one atomic step.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  *before is the value before the change;
 *            it is written on success only, and `before` may be NULL.
 * Units:     both point to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - in is NULL, or the Value is of bytes or a bool;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_value_max(mr_value value, const void *in, void *before);

/**
 * Write a Value and get what it was, in one atomic step.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  *before is the value before the change;
 *            it is written on success only, and `before` may be NULL.
 * Units:     both point to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - in is NULL;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_value_exchange(mr_value value, const void *in,
                                      void *before);

/**
 * Write a Value if it is what the caller expects, in one atomic step.  Elements
 * are compared byte by byte: 0.0 and -0.0 differ.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  On success *exchanged tells whether the
 *            Value was written, and *expected is what it was before.
 * Units:     `expected` and `in` point to one element of the Value's type.
 * Errors:    MR_ERR_ARGUMENT - expected, in or exchanged is NULL;
 *            MR_ERR_STALE - the Value was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_value_compare_exchange(mr_value value, void *expected,
                                              const void *in, bool *exchanged);

/**
 * The type of a Value, as its handle says.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 */
MR_API mr_type mr_value_type(mr_value value);

/**
 * Get the lock of a Value, for mr_lock_acquire and mr_lock_release.  The
 * Value's own lock is recursive, as in Python.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *lock is the given lock, or else a part of the Value, which cannot
 *            be destroyed alone.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL;
 *            MR_ERR_STATE - the Value has no lock;
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
