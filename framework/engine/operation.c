/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the path of a call: find the object, try, spin, wait, try again.
 *
 * `active` is set whenever a thread may touch the object, and not while it
 * sleeps: a destroyer waits for active threads only.
 */
#include "engine/operation.h"

#include <assert.h>

#include "engine/elsewhere.h"
#include "engine/interrupt.h"
#include "engine/wait.h"
#include "memory/liveness.h"
#include "util/clock.h"

enum {
    STALL_INTERVAL = 20000000
}; /* nanoseconds that a server sleeps in a call */

static mri_object *memory_object(unsigned int segment)
{
    return mri_object_row(segment, MRI_ROW_MEMORY);
}

/* The caller stays active on its own object, which may have wakes to come.
 * Should it die here, the reaper wakes for memory in any case. */
void mri_wake_for_memory(mri_record *self, unsigned int segment)
{
    mri_object *memory = memory_object(segment);

    if (mri_peek(&memory->lists[0].first)) {
        mri_wake_all(self, memory, 0);
    }
}

void mri_give_back(mri_record *self, unsigned int slot)
{
    mri_ref block = mri_peek(&self->owned[slot].block);

    assert(slot < MRI_OWNED_MAX && !mri_peek(&self->notes));
    if (block) {
        mri_owned_free(self, slot);
        mri_wake_for_memory(self, mri_segment_of(block));
    }
}

void mri_owned_hand_over(mri_record *self, mri_owned *from, mri_owned *to)
{
    assert(mri_peek(&from->block) && !mri_peek(&to->block));
    mri_set(self, &to->size, mri_peek(&from->size));
    mri_set(self, &to->block, mri_peek(&from->block));
    mri_set(self, &from->block, 0);
    mri_set(self, &from->size, 0);
    mri_commit(self);
}

void mri_give_back_from(mri_record *self, mri_owned *from, mri_word *latch)
{
    if (!mri_load(&from->block)) {
        return;
    }
    mri_latch(self, latch);
    mri_owned_hand_over(self, from, &self->owned[0]);
    mri_unlatch(self, latch);
    mri_give_back(self, 0);
}

/* Objects of a lost rank lose their identity, too. */
mr_error mri_why_stale(mr_handle handle)
{
    return mri_rank_is_lost(handle.owner) ? MR_ERR_OWNER_LOST : MR_ERR_STALE;
}

static mr_error why_closed(const mri_object *object)
{
    unsigned int segment = mri_segment_of(mri_ref_of(object));

    return mri_rank_is_lost((unsigned int)mri_segment_at(segment)->rank)
               ? MR_ERR_OWNER_LOST
               : MR_ERR_CLOSED;
}

/* ---- a call that would block --------------------------------------------- */

/* What arrives may be what we wait for; it may also be the end of the object,
 * whose destroyer waits until we are not inside. */
static void poll(mri_blocked *b)
{
    if (mri_elsewhere->poll) {
        mri_leave(b->self);
        mri_elsewhere->poll();
        mri_be_active(b->self, mri_ref_of(b->object), true);
    }
}

/* A try that finds no memory has looked through all of it, under the latches
 * that those who free some need: then the clock is looked at each time. */
static mr_error spin(mri_blocked *b)
{
    mr_error error = MRI_WOULD_BLOCK;
    mri_spinner spinner;

    mri_spin_start(&spinner);
    while (error == MRI_WOULD_BLOCK && mri_spin(&spinner)) {
        if (b->call->list == MRI_WAIT_MEMORY) {
            mri_spin_look(&spinner);
        }
        poll(b);
        error = mri_load(&b->object->identity) == b->identity
                    ? b->try(b->self, b->object, b->call)
                    : MR_ERR_CLOSED;
    }
    return error;
}

/* A list in which a call waits; `object` is NULL for none. */
typedef struct mri_place {
    mri_object *object;
    uint64_t identity;
    unsigned int list;
} mri_place;

/* Be in that list, and in no other by this entry.  True: that is new. */
static bool change_list(mri_blocked *b, mri_wait *entry, mri_place to)
{
    mri_list *list = to.object ? mri_list_at(to.object, to.list) : NULL;

    if (mri_load(&entry->list) == (list ? mri_ref_of(list) : 0)) {
        return false;
    }
    mri_wait_leave(b->self, entry, false);
    if (to.object) {
        /* Not entered when it is destroyed; the next try finds that. */
        mri_wait_enter(b->self, entry, to.object, to.list, to.identity);
    }
    return true;
}

/* The list where the last try said to wait, but for memory. */
static mri_place place_to_wait(const mri_blocked *b)
{
    unsigned int list = b->call->list;

    if (list >= MRI_WAIT_SECOND) {
        return (mri_place){.object = mri_at(b->self->second_list),
                           .identity = b->self->second_identity,
                           .list = list - MRI_WAIT_SECOND};
    }
    if (list == MRI_WAIT_MEMORY) {
        return (mri_place){.object = NULL};
    }
    return (mri_place){
        .object = b->object, .identity = b->identity, .list = list};
}

static mri_place place_for_memory(const mri_blocked *b)
{
    mri_object *memory;

    if (b->call->list != MRI_WAIT_MEMORY) {
        return (mri_place){.object = NULL};
    }
    memory = memory_object(mri_segment_of(mri_ref_of(b->object)));
    return (mri_place){.object = memory,
                       .identity = mri_load(&memory->identity)};
}

/* Wait where the last try said. */
static bool change_lists(mri_blocked *b)
{
    mri_wait *entries = b->self->inline_waits;
    bool changed = change_list(b, &entries[0], place_to_wait(b));

    return change_list(b, &entries[1], place_for_memory(b)) || changed;
}

/* Before each sleep there is a try while the thread stands in the lists. */
mr_error mri_blocked_try(mri_blocked *b)
{
    mri_record *self = b->self;
    mr_error error;

    assert(!mri_peek(&self->second));
    mri_store(&self->active, mri_ref_of(b->object));
    do {
        b->bell = mri_bell(self);
        for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
            mri_wait_arm(&self->inline_waits[i]);
        }
        if (mri_load(&b->object->identity) != b->identity) {
            return MR_ERR_CLOSED;
        }
        error = b->try(self, b->object, b->call);
    } while (error == MRI_WOULD_BLOCK && change_lists(b));
    if (error == MRI_WOULD_BLOCK) {
        mri_store(&self->active, 0);
    }
    return error;
}

mr_error mri_blocked_abandon(mri_blocked *b, mr_error why)
{
    mri_record *self = b->self;
    const mri_kind_ops *ops = mri_ops_of(mri_identity_kind(b->identity));
    mr_error error = why;

    if (!mri_peek(&self->wait_state)) {
        return why;
    }
    assert(mri_peek(&self->wait_object) == mri_ref_of(b->object));
    mri_be_active(self, mri_ref_of(b->object), true);
    if (mri_load(&b->object->identity) == b->identity) {
        error = ops->abandon(self, b->object, self, why);
    } else {
        mri_store(&self->wait_state, 0); /* it went with the object */
    }
    assert(error == MRI_WOULD_BLOCK || !mri_peek(&self->wait_state));
    return error;
}

void mri_blocked_end(mri_blocked *b, mr_error error)
{
    mri_store(&b->self->active, mri_ref_of(b->object));
    for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
        mri_wait_leave(b->self, &b->self->inline_waits[i], error == MR_OK);
    }
    if (error && b->call->keeps_block) {
        mri_give_back(b->self, 0);
    }
}

/* A fork server that waits here still notices deaths. */
static mr_error sleep_on(mri_record *self, uint64_t bell, int64_t deadline)
{
    while (mri_stalled) {
        int64_t next = mri_now() + STALL_INTERVAL;

        if (next >= deadline) {
            break;
        }
        if (mri_sleep(self, bell, next)) {
            return MR_OK;
        }
        mri_stalled();
    }
    return mri_sleep_in_call(self, bell, deadline);
}

/* There is one more try after the deadline, and none after an interrupt, which
 * takes nothing. */
static mr_error sleep_until_done(mri_blocked *b, int64_t deadline)
{
    mr_error slept = MR_OK;

    for (;;) {
        mr_error error =
            slept == MR_ERR_INTERRUPTED ? slept : mri_blocked_try(b);

        if (error != MRI_WOULD_BLOCK) {
            return error;
        }
        if (slept) {
            return slept;
        }
        slept = sleep_on(b->self, b->bell, deadline);
    }
}

/* A call that its object lets go on after its time-out, or an interrupt, has no
 * second one of either. */
static mr_error wait_until_done(mri_blocked *b, int64_t deadline)
{
    mr_error error = sleep_until_done(b, deadline);

    if (error) {
        error = mri_blocked_abandon(b, error);
    }
    if (error == MRI_WOULD_BLOCK) {
        mri_interrupts_off();
        do {
            error = sleep_until_done(b, MRI_NEVER);
            if (error) {
                error = mri_blocked_abandon(b, error);
            }
        } while (error == MRI_WOULD_BLOCK);
        mri_interrupts_on();
    }
    return error;
}

/* A call that did not enter lists does not leave them: a fork server, and a
 * thread that listens for replies, are in one by an entry that blocked calls
 * use. */
mr_error mri_block(mri_record *self, mri_object *object, uint64_t identity,
                   mri_try *try, mri_call *call, double timeout)
{
    mri_blocked b = {.self = self,
                     .object = object,
                     .identity = identity,
                     .try = try,
                     .call = call};
    int64_t deadline = mri_deadline(timeout);
    mr_error error = timeout == 0 ? MR_ERR_TIMEOUT : spin(&b);

    if (error && error != MRI_WOULD_BLOCK) {
        error = mri_blocked_abandon(&b, error);
        deadline = MRI_NEVER;
    }
    if (error == MRI_WOULD_BLOCK) {
        error = wait_until_done(&b, deadline);
        mri_blocked_end(&b, error);
    } else if (error && call->keeps_block) {
        mri_give_back(self, 0);
    }
    return error == MR_ERR_CLOSED ? why_closed(object) : error;
}

/* ---- here or elsewhere --------------------------------------------------- */

mr_error mri_operate_elsewhere(mri_record *self, const mri_kind_ops *ops,
                               mr_handle handle, unsigned int operation,
                               mri_call *call, double timeout)
{
    if (mri_is_far(handle.owner) && handle.kind == ops->kind) {
        return mri_elsewhere->operate(self, ops, handle, operation, call,
                                      timeout);
    }
    if (self->pipelined) {
        mri_elsewhere->settle(self);
        return mri_operate(ops, handle, operation, call, timeout);
    }
    return mri_why_stale(handle);
}

mr_error mri_create(const mri_kind_ops *ops, unsigned int rank, mri_call *call,
                    mr_handle *handle)
{
    mri_record *self = mri_self();
    unsigned int index = mri_index_of(rank);

    if (!self) {
        return MR_ERR_STATE;
    }
    mri_settle(self);
    if (index == MRI_FAR) {
        return mri_elsewhere->create(self, ops, rank, call, handle);
    }
    return mri_rank_is_lost(rank) ? MR_ERR_OWNER_LOST
                                  : ops->create(self, index, call, handle);
}

mr_error mri_destroy(const mri_kind_ops *ops, mr_handle handle)
{
    mri_record *self = mri_self();

    if (!self) {
        return MR_ERR_STATE;
    }
    mri_settle(self);
    if (mri_is_far(handle.owner) && handle.kind == ops->kind) {
        return mri_elsewhere->destroy(self, handle);
    }
    return mri_object_destroy(handle, ops->kind);
}
