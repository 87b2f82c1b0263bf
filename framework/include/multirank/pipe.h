/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipe: two ends, messages of any size between them, one way or both.
 *
 * An end is held by its creator, by the processes that list it in their
 * options, and by whoever attaches to it, until each closes it or dies.
 * Other copies of the handle can use the end but hold nothing.  When the
 * last holder of one end is gone the other end reads what is left, and then
 * end of file, unless somebody attaches to it again.
 *
 * A pipe lives on the rank of its creator, wherever its ends are held.
 */
#ifndef MULTIRANK_PIPE_H
#define MULTIRANK_PIPE_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_pipe_end {
    mr_handle handle;
} mr_pipe_end;

/**
 * Make a pipe.  With duplex both ends send and receive; without, `first`
 * only receives and `second` only sends.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: the caller holds both ends.  The pipe is freed when neither end
 *            has a holder any more.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - first or second is NULL; MR_ERR_STATE - no
 *            job; MR_ERR_LIMIT - too many objects; MR_ERR_NO_MEMORY - the
 *            segment is full.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_pipe_create(mr_pipe_end *first, mr_pipe_end *second,
                                   bool duplex);

/**
 * Send a message to the other end.  From another node than the pipe's it may
 * return while the message is on its way, as described at mr_queue_put.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while the segment has no room, at most `timeout` seconds.
 * Ownership: `message` stays the caller's.
 * Units:     `size` in bytes, 0 is allowed; `timeout` in seconds.
 * Errors:    MR_ERR_CLOSED - nobody holds the other end (Python:
 *            BrokenPipeError); MR_ERR_DIRECTION - this end only receives;
 *            MR_ERR_TIMEOUT - no room until then; MR_ERR_TOO_LARGE - can
 *            never fit; MR_ERR_ARGUMENT - message is NULL with a size, or
 *            timeout is NaN; MR_ERR_STALE - the pipe is gone.
 * Differs:   waits when the segment is full, not after 64 KiB.
 */
MR_CHECKED mr_error mr_pipe_send(mr_pipe_end end, const void *message,
                                 size_t size, double timeout);

/**
 * Receive the next message from the other end.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until there is a message, at most `timeout` seconds.
 * Ownership: the message is copied into `message`, of `capacity` bytes.
 * Units:     sizes in bytes; `timeout` in seconds.
 * Errors:    MR_ERR_END_OF_FILE - nothing left and nobody holds the other
 *            end (Python: EOFError); MR_ERR_TRUNCATED - the message is larger
 *            than capacity: it stays the next, *size is what it needs;
 *            MR_ERR_DIRECTION - this end only sends; MR_ERR_TIMEOUT - none
 *            until then; MR_ERR_ARGUMENT - message is NULL with a capacity,
 *            or timeout is NaN; MR_ERR_STALE - the pipe is gone.
 *            size may be NULL; otherwise it is written with MR_OK and
 *            MR_ERR_TRUNCATED.
 * Differs:   too small a buffer loses nothing, in Python the message.
 */
MR_CHECKED mr_error mr_pipe_recv(mr_pipe_end end, void *message,
                                 size_t capacity, size_t *size, double timeout);

/**
 * Wait until mr_pipe_recv would not block: a message or end of file.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until then, at most `timeout` seconds.
 * Ownership: *ready is written on success only.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_ARGUMENT - ready is NULL, or timeout is NaN;
 *            MR_ERR_DIRECTION - this end only sends; MR_ERR_STALE - the pipe
 *            is gone.  A time-out is MR_OK with *ready false.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_pipe_poll(mr_pipe_end end, double timeout, bool *ready);

/**
 * Hold an end, e.g. one whose handle came through a queue.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: the endpoint holds the end until it closes it or ends.
 * Units:     none.
 * Errors:    MR_ERR_STALE - the pipe is gone; MR_ERR_LIMIT - too many
 *            holders.  Holding twice is no error and counts once.
 * Differs:   Python's connections hold wherever they are unpickled.
 */
MR_CHECKED mr_error mr_pipe_attach(mr_pipe_end end);

/**
 * Hold an end no longer.
 *
 * Callers:   an endpoint that holds it, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: when the last holder of an end closes it, the other end sees
 *            end of file; when both have none the pipe is freed.
 * Units:     none.
 * Errors:    MR_ERR_NOT_HELD - this endpoint does not hold it;
 *            MR_ERR_STALE - the pipe is gone.
 * Differs:   not at all.
 */
MR_API mr_error mr_pipe_close(mr_pipe_end end);

#ifdef __cplusplus
}
#endif

#endif
