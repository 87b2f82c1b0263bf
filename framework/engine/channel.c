/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns channels as a whole, and their blocks of cells.
 *
 * Latches: put_latch, then get_latch, then those of the allocator.
 */
#include "engine/channel.h"

#include <assert.h>

#include "engine/channel_cells.h"

/* What was in the memory before is no ticket. */
mr_error mri_cells_allocate(mri_record *self, mri_channel *channel,
                            size_t bytes, unsigned int slot)
{
    size_t count = (bytes - MRI_CELLS_OTHER) / sizeof(mri_cell);
    mri_cells *block;
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(channel)),
                                  (mri_pool)channel->pool, bytes, slot);

    if (!error) {
        block = mri_at(mri_peek(&self->owned[slot].block));
        block->count = count;
        atomic_init(&block->next, 0);
        for (mri_cell *at = block->cells; at <= block->cells + count; at++) {
            atomic_init(&at->ticket, 0);
        }
    }
    return error;
}

mr_error mri_channel_format(mri_record *self, mri_channel *channel,
                            uint64_t maxsize, mri_pool pool)
{
    mr_error error;

    assert(!mri_peek(&channel->get_block) && !mri_peek(&self->owned[0].block));
    channel->maxsize = maxsize == MRI_CHANNEL_CLOSED ? 0 : maxsize;
    mri_store(&channel->limit, channel->maxsize);
    channel->pool = pool;
    error = mri_cells_allocate(self, channel, MRI_CELLS_MIN_BYTES, 0);
    if (error) {
        return error;
    }
    mri_latch(self, &channel->get_latch);
    mri_set(self, &channel->put_block, mri_peek(&self->owned[0].block));
    mri_owned_move(self, 0, &channel->get_block);
    mri_commit(self);
    mri_unlatch(self, &channel->get_latch);
    return MR_OK;
}

void mri_channel_tell_count(const mri_channel *channel, mri_call *call)
{
    uint64_t head = mri_place_index(mri_load(&channel->head));

    call->result = mri_items_between(head, mri_channel_put_so_far(channel));
    if (call->result == 0 && !mri_channel_empty(channel)) {
        call->result = 1;
    }
    call->argument = channel->maxsize;
}

void mri_channel_close(mri_record *self, mri_channel *channel)
{
    mri_latch(self, &channel->put_latch);
    mri_store(&channel->limit, MRI_CHANNEL_CLOSED);
    mri_unlatch(self, &channel->put_latch);
}
