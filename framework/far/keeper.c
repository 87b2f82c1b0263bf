/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the keeper.  Lock: that of the exchange.
 */
#include "far/keeper.h"

#include <assert.h>

#include "engine/operation.h"
#include "util/rank_local.h"

static MRI_RANK_LOCAL mri_record *keeper_of_rank;
#define own MRI_OWN(keeper_of_rank)

mr_error mri_keeper_begin(void)
{
    uint64_t me = mri_self_endpoint();

    own = mri_proxy_claim(mri_index_of(mri_endpoint_rank(me)), me);
    return own ? MR_OK : MR_ERR_NO_MEMORY;
}

mri_record *mri_keeper(void)
{
    assert(own);
    return own;
}

void mri_keeper_free_block(mri_ref block, uint64_t size)
{
    if (block) {
        assert(!mri_peek(&own->owned[0].block));
        mri_store(&own->owned[0].size, size);
        mri_store(&own->owned[0].block, block);
        mri_give_back(own, 0);
    }
}
