/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what the library knows of processors.
 *
 * mpirun binds ranks when nobody asked it to, so the mask of a rank says
 * little; that of its parent obeys taskset, cgroups and batch systems.  Open
 * MPI sets OMPI_MCA_hwloc_base_binding_policy only when the user gave one.
 */
#include "topology/processors.h"

#include <hwloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int asked_for_binding(void)
{
    return getenv("OMPI_MCA_hwloc_base_binding_policy") != NULL;
}

/* The parent of any process, from /proc; 0: unknown. */
static pid_t parent_of(pid_t process)
{
    char path[64];
    char line[512];
    pid_t parent = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    file = fopen(path, "re");
    if (!file) {
        return 0;
    }
    if (fgets(line, sizeof line, file)) {
        /* The name, in parentheses, may contain anything. */
        const char *after = strrchr(line, ')');

        if (after) {
            parent =
                (pid_t)strtol(after + strcspn(after, "0123456789"), NULL, 10);
        }
    }
    fclose(file);
    return parent;
}

unsigned int mri_processors_count(void)
{
    hwloc_topology_t topology;
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int count = 1;

    if (!set || hwloc_topology_init(&topology) != 0) {
        hwloc_bitmap_free(set);
        return 1;
    }
    hwloc_topology_set_all_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_NONE);
    if (hwloc_topology_load(topology) == 0) {
        pid_t process = asked_for_binding() ? getpid() : getppid();

        hwloc_bitmap_copy(set, hwloc_topology_get_allowed_cpuset(topology));
        count = hwloc_bitmap_weight(set);
        if (hwloc_get_proc_cpubind(topology, process, set, 0) == 0 &&
            hwloc_bitmap_weight(set) > 0) {
            hwloc_bitmap_and(set, set,
                             hwloc_topology_get_allowed_cpuset(topology));
            count = hwloc_bitmap_weight(set);
        }
    }
    hwloc_topology_destroy(topology);
    hwloc_bitmap_free(set);
    return count < 1 ? 1 : (unsigned int)count;
}

void mri_processors_widen(pid_t rank)
{
    cpu_set_t mask;
    pid_t launcher = parent_of(rank);

    if (launcher > 0 && !asked_for_binding() &&
        sched_getaffinity(launcher, sizeof mask, &mask) == 0) {
        sched_setaffinity(0, sizeof mask, &mask);
    }
}
