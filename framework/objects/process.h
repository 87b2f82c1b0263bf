/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes inside the library.
 */
#ifndef MRI_OBJECTS_PROCESS_H
#define MRI_OBJECTS_PROCESS_H

#include <multirank/process.h>

/* The end of the calling endpoint: its daemons, also those of its pools, are
 * terminated, and killed after MR_GRACE; its other processes are joined. */
void mri_process_end_all(void);

#endif
