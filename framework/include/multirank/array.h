/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Array: elements of one type in shared memory, with a lock.  They lie on one
 * rank, in blocks on all ranks, or, if they never change, once on each node.
 *
 * Callers on the owner's node load and store directly; for callers on another
 * node the owner does it.  Slices of more than 32 KiB travel between nodes
 * through an MPI window or as messages, as MR_FAR_ARRAYS says.  When a call has
 * returned, its effect is visible to every endpoint that hears of it later, on
 * every node.
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
    bool spread; /* in blocks on all ranks; the lock is on `place` */
    size_t unit; /* of a spread Array: each block, but the last, has a multiple
                    of so many elements, e.g. whole rows; 0: 1 */
    bool replicated; /* read-only, with a copy on each node; the lock is on
                        `place` */
    mr_lock lock;    /* for mr_array_get_lock; zeroed: the Array has its own */
    bool no_lock;    /* there is none */
} mr_array_options;

/* How mr_array_accumulate combines elements. */
typedef enum mr_combination {
    MR_COMBINE_ADD = 1,
    MR_COMBINE_MIN,
    MR_COMBINE_MAX
} mr_combination;

/**
 * Create an Array.  With `spread` every rank has a block of ceil(count /
 * ranks) elements in its own memory, in the order of the ranks; with a `unit`
 * that number is rounded up to a multiple of it.  The last ranks may have fewer
 * elements or none. mr_array_local gives a rank its own block.
 *
 * With `replicated` each node has a copy of all elements, in the memory of its
 * first rank, and every access is near.  The elements never change: calls that
 * would change them give MR_ERR_STATE.  They travel along a tree of the nodes,
 * so each node receives them once.  If a rank with a copy is lost, its node
 * reads the copy of another node; mr_array_data gives MR_ERR_FAR there.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the memory is allocated and filled, on all ranks that have
 *            a block or a copy.
 * Ownership: `initial` is copied; NULL means zeros, and is an error if the
 *            Array is replicated.  The Array lives until mr_array_destroy or
 *            the end of the job.  On failure nothing stays allocated.
 * Units:     `count` and `initial` in elements of `type`.
 * Errors:    MR_ERR_ARGUMENT - array is NULL, the type is unknown, count is 0
 *            or overflows, options->unit is set without spread,
 *            options->replicated beside spread or without initial,
 *            options->lock is no lock or stands beside no_lock, or there is no
 *            such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - a rank has no room for another object;
 *            MR_ERR_NO_MEMORY - a segment is full;
 *            MR_ERR_TOO_LARGE - the block is larger than a whole segment;
 *            MR_ERR_OWNER_LOST - a rank is lost.
 * Differs:   the type is an enum, not a letter; Python allows 0 elements.
 */
MR_CHECKED mr_error mr_array_create(mr_array *array, mr_type type, size_t count,
                                    const void *initial,
                                    const mr_array_options *options);

/**
 * The number of elements.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *count is written on success only.
 * Errors:    MR_ERR_ARGUMENT - count is NULL;
 *            MR_ERR_STALE - the Array was destroyed.
 */
MR_CHECKED mr_error mr_array_length(mr_array array, size_t *count);

/**
 * Read a slice.  No single element is torn, but the slice as a whole is not
 * atomic: for that, hold the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the elements
 *            have arrived.
 * Ownership: `out` is the caller's.
 * Units:     `first` and `count` in elements.
 * Errors:    MR_ERR_ARGUMENT - out is NULL with a count, or the slice reaches
 *            beyond the Array;
 *            MR_ERR_STALE - the Array was destroyed;
 *            MR_ERR_OWNER_LOST - a rank with some of the elements is lost;
 *            MR_ERR_NO_MEMORY - this rank has no memory for the transfer.
 * Differs:   Python takes the lock for each access.
 */
MR_CHECKED mr_error mr_array_get(mr_array array, size_t first, size_t count,
                                 void *out);

/**
 * Write a slice.  No single element is torn, but the slice as a whole is not
 * atomic: for that, hold the lock.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the elements
 *            have arrived.
 * Ownership: `in` stays the caller's.
 * Units:     `first` and `count` in elements.
 * Errors:    MR_ERR_ARGUMENT - in is NULL with a count, or the slice reaches
 *            beyond the Array;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed;
 *            MR_ERR_OWNER_LOST - a rank with some of the elements is lost;
 *            MR_ERR_NO_MEMORY - this rank has no memory for the transfer.
 * Differs:   Python takes the lock for each access.
 */
MR_CHECKED mr_error mr_array_set(mr_array array, size_t first, size_t count,
                                 const void *in);

/**
 * Add to one element in one atomic step, without the lock.  Integers wrap
 * around.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `amount` stays the caller's.  *before is the element before the
 *            addition; it is written on success only, and `before` may be
 *            NULL.
 * Units:     `amount` and `before` point to one element; `index` counts
 *            elements.
 * Errors:    MR_ERR_ARGUMENT - amount is NULL, there is no such element, or the
 *            Array is of bytes or bools;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_add(mr_array array, size_t index,
                                 const void *amount, void *before);

/**
 * Make one element the smaller of itself and `in`, in one atomic step.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  *before is the element before the
 *            change; it is written on success only, and `before` may be NULL.
 * Units:     `in` and `before` point to one element; `index` counts elements.
 * Errors:    MR_ERR_ARGUMENT - in is NULL, there is no such element, or the
 *            Array is of bytes or bools;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_min(mr_array array, size_t index, const void *in,
                                 void *before);

/**
 * Make one element the larger of itself and `in`, in one atomic step.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  *before is the element before the
 *            change; it is written on success only, and `before` may be NULL.
 * Units:     `in` and `before` point to one element; `index` counts elements.
 * Errors:    MR_ERR_ARGUMENT - in is NULL, there is no such element, or the
 *            Array is of bytes or bools;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_max(mr_array array, size_t index, const void *in,
                                 void *before);

/**
 * Write one element and get what it was, in one atomic step.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  *before is the element before the
 *            change; it is written on success only, and `before` may be NULL.
 * Units:     `in` and `before` point to one element; `index` counts elements.
 * Errors:    MR_ERR_ARGUMENT - in is NULL, there is no such element, or the
 *            Array is of bytes;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_exchange(mr_array array, size_t index,
                                      const void *in, void *before);

/**
 * Write one element if it is what the caller expects, in one atomic step.
 * Elements are compared byte by byte: 0.0 and -0.0 differ.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.  On success *exchanged tells whether the
 *            element was written, and *expected is what it was before.
 * Units:     `expected` and `in` point to one element; `index` counts elements.
 * Errors:    MR_ERR_ARGUMENT - expected, in or exchanged is NULL, there is no
 *            such element, or the Array is of bytes;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_compare_exchange(mr_array array, size_t index,
                                              void *expected, const void *in,
                                              bool *exchanged);

/**
 * Combine a slice with other elements: element by element the sum, the smaller
 * or the larger.  Each element is one atomic step, without the lock; the slice
 * as a whole is not.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: `in` stays the caller's.
 * Units:     `first` and `count` in elements.
 * Errors:    MR_ERR_ARGUMENT - in is NULL with a count, the slice reaches
 *            beyond the Array, `how` is unknown, or the Array is of bytes or
 *            bools;
 *            MR_ERR_STATE - the Array is replicated;
 *            MR_ERR_STALE - the Array was destroyed;
 *            MR_ERR_OWNER_LOST - a rank with some of the elements is lost;
 *            MR_ERR_NO_MEMORY - this rank has no memory for the transfer.
 * Differs:   Python has no such call; MPI has MPI_Accumulate.
 */
MR_CHECKED mr_error mr_array_accumulate(mr_array array, size_t first,
                                        size_t count, const void *in,
                                        mr_combination how);

/**
 * The type of the elements, as the handle says.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 */
MR_API mr_type mr_array_type(mr_array array);

/**
 * Get the address of the elements, if all of them lie on the caller's node in
 * one block.  Plain loads and stores race, as between threads.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *data belongs to the Array and is valid until the Array is
 *            destroyed; using it afterwards is undefined, and so is writing to
 *            a replicated one.  The address differs between processes.
 * Units:     there are mr_array_length elements.
 * Errors:    MR_ERR_ARGUMENT - data is NULL;
 *            MR_ERR_STALE - the Array was destroyed;
 *            MR_ERR_FAR - the elements lie on another node or are spread: copy
 *            them by mr_array_get and mr_array_set, or use mr_array_local.
 * Differs:   like Array.get_obj().
 */
MR_CHECKED mr_error mr_array_data(mr_array array, void **data);

/**
 * Get the elements that lie in the memory of the caller's own rank.  For a
 * spread Array that is the rank's block, for a replicated one all elements of
 * the node's copy, for another Array all elements or none.  Plain loads and
 * stores race, as between threads.
 *
 * Callers:   any endpoint, any thread; a process has the rank that it runs on.
 * Blocks:    never on the node of the lock; from another node until the owner
 *            of the lock has answered.
 * Ownership: *data belongs to the Array and is valid until the Array is
 *            destroyed; using it afterwards is undefined.  It is NULL when
 *            there are no elements.  On failure no output is written.
 * Units:     *first is the index of the block's first element; *count counts
 *            elements.
 * Errors:    MR_ERR_ARGUMENT - first, count or data is NULL;
 *            MR_ERR_STALE - the Array was destroyed;
 *            MR_ERR_NO_MEMORY - malloc failed;
 *            MR_ERR_OWNER_LOST - the rank with the lock is lost.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_local(mr_array array, size_t *first, size_t *count,
                                   void **data);

/**
 * Get the lock of an Array, for mr_lock_acquire and mr_lock_release.  The
 * Array's own lock is recursive, as in Python.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *lock is the given lock, or else a part of the Array, which cannot
 *            be destroyed alone.
 * Errors:    MR_ERR_ARGUMENT - lock is NULL;
 *            MR_ERR_STATE - the Array has no lock;
 *            MR_ERR_STALE - the Array was destroyed.
 */
MR_CHECKED mr_error mr_array_get_lock(mr_array array, mr_lock *lock);

/**
 * Write an Array to a file, in the .npy format of NumPy: numpy.load reads it.
 * The file is complete or, after an error or a crash, as it was before.
 *
 * Callers:   any endpoint, any thread, on whose host the file shall be.
 * Blocks:    until the elements have arrived and are on disk.
 * Ownership: `path` stays the caller's.
 * Errors:    MR_ERR_ARGUMENT - path is NULL or too long;
 *            MR_ERR_SYSTEM - the file cannot be written; the log has errno;
 *            MR_ERR_NO_MEMORY - malloc failed;
 *            all errors of mr_array_get.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_save(mr_array array, const char *path);

/**
 * Make an Array of the elements in a .npy file of version 1, as mr_array_save
 * and numpy.save write it.  Its type is that of the file.  Of several
 * dimensions the elements come in C order.
 *
 * Callers:   any endpoint, any thread, on whose host the file is.
 * Blocks:    until the elements are read and have arrived.
 * Ownership: as mr_array_create.
 * Errors:    MR_ERR_ARGUMENT - array or path is NULL, the file is not a .npy
 *            file, ends too early, has no elements, or elements that an Array
 *            does not have;
 *            MR_ERR_SYSTEM - the file cannot be read; the log has errno;
 *            all errors of mr_array_create and mr_array_set.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_array_load(mr_array *array, const char *path,
                                  const mr_array_options *options);

/**
 * Destroy an Array.  Threads that wait for its lock get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the Array; from
 *            another node until the owner has answered.
 * Ownership: the Array is freed with all its blocks; its handles become stale.
 * Errors:    MR_ERR_STALE - the Array was destroyed before;
 *            MR_ERR_OWNER_LOST - the rank with the lock is lost.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_array_destroy(mr_array array);

#ifdef __cplusplus
}
#endif

#endif
