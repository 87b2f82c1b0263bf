/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How large slices of Arrays travel between nodes.
 */
#ifndef MRI_RUNTIME_JOB_FAR_ARRAYS_H
#define MRI_RUNTIME_JOB_FAR_ARRAYS_H

/* Make the window, try whether it works, and choose, once for the job;
 * collective. */
void mri_far_arrays_begin(void);

/* What was chosen, and why, in words; "" before. */
const char *mri_far_arrays_choice(void);

#endif
