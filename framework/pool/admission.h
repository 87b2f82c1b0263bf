/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Admission of the asynchronous maps of this endpoint that wait for their turn.
 */
#ifndef MRI_POOL_ADMISSION_H
#define MRI_POOL_ADMISSION_H

#include <multirank/pool.h>

/* A request waits from now on; and it has begun, or will not.  In between it
 * is admitted: the pool may be closed, but mr_pool_join waits.  Errors of
 * mri_driver_begin, MR_ERR_NO_MEMORY. */
mr_error mri_admission_begin(mr_pool pool);
void mri_admission_end(mr_pool pool);

#endif
