/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns waiting for any of several objects of this node: for mr_wait, and for
 * the parts of it that are served for far callers.
 *
 * The entries of the lists lie in a block in owned slot 2, which a death frees
 * after it has taken them out of their lists.
 */
#include "engine/wait_near.h"

#include <assert.h>

#include "engine/operation.h"
#include "engine/wait.h"

/* Owned slots 0 and 1 are for calls that a far watch makes meanwhile. */
enum { ENTRIES = 2 };

/* A pipe has an object and two sides: does the handle name one of them? */
static bool has_part(const mri_kind_ops *ops, mri_object *object,
                     mr_handle handle)
{
    return mri_ready_list(ops, object, handle.variant) <
           MRI_LISTS + ops->more_lists;
}

static mri_found look_at(mri_wait_near *n, mr_handle handle)
{
    mri_kind kind = (mri_kind)handle.kind;
    const mri_kind_ops *ops = mri_ops_of(kind);
    mri_object *object = mri_enter(n->self, handle, kind);
    mri_found found = MRI_FOUND_DESTROYED;

    if (!object) {
        return mri_why_stale(handle) == MR_ERR_OWNER_LOST ? MRI_FOUND_LOST
                                                          : MRI_FOUND_DESTROYED;
    }
    if (!n->tolerates || has_part(ops, object, handle)) {
        found = ops->ready(object, handle.variant) ? MRI_FOUND_READY
                                                   : MRI_FOUND_NOTHING;
    }
    mri_leave(n->self);
    return found;
}

mr_error mri_wait_near_look(mri_wait_near *n)
{
    mr_error error = MRI_WOULD_BLOCK;

    for (size_t i = 0; i < n->count; i++) {
        mri_found found = look_at(n, n->handles[i]);

        if (found > MRI_FOUND_READY && !n->tolerates) {
            return found == MRI_FOUND_LOST ? MR_ERR_OWNER_LOST : MR_ERR_STALE;
        }
        if (found != MRI_FOUND_NOTHING) {
            error = MR_OK;
        }
        mri_found_put(n->found, i, found);
    }
    return error;
}

/* An object that is gone has no list to enter: the next look finds that. */
static mr_error enter_all(mri_wait_near *n)
{
    for (size_t i = 0; i < n->count; i++) {
        const mri_kind_ops *ops = mri_ops_of((mri_kind)n->handles[i].kind);
        mri_object *object = mri_row(n->handles[i]);
        bool entered =
            object && (!n->tolerates || has_part(ops, object, n->handles[i])) &&
            mri_wait_enter(n->self, &n->entries[i], object,
                           mri_ready_list(ops, object, n->handles[i].variant),
                           mri_identity(n->handles[i]));

        if (!entered && !n->tolerates) {
            return MR_ERR_CLOSED;
        }
    }
    return MR_OK;
}

mr_error mri_wait_near_enter(mri_wait_near *n)
{
    unsigned int segment = mri_segment_of(mri_ref_of(n->self));
    mr_error error = MR_OK;

    assert(!n->entered && !mri_peek(&n->self->owned[ENTRIES].block));
    n->entered = true;
    if (n->count == 0) {
        return MR_OK;
    }
    error = mri_allocate(n->self, segment, MRI_HEAP,
                         n->count * sizeof *n->entries, ENTRIES);
    if (error) {
        n->entered = false;
        return error;
    }
    n->entries = mri_at(mri_peek(&n->self->owned[ENTRIES].block));
    for (size_t i = 0; i < n->count; i++) {
        mri_store(&n->entries[i].list, 0);
        mri_store(&n->entries[i].object, 0);
    }
    mri_store(&n->self->waits, mri_ref_of(n->entries));
    mri_store(&n->self->waits_count, n->count);
    return enter_all(n);
}

mr_error mri_wait_near_try(mri_wait_near *n)
{
    mr_error error;

    assert(n->entered);
    n->bell = mri_bell(n->self);
    for (size_t i = 0; i < n->count; i++) {
        mri_wait_arm(&n->entries[i]);
    }
    error = mri_wait_near_look(n);
    return error == MR_ERR_STALE ? MR_ERR_CLOSED : error;
}

void mri_wait_near_leave(mri_wait_near *n)
{
    if (!n->entered || n->count == 0) {
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        mri_store(&n->self->active, mri_peek(&n->entries[i].object));
        mri_wait_leave(n->self, &n->entries[i], false);
    }
    mri_leave(n->self);
    mri_store(&n->self->waits_count, 0);
    mri_give_back(n->self, ENTRIES);
    n->entered = false;
}

static mr_error never_ready(const char *function, const char *argument)
{
    return mri_bad_argument(function, argument,
                            "names an object that cannot be waited for");
}

mr_error mri_wait_near_kind(const char *function, const char *argument,
                            mr_handle handle)
{
    const mri_kind_ops *ops = mri_ops_of((mri_kind)handle.kind);

    return ops->ready && !ops->ready_internal ? MR_OK
                                              : never_ready(function, argument);
}

mr_error mri_wait_near_check(const mri_wait_near *n)
{
    for (size_t i = 0; i < n->count; i++) {
        const mri_kind_ops *ops = mri_ops_of((mri_kind)n->handles[i].kind);
        mri_object *object = mri_row(n->handles[i]);

        if (!ops->ready && (object || n->tolerates)) {
            return never_ready("mr_wait", "handles");
        }
        if (n->tolerates) {
            continue;
        }
        if (!object) {
            return mri_why_stale(n->handles[i]);
        }
        if (!has_part(ops, object, n->handles[i])) {
            return MR_ERR_STALE;
        }
    }
    return MR_OK;
}
