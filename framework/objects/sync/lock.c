/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the lock of Lock, Value and Array.
 *
 * One compare-exchange takes it and one exchange frees it, so a kill leaves
 * it either free or with the dead one's id, which the reaper replaces by
 * MRI_HOLDER_DIED.  Waiters are in list 0.
 */
#include "objects/sync/lock.h"

#include <multirank/lock.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/kinds.h"
#include "runtime/job/identity.h"
#include "util/log.h"

static mri_lock_body *body_of(mri_object *object)
{
    return (mri_lock_body *)object->body;
}

mr_error mri_lock_try_acquire(mri_record *self, mri_object *object,
                              mri_call *call)
{
    mri_lock_body *lock = body_of(object);
    uint64_t me = mri_peek(&self->owner);
    uint64_t found = 0;

    mri_may_hold(self);
    call->list = 0;
    if (mri_cas(&lock->holder, &found, me)) {
        return MR_OK;
    }
    if (found == MRI_HOLDER_DIED && mri_cas(&lock->holder, &found, me)) {
        return MR_ERR_HOLDER_DIED;
    }
    return MRI_WOULD_BLOCK;
}

mr_error mri_lock_try_release(mri_record *self, mri_object *object,
                              mri_call *call)
{
    mri_lock_body *lock = body_of(object);
    uint64_t holder = mri_load(&lock->holder);

    (void)call;
    do {
        if (holder == 0 || holder == MRI_HOLDER_DIED) {
            return MR_ERR_NOT_HELD;
        }
    } while (!mri_cas(&lock->holder, &holder, 0));
    mri_wake(self, object, 0);
    return MR_OK;
}

mr_error mri_lock_try_acquire_recursive(mri_record *self, mri_object *object,
                                        mri_call *call)
{
    mri_lock_body *lock = body_of(object);
    mr_error error;

    if (mri_load(&lock->holder) == mri_load(&self->owner) &&
        mri_load(&lock->thread) == mri_ref_of(self)) {
        mri_store(&lock->depth, mri_peek(&lock->depth) + 1);
        return MR_OK;
    }
    error = mri_lock_try_acquire(self, object, call);
    if (error == MR_OK || error == MR_ERR_HOLDER_DIED) {
        mri_store(&lock->depth, 1);
        mri_store(&lock->thread, mri_ref_of(self));
    }
    return error;
}

mr_error mri_lock_try_release_recursive(mri_record *self, mri_object *object,
                                        mri_call *call)
{
    mri_lock_body *lock = body_of(object);

    if (mri_load(&lock->holder) != mri_load(&self->owner) ||
        mri_load(&lock->thread) != mri_ref_of(self)) {
        return MR_ERR_NOT_HELD;
    }
    if (mri_peek(&lock->depth) > 1) {
        mri_store(&lock->depth, mri_peek(&lock->depth) - 1);
        return MR_OK;
    }
    mri_store(&lock->thread, 0);
    return mri_lock_try_release(self, object, call);
}

bool mri_lock_ready(mri_object *object, unsigned int variant)
{
    uint64_t holder = mri_load(&body_of(object)->holder);

    (void)variant;
    return holder == 0 || holder == MRI_HOLDER_DIED;
}

unsigned int mri_lock_ready_list(mri_object *object, unsigned int variant)
{
    (void)object;
    (void)variant;
    return 0;
}

void mri_lock_forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    mri_lock_body *lock = body_of(object);
    uint64_t holder = mri_load(&lock->holder);

    if (mri_is_gone(gone, holder)) {
        mri_store(&lock->thread, 0);
        if (mri_cas(&lock->holder, &holder, MRI_HOLDER_DIED)) {
            mri_wake(self, object, 0);
        }
    }
}

static mri_try *const tries[] = {
    [MRI_LOCK_ACQUIRE] = mri_lock_try_acquire,
    [MRI_LOCK_RELEASE] = mri_lock_try_release,
};

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object;
    mr_error error = mri_object_build(self, index, MRI_LOCK, &object);

    (void)call;
    if (!error) {
        *handle = mri_object_publish(self, object);
    }
    return error;
}

const mri_kind_ops mri_lock_ops = {.name = "lock",
                                   .kind = MRI_LOCK,
                                   .tries = tries,
                                   .count = MRI_LOCK_TRIES,
                                   .create = create,
                                   .ready = mri_lock_ready,
                                   .ready_list = mri_lock_ready_list,
                                   .forget = mri_lock_forget};

mr_error mr_lock_create(mr_lock *lock, const mr_lock_options *options)
{
    mri_call call = {0};
    unsigned int rank;
    mr_error error;

    if (!lock) {
        return mri_bad_argument("mr_lock_create", "lock", "is NULL");
    }
    error =
        mri_place_rank("mr_lock_create", options ? options->place : 0, &rank);
    if (!error) {
        error = mri_create(&mri_lock_ops, rank, &call, &lock->handle);
    }
    return error;
}

/* The kinds whose operations begin with those of a lock. */
static const mri_kind_ops *ops_for(mr_handle handle)
{
    switch (handle.kind) {
    case MRI_VALUE:
        return &mri_value_ops;
    case MRI_ARRAY:
        return &mri_array_ops;
    default:
        return &mri_lock_ops;
    }
}

mr_error mr_lock_acquire(mr_lock lock, double timeout)
{
    mri_call call = {0};

    return mri_operate(ops_for(lock.handle), lock.handle, MRI_LOCK_ACQUIRE,
                       &call, timeout);
}

mr_error mr_lock_release(mr_lock lock)
{
    mri_call call = {0};

    return mri_operate(ops_for(lock.handle), lock.handle, MRI_LOCK_RELEASE,
                       &call, 0);
}

mr_error mr_lock_destroy(mr_lock lock)
{
    if (ops_for(lock.handle) != &mri_lock_ops) {
        return mri_bad_argument("mr_lock_destroy", "lock",
                                "is part of a Value or an Array");
    }
    return mri_destroy(&mri_lock_ops, lock.handle);
}
