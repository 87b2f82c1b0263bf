/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Holding pipe ends on behalf of a process.
 */
#ifndef MRI_OBJECTS_PIPE_H
#define MRI_OBJECTS_PIPE_H

#include <multirank/pipe.h>

#include "engine/object.h"
#include "memory/record.h"

/* Let `holder` (objects/holders.h) hold an end.  MR_ERR_STALE, MR_ERR_LIMIT,
 * MR_ERR_NO_MEMORY. */
mr_error mri_pipe_hold(mr_pipe_end end, uint64_t holder);

/* As mr_ticket_drop, for a ticket of a pipe. */
mr_error mri_pipe_drop_ticket(mr_ticket ticket);

#endif
