/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a plan comes about on this machine.
 */
#include "topology/load.h"
#include "topology/plan.h"

#include <stdio.h>

#include "util/log.h"

void mri_placements_plan(int bind, mri_placement *placements,
                         unsigned int count, mri_placement_summary *summary)
{
    hwloc_topology_t topology = NULL;

    if (!mri_topology_load(&topology, false)) {
        mri_log(MR_LOG_INFO, "hwloc finds no topology here, so no rank is "
                             "bound");
    }
    /* A topology given to hwloc from outside, by HWLOC_XMLFILE or
     * HWLOC_SYNTHETIC, says nothing of the processors that there are. */
    if (topology && !hwloc_topology_is_thissystem(topology)) {
        mri_log(MR_LOG_INFO, "hwloc was given another topology than that of "
                             "this machine, so no rank is bound");
        hwloc_topology_destroy(topology);
        topology = NULL;
    }
    mri_plan(topology, bind, placements, count, summary);
    if (topology) {
        hwloc_topology_destroy(topology);
    }
}

const mri_processors *mri_placement_for_workers(const mri_placement *placement,
                                                unsigned int workers)
{
    return workers <= placement->cores ? &placement->bound
                                       : &placement->allowed;
}

void mri_hwloc_versions(char *text, size_t size)
{
    unsigned int runs = hwloc_get_api_version();
    unsigned int compiled = HWLOC_API_VERSION;

    snprintf(text, size, "interface %u.%u, compiled for %u.%u", runs >> 16,
             runs >> 8 & 255, compiled >> 16, compiled >> 8 & 255);
}
