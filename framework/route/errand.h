/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errands: far calls that a rank makes for its processes and fork server,
 * which cannot call MPI.  They come as items of the rank's mailbox
 * MRI_ROW_ERRANDS, or MRI_ROW_LARGE_ERRANDS.
 */
#ifndef MRI_ROUTE_ERRAND_H
#define MRI_ROUTE_ERRAND_H

#include "route/port.h"

/* An item: this, then what the call brings.  The reply is an item too: the
 * head of the reply, then what that brings. */
typedef struct mri_errand {
    mr_handle replies;
    uint32_t to;
    uint32_t what; /* an mri_errand_kind */
    uint64_t ranks;
    mri_head head;
} mri_errand;

typedef enum mri_errand_kind {
    MRI_ERRAND_CALL,
    MRI_ERRAND_CANCEL,
    MRI_ERRAND_TELL, /* MRI_GONE to `ranks`; nobody waits */
    MRI_ERRAND_END,  /* the same for an endpoint; its row's `far` becomes 0 */
    MRI_ERRAND_LOST  /* rank `to`, of this node, has died */
} mri_errand_kind;

/* What is done about that.  Set by the layer above. */
extern void (*mri_report_lost)(unsigned int rank);

/* Errands up to this size come from memory that users cannot fill. */
enum { MRI_ERRAND_SMALL = 8192 };

/* Send an errand from a process; `in` and `more` as of a call. */
mr_error mri_errand_put(const mri_errand *errand, const void *in,
                        const void *more, double timeout);

/* In the rank, by its service thread alone, without the message lock: take
 * what there is and go on with what waits.  True: something was done. */
bool mri_errands_run(void);

#endif
