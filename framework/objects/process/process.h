/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes inside the library.
 */
#ifndef MRI_OBJECTS_PROCESS_H
#define MRI_OBJECTS_PROCESS_H

#include <multirank/process.h>

#include "far/far.h"

/* What the library knows of a process that it makes for itself. */
typedef struct mri_process_role {
    mri_ranks holds;      /* are told of its end: something is held there */
    unsigned int workers; /* with it, that do tasks on its rank */
} mri_process_role;

/* mr_process_create with checked arguments. */
mr_error mri_process_create(mr_process *process, mr_process_function *function,
                            const void *argument, size_t size,
                            const mr_process_options *options,
                            const mri_process_role *role);

/* The end of the calling endpoint: its daemons, also those of its pools, are
 * terminated, and killed after MR_GRACE; its other processes are joined. */
void mri_process_end_all(void);

#endif
