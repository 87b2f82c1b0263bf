/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the memory of frames: free lists by size for each slot, filled from
 * blocks of growing size.  Only the worker of a slot uses its lists.  A kill
 * between two stores may cost a frame, which comes back with its block.
 */
#include "pool/worker/spawned.h"

#include <assert.h>

enum { FIRST_BLOCK = 32 << 10, LARGEST_BLOCK = 16 << 20 };

/* Another block; what is left of the one before stays unused. */
static bool add_block(mri_record *self, mri_object *object, mri_deque *deque,
                      size_t frame)
{
    size_t size = FIRST_BLOCK;
    unsigned int number = 0;

    while (number < MRI_FRAME_BLOCKS && mri_peek(&deque->blocks[number].ref)) {
        size = size < LARGEST_BLOCK ? 2 * size : size;
        number++;
    }
    while (size < frame) {
        size *= 2;
    }
    mri_be_active(self, mri_ref_of(object), true);
    if (number == MRI_FRAME_BLOCKS ||
        mri_owned_block_allocate(self, object, &deque->blocks[number], size)) {
        mri_store(&self->active, 0);
        return false;
    }
    mri_store(&self->active, 0);
    mri_store(&deque->fresh_end, 0);
    mri_store(&deque->fresh, mri_peek(&deque->blocks[number].ref));
    mri_store(&deque->fresh_end, mri_peek(&deque->fresh) + size);
    return true;
}

/* Between two stores of add_block the end lies below the beginning. */
static uint64_t room(mri_deque *deque)
{
    uint64_t fresh = mri_peek(&deque->fresh);
    uint64_t end = mri_peek(&deque->fresh_end);

    return end > fresh ? end - fresh : 0;
}

mri_ref mri_frame_make(mri_record *self, mri_object *object, mri_deque *deque,
                       unsigned int class)
{
    size_t size = mri_frame_class_size(class);
    mri_ref ref;

    if (room(deque) < size && !add_block(self, object, deque, size)) {
        return 0;
    }
    ref = mri_peek(&deque->fresh);
    mri_store(&deque->fresh, ref + size);
    mri_frame_at(ref)->class = (uint16_t) class;
    return ref;
}
