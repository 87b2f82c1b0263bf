/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queue: first in, first out; many producers, many consumers, any item size.
 *
 * A queue lives on one rank.  The rank of its consumers is the best place,
 * because a put from another node need not wait; see mr_queue_put.
 *
 * Consumers learn of the end in one of two ways.  Somebody calls
 * mr_queue_close; or the producers attach, and the queue closes when the last
 * of them has detached or died.  Then consumers get what is left, and
 * MR_ERR_END_OF_FILE.
 */
#ifndef MULTIRANK_QUEUE_H
#define MULTIRANK_QUEUE_H

#include <multirank/base.h>
#include <multirank/item.h>

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
    bool exact;     /* puts from other nodes keep to maxsize, item by item: each
                       waits until its item is in the queue */
    bool per_producer; /* the items of each producer's thread keep their order,
                          but those of others may overtake them: faster with
                          many producers and consumers; maxsize counts for each
                          of 8 parts, as a share that is rounded up */
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
 * Errors:    MR_ERR_ARGUMENT - queue is NULL, there is no such rank, or the
 *            options have both `exact` and `per_producer`;
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
 * thread has at most 64 such items on their way, also when the queue is full;
 * with the option `exact` each put waits instead until its item is in the
 * queue. They arrive in the order of the puts.  Before the thread does anything
 * with another object it waits for their arrival, so no endpoint sees an effect
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
 *            MR_ERR_CLOSED - the queue is closed, or was destroyed during the
 *            call.
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
 *            MR_ERR_END_OF_FILE - the queue is closed and has no item left;
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
 *            MR_ERR_END_OF_FILE - the queue is closed and has no item left;
 *            MR_ERR_NO_MEMORY - malloc failed, and the item stays the first;
 *            MR_ERR_ARGUMENT - item or size is NULL, or timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   of the two calls this one is nearer to Python's get().
 */
MR_CHECKED mr_error mr_queue_get_alloc(mr_queue queue, void **item,
                                       size_t *size, double timeout);

/**
 * Put copies of several items of one size at the end, in their order.  Items of
 * other producers may come between them.  For small items this is much faster
 * than single puts.  From another node it may return early, as mr_queue_put.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the queue holds maxsize items or the segment is full, at
 *            most `timeout` seconds for all items.
 * Ownership: `items` stays the caller's.  *put is always written, with the
 *            number of items that are in the queue or on their way; `put` may
 *            be NULL.
 * Units:     `items` has `count` items of `size` bytes each, side by side;
 *            `count` may be 0.  `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the queue was full for too long;
 *            MR_ERR_TOO_LARGE - such an item can never fit;
 *            MR_ERR_ARGUMENT - items is NULL, size is 0, or timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue is closed, or was destroyed during the
 *            call.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_queue_put_many(mr_queue queue, const void *items,
                                      size_t size, size_t count, size_t *put,
                                      double timeout);

/**
 * Take the first item, and those behind it that have the same size and are
 * there already, at most `max` items.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is an item, at most `timeout` seconds.
 * Ownership: the items are copied into `items`, which has room for `capacity`
 *            bytes, side by side.  *count is written on success, *size with
 *            MR_OK and MR_ERR_TRUNCATED; `size` may be NULL.
 * Units:     *count in items, 1 to `max`; *size is the size of each item in
 *            bytes; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the queue was empty all the time;
 *            MR_ERR_END_OF_FILE - the queue is closed and has no item left;
 *            MR_ERR_TRUNCATED - the first item is larger than `capacity`: it
 *            stays the first, and *size tells how much it needs;
 *            MR_ERR_ARGUMENT - items is NULL with a capacity, count is NULL,
 *            max is 0, or timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_queue_get_many(mr_queue queue, void *items,
                                      size_t capacity, size_t max,
                                      size_t *count, size_t *size,
                                      double timeout);

/**
 * Put one item that is gathered from buffers: their bytes one after the other.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_queue_put.
 * Ownership: `buffers` and their data stay the caller's.
 * Units:     `count` in buffers, may be 0; `timeout` in seconds.
 * Errors:    MR_ERR_ARGUMENT - buffers is NULL with a count, or a buffer has a
 *            size and no data, or timeout is NaN;
 *            and those of mr_queue_put.
 * Differs:   Python joins the bytes first.
 */
MR_CHECKED mr_error mr_queue_put_gathered(mr_queue queue,
                                          const mr_buffer *buffers,
                                          size_t count, double timeout);

/**
 * Lend memory for an item of `size` bytes, to be written in place and put by
 * mr_queue_commit.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the segment is full, at most `timeout` seconds.
 * Ownership: the memory is lent to the calling endpoint until it is committed
 *            or given back by mr_item_release.  *item is written on success
 *            only.
 * Units:     `size` in bytes, may be 0; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the segment was full all the time;
 *            MR_ERR_NO_MEMORY - there is no room to note another lent item; or
 *            the queue is on another node, and the caller's rank has no
 *            memory;
 *            MR_ERR_TOO_LARGE - the item can never fit;
 *            MR_ERR_ARGUMENT - item is NULL, or timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue is closed, or was destroyed during the
 *            call.
 * Differs:   Python copies items.
 */
MR_CHECKED mr_error mr_queue_reserve(mr_queue queue, size_t size, mr_item *item,
                                     double timeout);

/**
 * Put a lent item, which was reserved, or taken from any queue or pipe.  On
 * the node of the queue its bytes are not copied, unless the item was lent by
 * another rank.
 *
 * Callers:   the endpoint to which it is lent, any thread.
 * Blocks:    as mr_queue_put.
 * Ownership: with MR_OK the memory belongs to the queue, and *item is zeroed.
 *            With an error it stays lent.
 * Units:     item->size in bytes; it may have been made smaller.  `timeout` in
 *            seconds.
 * Errors:    MR_ERR_ARGUMENT - item is NULL, is not lent to the caller, or has
 *            become larger;
 *            and those of mr_queue_put.
 * Differs:   Python copies items.
 */
MR_CHECKED mr_error mr_queue_commit(mr_queue queue, mr_item *item,
                                    double timeout);

/**
 * Take the first item and lend it to the caller, who may read and change it in
 * place.  On the node of the queue its bytes are not copied.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is an item, at most `timeout` seconds.
 * Ownership: the memory is lent to the calling endpoint until it is committed
 *            or given back by mr_item_release.  *item is written on success
 *            only.
 * Units:     item->size in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - there was none all the time;
 *            MR_ERR_NO_MEMORY - there is no room to note another lent item; or
 *            the queue is on another node, and the caller's rank has no memory
 *            for the item, which stays the first;
 *            MR_ERR_ARGUMENT - item is NULL, or timeout is NaN;
 *            MR_ERR_END_OF_FILE - the queue is closed and has no item left;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   Python copies items.
 */
MR_CHECKED mr_error mr_queue_take(mr_queue queue, mr_item *item,
                                  double timeout);

/**
 * Tell whether a queue is empty.  With several consumers the answer may be out
 * of date before it is used.  To stop consumers close the queue.
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
 * Let nobody put any more.  The items that are in the queue stay until they are
 * taken.  A queue may be closed more than once.  An item that is still on its
 * way from another node comes too late: mr_queue_put tells how its producer
 * learns of that, and mr_queue_attach how to close after the last item.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - the queue was destroyed.
 * Differs:   Python's shutdown().  Python's close() lets only the calling
 *            process put no more.
 */
MR_API mr_error mr_queue_close(mr_queue queue);

/**
 * Make the calling endpoint a producer that the queue counts.  When the last
 * producer has detached or ended, in whatever way, the queue is closed.  This
 * is how to start producers:
 *
 *     mr_queue_attach(queue);     so that the queue stays open meanwhile
 *     ...                         create and start the processes, with the
 *                                 queue in their options `producer_of`
 *     mr_queue_detach(queue);     from now on they alone keep it open
 *
 * A process is a producer from its creation.  Endpoints that have not attached
 * may put, too, while the queue is open.
 *
 * Callers:   any endpoint, any thread; again without effect.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_CLOSED - the queue is closed;
 *            MR_ERR_NO_MEMORY, MR_ERR_LIMIT - there is no room for another
 *            producer;
 *            MR_ERR_STALE - the queue was destroyed.
 * Differs:   Python's users count end marks by hand, and hang when a producer
 *            is killed.
 */
MR_CHECKED mr_error mr_queue_attach(mr_queue queue);

/**
 * Say that the calling endpoint will put no more.
 *
 * Callers:   an endpoint that has attached, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_NOT_HELD - the caller is not attached;
 *            MR_ERR_STALE - the queue was destroyed.
 * Differs:   Python has no such call.
 */
MR_API mr_error mr_queue_detach(mr_queue queue);

/**
 * Say that items which were taken from the queue are done; see mr_queue_join.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Units:     `count` in items, at least 1.
 * Errors:    MR_ERR_STATE - more items would be done than were ever put;
 *            MR_ERR_ARGUMENT - count is 0;
 *            MR_ERR_STALE - the queue was destroyed.
 * Differs:   every queue can do this; in Python only a JoinableQueue.
 */
MR_API mr_error mr_queue_task_done(mr_queue queue, size_t count);

/**
 * Wait until as many items are done as were ever put.  An item that a killed
 * consumer had taken is never done: use a time-out if consumers may be killed.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until all items are done, at most `timeout` seconds.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - items were left all the time;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the queue was destroyed before the call;
 *            MR_ERR_CLOSED - the queue was destroyed during the call.
 * Differs:   Python's join() has no time-out.
 */
MR_CHECKED mr_error mr_queue_join(mr_queue queue, double timeout);

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
