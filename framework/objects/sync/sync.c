/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the state of synchronisation objects; see sync.h.
 */
#include "objects/sync/sync.h"

#include "engine/operation.h"
#include "engine/wait.h"
#include "util/log.h"

mr_error mri_sync_take(mri_record *self, mri_object *object, mri_call *call)
{
    mri_sync *sync = mri_sync_of(object);
    uint64_t me = mri_peek(&self->owner);
    uint64_t found = 0;

    mri_may_hold(self);
    call->list = 0;
    if (mri_cas(&sync->owner, &found, me)) {
        return MR_OK;
    }
    if (found == MRI_OWNER_DIED && mri_cas(&sync->owner, &found, me)) {
        return MR_ERR_HOLDER_DIED;
    }
    return MRI_WOULD_BLOCK;
}

mr_error mri_sync_give(mri_record *self, mri_object *object, mri_call *call)
{
    mri_sync *sync = mri_sync_of(object);
    uint64_t owner = mri_load(&sync->owner);

    (void)call;
    do {
        if (owner == 0 || owner == MRI_OWNER_DIED) {
            return MR_ERR_NOT_HELD;
        }
    } while (!mri_cas(&sync->owner, &owner, 0));
    mri_wake(self, object, 0);
    return MR_OK;
}

mr_error mri_sync_take_recursive(mri_record *self, mri_object *object,
                                 mri_call *call)
{
    mri_sync *sync = mri_sync_of(object);
    mr_error error;

    if (mri_sync_is_mine(self, sync)) {
        mri_store(&sync->depth, mri_peek(&sync->depth) + 1);
        return MR_OK;
    }
    error = mri_sync_take(self, object, call);
    if (error == MR_OK || error == MR_ERR_HOLDER_DIED) {
        mri_store(&sync->depth, 1);
        mri_store(&sync->thread, mri_ref_of(self));
    }
    return error;
}

mr_error mri_sync_give_recursive(mri_record *self, mri_object *object,
                                 mri_call *call)
{
    mri_sync *sync = mri_sync_of(object);

    if (!mri_sync_is_mine(self, sync)) {
        return MR_ERR_NOT_HELD;
    }
    if (mri_peek(&sync->depth) > 1) {
        mri_store(&sync->depth, mri_peek(&sync->depth) - 1);
        return MR_OK;
    }
    mri_store(&sync->thread, 0);
    return mri_sync_give(self, object, call);
}

bool mri_sync_ready(mri_object *object, unsigned int variant)
{
    uint64_t owner = mri_load(&mri_sync_of(object)->owner);

    (void)variant;
    return owner == 0 || owner == MRI_OWNER_DIED;
}

void mri_sync_forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    mri_sync *sync = mri_sync_of(object);
    uint64_t owner = mri_load(&sync->owner);

    if (mri_is_gone(gone, owner)) {
        mri_store(&sync->thread, 0);
        if (mri_cas(&sync->owner, &owner, MRI_OWNER_DIED)) {
            mri_wake(self, object, 0);
        }
    }
}

mr_error mri_choose_lock(const char *function, mr_lock given, bool none,
                         mri_chosen_lock *chosen)
{
    bool has_given = given.handle.kind != MRI_NONE;

    if (none && has_given) {
        return mri_bad_argument(function, "options->no_lock",
                                "is set beside options->lock");
    }
    if (has_given && !mri_is_lock(given.handle)) {
        return mri_bad_argument(function, "options->lock", "is not a lock");
    }
    *chosen = (mri_chosen_lock){.kind = none        ? MRI_LOCK_NONE
                                        : has_given ? MRI_LOCK_GIVEN
                                                    : MRI_LOCK_OWN,
                                .given = given.handle};
    return MR_OK;
}

mr_error mri_get_chosen_lock(const mri_chosen_lock *chosen, mr_handle own,
                             mr_lock *lock)
{
    if (chosen->kind == MRI_LOCK_NONE) {
        return MR_ERR_STATE;
    }
    lock->handle = chosen->kind == MRI_LOCK_GIVEN ? chosen->given : own;
    return MR_OK;
}
