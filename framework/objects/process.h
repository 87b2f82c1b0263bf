/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes inside the library.
 */
#ifndef MRI_OBJECTS_PROCESS_H
#define MRI_OBJECTS_PROCESS_H

#include <multirank/process.h>

#include "route/far.h"

/* mr_process_create with checked arguments, of a process for which something
 * is held on those ranks: they are told of its end. */
mr_error mri_process_create(mr_process *process, mr_process_function *function,
                            const void *argument, size_t size,
                            const mr_process_options *options, mri_ranks holds);

/* The end of the calling endpoint: its daemons, also those of its pools, are
 * terminated, and killed after MR_GRACE; its other processes are joined. */
void mri_process_end_all(void);

#endif
