/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arrays that are spread over the ranks: block i lies at rank i, each has
 * ceil(count / ranks) elements, rounded up to a multiple of the unit, the last
 * ones fewer or none.
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

/* Make and destroy one; `rank` has its lock. */
mr_error mri_spread_create(unsigned int rank, mr_type type,
                           const mri_array_facts *facts, const void *initial,
                           mr_array *array);
mr_error mri_spread_destroy(mr_array array);

/* The block with an element; MR_ERR_ARGUMENT: there is no such element.  What
 * is destroyed may still be found, but its blocks are stale then. */
mr_error mri_spread_find(mr_array array, size_t index, mri_array_block *block);

/* The block of a rank, which may have no elements, nor an Array then. */
mr_error mri_spread_block(mr_array array, unsigned int rank,
                          mri_array_block *block);

#endif
