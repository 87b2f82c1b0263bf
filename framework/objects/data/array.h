/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside Array: the object, which holds elements or, of an Array that is
 * spread over the ranks, the handles of the Arrays that do.
 */
#ifndef MRI_OBJECTS_DATA_ARRAY_H
#define MRI_OBJECTS_DATA_ARRAY_H

#include <multirank/array.h>

/* In the part of a handle beside the type of the elements: it is spread. */
enum { MRI_SPREAD = 0x100 };

static inline bool mri_is_spread(mr_array array)
{
    return array.handle.variant & MRI_SPREAD;
}

/* Make an Array that is whole.  With `tentative` it goes with the caller, who
 * has not kept it by mri_array_keep yet. */
mr_error mri_array_make(unsigned int rank, mr_type type, size_t count,
                        const void *initial, bool tentative, mr_array *array);
mr_error mri_array_keep(mr_array array);

/* Make one that knows the blocks of another, and give some of them. */
mr_error mri_array_make_head(unsigned int rank, mr_type type, size_t count,
                             const mr_handle *blocks, size_t number,
                             mr_array *array);
mr_error mri_array_blocks(mr_array head, size_t first, size_t number,
                          mr_handle *blocks);

#endif
