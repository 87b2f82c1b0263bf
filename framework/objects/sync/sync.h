/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The body of everything that can be locked, and what can be done with it:
 * take, give, and look whether it can be taken.  It is the first member of the
 * body of a Lock or RLock, and of each object that has a lock of its own
 * (Value, Array, Condition); the first two operations of such a kind are
 * MRI_SYNC_TAKE and MRI_SYNC_GIVE.
 *
 * The owner is one word.  One compare-exchange takes the lock and one gives it
 * back, so a kill leaves it either free or with the dead owner's id, which the
 * reaper replaces by MRI_OWNER_DIED.  Waiters are in list 0.
 */
#ifndef MRI_OBJECTS_SYNC_SYNC_H
#define MRI_OBJECTS_SYNC_SYNC_H

#include <multirank/lock.h>

#include "engine/object.h"
#include "engine/wait.h"

enum { MRI_SYNC_TAKE = 0, MRI_SYNC_GIVE, MRI_SYNC_TRIES };

/* Which lock a Value, an Array or a Condition has. */
enum { MRI_LOCK_OWN = 0, MRI_LOCK_GIVEN, MRI_LOCK_NONE };

/* What options say of it; the kind is one of these. */
typedef struct mri_chosen_lock {
    uint64_t kind;
    mr_handle given;
} mri_chosen_lock;

/* MR_ERR_ARGUMENT, with a message that names `function`. */
mr_error mri_choose_lock(const char *function, mr_lock given, bool none,
                         mri_chosen_lock *chosen);

/* The lock of an object that has `own` as its own one.  MR_ERR_STATE: none. */
mr_error mri_get_chosen_lock(const mri_chosen_lock *chosen, mr_handle own,
                             mr_lock *lock);

typedef struct mri_sync {
    mri_word owner;  /* endpoint id; 0: free; MRI_OWNER_DIED */
    mri_word thread; /* record of the owning thread, if recursive */
    mri_word depth;  /* how often it has taken it, if recursive */
} mri_sync;

static inline mri_sync *mri_sync_of(mri_object *object)
{
    return (mri_sync *)object->body;
}

/* Does a handle name an object that begins with this body? */
static inline bool mri_is_lock(mr_handle handle)
{
    return handle.kind == MRI_LOCK || handle.kind == MRI_RLOCK ||
           handle.kind == MRI_VALUE || handle.kind == MRI_ARRAY ||
           handle.kind == MRI_CONDITION;
}

/* Does the calling thread hold a recursive one? */
static inline bool mri_sync_is_mine(const mri_record *self,
                                    const mri_sync *sync)
{
    return mri_load(&sync->owner) == mri_load(&self->owner) &&
           mri_load(&sync->thread) == mri_ref_of(self);
}

/* How often the calling thread has taken a recursive one; 0: not at all. */
static inline uint64_t mri_sync_depth(const mri_record *self,
                                      const mri_sync *sync)
{
    return mri_sync_is_mine(self, sync) ? mri_peek(&sync->depth) : 0;
}

/* Free, but its last owner died. */
#define MRI_OWNER_DIED UINT64_MAX

/* Take one that is free, and whose last owner did not die, or one more time a
 * recursive one that the thread has; false: it is neither, or mri_may_hold was
 * not called yet. */
static inline bool mri_sync_take_now(mri_record *self, mri_sync *sync,
                                     bool recursive)
{
    uint64_t found = 0;

    if (recursive && mri_sync_is_mine(self, sync)) {
        mri_store(&sync->depth, mri_peek(&sync->depth) + 1);
        return true;
    }
    if (!self->told_it_may_hold ||
        !mri_cas(&sync->owner, &found, mri_peek(&self->owner))) {
        return false;
    }
    if (recursive) {
        mri_store(&sync->depth, 1);
        mri_store(&sync->thread, mri_ref_of(self));
    }
    return true;
}

/* Give back one that is held, a recursive one once of so many times and by its
 * thread alone; false: it is not, or another was faster. */
static inline bool mri_sync_give_now(mri_record *self, mri_object *object,
                                     bool recursive)
{
    mri_sync *sync = mri_sync_of(object);
    uint64_t owner = mri_load(&sync->owner);

    if (owner == 0 || owner == MRI_OWNER_DIED ||
        (recursive && !mri_sync_is_mine(self, sync))) {
        return false;
    }
    if (recursive && mri_peek(&sync->depth) > 1) {
        mri_store(&sync->depth, mri_peek(&sync->depth) - 1);
        return true;
    }
    if (recursive) {
        mri_store(&sync->thread, 0);
    }
    if (!mri_cas(&sync->owner, &owner, 0)) {
        return false;
    }
    mri_wake(self, object, 0);
    return true;
}

/* For any endpoint to give back, as a Lock. */
mri_try mri_sync_take;
mri_try mri_sync_give;

/* For the owning thread alone, which may take it several times, as an RLock. */
mri_try mri_sync_take_recursive;
mri_try mri_sync_give_recursive;

/* Members of the ops of all kinds that begin with this body. */
bool mri_sync_ready(mri_object *object, unsigned int variant);
void mri_sync_forget(mri_record *self, mri_object *object,
                     const mri_gone *gone);

#endif
