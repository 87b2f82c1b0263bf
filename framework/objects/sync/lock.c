/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Lock and RLock.  A Lock may be released by any endpoint; an RLock, and
 * the lock of a Value, an Array or a Condition, belongs to the thread that
 * holds it, which may take it again.
 */
#include <multirank/lock.h>

#include "engine/operation.h"
#include "objects/create.h"
#include "objects/kinds.h"
#include "objects/sync/sync.h"
#include "util/log.h"

static mri_try *const tries[] = {
    [MRI_SYNC_TAKE] = mri_sync_take,
    [MRI_SYNC_GIVE] = mri_sync_give,
};

static mri_try *const recursive_tries[] = {
    [MRI_SYNC_TAKE] = mri_sync_take_recursive,
    [MRI_SYNC_GIVE] = mri_sync_give_recursive,
};

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    (void)call;
    return mri_create_zeroed(self, index, MRI_LOCK, handle);
}

static mr_error create_recursive(mri_record *self, unsigned int index,
                                 mri_call *call, mr_handle *handle)
{
    (void)call;
    return mri_create_zeroed(self, index, MRI_RLOCK, handle);
}

const mri_kind_ops mri_lock_ops = {.name = "lock",
                                   .kind = MRI_LOCK,
                                   .tries = tries,
                                   .count = MRI_SYNC_TRIES,
                                   .create = create,
                                   .ready = mri_sync_ready,
                                   .forget = mri_sync_forget};

const mri_kind_ops mri_rlock_ops = {.name = "recursive lock",
                                    .kind = MRI_RLOCK,
                                    .tries = recursive_tries,
                                    .count = MRI_SYNC_TRIES,
                                    .create = create_recursive,
                                    .ready = mri_sync_ready,
                                    .forget = mri_sync_forget};

mr_error mr_lock_create(mr_lock *lock, const mr_lock_options *options)
{
    mri_call call = {0};

    return mri_create_at(options && options->recursive ? &mri_rlock_ops
                                                       : &mri_lock_ops,
                         options ? options->place : 0, &call, "mr_lock_create",
                         "lock", lock ? &lock->handle : NULL);
}

/* The handle of the lock of a Value, an Array or a Condition is that of the
 * object. */
static const mri_kind_ops *ops_of(mr_lock lock)
{
    switch (lock.handle.kind) {
    case MRI_VALUE:
        return &mri_value_ops;
    case MRI_ARRAY:
        return &mri_array_ops;
    case MRI_RLOCK:
        return &mri_rlock_ops;
    case MRI_CONDITION:
        return &mri_condition_ops;
    default:
        return &mri_lock_ops;
    }
}

static __attribute__((noinline)) mr_error acquire(mr_lock lock, double timeout)
{
    mri_call call = {0};

    return mri_operate(ops_of(lock), lock.handle, MRI_SYNC_TAKE, &call,
                       timeout);
}

static __attribute__((noinline)) mr_error release(mr_lock lock)
{
    mri_call call = {0};

    return mri_operate(ops_of(lock), lock.handle, MRI_SYNC_GIVE, &call, 0);
}

/* The object of a lock that is near, and be active on it; else NULL. */
static inline mri_object *enter(mri_record *self, mr_lock lock)
{
    return self && !self->pipelined && mri_is_lock(lock.handle)
               ? mri_enter(self, lock.handle, (mri_kind)lock.handle.kind)
               : NULL;
}

/* What need not wait is straight code, which is half of the instructions of an
 * operation; that one says why it was not done here. */
mr_error mr_lock_acquire(mr_lock lock, double timeout)
{
    mri_record *self = mri_self_record;
    mri_object *object = isnan(timeout) ? NULL : enter(self, lock);
    bool done = false;

    if (__builtin_expect(object != NULL, 1)) {
        done = mri_sync_take_now(self, mri_sync_of(object),
                                 lock.handle.kind != MRI_LOCK);
        mri_leave(self);
    }
    return __builtin_expect(done, 1) ? MR_OK : acquire(lock, timeout);
}

mr_error mr_lock_release(mr_lock lock)
{
    mri_record *self = mri_self_record;
    mri_object *object = enter(self, lock);
    bool done = false;

    if (__builtin_expect(object != NULL, 1)) {
        done = mri_sync_give_now(self, object, lock.handle.kind != MRI_LOCK);
        mri_leave(self);
    }
    return __builtin_expect(done, 1) ? MR_OK : release(lock);
}

mr_error mr_lock_destroy(mr_lock lock)
{
    const mri_kind_ops *ops = ops_of(lock);

    if (ops != &mri_lock_ops && ops != &mri_rlock_ops) {
        return mri_bad_argument("mr_lock_destroy", "lock",
                                "belongs to a Value, an Array or a Condition: "
                                "destroy that");
    }
    return mri_destroy(ops, lock.handle);
}
