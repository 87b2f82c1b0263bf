/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a child of a fork server does first and last.
 */
#ifndef MRI_RUNTIME_SERVER_CHILD_H
#define MRI_RUNTIME_SERVER_CHILD_H

#include <multirank/process.h>

#include "engine/object.h"

/* The end of an endpoint: join its processes, terminate its daemons.  Set by
 * the layer above, called by rank 0 and by each child that ends by itself. */
extern void (*mri_at_endpoint_end)(void);

/* In the new process: become the endpoint, run the function, end. */
_Noreturn void mri_child_run(mri_object *process, uint64_t endpoint,
                             mr_process_function *function,
                             const int output[2]);

/* Registered with atexit: the end of a child that called exit(). */
void mri_child_at_exit(void);

#endif
