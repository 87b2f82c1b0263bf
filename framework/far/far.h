/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Far calls: operations on objects of other nodes, as the caller sees them.
 *
 * The call travels to the owner, which runs the same try function on behalf
 * of the caller, judges the time-out, and replies; see far/serve.h.  A
 * thread of a rank sends and receives by itself, any other through its host
 * rank; see far/port.h.
 *
 * Operations that give nothing back (mri_kind_ops.one_way) and have no
 * time-out may run ahead: the caller goes on at once.  It may do so only to
 * the same object again, which its last awaited call of this kind has shown
 * to be there; its next other operation, and its end, wait for all replies
 * first.  So what it does later is seen later by everybody.
 */
#ifndef MRI_FAR_FAR_H
#define MRI_FAR_FAR_H

#include "engine/object.h"

/* A set of ranks, by number modulo 64: it may name some too many. */
typedef uint64_t mri_ranks;

static inline mri_ranks mri_ranks_bit(unsigned int rank)
{
    return (mri_ranks)1 << rank % 64;
}

/* Is one of them on another node? */
bool mri_ranks_any_far(mri_ranks ranks);

/* An operation on an object whose owner is on another node; else
 * MR_ERR_STALE, or MR_ERR_OWNER_LOST.  Errors as mri_operate. */
mr_error mri_far_operate(mri_record *self, const mri_kind_ops *ops,
                         mr_handle handle, unsigned int operation,
                         mri_call *call, double timeout);

/* Make an object on a rank of another node, and unmake one. */
mr_error mri_far_create(mri_record *self, const mri_kind_ops *ops,
                        unsigned int rank, mri_call *call, mr_handle *handle);
mr_error mri_far_destroy(mri_record *self, mr_handle handle);

/* Wait until nothing that ran ahead is on its way. */
void mri_far_settle(mri_record *self);

/* Let ranks of other nodes forget an endpoint that has ended, or what is held
 * for a process that has.  Does not wait. */
void mri_far_tell_gone(mri_ranks ranks, const mri_gone *gone);

/*
 * Watching several objects of one other node's rank, as a part of mr_wait.
 * `found` has room for `count`, and is written until the watch has ended:
 * after mri_watch_end.  The caller is rung when there is something.
 */
typedef struct mri_watch mri_watch;
mr_error mri_watch_begin(mri_record *self, const mr_handle *handles,
                         size_t count, double timeout, mri_watch **watch);

/* MRI_WOULD_BLOCK; else how it ended, and with MR_OK what was found. */
mr_error mri_watch_poll(mri_watch *watch, const bool **found);

/* Ask for a last look; it may take until it is answered. */
void mri_watch_stop(mri_watch *watch);
void mri_watch_free(mri_watch *watch);

/* Begin, or end, to be rung for watches while asleep. */
void mri_watch_listen(mri_record *self, bool listen);

#endif
