/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gathering: what the driver of a map waits for, and what it does then.
 *
 * A driver goes on in rounds: mri_schedule_more, mri_gather_list, a wait for
 * the handles, mri_gather_collect.
 */
#ifndef MRI_POOL_GATHER_H
#define MRI_POOL_GATHER_H

#include "pool/scheduler.h"

/* The arrays have `room` elements and are the caller's; room is at least
 * mri_gather_room. */
typedef struct mri_gather {
    mr_handle *handles;           /* the pool, then the batches under way */
    bool *ready;                  /* what the wait has found */
    mri_schedule_batch **batches; /* from element 1 on */
    mri_schedule_node **nodes;    /* whose they are */
    size_t count;
    size_t room;
} mri_gather;

/* Handles that there are at most. */
size_t mri_gather_room(const mri_scheduler *d);

void mri_gather_list(const mri_scheduler *d, mri_gather *g);

/* Seconds after which to collect although nothing is ready; MR_FOREVER: it
 * would be in vain. */
double mri_gather_patience(const mri_scheduler *d, const mri_gather *g);

/* Look after workers, and collect the batches that are ready.  Errors of
 * mr_pool_map that are not a task's. */
mr_error mri_gather_collect(mri_scheduler *d, mri_gather *g);

#endif
