/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what is done about spawned tasks whose worker died, and how the memory
 * of all of them is freed.
 *
 * A worker runs a stack of tasks: the one on top, and those below that wait.
 * All of them have failed.  A task is told to its parent if that runs in
 * another worker, else the map has failed.
 */
#include "pool/worker/spawned.h"

#include <assert.h>
#include <string.h>

#include "pool/worker/failure.h"

/* The task on top was over, but for leaving the stack. */
static void finish_end(mri_deque *deque)
{
    mri_ref top = mri_load(&deque->running);

    if (top && mri_load(&mri_frame_at(top)->state) >= MRI_FRAME_OVER) {
        mri_store(&deque->ending, mri_load(&deque->ended) + 1);
        mri_store(&deque->running, mri_load(&mri_frame_at(top)->below));
    }
    mri_store(&deque->ended, mri_load(&deque->ending));
}

/* Its parent runs in the same slot and has not returned: it fails as well, and
 * says so. */
static bool fails_with_parent(const mri_frame *frame, uint64_t slot)
{
    mri_ref parent = mri_load(&frame->parent);

    return parent && mri_frame_at(parent)->runner == slot &&
           !mri_load(&mri_frame_at(parent)->returned);
}

static bool returned(mri_record *self, mri_spawned *spawned, uint64_t slot,
                     mri_frame *frame)
{
    if (mri_load(&frame->returned)) {
        return mri_load(&frame->holders) > 1;
    }
    return mri_frame_returned(self, spawned, slot, frame);
}

/* The frame of a task of the batch itself.  That it failed is told with the
 * others of the batch. */
static void abandon_first(mri_record *self, mri_spawned *spawned, uint64_t slot,
                          mri_ref ref)
{
    bool children = returned(self, spawned, slot, mri_frame_at(ref));

    mri_store(&spawned->deques[slot].running, 0);
    if (children) {
        mri_frame_drop(self, spawned, slot, ref);
    }
}

static void abandon(mri_record *self, mri_batch *batch, mri_spawned *spawned,
                    uint64_t slot, mri_frame *frame, mr_task_error *error)
{
    bool tells = !fails_with_parent(frame, slot);
    bool children = returned(self, spawned, slot, frame);

    error->index = frame->index;
    if (!mri_frame_over(self, spawned, slot, children,
                        tells ? mri_failure_of_death(slot) : 0)) {
        mri_batch_fail(self, batch, error);
    }
}

void mri_spawned_abandon(mri_record *self, mri_batch *batch, mri_slot *slot,
                         const mr_task_error *error)
{
    mri_spawned *spawned = mri_spawned_of(batch);
    uint64_t number = (uint64_t)(slot - batch->slots);
    mr_task_error copy = *error;
    mri_deque *deque;
    mri_ref ref;

    if (!spawned) {
        return;
    }
    deque = &spawned->deques[number];
    finish_end(deque);
    mri_deque_repair(spawned, deque, mri_load(&slot->worker));
    deque->death = *error; /* before any parent is told */
    while ((ref = mri_load(&deque->running)) != 0) {
        mri_frame *frame = mri_frame_at(ref);

        if (frame->function == MRI_NO_FUNCTION) {
            abandon_first(self, spawned, number, ref);
        } else {
            abandon(self, batch, spawned, number, frame, &copy);
        }
    }
    mri_store(&deque->away, 1);
    mri_store(&spawned->anybody_away, 1);
}

void mri_spawned_dispose(mri_record *self, mri_object *object)
{
    mri_batch_body *body = mri_batch_body_of(object);
    mri_ref ref = mri_peek(&body->spawned.ref);
    mri_spawned *spawned = ref ? mri_at(ref) : NULL;

    for (uint64_t i = 0; spawned && i < body->workers; i++) {
        for (unsigned int k = 0; k < MRI_FRAME_BLOCKS; k++) {
            mri_owned_block_free(self, object, &spawned->deques[i].blocks[k]);
        }
    }
    mri_owned_block_free(self, object, &body->spawned);
}
