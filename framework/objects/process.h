/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes inside the library.
 */
#ifndef MRI_OBJECTS_PROCESS_H
#define MRI_OBJECTS_PROCESS_H

#include <multirank/process.h>

/* The end of the calling endpoint: pools and daemons that it made are ended,
 * its other processes joined. */
void mri_process_end_all(void);

/* Terminate, then kill after a while, and join.  For daemons. */
void mri_process_end(mr_process process);

#endif
