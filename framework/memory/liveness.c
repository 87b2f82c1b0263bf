/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the changes of the table of liveness.  No lock: each is one
 * compare-exchange.
 */
#include "memory/liveness.h"

#include <assert.h>

bool mri_any_rank_is_lost(void)
{
    for (unsigned int rank = 0; rank < mri_node.ranks; rank++) {
        if (mri_rank_is_lost(rank)) {
            return true;
        }
    }
    return false;
}

static mri_word *counter(void)
{
    return &mri_segment_at(0)->losses;
}

uint64_t mri_losses(void)
{
    return mri_load(counter());
}

static bool change(unsigned int rank, uint64_t from, uint64_t to)
{
    assert(rank < mri_node.ranks);
    return mri_cas(mri_life_of(rank), &from, to);
}

/* The counter is for speed alone, as its writer may die in between: who
 * watches it also looks at the table now and then. */
static bool lose(unsigned int rank, uint64_t from, uint64_t to)
{
    bool changed = change(rank, from, to);

    if (changed) {
        mri_add(counter(), 1);
    }
    return changed;
}

void mri_life_leave(unsigned int rank)
{
    change(rank, MRI_LIVES, MRI_LEFT);
}

bool mri_life_lose(unsigned int rank)
{
    assert(mri_is_far(rank));
    return lose(rank, MRI_LIVES, MRI_DEAD);
}

bool mri_life_claim(unsigned int rank, uint64_t life, unsigned int server)
{
    assert(!mri_is_far(rank) && life != MRI_LEFT && life != MRI_DEAD);
    return lose(rank, life, MRI_CLAIMED + server);
}

void mri_life_end(unsigned int rank)
{
    assert(!mri_is_far(rank) && mri_load(mri_life_of(rank)) >= MRI_CLAIMED);
    mri_store(mri_life_of(rank), MRI_DEAD);
}
