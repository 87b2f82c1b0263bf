/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what hwloc is asked to load: packages, NUMA nodes, cores, processors
 * and their kinds, maybe caches, and no plugins, which are for devices and take
 * four of five milliseconds (hwloc 2.9 on Debian 12).
 */
#include "topology/load.h"

#include <stdlib.h>

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

bool mri_topology_load(hwloc_topology_t *topology, bool caches)
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
    /* Groups are where NUMA nodes hang that are smaller than a package. */
    hwloc_topology_set_type_filter(*topology, HWLOC_OBJ_GROUP,
                                   HWLOC_TYPE_FILTER_KEEP_STRUCTURE);
    if (caches) {
        hwloc_topology_set_cache_types_filter(*topology,
                                              HWLOC_TYPE_FILTER_KEEP_ALL);
    }
    /* The kernel tells all that is needed; x86 would visit each processor. */
    hwloc_topology_set_components(
        *topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
    if (hwloc_topology_load(*topology) == 0) {
        return true;
    }
    hwloc_topology_destroy(*topology);
    return false;
}
