/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting a job.
 */
#ifndef MRI_RUNTIME_JOB_JOB_H
#define MRI_RUNTIME_JOB_JOB_H

#include <multirank/base.h>

/* The one door upwards: the layer of objects defines it and registers its
 * kinds and hooks in it. */
void mri_objects_register(void);

#endif
