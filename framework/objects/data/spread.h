/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arrays that have a head.  Of those that are spread over the ranks block i
 * lies at rank i, each has ceil(count / ranks) elements, rounded up to a
 * multiple of the unit, the last ones fewer or none.  Those that are replicated
 * have a copy of all elements on each node: see replica.h.
 */
#ifndef MRI_OBJECTS_DATA_SPREAD_H
#define MRI_OBJECTS_DATA_SPREAD_H

#include "objects/data/array.h"

/* One block: an Array that is whole. */
typedef struct mri_array_block {
    mr_array array;
    size_t first; /* its first element's index in all of them */
    size_t count; /* of its elements */
} mri_array_block;

/* Make one and destroy one of both sorts; `rank` has its lock. */
mr_error mri_spread_create(unsigned int rank, mr_type type,
                           const mri_array_facts *facts, const void *initial,
                           mr_array *array);
mr_error mri_spread_destroy(mr_array array);

/* Make a head of tentative Arrays, which then stay; a handle of kind MRI_NONE
 * is none. */
mr_error mri_spread_join(unsigned int rank, mr_type type,
                         const mri_array_facts *facts, const mr_handle *blocks,
                         size_t number, mr_array *array);
void mri_spread_destroy_blocks(const mr_handle *blocks, size_t number);

/* The number of a rank's node among all nodes, in the order of their first
 * ranks: so copies are numbered. */
size_t mri_spread_node_number(unsigned int rank);

/* Of a replicated Array: the copy on this node, or another if that one is lost.
 * Of a spread one: itself. */
mr_error mri_spread_copy(mr_array *array);

/* The block with an element; MR_ERR_ARGUMENT: there is no such element.  What
 * is destroyed may still be found, but its blocks are stale then.  Not of a
 * replicated Array. */
mr_error mri_spread_find(mr_array array, size_t index, mri_array_block *block);

/* The block of a rank, which may have no elements, nor an Array then. */
mr_error mri_spread_block(mr_array array, unsigned int rank,
                          mri_array_block *block);

#endif
