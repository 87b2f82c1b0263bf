/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue: first in, first out; many producers, many consumers, any item size.
 *
 * It lives on one rank.  For the shortest ways that is the rank of its
 * consumers, as puts from another node need not wait: see mr_queue_put.
 */
#ifndef MULTIRANK_QUEUE_H
#define MULTIRANK_QUEUE_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_queue {
    mr_handle handle;
} mr_queue;

/* Zeroed means: all defaults. */
typedef struct mr_queue_options {
    size_t maxsize; /* items; 0: as many as the segment has room for */
    int place;      /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
} mr_queue_options;

/**
 * Make an empty queue.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another until it has answered.
 * Ownership: the queue lives until mr_queue_destroy or the end of the job,
 *            also when its creator ends before.
 * Units:     maxsize in items.
 * Errors:    MR_ERR_ARGUMENT - queue is NULL, or a rank that does not exist;
 *            MR_ERR_STATE - no job; MR_ERR_LIMIT - too many objects;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   the queue is memory, there is no feeder thread: on the queue's
 *            node an item that was put is there, also when its producer is
 *            killed right after.
 */
MR_CHECKED mr_error mr_queue_create(mr_queue *queue,
                                    const mr_queue_options *options);

/**
 * Put a copy of an item at the end.
 *
 * To a queue of another node a put of less than 64 KiB with MR_FOREVER may
 * return while the item is on its way; of each thread at most 64 are, also
 * when the queue is full.  They arrive in the order in which they were put,
 * and whatever else the thread does with objects waits until they have: so
 * nobody sees a consequence before its cause.  If one cannot arrive (the queue
 * was destroyed, its rank is lost), the thread's next call on the same queue
 * gives that error, and does nothing else; if the thread does something else
 * first, the log tells of it as a warning.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while maxsize items are in, or the segment has no room, at most
 *            `timeout` seconds; but see above.
 * Ownership: `item` stays the caller's.
 * Units:     `size` in bytes, 0 is allowed (then item may be NULL);
 *            `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - full until then (Python: Full);
 *            MR_ERR_TOO_LARGE - the item can never fit; MR_ERR_ARGUMENT -
 *            item is NULL with a size, or timeout is NaN;
 *            MR_ERR_STALE, MR_ERR_CLOSED - destroyed before, meanwhile.
 * Differs:   items are bytes.  A full segment waits as if maxsize were
 *            reached.
 */
MR_CHECKED mr_error mr_queue_put(mr_queue queue, const void *item, size_t size,
                                 double timeout);

/**
 * Take the first item.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is an item, at most `timeout` seconds.
 * Ownership: the item is copied into `item`, of `capacity` bytes.
 * Units:     sizes in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - empty until then (Python: Empty);
 *            MR_ERR_TRUNCATED - the item is larger than capacity: it stays
 *            the first, and *size is what it needs; MR_ERR_ARGUMENT - item is
 *            NULL with a capacity, or timeout is NaN;
 *            MR_ERR_STALE, MR_ERR_CLOSED - destroyed before, meanwhile.
 *            size may be NULL; otherwise it is written with MR_OK and
 *            MR_ERR_TRUNCATED.
 * Differs:   items are bytes.
 */
MR_CHECKED mr_error mr_queue_get(mr_queue queue, void *item, size_t capacity,
                                 size_t *size, double timeout);

/**
 * Take the first item, whatever its size, into new memory.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is an item, at most `timeout` seconds.
 * Ownership: *item is the caller's, who calls free() on it; it is never NULL
 *            with MR_OK.
 * Units:     *size in bytes; `timeout` in seconds.
 * Errors:    as mr_queue_get without MR_ERR_TRUNCATED; MR_ERR_NO_MEMORY -
 *            malloc failed, the item stays; MR_ERR_ARGUMENT - item or size is
 *            NULL, or timeout is NaN.
 * Differs:   the nearest to Python's get().
 */
MR_CHECKED mr_error mr_queue_get_alloc(mr_queue queue, void **item,
                                       size_t *size, double timeout);

/**
 * Tell whether a queue is empty.  With several consumers the answer may be
 * old before it is used: an end mark in the queue is the safe way to stop.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *empty is written on success only.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - empty is NULL; MR_ERR_STALE - destroyed.
 * Differs:   an item that was put is seen at once, in Python only after the
 *            feeder thread has sent it.
 */
MR_CHECKED mr_error mr_queue_empty(mr_queue queue, bool *empty);

/**
 * Tell whether a queue holds maxsize items.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *full is written on success only.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - full is NULL; MR_ERR_STALE - destroyed.
 * Differs:   never true without a maxsize.
 */
MR_CHECKED mr_error mr_queue_full(mr_queue queue, bool *full);

/**
 * The number of items in a queue, at some moment during the call.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *count is written on success only.
 * Units:     items.
 * Errors:    MR_ERR_ARGUMENT - count is NULL; MR_ERR_STALE - destroyed.
 * Differs:   works on every platform.
 */
MR_CHECKED mr_error mr_queue_qsize(mr_queue queue, size_t *count);

/**
 * Destroy a queue with all items in it.  Who waits on it gets MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on it; from another node
 *            until the owner has answered.
 * Ownership: frees the queue; its handles become stale.
 * Units:     none.
 * Errors:    MR_ERR_STALE - destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_queue_destroy(mr_queue queue);

#ifdef __cplusplus
}
#endif

#endif
