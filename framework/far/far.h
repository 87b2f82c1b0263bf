/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Far calls: operations on objects of other nodes, as the caller sees them.
 *
 * The call travels to the owner, which runs the same try function on behalf
 * of the caller, judges the time-out, and replies; see far/serve.h.  A
 * thread of a rank sends and receives by itself, any other through its host
 * rank; see far/port.h.
 *
 * Operations that give nothing back (mri_kind_ops.one_way) and have no time-out
 * may be pipelined: the caller goes on without the reply.  It may do so only
 * with the same object again, which its last awaited call of this kind has
 * shown to be there; its next other operation, and its end, wait for all
 * replies first.  So what it does later is seen later by everybody.
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

/* Put the table of far calls into mri_elsewhere: in a rank, and in its fork
 * server, of a job with several nodes. */
void mri_far_begin(void);

/* Let ranks of other nodes forget an endpoint that has ended, or what is held
 * for a process that has.  Does not wait. */
void mri_far_tell_gone(mri_ranks ranks, const mri_gone *gone);

#endif
