/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The placement of this rank among the processors of its machine.
 */
#ifndef MRI_RUNTIME_JOB_PLACE_RANKS_H
#define MRI_RUNTIME_JOB_PLACE_RANKS_H

#include <multirank/base.h>

#include "topology/placement.h"

/* Of the rank, and of its fork server and processes; written at the start. */
extern mri_placement mri_my_placement;

/* Plan the ranks of each machine together and take this rank's placement: the
 * caller is bound, threads started by mri_thread_start are not.  `processors`
 * are for all ranks of the machine.  Rank 0 warns of what is to be told.
 * Collective.  MR_ERR_NO_MEMORY. */
mr_error mri_place_ranks(unsigned int *processors);

/* The same for the fork server of a rank, told by it where that is. */
void mri_place_server(const mri_placement *placement);

/* In the fork server, for a new process: one of `workers` that do tasks at once
 * on its rank. */
void mri_place_worker(pid_t process, unsigned int workers);

#endif
