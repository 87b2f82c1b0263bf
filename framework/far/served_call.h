/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A call of a far thread on an object of this rank, and how it is tried: as
 * its proxy, inside the exchange.
 */
#ifndef MRI_FAR_SERVED_CALL_H
#define MRI_FAR_SERVED_CALL_H

#include "engine/operation.h"
#include "engine/wait_near.h"
#include "far/client.h"

typedef enum mri_served_state {
    MRI_QUEUED = 0, /* another call of the thread comes first */
    MRI_ALLOCATING, /* waits for memory for its bulk */
    MRI_RECEIVING,  /* its bulk is on its way */
    MRI_PARKED,     /* would block */
    MRI_REPLYING    /* what it lent is on its way back */
} mri_served_state;

typedef struct mri_served {
    struct mri_served *next; /* of the same client; or free */
    struct mri_served *next_parked;
    mri_client *client;
    mri_served_state state;
    bool parked; /* in that list */
    mri_head head;
    mri_call call;
    const mri_kind_ops *ops;
    mri_blocked blocked;
    mri_wait_near several;
    int64_t deadline;
    void *data;             /* a copy of what it brought */
    unsigned int transfers; /* of bulk, that are under way */
    mr_error lost;
    bool cancelled;
    bool ended;    /* the caller has died */
    bool goes_on;  /* after its time-out, as its object wants */
    mri_ref block; /* being sent, when the client has ended */
    uint64_t block_size;
} mri_served;

/* Input that has to outlive the message that brought it. */
mr_error mri_served_keep_input(mri_served *served, const void *body);

/* Try; MRI_WOULD_BLOCK.  The first time, or again while it stands in lists,
 * or enters them. */
mr_error mri_served_try_first(mri_served *served);
mr_error mri_served_try_again(mri_served *served);

/* It is to end without success: its object takes back what it has of it.  The
 * error of the call, or MRI_WOULD_BLOCK: it goes on, see mri_blocked_abandon.
 */
mr_error mri_served_abandon(mri_served *served, mr_error why);

/* Out of all lists; `error` is how it ended. */
void mri_served_leave_lists(mri_served *served, mr_error error);

/* Memory for its bulk, in owned slot 0; MRI_WOULD_BLOCK, then to be tried
 * again. */
mr_error mri_served_allocate(mri_served *served);
void mri_served_end_allocation(mri_served *served, mr_error error);

/* Has what it waits for rung? */
bool mri_served_is_rung(const mri_served *served);

#endif
