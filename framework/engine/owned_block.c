/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the way of a block from an owned slot into an object.
 */
#include "engine/owned_block.h"

#include <assert.h>
#include <string.h>

static void take(mri_record *self, mri_object *object, mri_owned_block *block,
                 unsigned int slot)
{
    assert(mri_peek(&self->owned[slot].block) && !mri_peek(&block->ref));
    block->size = mri_peek(&self->owned[slot].size);
    mri_latch(self, &object->wait_latch);
    mri_owned_move(self, slot, &block->ref);
    mri_commit(self);
    mri_unlatch(self, &object->wait_latch);
}

mr_error mri_owned_block_allocate(mri_record *self, mri_object *object,
                                  mri_owned_block *block, size_t size)
{
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                                  MRI_HEAP, size, 0);

    if (!error) {
        take(self, object, block, 0);
    }
    return error;
}

mr_error mri_owned_block_keep_more(mri_record *self, mri_object *object,
                                   mri_owned_block *block, const mri_call *call,
                                   mri_ref *bytes)
{
    mr_error error;

    *bytes = 0;
    if (call->more_size == 0) {
        return MR_OK;
    }
    if (call->keeps_block) {
        assert(mri_in_region(call->more, call->more_size));
        *bytes = mri_ref_of(call->more);
        take(self, object, block, 2);
        return MR_OK;
    }
    error = mri_owned_block_allocate(self, object, block, call->more_size);
    if (!error) {
        *bytes = mri_peek(&block->ref);
        memcpy(mri_at(*bytes), call->more, call->more_size);
    }
    return error;
}

void mri_owned_block_free(mri_record *self, mri_object *object,
                          mri_owned_block *block)
{
    mri_object_free(self, object, &block->ref, block->size);
}
