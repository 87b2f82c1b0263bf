/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lock inside a Lock, a Value or an Array: the first bytes of its body.
 */
#ifndef MRI_OBJECTS_SYNC_LOCK_H
#define MRI_OBJECTS_SYNC_LOCK_H

#include "engine/object.h"

enum { MRI_LOCK_ACQUIRE = 0, MRI_LOCK_RELEASE, MRI_LOCK_TRIES };

typedef struct mri_lock_body {
    mri_word holder; /* endpoint id, 0: free, MRI_HOLDER_DIED */
    mri_word thread; /* record of the holding thread, if recursive */
    mri_word depth;  /* how often it holds it, if recursive */
} mri_lock_body;

/* Free, but the last holder died. */
#define MRI_HOLDER_DIED UINT64_MAX

mri_try mri_lock_try_acquire;
mri_try mri_lock_try_release;
mri_try mri_lock_try_acquire_recursive;
mri_try mri_lock_try_release_recursive;

/* For the ops tables of all kinds that have a lock. */
bool mri_lock_ready(mri_object *object, unsigned int variant);
unsigned int mri_lock_ready_list(mri_object *object, unsigned int variant);
void mri_lock_forget(mri_record *self, mri_object *object,
                     const mri_gone *gone);

#endif
