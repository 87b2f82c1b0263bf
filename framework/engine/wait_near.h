/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for any of several objects of this node.
 */
#ifndef MRI_ENGINE_WAIT_NEAR_H
#define MRI_ENGINE_WAIT_NEAR_H

#include "engine/object.h"

/* What a look has found of an object. */
typedef enum mri_found {
    MRI_FOUND_NOTHING = 0,
    MRI_FOUND_READY,
    MRI_FOUND_DESTROYED, /* or the handle never named one */
    MRI_FOUND_LOST       /* with its rank */
} mri_found;

/* A table of such, two bits for each object: so many fit into the reply of an
 * owner of another node. */
enum { MRI_FOUND_PER_BYTE = 4 };

static inline size_t mri_found_size(size_t count)
{
    return count / MRI_FOUND_PER_BYTE + (count % MRI_FOUND_PER_BYTE != 0);
}

static inline mri_found mri_found_at(const unsigned char *table, size_t i)
{
    return (mri_found)(table[i / MRI_FOUND_PER_BYTE] >>
                           i % MRI_FOUND_PER_BYTE * 2 &
                       3);
}

static inline void mri_found_put(unsigned char *table, size_t i,
                                 mri_found found)
{
    unsigned char *byte = &table[i / MRI_FOUND_PER_BYTE];
    unsigned int shift = i % MRI_FOUND_PER_BYTE * 2;

    *byte = (unsigned char)((*byte & ~(3u << shift)) | (unsigned int)found
                                                           << shift);
}

typedef struct mri_wait_near {
    mri_record *self;
    const mr_handle *handles;
    size_t count;
    bool tolerates; /* an object that is gone counts as ready */
    bool entered;
    unsigned char *found; /* a table, written at each look */
    mri_wait *entries;    /* in the block in owned slot 2 */
    uint64_t bell;
} mri_wait_near;

/* Can an object of that kind be waited for, also by users?  MR_ERR_ARGUMENT. */
mr_error mri_wait_near_kind(const char *function, const char *argument,
                            mr_handle handle);

/* Can all be waited for?  MR_ERR_STALE, MR_ERR_OWNER_LOST,
 * MR_ERR_ARGUMENT. */
mr_error mri_wait_near_check(const mri_wait_near *near);

/* MR_OK: at least one is ready; MRI_WOULD_BLOCK, MR_ERR_STALE. */
mr_error mri_wait_near_look(mri_wait_near *near);

/* Enter the list of each.  MR_ERR_NO_MEMORY, MR_ERR_CLOSED; it has to be left
 * in any case. */
mr_error mri_wait_near_enter(mri_wait_near *near);

/* Look once more, from within the lists.  MRI_WOULD_BLOCK: to be called again
 * when the bell of `self` is no longer `bell`.  MR_ERR_CLOSED. */
mr_error mri_wait_near_try(mri_wait_near *near);
void mri_wait_near_leave(mri_wait_near *near);

#endif
