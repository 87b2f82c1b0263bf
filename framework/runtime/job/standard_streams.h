/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The standard descriptors of a program.
 */
#ifndef MRI_RUNTIME_JOB_STANDARD_STREAMS_H
#define MRI_RUNTIME_JOB_STANDARD_STREAMS_H

#include <multirank/base.h>

/* Open /dev/null as each of the descriptors 0, 1 and 2 that is closed.  To be
 * called before anything else is opened.  MR_ERR_SYSTEM. */
mr_error mri_standard_streams_open(void);

#endif
