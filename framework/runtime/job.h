/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Starting a job.
 */
#ifndef MRI_RUNTIME_JOB_H
#define MRI_RUNTIME_JOB_H

#include <multirank/base.h>

/* The one door upwards: the layer of objects defines it and registers its
 * kinds and hooks in it. */
void mri_objects_register(void);

/* Fill the formatted segment of a rank, as that rank: its endpoints and the
 * rows that all expect.  MR_ERR_NO_MEMORY, MR_ERR_LIMIT. */
mr_error mri_rank_format(unsigned int rank, unsigned int processors);

#endif
