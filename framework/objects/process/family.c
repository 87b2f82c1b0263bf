/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the calls that tell a caller its own process, its parent, and its
 * children.
 */
#include <stdlib.h>

#include "objects/process/calls.h"
#include "util/log.h"

mr_error mr_process_current(mr_process *process)
{
    if (!process) {
        return mri_bad_argument("mr_process_current", "process", "is NULL");
    }
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    process->handle =
        mri_handle_of(mri_process_of_endpoint(mri_self_endpoint()));
    return MR_OK;
}

mr_error mr_process_parent(mr_process *parent)
{
    mr_handle found;

    if (!parent) {
        return mri_bad_argument("mr_process_parent", "parent", "is NULL");
    }
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    found =
        mri_process_of(mri_process_of_endpoint(mri_self_endpoint()))->parent;
    if (found.kind != MRI_PROCESS) {
        return MR_ERR_STATE; /* the main of a rank */
    }
    parent->handle = found;
    return MR_OK;
}

/* One that was destroyed, or whose rank is lost, has ended. */
static bool is_active(mr_process process)
{
    bool alive = false;

    return mr_process_is_alive(process, &alive) == MR_OK && alive;
}

mr_error mr_process_children(mr_process *children, size_t capacity,
                             size_t *count)
{
    size_t made_count = 0;
    mr_process *made;
    size_t active = 0;

    if (!count || (!children && capacity)) {
        return mri_bad_argument("mr_process_children",
                                count ? "children" : "count", "is NULL");
    }
    if (!mri_self()) {
        return MR_ERR_STATE;
    }
    made = mri_process_own_all(&made_count);
    if (!made) {
        return MR_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < made_count; i++) {
        if (is_active(made[i])) {
            if (active < capacity) {
                children[active] = made[i];
            }
            active++;
        }
    }
    free(made);
    *count = active;
    return active > capacity ? MR_ERR_TRUNCATED : MR_OK;
}
