/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what all functions that make an object have in common.
 */
#include "objects/create.h"

#include "engine/operation.h"
#include "runtime/job/identity.h"
#include "util/log.h"

mr_error mri_create_at(const mri_kind_ops *ops, int place, mri_call *call,
                       const char *function, const char *argument,
                       mr_handle *handle)
{
    unsigned int rank;
    mr_error error;

    if (!handle) {
        return mri_bad_argument(function, argument, "is NULL");
    }
    error = mri_place_rank(function, place, &rank);
    return error ? error : mri_create(ops, rank, call, handle);
}

mr_error mri_create_zeroed(mri_record *self, unsigned int index, mri_kind kind,
                           mr_handle *handle)
{
    mri_object *object;
    mr_error error = mri_object_build(self, index, kind, &object);

    if (!error) {
        *handle = mri_object_publish(self, object);
    }
    return error;
}
