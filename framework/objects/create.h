/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a public function makes an object.
 */
#ifndef MRI_OBJECTS_CREATE_H
#define MRI_OBJECTS_CREATE_H

#include "engine/object.h"

/*
 * Make an object where `place`, of the user's options, says.  `function` and
 * `argument` name the public function and its output for messages; `handle`
 * is NULL when that is.  MR_ERR_ARGUMENT, and errors as mri_create.
 */
mr_error mri_create_at(const mri_kind_ops *ops, int place, mri_call *call,
                       const char *function, const char *argument,
                       mr_handle *handle);

/* The body of mri_kind_ops.create for a kind whose objects begin with zeros. */
mr_error mri_create_zeroed(mri_record *self, unsigned int index, mri_kind kind,
                           mr_handle *handle);

#endif
