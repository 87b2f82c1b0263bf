/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A machine as a list of items, for users.
 */
#ifndef MRI_TOPOLOGY_DESCRIBE_H
#define MRI_TOPOLOGY_DESCRIBE_H

#include <multirank/topology.h>

#include "topology/placement.h"

typedef struct mri_description {
    mr_topology_item *items; /* to be freed */
    size_t count;
    char model[MR_TOPOLOGY_MODEL];
    bool foreign; /* another machine than this one */
} mri_description;

/* Describe this machine, or the one that is given to hwloc instead: then the
 * placements, which may be NULL, are planned again for that.  MR_ERR_SYSTEM:
 * hwloc finds none.  MR_ERR_NO_MEMORY. */
mr_error mri_describe(mri_description *description, int bind,
                      mri_placement *placements, unsigned int count);

#endif
