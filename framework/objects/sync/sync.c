/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the state of synchronisation objects; see sync.h.
 */
#include "objects/sync/sync.h"

#include "engine/operation.h"
#include "engine/wait.h"
#include "util/log.h"

static mr_error take(mri_record *self, mri_object *object, mri_call *call,
                     bool recursive)
{
    mri_sync *sync = mri_sync_of(object);
    uint64_t found = MRI_OWNER_DIED;

    mri_may_hold(self);
    call->list = 0;
    if (mri_sync_take_now(self, sync, recursive)) {
        return MR_OK;
    }
    if (mri_load(&sync->owner) != MRI_OWNER_DIED ||
        !mri_cas(&sync->owner, &found, mri_peek(&self->owner))) {
        return MRI_WOULD_BLOCK;
    }
    if (recursive) {
        mri_store(&sync->depth, 1);
        mri_store(&sync->thread, mri_ref_of(self));
    }
    return MR_ERR_HOLDER_DIED;
}

mr_error mri_sync_take(mri_record *self, mri_object *object, mri_call *call)
{
    return take(self, object, call, false);
}

mr_error mri_sync_take_recursive(mri_record *self, mri_object *object,
                                 mri_call *call)
{
    return take(self, object, call, true);
}

mr_error mri_sync_give(mri_record *self, mri_object *object, mri_call *call)
{
    const mri_sync *sync = mri_sync_of(object);

    (void)call;
    while (!mri_sync_give_now(self, object, false)) {
        uint64_t owner = mri_load(&sync->owner);

        if (owner == 0 || owner == MRI_OWNER_DIED) {
            return MR_ERR_NOT_HELD;
        }
    }
    return MR_OK;
}

mr_error mri_sync_give_recursive(mri_record *self, mri_object *object,
                                 mri_call *call)
{
    (void)call;
    return mri_sync_give_now(self, object, true) ? MR_OK : MR_ERR_NOT_HELD;
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
