/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Placements: where the ranks of a machine run, and their threads and
 * processes.
 */
#ifndef MRI_TOPOLOGY_PLACEMENT_H
#define MRI_TOPOLOGY_PLACEMENT_H

#include <stdint.h>

#include "topology/processors.h"

typedef struct mri_placement {
    mri_processors allowed; /* for its processes */
    mri_processors bound;   /* for the rank itself; for workers beside it */
    mri_processors threads; /* for threads of ours: that, and what no rank has,
                               as they would take turns with other ranks */
    uint32_t cores;         /* of its share: as many threads a task may use */
} mri_placement;

/* What is to be told of a plan. */
typedef struct mri_placement_summary {
    uint32_t ranks;
    uint32_t processors; /* that all of them may use together, at least 1 */
    bool crowded; /* some had to share a processor, so they are not bound */
} mri_placement_summary;

/* Load the topology of this machine and plan a placement for each of some
 * ranks, given what is allowed to each; `bind` is an mri_bind.  Without a
 * topology each is bound to what it is allowed. */
void mri_placements_plan(int bind, mri_placement *placements,
                         unsigned int count, mri_placement_summary *summary);

/* The interface of the hwloc that runs, and the one that this was compiled
 * for. */
void mri_hwloc_versions(char *text, size_t size);

/* Where `workers` tasks at once run beside a rank: on its own cores, if there
 * is one for each; else wherever the rank's processes may. */
const mri_processors *mri_placement_for_workers(const mri_placement *placement,
                                                unsigned int workers);

#endif
