/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipe: two ends, messages of any size between them, one way or both.
 *
 * The holders of an end are its creator, the processes that list the end in
 * their options, and the endpoints that call mr_pipe_attach.  A holder ceases
 * to be one when it closes the end or dies.  An endpoint that merely has a copy
 * of the handle can use the end but does not hold it.  When an end has no
 * holder left, the other end reads the messages that are left and then end of
 * file, unless an endpoint attaches to the first end again.
 *
 * A pipe lives on the rank of its creator.
 */
#ifndef MULTIRANK_PIPE_H
#define MULTIRANK_PIPE_H

#include <multirank/base.h>
#include <multirank/item.h>
#include <multirank/keeper.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_pipe_end {
    mr_handle handle;
} mr_pipe_end;

/**
 * Create a pipe.  With duplex both ends send and receive.  Without duplex
 * `first` only receives and `second` only sends.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: the caller holds both ends.  The pipe is freed when neither end
 *            has a holder any more.
 * Errors:    MR_ERR_ARGUMENT - first or second is NULL;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 */
MR_CHECKED mr_error mr_pipe_create(mr_pipe_end *first, mr_pipe_end *second,
                                   bool duplex);

/**
 * Send a message to the other end.  From another node than the pipe's the call
 * may return while the message is on its way; mr_queue_put describes that.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the segment is full, at most `timeout` seconds.
 * Ownership: `message` stays the caller's.
 * Units:     `size` in bytes; 0 is allowed.  `timeout` in seconds.
 * Errors:    MR_ERR_CLOSED - the other end has no holder (Python:
 *            BrokenPipeError);
 *            MR_ERR_DIRECTION - this end only receives;
 *            MR_ERR_TIMEOUT - the segment was full all the time;
 *            MR_ERR_TOO_LARGE - the message can never fit;
 *            MR_ERR_ARGUMENT - message is NULL with a size, or timeout is NaN;
 *            MR_ERR_STALE - the pipe is gone.
 * Differs:   waits when the segment is full, in Python when 64 KiB are on
 *            their way.
 */
MR_CHECKED mr_error mr_pipe_send(mr_pipe_end end, const void *message,
                                 size_t size, double timeout);

/**
 * Receive the next message from the other end.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is a message, at most `timeout` seconds.
 * Ownership: the message is copied into `message`, which has room for
 *            `capacity` bytes.  *size is written with MR_OK and
 *            MR_ERR_TRUNCATED; `size` may be NULL.
 * Units:     sizes in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_END_OF_FILE - all messages were received and the other end
 *            has no holder (Python: EOFError);
 *            MR_ERR_TRUNCATED - the message is larger than `capacity`: it
 *            stays the next, and *size tells how much it needs;
 *            MR_ERR_DIRECTION - this end only sends;
 *            MR_ERR_TIMEOUT - no message came in time;
 *            MR_ERR_ARGUMENT - message is NULL with a capacity, or timeout is
 *            NaN;
 *            MR_ERR_STALE - the pipe is gone.
 * Differs:   too small a buffer loses nothing; in Python it loses the message.
 */
MR_CHECKED mr_error mr_pipe_recv(mr_pipe_end end, void *message,
                                 size_t capacity, size_t *size, double timeout);

/**
 * Send one message that is gathered from buffers: their bytes one after the
 * other.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    as mr_pipe_send.
 * Ownership: `buffers` and their data stay the caller's.
 * Units:     `count` in buffers, may be 0; `timeout` in seconds.
 * Errors:    MR_ERR_ARGUMENT - buffers is NULL with a count, or a buffer has a
 *            size and no data, or timeout is NaN;
 *            and those of mr_pipe_send.
 * Differs:   Python joins the bytes first.
 */
MR_CHECKED mr_error mr_pipe_send_gathered(mr_pipe_end end,
                                          const mr_buffer *buffers,
                                          size_t count, double timeout);

/**
 * Lend memory for an item of `size` bytes, to be written in place and put by
 * mr_pipe_commit.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the segment is full, at most `timeout` seconds.
 * Ownership: the memory is lent to the calling endpoint until it is committed
 *            or given back by mr_item_release.  *item is written on success
 *            only.
 * Units:     `size` in bytes, may be 0; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the segment was full all the time;
 *            MR_ERR_NO_MEMORY - there is no room to note another lent item; or
 *            the pipe is on another node, and the caller's rank has no memory;
 *            MR_ERR_TOO_LARGE - the item can never fit;
 *            MR_ERR_ARGUMENT - item is NULL, or timeout is NaN;
 *            MR_ERR_DIRECTION - this end only receives;
 *            MR_ERR_CLOSED - the other end has no holder;
 *            MR_ERR_STALE - the pipe is gone.
 * Differs:   Python copies items.
 */
MR_CHECKED mr_error mr_pipe_reserve(mr_pipe_end end, size_t size, mr_item *item,
                                    double timeout);

/**
 * Send a lent item, which was reserved, or taken from any queue or pipe.  On
 * the node of the pipe its bytes are not copied, unless the item was lent by
 * another rank.
 *
 * Callers:   the endpoint to which it is lent, any thread.
 * Blocks:    as mr_pipe_send.
 * Ownership: with MR_OK the memory belongs to the pipe, and *item is zeroed.
 *            With an error it stays lent.
 * Units:     item->size in bytes; it may have been made smaller.  `timeout` in
 *            seconds.
 * Errors:    MR_ERR_ARGUMENT - item is NULL, is not lent to the caller, or has
 *            become larger;
 *            and those of mr_pipe_send.
 * Differs:   Python copies items.
 */
MR_CHECKED mr_error mr_pipe_commit(mr_pipe_end end, mr_item *item,
                                   double timeout);

/**
 * Receive the next message and lend it to the caller, who may read and change
 * it in place.  On the node of the pipe its bytes are not copied.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is a message, at most `timeout` seconds.
 * Ownership: the memory is lent to the calling endpoint until it is committed
 *            or given back by mr_item_release.  *item is written on success
 *            only.
 * Units:     item->size in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - there was none all the time;
 *            MR_ERR_NO_MEMORY - there is no room to note another lent item; or
 *            the pipe is on another node, and the caller's rank has no memory
 *            for the item, which stays the first;
 *            MR_ERR_ARGUMENT - item is NULL, or timeout is NaN;
 *            MR_ERR_DIRECTION - this end only sends;
 *            MR_ERR_END_OF_FILE - no message is left, and the other end has no
 *            holder;
 *            MR_ERR_STALE - the pipe is gone.
 * Differs:   Python copies items.
 */
MR_CHECKED mr_error mr_pipe_take(mr_pipe_end end, mr_item *item,
                                 double timeout);

/**
 * Wait until mr_pipe_recv would not block, because there is a message or end
 * of file.  A time-out is MR_OK with *ready false.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until then, at most `timeout` seconds.
 * Ownership: *ready is written on success only.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_ARGUMENT - ready is NULL, or timeout is NaN;
 *            MR_ERR_DIRECTION - this end only sends;
 *            MR_ERR_STALE - the pipe is gone.
 */
MR_CHECKED mr_error mr_pipe_poll(mr_pipe_end end, double timeout, bool *ready);

/**
 * Become a holder of an end, e.g. of one whose handle came through a queue.
 * An endpoint that holds the end already stays one holder.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: the endpoint holds the end until it closes the end or dies.
 * Errors:    MR_ERR_STALE - the pipe is gone;
 *            MR_ERR_LIMIT - the end has too many holders.
 * Differs:   in Python a connection is held wherever it is unpickled.
 */
MR_CHECKED mr_error mr_pipe_attach(mr_pipe_end end);

/**
 * Stop holding an end.  When the last holder closes an end, the other end sees
 * end of file.
 *
 * Callers:   an endpoint that holds the end, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: the pipe is freed when neither end has a holder any more.
 * Errors:    MR_ERR_NOT_HELD - this endpoint does not hold the end;
 *            MR_ERR_STALE - the pipe is gone.
 */
MR_API mr_error mr_pipe_close(mr_pipe_end end);

/**
 * Make a ticket, which holds the end while it travels in a message.  So the
 * caller may close the end as soon as it has sent the ticket.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *ticket is written on success only.  It holds the end until it is
 *            redeemed by mr_pipe_redeem or dropped by mr_ticket_drop, also if
 *            its maker ends.
 * Errors:    MR_ERR_ARGUMENT - ticket is NULL;
 *            MR_ERR_STALE - the pipe is gone;
 *            MR_ERR_LIMIT, MR_ERR_NO_MEMORY - there is no room for another
 *            holder.
 * Differs:   Python duplicates the descriptor in a background thread.
 */
MR_CHECKED mr_error mr_pipe_ticket(mr_pipe_end end, mr_ticket *ticket);

/**
 * Hold an end in place of a ticket.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: the ticket is used up, and the calling endpoint holds the end.
 *            *end is written on success only.
 * Errors:    MR_ERR_ARGUMENT - end is NULL;
 *            MR_ERR_NOT_HELD - the ticket was redeemed or dropped before;
 *            MR_ERR_STALE - the same, and the pipe is gone.
 */
MR_CHECKED mr_error mr_pipe_redeem(mr_ticket ticket, mr_pipe_end *end);

#ifdef __cplusplus
}
#endif

#endif
