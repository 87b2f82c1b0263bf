/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside Array: the object, which holds elements or, of an Array that is
 * spread over the ranks or replicated, the handles of the Arrays that do.
 */
#ifndef MRI_OBJECTS_DATA_ARRAY_H
#define MRI_OBJECTS_DATA_ARRAY_H

#include <multirank/array.h>

#include "objects/data/element.h"
#include "objects/sync/sync.h"

/* In the part of a handle beside the type of the elements: it is a head, which
 * has blocks, or copies. */
enum { MRI_SPREAD = 0x8000 };

static inline bool mri_is_spread(mr_array array)
{
    return array.handle.variant & MRI_SPREAD;
}

/* The first operations are those of its lock. */
enum {
    MRI_ARRAY_FACTS = MRI_SYNC_TRIES,
    MRI_ARRAY_GET,
    MRI_ARRAY_SET,
    MRI_ARRAY_ADD,
    MRI_ARRAY_CHANGE,
    MRI_ARRAY_COMPARE_EXCHANGE,
    MRI_ARRAY_BLOCKS,
    MRI_ARRAY_GO_WITH,
    MRI_ARRAY_PULL,
    MRI_ARRAY_FILL,
    MRI_ARRAY_TRIES
};

/* What an Array tells of itself. */
typedef struct mri_array_facts {
    uint64_t count;   /* of elements */
    uint64_t unit;    /* blocks of a spread one have a multiple of that */
    uint64_t copies;  /* of a replicated one; 0: it is none */
    mri_ref elements; /* of one that is whole, on its node */
    mri_chosen_lock lock;
} mri_array_facts;

mr_error mri_array_ask(mr_array array, mri_array_facts *facts);

/* What is done with a slice. */
typedef struct mri_access {
    unsigned int operation;
    mri_change change; /* of MRI_ARRAY_CHANGE */
    unsigned char *out;
    const unsigned char *in;
} mri_access;

/* Do that with a slice of an Array that is whole, and nothing where the slice
 * leaves the Array. */
mr_error mri_array_transfer(mr_array array, const mri_access *access,
                            size_t first, size_t count);

/* MR_ERR_ARGUMENT: a slice leaves the Array. */
mr_error mri_array_check_end(mr_array array, size_t first, size_t count);

/* Destroy an Array that is whole, or a head alone. */
mr_error mri_array_destroy_whole(mr_array array);

/* Make an Array that is whole.  With `tentative` it goes with the caller until
 * mri_array_go_with says otherwise. */
mr_error mri_array_make(unsigned int rank, mr_type type, size_t count,
                        const void *initial, mri_chosen_lock lock,
                        bool tentative, mr_array *array);

/* Make one on a rank of another node, whose elements come from another Array:
 * see replica.h.  It goes with the caller. */
typedef struct mri_array_origin {
    mr_handle parent; /* kind MRI_NONE: there is none */
    mr_handle source; /* if the parent is lost */
} mri_array_origin;

mr_error mri_array_make_copy(unsigned int rank, mr_type type, size_t count,
                             const mri_array_origin *origin, mr_array *array);

/* Begin to fetch the elements of a new copy of this rank.  Set by the layer
 * above. */
extern mr_error (*mri_array_begin_copy)(mr_array copy, size_t count,
                                        const mri_array_origin *origin);

/* Read a slice of a copy when it is there; wait until the first `count`
 * elements are there.  Errors that mri_array_fill told, too. */
mr_error mri_array_pull(mr_array copy, size_t first, size_t count, void *out);
mr_error mri_array_await(mr_array copy, size_t count);

/* The next elements of a copy, or why it gets no more. */
mr_error mri_array_fill(mr_array copy, size_t first, size_t count,
                        const void *in, mr_error why);

/* Make a whole Array of the caller's rank the first copy of a replicated one,
 * as options say; it is destroyed on failure. */
mr_error mri_array_replicate(mr_array source, size_t count,
                             const mr_array_options *options, mr_array *array);

/* When the caller ends the Array ends, too; or it stays. */
mr_error mri_array_go_with(mr_array array, bool caller);

/* Make one that knows the blocks of another, and give some of them. */
mr_error mri_array_make_head(unsigned int rank, const mri_array_facts *facts,
                             mr_type type, const mr_handle *blocks,
                             size_t number, mr_array *array);
mr_error mri_array_blocks(mr_array head, size_t first, size_t number,
                          mr_handle *blocks);

#endif
