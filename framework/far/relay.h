/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errands: far calls that a rank makes for its processes and fork server,
 * which cannot call MPI.  They come as items of the rank's mailbox
 * MRI_ROW_RELAY, or MRI_ROW_RELAY_LARGE.
 */
#ifndef MRI_FAR_RELAY_H
#define MRI_FAR_RELAY_H

#include "far/port.h"
#include "util/rank_local.h"

/* An item: this, then what the call brings.  The reply is an item too: the
 * head of the reply, then what that brings. */
typedef struct mri_relay_request {
    mr_handle replies;
    uint32_t to;
    uint32_t what; /* an mri_relay_kind */
    uint64_t ranks;
    mri_head head;
} mri_relay_request;

typedef enum mri_relay_kind {
    MRI_RELAY_CALL,
    MRI_RELAY_CANCEL,
    MRI_RELAY_TELL, /* MRI_GONE to `ranks`; nobody waits */
    MRI_RELAY_END   /* the same for an endpoint; its row's `far` becomes 0 */
} mri_relay_kind;

/* Errands up to this size come from memory that users cannot fill. */
enum { MRI_RELAY_SMALL = 8192 };

/* Send an errand from a process; `in` and `more` as of a call. */
mr_error mri_relay_put(const mri_relay_request *request, const void *in,
                       const void *more, double timeout);

/* In the rank, by its service thread alone, without the message lock: take
 * what there is and go on with what waits.  True: something was done. */
bool mri_relay_run(void);

#endif
