/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Liveness: what is known on this node of the life of each rank of the job.
 *
 * There is one table on each node, in the segment of its first rank, with a
 * word for each rank; every process of the node asks it, and nothing else.
 * A word changes in one direction only, by compare-exchange:
 *
 *     lives -> left                   by the rank itself
 *     lives -> claimed [-> claimed] -> lost
 *                                     of a rank of this node, by the fork
 *                                     server that cleans up after it
 *     lives -> lost                   of a rank of another node, by a rank of
 *                                     this node that hears of it from rank 0
 *
 * A process that changes a word need not tell anybody: each rank compares the
 * table with the losses that it has handled (runtime/liveness.h). So a loss
 * stays known although the process that noticed it dies.
 */
#ifndef MRI_MEMORY_LIVENESS_H
#define MRI_MEMORY_LIVENESS_H

#include "memory/segment.h"

enum {
    MRI_LIVES = 0,
    MRI_LEFT = 1,   /* it ends in order: its death is none */
    MRI_DEAD = 2,   /* lost, and all is done about it */
    MRI_CLAIMED = 3 /* + the index of the segment of the server at it */
};

static inline mri_word *mri_life_of(unsigned int rank)
{
    return (mri_word *)mri_at(mri_node.lives) + rank;
}

/* Is that rank lost? */
static inline bool mri_rank_is_lost(unsigned int rank)
{
    return rank < mri_node.ranks && mri_load(mri_life_of(rank)) >= MRI_DEAD;
}

/* Is any? */
bool mri_any_rank_is_lost(void);

/* A number that changes with each loss. */
uint64_t mri_losses(void);

/* This rank ends in order. */
void mri_life_leave(unsigned int rank);

/* A rank of another node is lost.  True: that was not known here. */
bool mri_life_lose(unsigned int rank);

/* A server, by the index of its segment, claims a dead rank of this node, if
 * the word is still `life`; then it says that all is done. */
bool mri_life_claim(unsigned int rank, uint64_t life, unsigned int server);
void mri_life_end(unsigned int rank);

#endif
