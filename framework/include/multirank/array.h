/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Array: elements of one type in shared memory, with a recursive lock.  They
 * lie whole at one rank, or spread in blocks over all.
 *
 * Callers on the owner's node load and store; for others the owner does it.
 * Slices of more than 32 KiB of another node travel piece by piece, through
 * an MPI window or as messages, as MR_FAR_ARRAYS says; see mr_settings_print.
 * A call that has returned is seen by all who are told of it, on every node.
 */
#ifndef MULTIRANK_ARRAY_H
#define MULTIRANK_ARRAY_H

#include <multirank/base.h>
#include <multirank/lock.h>
#include <multirank/value.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_array {
    mr_handle handle;
} mr_array;

/* Zeroed means: all defaults. */
typedef struct mr_array_options {
    int place;   /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
    bool spread; /* in blocks over all ranks; the lock is at `place` */
} mr_array_options;

/**
 * Make an Array.  With `spread` each rank, in their order, has a block of
 * ceil(count / ranks) elements in its own memory, the last ones fewer or none:
 * see mr_array_local.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the memory is taken and filled, on all ranks that have a
 *            part of it.
 * Ownership: `initial` is copied; NULL means zeros.  The Array lives until
 *            mr_array_destroy or the end of the job.
 * Units:     `count` and `initial` in elements of `type`.
 * Errors:    MR_ERR_ARGUMENT - array is NULL, an unknown type, count is 0 or
 *            overflows, or a rank that does not exist; MR_ERR_STATE - no job;
 *            MR_ERR_LIMIT - too many objects; MR_ERR_NO_MEMORY - a segment
 *            is full; MR_ERR_TOO_LARGE - larger than the whole segment;
 *            MR_ERR_OWNER_LOST - the rank is gone.  Nothing is left of what
 *            could not be made.
 * Differs:   types are an enum, not letters; Python allows no elements.
 */
MR_CHECKED mr_error mr_array_create(mr_array *array, mr_type type, size_t count,
                                    const void *initial,
                                    const mr_array_options *options);

/**
 * The number of elements.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *count is written on success only.
 * Units:     elements.
 * Errors:    MR_ERR_ARGUMENT - count is NULL; MR_ERR_STALE - destroyed.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_array_length(mr_array array, size_t *count);

/**
 * Read a slice.  Single elements are not torn; the slice as a whole is not
 * atomic, for that hold the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the elements travel, from another node; else never.
 * Ownership: `out` is the caller's.
 * Units:     `first` and `count` in elements.
 * Errors:    MR_ERR_ARGUMENT - out is NULL with a count, or the slice leaves
 *            the array; MR_ERR_STALE - destroyed; MR_ERR_OWNER_LOST - a rank
 *            with some of it is gone; MR_ERR_NO_MEMORY - none here to send or
 *            receive by.
 * Differs:   Python takes the lock for each access.
 */
MR_CHECKED mr_error mr_array_get(mr_array array, size_t first, size_t count,
                                 void *out);

/**
 * Write a slice.  Single elements are not torn; the slice as a whole is not
 * atomic, for that hold the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the elements have arrived, on another node; else never.
 * Ownership: `in` stays the caller's.
 * Units:     `first` and `count` in elements.
 * Errors:    MR_ERR_ARGUMENT - in is NULL with a count, or the slice leaves
 *            the array; MR_ERR_STALE - destroyed; MR_ERR_OWNER_LOST - a rank
 *            with some of it is gone; MR_ERR_NO_MEMORY - none here to send or
 *            receive by.
 * Differs:   Python takes the lock for each access.
 */
MR_CHECKED mr_error mr_array_set(mr_array array, size_t first, size_t count,
                                 const void *in);

/**
 * Add to one element in one atomic step, without the lock.  Integers wrap.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: `amount` stays the caller's; `before`, which may be NULL,
 *            receives what the element was, on success only.
 * Units:     both point to one element; `index` counts elements.
 * Errors:    MR_ERR_ARGUMENT - amount is NULL, or index is outside;
 *            MR_ERR_STALE - destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_add(mr_array array, size_t index,
                                 const void *amount, void *before);

/**
 * The elements themselves, where all lie on the caller's node in one piece.
 * Plain loads and stores race as they do between threads.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *data stays the Array's and is valid until it is destroyed;
 *            using it afterwards is undefined.  The address differs from
 *            process to process.
 * Units:     mr_array_length elements.
 * Errors:    MR_ERR_ARGUMENT - data is NULL; MR_ERR_STALE - destroyed;
 *            MR_ERR_FAR - the elements lie on another node, or are spread:
 *            copy them by mr_array_get and mr_array_set, or see
 *            mr_array_local.
 * Differs:   like Array.get_obj().
 */
MR_CHECKED mr_error mr_array_data(mr_array array, void **data);

/**
 * The elements that lie in the memory of the caller's own rank: its block of
 * an Array that is spread; of another, all or none.  Plain loads and stores
 * race as they do between threads.
 *
 * Callers:   any endpoint, any thread; a process has the rank that it runs on.
 * Blocks:    never on the node of its lock; else until the owner has answered.
 * Ownership: *data stays the Array's and is valid until it is destroyed;
 *            using it afterwards is undefined.  It is NULL when there are none.
 *            Nothing is written on failure.
 * Units:     *first, the index of its first element, and *count in elements.
 * Errors:    MR_ERR_ARGUMENT - first, count or data is NULL; MR_ERR_STALE -
 *            destroyed; MR_ERR_NO_MEMORY - none to remember where blocks lie;
 *            MR_ERR_OWNER_LOST - the rank of its lock is gone.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_local(mr_array array, size_t *first, size_t *count,
                                   void **data);

/**
 * The lock that belongs to an Array, for mr_lock_acquire and mr_lock_release.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *lock is part of the Array and not destroyed by itself.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL; MR_ERR_STALE - destroyed.
 * Differs:   not at all; it is recursive.
 */
MR_CHECKED mr_error mr_array_get_lock(mr_array array, mr_lock *lock);

/**
 * Destroy an Array.  Who waits for its lock gets MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on it; from another node
 *            until the owner has answered.
 * Ownership: frees the Array, with all blocks; its handles become
 *            stale, its memory is used again.
 * Units:     none.
 * Errors:    MR_ERR_STALE - destroyed before; MR_ERR_OWNER_LOST - the rank of
 *            its lock is gone.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_array_destroy(mr_array array);

#ifdef __cplusplus
}
#endif

#endif
