/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages between ranks: small ones, which are copied, and bulk, which is
 * not.
 *
 * Nothing here waits.  Whatever was begun goes on in mri_message_progress,
 * which an idle thread calls.  All functions but the lock
 * itself want the caller to hold mri_message_lock: MPI is initialised at
 * MPI_THREAD_SERIALIZED.
 *
 * Small messages of one rank to another arrive in order.  Bulk needs the
 * receiver to know that it comes, and into which memory: a small message says
 * so.  Bulk of one stream, between one sender and one receiver, arrives in
 * the order in which it was sent, whichever its size, and so both sides begin
 * it in the same order.
 */
#ifndef MRI_MESSAGE_MESSAGE_H
#define MRI_MESSAGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <multirank/base.h>

enum {
    MRI_MESSAGE_MAX = 65536,     /* bytes of a small message */
    MRI_MESSAGE_SHORT = 3968,    /* of one that goes in one fragment */
    MRI_MESSAGES_UNDER_WAY = 256 /* see mri_message_crowded */
};

/* Streams of bulk: what calls bring, and what replies bring back. */
typedef enum mri_stream { MRI_CALL_BULK, MRI_REPLY_BULK } mri_stream;

/* Told under the lock when bulk has arrived, or may be changed again by its
 * sender; or will never be (MR_ERR_OWNER_LOST, MR_ERR_MPI).  It may begin
 * more, and send. */
typedef void mri_bulk_done(void *user, mr_error error);

/* While `done` runs: does the transport still use the memory?  Then nobody may
 * use it again before the end of the job, as MPI may yet read it, or write what
 * a rank sends that was taken for lost and goes on. */
bool mri_bulk_kept(void);

/* Begin, over a transport, and end: what is under way then is lost.
 * MR_ERR_NO_MEMORY. */
struct mri_transport;
mr_error mri_message_begin(const struct mri_transport *transport,
                           unsigned int ranks);
void mri_message_end(void);

/* One at a time, for each rank.  Recursive locking is undefined. */
void mri_message_lock(void);
bool mri_message_try_lock(void);
void mri_message_unlock(void);

/* Send head_size bytes, then body_size more, as one small message.  Both are
 * copied.  MR_ERR_TOO_LARGE, MR_ERR_NO_MEMORY, MR_ERR_MPI,
 * MR_ERR_OWNER_LOST. */
mr_error mri_message_send(unsigned int to, const void *head, size_t head_size,
                          const void *body, size_t body_size);

/* The next small message that has arrived, from any rank; false: none.  The
 * bytes, aligned to 16, are valid until the next call. */
bool mri_message_next(unsigned int *from, const void **bytes, size_t *size);

/* Send or receive bulk of 1 byte or more; the memory is the library's until
 * `done` is called, which may be before the return.  MR_ERR_NO_MEMORY,
 * MR_ERR_MPI, MR_ERR_OWNER_LOST: then `done` is not called. */
mr_error mri_bulk_send(unsigned int to, mri_stream stream, const void *bytes,
                       uint64_t size, mri_bulk_done *done, void *user);
mr_error mri_bulk_receive(unsigned int from, mri_stream stream, void *bytes,
                          uint64_t size, mri_bulk_done *done, void *user);

/* Complete what can be completed.  True: something was. */
bool mri_message_progress(void);

/* True when so much is on its way that a caller should wait before it begins
 * more (back-pressure).  Replies, whose number the calls bound, need not ask.
 */
bool mri_message_crowded(void);

/* True when nothing that was begun here is unfinished. */
bool mri_message_idle(void);

/* A rank is gone: what was under way to and from it ends with
 * MR_ERR_OWNER_LOST, and so does all that is begun later.  What arrives from it
 * is dropped. */
void mri_message_lose(unsigned int rank);

#endif
