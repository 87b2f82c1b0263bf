/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the deques of frames that have not begun.
 *
 * The ring holds the frames at positions from the first that is offered to
 * `bottom`.  Only thieves move the first position, one at a time: see `thief`.
 * Only the worker moves the end of what is offered, and `bottom`.
 *
 * mri_deque_repair relies on the order of stores:
 * - A frame is `running` before it leaves the ring or the victim is left.  One
 *   that has not begun goes back into the ring.
 * - `coming` is set before `spawned` grows, and cleared when the frame is in
 *   the ring.
 */
#include "pool/worker/spawned.h"

#include <assert.h>

/* ---- the worker's end ---------------------------------------------------- */

bool mri_deque_offer(mri_deque *deque)
{
    uint64_t range = mri_load(&deque->offered);
    uint64_t end = mri_range_end(range);
    uint32_t own = mri_deque_count(end, mri_peek(&deque->bottom));
    uint32_t half = own - own / 2;

    /* No thief changes an empty range. */
    return own > 0 && mri_cas(&deque->offered, &range,
                              mri_range(end, (uint32_t)(end + half)));
}

bool mri_deque_take_back(mri_deque *deque)
{
    uint64_t range = mri_load(&deque->offered);

    for (;;) {
        uint64_t first = mri_range_first(range);
        uint64_t end = mri_range_end(range);
        uint32_t offered = mri_deque_count(first, end);

        if (offered == 0) {
            return false;
        }
        if (mri_cas(&deque->offered, &range,
                    mri_range(first, (uint32_t)(end - (offered + 1) / 2)))) {
            return true;
        }
    }
}

/* ---- the thief's end ----------------------------------------------------- */

/* The thief is alone at the victim.  It reads the frame when that is its own:
 * before, the worker may put another in the same place and offer the same
 * range.  After, the worker leaves the place of the last that was stolen as it
 * is. */
static mri_ref take_oldest(mri_deque *own, mri_deque *victim)
{
    uint64_t range = mri_load(&victim->offered);

    for (;;) {
        uint64_t first = mri_range_first(range);
        uint64_t end = mri_range_end(range);
        mri_ref frame;

        if (first == end) {
            return 0;
        }
        mri_store(&own->stolen, mri_stolen(first));
        if (mri_cas(&victim->offered, &range,
                    mri_range((uint32_t)(first + 1), end))) {
            frame = mri_load(mri_deque_place(victim, first));
            mri_store(&mri_frame_at(frame)->below, mri_peek(&own->running));
            mri_store(&own->running, frame);
            return frame;
        }
    }
}

static void leave(mri_deque *victim, uint64_t me)
{
    if (mri_load(&victim->thief) == me) {
        mri_store(&victim->thief, 0);
    }
}

static mri_ref steal_from(uint64_t me, mri_deque *own, mri_deque *victim,
                          uint64_t number)
{
    uint64_t nobody = 0;
    mri_ref frame = 0;

    mri_store(&own->stolen, 0);
    mri_store(&own->victim, number + 1);
    if (mri_load(&victim->thief) == 0 && mri_cas(&victim->thief, &nobody, me)) {
        frame = take_oldest(own, victim);
        leave(victim, me);
    }
    mri_store(&own->victim, 0);
    return frame;
}

mri_ref mri_deque_steal(mri_record *self, mri_spawned *spawned, uint64_t slots,
                        uint64_t own)
{
    for (uint64_t i = 1; i < slots; i++) {
        uint64_t number = (own + i) % slots;
        mri_deque *victim = &spawned->deques[number];
        mri_ref frame = 0;

        if (mri_range_is_left(&victim->offered)) {
            frame = steal_from(mri_ref_of(self), &spawned->deques[own], victim,
                               number);
        }
        if (!frame) {
            frame = mri_deque_take_spilled(self, &spawned->deques[own], victim);
        }
        if (frame) {
            return frame;
        }
    }
    return 0;
}

/* ---- frames without room in the ring ------------------------------------- */

void mri_deque_spill(mri_record *self, mri_deque *deque)
{
    mri_ref ref = mri_peek(&deque->running);
    mri_frame *frame = mri_frame_at(ref);

    assert(mri_peek(&frame->state) == MRI_FRAME_READY);
    assert(!mri_peek(&frame->parent));
    mri_latch(self, &deque->latch);
    mri_store(&frame->sibling, mri_peek(&deque->spilled));
    mri_set(self, &deque->running, mri_peek(&frame->below));
    mri_set(self, &deque->spilled, ref);
    mri_commit(self);
    mri_unlatch(self, &deque->latch);
}

mri_ref mri_deque_take_spilled(mri_record *self, mri_deque *own,
                               mri_deque *from)
{
    mri_ref ref;

    if (!mri_load(&from->spilled)) {
        return 0;
    }
    mri_latch(self, &from->latch);
    ref = mri_peek(&from->spilled);
    if (ref) {
        mri_frame *frame = mri_frame_at(ref);

        mri_store(&frame->below, mri_peek(&own->running));
        mri_set(self, &own->running, ref);
        mri_set(self, &from->spilled, mri_peek(&frame->sibling));
        mri_commit(self);
    }
    mri_unlatch(self, &from->latch);
    return ref;
}

/* ---- the end of all ------------------------------------------------------ */

/* Both numbers only grow, and no task ends before it was spawned.  So if all
 * that had been spawned when the second is read had ended when the first was,
 * nothing was under way in between (Mattern, Distributed Computing 2(3), 1987,
 * the four counter method, whose first two reads shared memory spares us). */
bool mri_deques_are_done(const mri_spawned *spawned, uint64_t slots)
{
    uint64_t ended = 0, begun = 0;

    for (uint64_t i = 0; i < slots; i++) {
        ended += mri_load(&spawned->deques[i].ended);
    }
    for (uint64_t i = 0; i < slots; i++) {
        begun += mri_load(&spawned->deques[i].spawned);
    }
    return ended == begun;
}

/* ---- after a death ------------------------------------------------------- */

/* What places outside of the deque hold means nothing. */
static bool is_newest(mri_deque *deque, mri_ref frame)
{
    uint64_t bottom = mri_load(&deque->bottom);
    uint64_t first = mri_range_first(mri_load(&deque->offered));

    return mri_deque_count(first, bottom) > 0 &&
           mri_load(mri_deque_place(deque, bottom - 1)) == frame;
}

static void put_in(mri_deque *deque, mri_ref frame)
{
    uint64_t bottom = mri_load(&deque->bottom);

    if (!is_newest(deque, frame)) {
        mri_store(mri_deque_place(deque, bottom), frame);
        mri_store(&deque->bottom, (uint32_t)(bottom + 1));
    }
}

static void finish_push(mri_deque *deque)
{
    mri_ref frame = mri_load(&deque->coming);

    if (frame) {
        mri_store(&deque->spawned, mri_load(&mri_frame_at(frame)->below));
        put_in(deque, frame);
        mri_store(&deque->coming, 0);
    }
}

static void finish_theft(mri_spawned *spawned, mri_deque *deque, uint64_t dead)
{
    uint64_t number = mri_load(&deque->victim);
    uint64_t stolen = mri_load(&deque->stolen);
    mri_deque *victim;

    if (!number) {
        return;
    }
    victim = &spawned->deques[number - 1];
    if (mri_load(&victim->thief) == dead && stolen &&
        stolen == mri_stolen(mri_range_first(mri_load(&victim->offered)) - 1)) {
        mri_ref frame = mri_load(mri_deque_place(victim, stolen));

        if (mri_load(&deque->running) != frame) {
            mri_store(&mri_frame_at(frame)->below, mri_load(&deque->running));
            mri_store(&deque->running, frame);
        }
    }
    leave(victim, dead);
    mri_store(&deque->victim, 0);
}

static void put_back_what_has_not_begun(mri_deque *deque)
{
    mri_ref frame = mri_load(&deque->running);

    if (frame && mri_load(&mri_frame_at(frame)->state) == MRI_FRAME_READY) {
        put_in(deque, frame);
        mri_store(&deque->running, mri_load(&mri_frame_at(frame)->below));
    }
}

static void offer_all(mri_deque *deque)
{
    uint64_t range = mri_load(&deque->offered);

    while (
        !mri_cas(&deque->offered, &range,
                 mri_range(mri_range_first(range), mri_load(&deque->bottom)))) {
    }
}

void mri_deque_repair(mri_spawned *spawned, mri_deque *deque, uint64_t dead)
{
    finish_push(deque);
    finish_theft(spawned, deque, dead);
    put_back_what_has_not_begun(deque);
    offer_all(deque);
}
