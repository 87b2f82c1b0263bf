/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for any of several objects, of any node.
 */
#ifndef MRI_ENGINE_WAIT_ANY_H
#define MRI_ENGINE_WAIT_ANY_H

#include <stdatomic.h>

#include "engine/wait_near.h"

typedef struct mri_wait_request {
    const mr_handle *handles; /* of kinds that have `ready` */
    size_t count;
    double timeout;
    unsigned char *found; /* an mri_found for each; written with MR_OK only */
    bool tolerates;       /* an object that is gone counts as ready */
    atomic_bool *stop;    /* not NULL: do not spin, and end with
                             MR_ERR_INTERRUPTED when it is set; who sets it
                             rings */
} mri_wait_request;

/* Errors as mr_wait. */
mr_error mri_wait_for_any(const mri_wait_request *request);

/* mr_wait, with checked arguments and for all kinds that have `ready`. */
mr_error mri_wait_any(const mr_handle *handles, size_t count, double timeout,
                      bool *ready);

#endif
