/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Lock: a synchronisation object that any endpoint may give back.
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
                                   .count = MRI_SYNC_TRIES,
                                   .create = create,
                                   .ready = mri_sync_ready,
                                   .ready_list = mri_sync_ready_list,
                                   .forget = mri_sync_forget};

mr_error mr_lock_create(mr_lock *lock, const mr_lock_options *options)
{
    mri_call call = {0};

    return mri_create_at(&mri_lock_ops, options ? options->place : 0, &call,
                         "mr_lock_create", "lock", lock ? &lock->handle : NULL);
}

/* The handle of a Value's or an Array's lock is that of the Value or Array.  A
 * choice among constants takes eight instructions less than the table of kinds.
 */
static inline const mri_kind_ops *ops_of(mr_lock lock)
{
    switch (lock.handle.kind) {
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

    return mri_operate(ops_of(lock), lock.handle, MRI_SYNC_TAKE, &call,
                       timeout);
}

mr_error mr_lock_release(mr_lock lock)
{
    mri_call call = {0};

    return mri_operate(ops_of(lock), lock.handle, MRI_SYNC_GIVE, &call, 0);
}

mr_error mr_lock_destroy(mr_lock lock)
{
    if (ops_of(lock) != &mri_lock_ops) {
        return mri_bad_argument("mr_lock_destroy", "lock",
                                "belongs to a Value or an Array: destroy that");
    }
    return mri_destroy(&mri_lock_ops, lock.handle);
}
