/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How Arrays are replicated: each node gets a copy of an Array, and the copies
 * have a head, as the blocks of a spread Array do.
 */
#ifndef MRI_OBJECTS_DATA_REPLICA_H
#define MRI_OBJECTS_DATA_REPLICA_H

#include "objects/data/array.h"

/* Copy a tentative Array of the caller's node to all other nodes and make a
 * head on `rank`; the Array becomes a part of that.  On failure everything is
 * destroyed, the Array too. */
mr_error mri_replicate(unsigned int rank, mr_array source, size_t count,
                       mri_chosen_lock lock, mr_array *array);

/* Fetch the elements of a new copy in the background: mri_array_begin_copy. */
mr_error mri_replica_begin(mr_array copy, size_t count,
                           const mri_array_origin *origin);

#endif
