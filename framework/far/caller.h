/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Callers: threads whose calls this rank sends, and the calls themselves.  A
 * caller is a thread of this rank, or of one of its processes, for which the
 * rank relays.
 *
 * All of this happens inside the exchange, unless it says otherwise.
 */
#ifndef MRI_FAR_CALLER_H
#define MRI_FAR_CALLER_H

#include <stdatomic.h>

#include "far/coalesce.h"
#include "far/wire.h"

/* A call under way.  It belongs to the exchange, or in a process to the port,
 * until it is complete. */
typedef struct mri_outgoing {
    struct mri_outgoing *next; /* of the same caller */
    mri_head head;             /* as sent, then as replied */
    unsigned int to;
    const void *in;
    const void *more;
    void *out;
    unsigned int transfers; /* of bulk, that are under way */
    bool replied;
    bool cancelled; /* the owner was asked to end it ... */
    bool ended;     /* ... and told that the caller has died */
    bool kept;      /* MPI may use its memory until the end of the job */
    mr_error lost;  /* why bulk did not arrive */
    atomic_bool complete;
    /* Sets `complete`, and wakes the thread that waits for that. */
    void (*completed)(struct mri_outgoing *outgoing);
    void *user;
} mri_outgoing;

typedef struct mri_caller {
    struct mri_caller *next; /* in the exchange */
    mri_ref thread;          /* its record */
    uint64_t endpoint;
    mri_outgoing *first;      /* all under way that are awaited */
    uint32_t unacknowledged;  /* pipelined calls, sent to ... */
    uint32_t pipelined_to;    /* ... that rank */
    mri_coalesced *coalesced; /* some of them, not on their way yet */

    /* So many pipelined calls are done. */
    void (*acknowledged)(struct mri_caller *caller, uint32_t number,
                         mr_error error);
} mri_caller;

enum { MRI_PIPELINED_MAX = 64 };

#endif
