/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what frames know of their children and parents, and when their memory
 * is free.
 *
 * A child that is over stays in its parent's list until the parent has waited
 * for it or has returned; after that it is freed as soon as it is over.  A
 * frame that is over stays as long as children of it are under way: see
 * `holders`.
 *
 * While a parent has not returned, what happens in its own slot needs no latch.
 * All else happens under the latch of the parent's slot, as one noted change.
 */
#include "pool/worker/spawned.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static mri_deque *deque_of(mri_spawned *spawned, const mri_frame *frame)
{
    return &spawned->deques[frame->runner];
}

static void free_frame(mri_spawned *spawned, uint64_t slot, mri_ref frame)
{
    mri_frame_free(&spawned->deques[slot], frame);
}

void mri_frame_drop(mri_record *self, mri_spawned *spawned, uint64_t slot,
                    mri_ref ref)
{
    mri_frame *frame = mri_frame_at(ref);
    mri_deque *deque = deque_of(spawned, frame);
    uint64_t holders;

    mri_latch(self, &deque->latch);
    holders = mri_peek(&frame->holders) - 1;
    mri_store(&frame->holders, holders);
    mri_unlatch(self, &deque->latch);
    if (holders == 0) {
        free_frame(spawned, slot, ref);
    }
}

static void let_go(mri_record *self, mri_spawned *spawned, uint64_t slot,
                   mri_ref ref)
{
    if (mri_peek(&mri_frame_at(ref)->state) == MRI_FRAME_OVER) {
        free_frame(spawned, slot, ref);
    } else {
        mri_frame_drop(self, spawned, slot, ref);
    }
}

static void free_list(mri_record *self, mri_spawned *spawned, uint64_t slot,
                      mri_ref list)
{
    while (list) {
        mri_ref next = mri_peek(&mri_frame_at(list)->sibling);

        let_go(self, spawned, slot, list);
        list = next;
    }
}

void mri_frame_free_children(mri_record *self, mri_spawned *spawned,
                             uint64_t slot, mri_frame *frame)
{
    mri_ref list = mri_peek(&frame->children);

    mri_store(&frame->children, 0);
    free_list(self, spawned, slot, list);
}

/* ---- a parent returns ---------------------------------------------------- */

/* The children that are over, as a list of their own. */
static mri_ref those_that_are_over(mri_frame *frame)
{
    mri_ref over = 0;
    mri_ref next;

    for (mri_ref ref = mri_peek(&frame->children); ref; ref = next) {
        mri_frame *child = mri_frame_at(ref);

        next = mri_peek(&child->sibling);
        if (mri_peek(&child->state) >= MRI_FRAME_OVER) {
            mri_store(&child->sibling, over);
            over = ref;
        }
    }
    mri_store(&frame->children, 0);
    return over;
}

bool mri_frame_returned(mri_record *self, mri_spawned *spawned, uint64_t slot,
                        mri_frame *frame)
{
    mri_deque *deque = deque_of(spawned, frame);
    uint64_t live;
    mri_ref over;

    if (mri_peek(&frame->spawned) == mri_peek(&frame->ended)) {
        mri_frame_free_children(self, spawned, slot, frame);
        return false;
    }
    mri_latch(self, &deque->latch);
    live = mri_peek(&frame->spawned) - mri_peek(&frame->ended) -
           mri_peek(&frame->elsewhere);
    mri_set(self, &frame->returned, 1);
    mri_set(self, &frame->holders, live + 1);
    mri_commit(self);
    over = those_that_are_over(frame);
    mri_unlatch(self, &deque->latch);
    free_list(self, spawned, slot, over);
    return live > 0;
}

/* ---- a child is over ----------------------------------------------------- */

static void leave_stack(mri_deque *deque, mri_frame *frame)
{
    uint64_t ended = mri_peek(&deque->ended) + 1;

    mri_store(&deque->ending, ended);
    mri_store(&deque->running, mri_peek(&frame->below));
    mri_store(&deque->ended, ended);
}

/* Its parent runs in the same slot, or it has none. */
static void over_here(mri_deque *deque, mri_frame *frame, mri_frame *parent,
                      uint64_t state, uint64_t failure)
{
    if (parent && failure && !mri_peek(&parent->failure)) {
        parent->failed_index = frame->index;
        mri_store(&parent->failure, failure);
    }
    mri_store(&frame->state, state);
    leave_stack(deque, frame);
    if (parent) {
        mri_store(&parent->ended, mri_peek(&parent->ended) + 1);
    }
}

/* The latch of the parent's slot is held; the parent has not returned. */
static void tell_parent(mri_record *self, mri_frame *parent,
                        const mri_frame *frame, uint64_t failure)
{
    mri_set(self, &parent->elsewhere, mri_peek(&parent->elsewhere) + 1);
    if (failure && !mri_peek(&parent->failure)) {
        parent->failed_index = frame->index;
        mri_set(self, &parent->failure, failure);
    }
}

/* Of the parent's state before.  *holders is how many the parent has left. */
static bool over_elsewhere(mri_record *self, mri_spawned *spawned,
                           mri_deque *deque, mri_frame *frame,
                           mri_frame *parent, uint64_t state, uint64_t failure,
                           uint64_t *holders)
{
    mri_word *latch = &deque_of(spawned, parent)->latch;
    uint64_t ended = mri_peek(&deque->ended) + 1;
    bool returned;

    mri_latch(self, latch);
    returned = mri_peek(&parent->returned) != 0;
    if (!returned) {
        tell_parent(self, parent, frame, failure);
    } else {
        *holders = mri_peek(&parent->holders) - 1;
        mri_set(self, &parent->holders, *holders);
    }
    mri_set(self, &frame->state, state);
    mri_set(self, &deque->running, mri_peek(&frame->below));
    mri_set(self, &deque->ending, ended);
    mri_set(self, &deque->ended, ended);
    mri_commit(self);
    mri_unlatch(self, latch);
    return returned;
}

bool mri_frame_over(mri_record *self, mri_spawned *spawned, uint64_t slot,
                    bool has_children, uint64_t failure)
{
    mri_deque *deque = &spawned->deques[slot];
    mri_ref ref = mri_peek(&deque->running);
    mri_frame *frame = mri_frame_at(ref);
    mri_ref parent_ref = mri_peek(&frame->parent);
    mri_frame *parent = parent_ref ? mri_frame_at(parent_ref) : NULL;
    uint64_t state =
        has_children ? MRI_FRAME_OVER_WITH_CHILDREN : MRI_FRAME_OVER;
    uint64_t holders = 1;

    assert(frame->function != MRI_NO_FUNCTION);
    if (!parent || (parent->runner == slot && !mri_peek(&parent->returned))) {
        over_here(deque, frame, parent, state, failure);
        if (parent) {
            return true;
        }
    } else if (!over_elsewhere(self, spawned, deque, frame, parent, state,
                               failure, &holders)) {
        return true;
    }
    if (holders == 0) {
        free_frame(spawned, slot, parent_ref);
    }
    let_go(self, spawned, slot, ref);
    return false;
}

/* ---- failures ------------------------------------------------------------ */

mr_task_error mri_failure_take(mri_spawned *spawned, uint64_t slot,
                               uint64_t failure)
{
    mr_task_error error = {.code = MR_OK};

    if (failure & 1) {
        error.code = (mr_error)(failure >> 2);
        snprintf(error.text, sizeof error.text, "%s",
                 mr_error_text(error.code));
    } else if (failure & 2) {
        error = spawned->deques[failure >> 2].death;
    } else if (failure) {
        memcpy(&error, mri_frame_at(failure)->bytes, sizeof error);
        free_frame(spawned, slot, failure);
    }
    return error;
}
