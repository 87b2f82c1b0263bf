/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topologies of hwloc, as they are loaded here.
 */
#ifndef MRI_TOPOLOGY_LOAD_H
#define MRI_TOPOLOGY_LOAD_H

#include <hwloc.h>
#include <stdbool.h>

/* The topology of this machine, or that which the user gives to hwloc, with
 * caches if they are wanted; the caller destroys it.  False: there is none. */
bool mri_topology_load(hwloc_topology_t *topology, bool caches);

#endif
