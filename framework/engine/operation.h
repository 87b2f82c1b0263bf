/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations: the one way in which a call reaches an object.
 */
#ifndef MRI_ENGINE_OPERATION_H
#define MRI_ENGINE_OPERATION_H

#include <assert.h>
#include <math.h>

#include "engine/object.h"
#include "util/log.h"

/* Begin and end the use of an object: NULL when the handle is stale or of
 * another kind.  The object is not destroyed meanwhile. */
static inline mri_object *mri_enter(mri_record *self, mr_handle handle,
                                    mri_kind kind)
{
    mri_object *object = mri_row(handle);

    if (!object || handle.kind != kind) {
        return NULL;
    }
    mri_be_active(self, mri_ref_of(object), mri_is_brief(kind));
    if (mri_load(&object->identity) != mri_identity(handle)) {
        mri_store(&self->active, 0);
        return NULL;
    }
    return object;
}

static inline void mri_leave(mri_record *self)
{
    mri_store(&self->active, 0);
}

/*
 * A second object in the same call, as a Condition needs its Lock.  A try
 * function enters it, and leaves it before it returns.  One at a time.
 */
static inline mri_object *mri_enter_second(mri_record *self, mr_handle handle,
                                           mri_kind kind)
{
    mri_object *object = mri_row(handle);

    assert(!mri_peek(&self->second));
    if (!object || handle.kind != kind) {
        return NULL;
    }
    mri_store(&self->second, mri_ref_of(object));
    if (mri_is_brief(kind) || mri_enter_with_barrier) {
        mri_swap(&self->second, mri_ref_of(object));
    }
    if (mri_load(&object->identity) != mri_identity(handle)) {
        mri_store(&self->second, 0);
        return NULL;
    }
    return object;
}

static inline void mri_leave_second(mri_record *self)
{
    mri_store(&self->second, 0);
}

/* In a try function that would block: wait in a list of the second object,
 * which it has entered. */
static inline void mri_wait_second(mri_record *self, mri_call *call,
                                   mri_object *second, unsigned int list)
{
    assert(mri_peek(&self->second) == mri_ref_of(second));
    self->second_list = mri_ref_of(second);
    self->second_identity = mri_load(&second->identity);
    call->list = MRI_WAIT_SECOND + list;
}

/*
 * Note that a call has something in the object while it waits: a ticket, or a
 * place among those that have arrived.  This is a part of a noted change under
 * a latch of the object, so that the note and what it tells of are one.  0
 * clears the note.
 *
 * When the call ends without success, mri_kind_ops.abandon is called, whatever
 * ended it.  A try function that succeeds clears the note itself.
 */
static inline void mri_wait_note(mri_record *self, mri_record *waiter,
                                 mri_object *object, uint64_t state)
{
    if (state) {
        mri_set(self, &waiter->wait_object, mri_ref_of(object));
        mri_set(self, &waiter->wait_identity, mri_load(&object->identity));
    }
    mri_set(self, &waiter->wait_state, state);
}

/*
 * A call that would block.  Near callers go through mri_block; a call that is
 * served for a far one goes through the rounds by itself.
 */
typedef struct mri_blocked {
    mri_record *self;
    mri_object *object;
    uint64_t identity;
    mri_try *try;
    mri_call *call;
    uint64_t bell;
} mri_blocked;

/* Try once more, from within the lists where the last try said to wait.
 * MRI_WOULD_BLOCK: to be called again when the bell of `self` is no longer
 * `bell`; until then the thread is not active on the object. */
mr_error mri_blocked_try(mri_blocked *blocked);

/* The call ends with an error: its object takes back what it has of it.
 * MRI_WOULD_BLOCK: the call goes on, and has no time-out any more. */
mr_error mri_blocked_abandon(mri_blocked *blocked, mr_error why);

/* Leave the lists; `error` is how the call ended. */
void mri_blocked_end(mri_blocked *blocked, mr_error error);

/* Go on with an operation that would block. */
mr_error mri_block(mri_record *self, mri_object *object, uint64_t identity,
                   mri_try *try, mri_call *call, double timeout);

/* Why a handle that names no living object does not: MR_ERR_STALE, or
 * MR_ERR_OWNER_LOST. */
mr_error mri_why_stale(mr_handle handle);

/* A near operation could not begin. */
mr_error mri_operate_elsewhere(mri_record *self, const mri_kind_ops *ops,
                               mr_handle handle, unsigned int operation,
                               mri_call *call, double timeout);

/*
 * Run a try function until it completes, at most `timeout` seconds.  The
 * handle must be of the kind.  MR_ERR_STATE, MR_ERR_STALE, MR_ERR_CLOSED,
 * MR_ERR_TIMEOUT, MR_ERR_ARGUMENT, MR_ERR_OWNER_LOST, or what the try function
 * gives.  Inline, so that an operation that need not wait is straight code.
 */
static inline __attribute__((always_inline)) mr_error
mri_operate(const mri_kind_ops *ops, mr_handle handle, unsigned int operation,
            mri_call *call, double timeout)
{
    mri_record *self = mri_self();
    mri_object *object;
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (isnan(timeout)) {
        return mri_bad_argument(ops->name, "timeout", "is NaN");
    }
    if (__builtin_expect(self->pipelined, 0)) {
        return mri_operate_elsewhere(self, ops, handle, operation, call,
                                     timeout);
    }
    object = mri_enter(self, handle, ops->kind);
    if (__builtin_expect(!object, 0)) {
        return mri_operate_elsewhere(self, ops, handle, operation, call,
                                     timeout);
    }
    call->variant = handle.variant;
    error = ops->tries[operation](self, object, call);
    if (__builtin_expect(error == MRI_WOULD_BLOCK, 0)) {
        error = mri_block(self, object, mri_identity(handle),
                          ops->tries[operation], call, timeout);
    }
    mri_leave(self);
    return error;
}

/* Make an object on a rank, and unmake one, wherever that is; see
 * mri_kind_ops.create and mri_object_destroy. */
mr_error mri_create(const mri_kind_ops *ops, unsigned int rank, mri_call *call,
                    mr_handle *handle);
mr_error mri_destroy(const mri_kind_ops *ops, mr_handle handle);

/* Wake who waits for memory of a segment. */
void mri_wake_for_memory(mri_record *self, unsigned int segment);

/* Free the block in an owned slot and wake who waits for memory there. */
void mri_give_back(mri_record *self, unsigned int slot);

/* By one noted change, so that it is in exactly one place should this thread
 * die: move a block between an owned slot of this thread and another place.  A
 * latch is held. */
void mri_owned_hand_over(mri_record *self, mri_owned *from, mri_owned *to);

/* The same for a block of a dead one, which is freed then.  The latch is any
 * that no one of us holds. */
void mri_give_back_from(mri_record *self, mri_owned *from, mri_word *latch);

#endif
