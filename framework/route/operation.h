/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations: the one way in which a call reaches an object.
 */
#ifndef MRI_ROUTE_OPERATION_H
#define MRI_ROUTE_OPERATION_H

#include "route/object.h"

/* Run a try function until it completes, at most `timeout` seconds.  The
 * handle must be of `kind`.  MR_ERR_STATE, MR_ERR_STALE, MR_ERR_CLOSED,
 * MR_ERR_TIMEOUT, MR_ERR_ARGUMENT, or what the try function gives. */
mr_error mri_operate(mr_handle handle, mri_kind kind, unsigned int operation,
                     mri_call *call, double timeout);

/* Begin and end the use of an object without an operation: NULL when it is
 * stale.  It is not destroyed meanwhile. */
mri_object *mri_enter(mri_record *self, mr_handle handle, mri_kind kind);
void mri_leave(mri_record *self);

/* Wake who waits for memory of a segment. */
void mri_wake_for_memory(mri_record *self, unsigned int segment);

/* Free the block in a hand and wake who waits for memory there. */
void mri_give_back(mri_record *self, unsigned int hand);

#endif
