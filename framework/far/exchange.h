/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exchange of messages in a rank: who polls hands each message to whom it
 * is for.
 */
#ifndef MRI_FAR_EXCHANGE_H
#define MRI_FAR_EXCHANGE_H

#include <stdatomic.h>

#include "far/caller.h"
#include "far/far.h"
#include "util/rank_local.h"

/* Begin and end, in a rank of a job with several nodes. */
mr_error mri_exchange_begin(void);
void mri_exchange_end(void);

/* True in such a rank: threads of this process use messages directly. */
extern MRI_RANK_LOCAL atomic_bool mri_exchange_on_of_rank;
#define mri_exchange_on MRI_OWN(mri_exchange_on_of_rank)

/* Receive and complete what there is, unless another thread does.  True:
 * there was something. */
bool mri_exchange_poll(void);

/* Likewise, but return with the first message: it may be what the thread waits
 * for. */
bool mri_exchange_poll_once(void);

/* How often that was done, by all threads. */
uint64_t mri_exchange_polls(void);

/* A word of MRI_ALIVE or MRI_LOST has arrived.  Set by the layer above;
 * called inside. */
typedef void mri_word_heard(unsigned int from, const mri_head *head);
extern MRI_RANK_LOCAL mri_word_heard *mri_exchange_word_of_rank;
#define mri_exchange_word MRI_OWN(mri_exchange_word_of_rank)

/* When something was last heard of a rank, on the clock that was last looked
 * at. */
int64_t mri_exchange_heard(unsigned int rank);
void mri_exchange_hear_all(void);

/* A rank of another node is lost, as the table of liveness says: calls to it
 * end with MR_ERR_OWNER_LOST, and what its endpoints had here is repaired.
 * Once, inside. */
void mri_exchange_lose(unsigned int rank);

/* What arrives from now on is heard at this time; parked calls whose time is
 * up end.  By the service thread.  False: another thread was inside all the
 * time. */
bool mri_exchange_check_deadlines(int64_t now);

/* The exchange is one room: the lock, unless this thread is inside. */
void mri_exchange_enter(void);
void mri_exchange_leave(void);
bool mri_exchange_is_inside(void);

/* ---- calls of this rank, under the lock ---------------------------------- */

/* Where replies to a thread go, by its record. */
void mri_exchange_connect(mri_caller *caller);
void mri_exchange_disconnect(const mri_caller *caller);

mr_error mri_exchange_send(mri_caller *caller, mri_outgoing *outgoing);

/* Send what was collected of the pipelined calls of a caller. */
void mri_exchange_send_coalesced(mri_caller *caller);

/* Ask the owner to end the call with that head; it may have replied, and then
 * nothing is done.  `ended` says that the caller has died. */
void mri_exchange_cancel(const mri_head *head, bool ended);

/* Let ranks of other nodes know of an end; nobody waits for that. */
void mri_exchange_tell_gone(mri_ranks ranks, const mri_gone *gone);

/* A head, and what it brings, in one small message. */
mr_error mri_exchange_send_small(unsigned int to, const mri_head *head,
                                 const void *in, const void *more);

#endif
