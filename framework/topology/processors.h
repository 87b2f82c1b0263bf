/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processors: how many the job may use on this node, and on which the
 * children of a rank may run.
 */
#ifndef MRI_TOPOLOGY_PROCESSORS_H
#define MRI_TOPOLOGY_PROCESSORS_H

#include <sys/types.h>

/* The processors (hwloc PUs) of this node that the launcher itself was
 * allowed, at least 1.  Loads hwloc's topology. */
unsigned int mri_processors_count(void);

/* Let the caller run wherever the parent of process `rank`, the launcher, may
 * run: its binding of the rank to one core is not meant for children.  A
 * binding that the user asked for is kept. */
void mri_processors_widen(pid_t rank);

#endif
