/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations: the one way in which a call reaches an object.
 */
#ifndef MRI_ROUTE_OPERATION_H
#define MRI_ROUTE_OPERATION_H

#include <math.h>

#include "route/object.h"
#include "util/log.h"

/* Begin and end the use of an object: NULL when the handle is stale or of
 * another kind.  The object is not destroyed meanwhile. */
static inline mri_object *mri_enter(mri_record *self, mr_handle handle,
                                    mri_kind kind)
{
    mri_object *object = mri_row(handle);

    if (!object || handle.kind != kind) {
        return NULL;
    }
    mri_be_active(self, mri_ref_of(object));
    if (mri_load(&object->identity) != mri_identity(handle)) {
        mri_store(&self->active, 0);
        return NULL;
    }
    return object;
}

static inline void mri_leave(mri_record *self)
{
    mri_store(&self->active, 0);
}

/* Go on with an operation that would block. */
mr_error mri_block(mri_record *self, mri_object *object, uint64_t identity,
                   mri_try *try, mri_call *call, double timeout);

/*
 * Run a try function until it completes, at most `timeout` seconds.  The
 * handle must be of the kind.  MR_ERR_STATE, MR_ERR_STALE, MR_ERR_CLOSED,
 * MR_ERR_TIMEOUT, MR_ERR_ARGUMENT, or what the try function gives.  Inline,
 * so that an operation that need not wait is one straight piece of code.
 */
static inline __attribute__((always_inline)) mr_error
mri_operate(const mri_kind_ops *ops, mr_handle handle, unsigned int operation,
            mri_call *call, double timeout)
{
    mri_record *self = mri_self();
    mri_object *object;
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (isnan(timeout)) {
        return mri_bad_argument(ops->name, "timeout", "is NaN");
    }
    object = mri_enter(self, handle, ops->kind);
    if (!object) {
        return MR_ERR_STALE;
    }
    call->part = handle.part;
    error = ops->tries[operation](self, object, call);
    if (__builtin_expect(error == MRI_WOULD_BLOCK, 0)) {
        error = mri_block(self, object, mri_identity(handle),
                          ops->tries[operation], call, timeout);
    }
    mri_leave(self);
    return error;
}

/* Wake who waits for memory of a segment. */
void mri_wake_for_memory(mri_record *self, unsigned int segment);

/* Free the block in a hand and wake who waits for memory there. */
void mri_give_back(mri_record *self, unsigned int hand);

#endif
