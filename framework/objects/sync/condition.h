/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The body of a Condition.
 *
 * The lock is the condition's own, or that of another object on the same rank,
 * which a call then enters as its second object.
 *
 * Each waiter has a ticket.  A notification gives `grants`, for waiters whose
 * ticket is below `horizon`: those that waited when it came.  `eligible` counts
 * these.  A waiter that leaves without a grant, because its time is up or it
 * died, is no longer counted, so its grant goes to another.
 */
#ifndef MRI_OBJECTS_SYNC_CONDITION_H
#define MRI_OBJECTS_SYNC_CONDITION_H

#include "objects/sync/sync.h"

/* Waiters are in list 1; list 0 is that of the own lock. */
enum { MRI_CONDITION_WAITERS = 1 };

typedef struct mri_condition_body {
    mri_sync lock; /* the own lock */
    mri_word latch;
    mri_word next;     /* the ticket of the next waiter */
    mri_word horizon;  /* tickets below may have a grant */
    mri_word waiting;  /* threads that wait for a grant ... */
    mri_word eligible; /* ... those of them with a ticket below the horizon */
    mri_word grants;
    mri_chosen_lock chosen; /* its own, or that of another object */
} mri_condition_body;

_Static_assert(sizeof(mri_condition_body) <= MRI_BODY, "fits into a row");

#endif
