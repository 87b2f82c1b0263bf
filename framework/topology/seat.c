/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how a plan comes about on this machine.
 *
 * Only what a plan needs is loaded: packages, NUMA nodes, cores, processors
 * and their kinds, and no plugins, which are for devices and take four of
 * five milliseconds (hwloc 2.9 on Debian 12).
 */
#include "topology/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/log.h"

static bool init_without_plugins(hwloc_topology_t *topology)
{
    static const char path[] = "HWLOC_PLUGINS_PATH";
    bool set = !getenv(path) && setenv(path, "", 0) == 0;
    bool done = hwloc_topology_init(topology) == 0;

    if (set) {
        unsetenv(path);
    }
    return done;
}

static bool load(hwloc_topology_t *topology)
{
    static const hwloc_obj_type_t needed[] = {
        HWLOC_OBJ_PACKAGE, HWLOC_OBJ_NUMANODE, HWLOC_OBJ_CORE};

    if (!init_without_plugins(topology)) {
        return false;
    }
    hwloc_topology_set_all_types_filter(*topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        hwloc_topology_set_type_filter(*topology, needed[i],
                                       HWLOC_TYPE_FILTER_KEEP_ALL);
    }
    hwloc_topology_set_components(
        *topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
    if (hwloc_topology_load(*topology) == 0) {
        return true;
    }
    hwloc_topology_destroy(*topology);
    return false;
}

void mri_seats_plan(int bind, mri_seat *seats, unsigned int count,
                    mri_seating *seating)
{
    hwloc_topology_t topology = NULL;

    if (!load(&topology)) {
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
    mri_plan(topology, bind, seats, count, seating);
    if (topology) {
        hwloc_topology_destroy(topology);
    }
}

const mri_processors *mri_seat_for_workers(const mri_seat *seat,
                                           unsigned int workers)
{
    return workers <= seat->cores ? &seat->bound : &seat->allowed;
}

void mri_hwloc_versions(char *text, size_t size)
{
    unsigned int runs = hwloc_get_api_version();
    unsigned int compiled = HWLOC_API_VERSION;

    snprintf(text, size, "interface %u.%u, compiled for %u.%u", runs >> 16,
             runs >> 8 & 255, compiled >> 16, compiled >> 8 & 255);
}
