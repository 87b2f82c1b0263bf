/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plan: a function of a topology, of what is allowed, and of the number of
 * ranks.  It asks nothing of the machine on which it is made.
 */
#ifndef MRI_TOPOLOGY_PLAN_H
#define MRI_TOPOLOGY_PLAN_H

#include <hwloc.h>

#include "topology/placement.h"

/* As mri_placements_plan, of any topology.  Ranks to which the same is allowed
 * share it; what is not allowed to a rank is never given to it. */
void mri_plan(hwloc_topology_t topology, int bind, mri_placement *placements,
              unsigned int count, mri_placement_summary *summary);

/* Sets as hwloc and as messages have them. */
void mri_plan_from_hwloc(mri_processors *set, hwloc_const_bitmap_t bitmap);
void mri_plan_to_hwloc(hwloc_bitmap_t bitmap, const mri_processors *set);

#endif
