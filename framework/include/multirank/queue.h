/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue: first in, first out; many producers, many consumers, any item size.
 *
 * A queue lives on one rank.  The rank of its consumers is the best place,
 * because a put from another node need not wait; see mr_queue_put.
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
 * Create an empty queue.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the queue lives until mr_queue_destroy or the end of the job,
 *            also when its creator ends earlier.
 * Units:     maxsize in items.
 * Errors:    MR_ERR_ARGUMENT - queue is NULL, or there is no such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   the queue is shared memory and has no feeder thread.  On the
 *            queue's node an item is there as soon as the put returns, even if
 *            the producer is killed then.
 */
MR_CHECKED mr_error mr_queue_create(mr_queue *queue,
                                    const mr_queue_options *options);

/**
 * Put a copy of an item at the end.
 *
 * A put may return early if the queue is on another node, the item is smaller
 * than 64 KiB and `timeout` is MR_FOREVER.  The item is then on its way.  Each
 * thread has at most 64 such items on their way, also when the queue is full.
 * They arrive in the order of the puts.  Before the thread does anything with
 * another object it waits for their arrival, so no endpoint sees an effect
 * before its cause.  If an item cannot arrive because the queue was destroyed
 * or its rank is lost, the thread's next call on this queue returns that error
 * and does nothing else.  If the thread uses another object first, the error
 * goes to the log as a warning.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the queue holds maxsize items or the segment is full, at
 *            most `timeout` seconds.
 * Ownership: `item` stays the caller's.
 * Units:     `size` in bytes; 0 is allowed, then item may be NULL.  `timeout`
 *            in seconds.
 * Errors:    MR_ERR_TIMEOUT - the queue was full all the time (Python: Full);
 *            MR_ERR_TOO_LARGE - the item can never fit;
 *            MR_ERR_ARGUMENT - item is NULL with a size, or timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   items are bytes.  A put waits for memory when the segment is
 *            full, as if maxsize were reached.
 */
MR_CHECKED mr_error mr_queue_put(mr_queue queue, const void *item, size_t size,
                                 double timeout);

/**
 * Take the first item.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is an item, at most `timeout` seconds.
 * Ownership: the item is copied into `item`, which has room for `capacity`
 *            bytes.  *size is written with MR_OK and MR_ERR_TRUNCATED; `size`
 *            may be NULL.
 * Units:     sizes in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the queue was empty all the time (Python:
 *            Empty);
 *            MR_ERR_TRUNCATED - the item is larger than `capacity`: it stays
 *            the first, and *size tells how much it needs;
 *            MR_ERR_ARGUMENT - item is NULL with a capacity, or timeout is
 *            NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   items are bytes.
 */
MR_CHECKED mr_error mr_queue_get(mr_queue queue, void *item, size_t capacity,
                                 size_t *size, double timeout);

/**
 * Take the first item, of any size, into new memory.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is an item, at most `timeout` seconds.
 * Ownership: *item is the caller's: free it with free().  With MR_OK it is
 *            never NULL.
 * Units:     *size in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the queue was empty all the time (Python:
 *            Empty);
 *            MR_ERR_NO_MEMORY - malloc failed, and the item stays the first;
 *            MR_ERR_ARGUMENT - item or size is NULL, or timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   of the two calls this one is nearer to Python's get().
 */
MR_CHECKED mr_error mr_queue_get_alloc(mr_queue queue, void **item,
                                       size_t *size, double timeout);

/**
 * Tell whether a queue is empty.  With several consumers the answer may be out
 * of date before it is used.  To stop consumers put an end mark into the
 * queue.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *empty is written on success only.
 * Errors:    MR_ERR_ARGUMENT - empty is NULL;
 *            MR_ERR_STALE - the queue was destroyed.
 * Differs:   an item is seen as soon as it was put; in Python only when the
 *            feeder thread has sent it.
 */
MR_CHECKED mr_error mr_queue_empty(mr_queue queue, bool *empty);

/**
 * Tell whether a queue holds maxsize items.  A queue without maxsize is never
 * full.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *full is written on success only.
 * Errors:    MR_ERR_ARGUMENT - full is NULL;
 *            MR_ERR_STALE - the queue was destroyed.
 */
MR_CHECKED mr_error mr_queue_full(mr_queue queue, bool *full);

/**
 * The number of items in a queue, at one moment during the call.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *count is written on success only.
 * Errors:    MR_ERR_ARGUMENT - count is NULL;
 *            MR_ERR_STALE - the queue was destroyed.
 * Differs:   works on every platform.
 */
MR_CHECKED mr_error mr_queue_qsize(mr_queue queue, size_t *count);

/**
 * Destroy a queue with all items in it.  Threads that wait on it get
 * MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the queue; from
 *            another node until the owner has answered.
 * Ownership: the queue is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the queue was destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_queue_destroy(mr_queue queue);

#ifdef __cplusplus
}
#endif

#endif
