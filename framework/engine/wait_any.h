/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for any of several objects of this node.
 */
#ifndef MRI_ENGINE_WAIT_ANY_H
#define MRI_ENGINE_WAIT_ANY_H

#include "engine/object.h"

typedef struct mri_wait_set {
    mri_record *self;
    const mr_handle *handles;
    size_t count;
    bool *found; /* written at each look */
    bool entered;
    mri_wait *entries; /* in the block in owned slot 2 */
    uint64_t bell;
} mri_wait_set;

/* Can all be waited for?  MR_ERR_STALE, MR_ERR_OWNER_LOST,
 * MR_ERR_ARGUMENT. */
mr_error mri_wait_set_check(const mr_handle *handles, size_t count);

/* MR_OK: at least one is ready; MRI_WOULD_BLOCK, MR_ERR_STALE. */
mr_error mri_wait_set_look(mri_wait_set *several);

/* Enter the list of each.  MR_ERR_NO_MEMORY, MR_ERR_CLOSED; it has to be left
 * in any case. */
mr_error mri_wait_set_enter(mri_wait_set *several);

/* Look once more, from within the lists.  MRI_WOULD_BLOCK: to be called again
 * when the bell of `self` is no longer `bell`.  MR_ERR_CLOSED. */
mr_error mri_wait_set_try(mri_wait_set *several);
void mri_wait_set_leave(mri_wait_set *several);

/* mr_wait, with checked arguments and for all kinds that have `ready`. */
mr_error mri_wait_any(const mr_handle *handles, size_t count, double timeout,
                      bool *ready);

#endif
