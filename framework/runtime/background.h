/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jobs that a rank does for an object, in a thread of their own.
 *
 * A try function never waits; what it begins and has to wait is such a job.
 */
#ifndef MRI_RUNTIME_BACKGROUND_H
#define MRI_RUNTIME_BACKGROUND_H

#include <stddef.h>

#include <multirank/base.h>

typedef void mri_background_job(const void *argument);

/* Begin one with a copy of its argument.  MR_ERR_NO_MEMORY, MR_ERR_SYSTEM. */
mr_error mri_background_start(mri_background_job *job, const void *argument,
                              size_t size);

/* Wait until all have ended, before messages end. */
void mri_background_end(void);

#endif
