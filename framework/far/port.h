/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: by which a thread makes far calls.
 *
 * A rank sends and receives messages by itself, under the message lock;
 * whichever thread of it receives a reply completes the call that it is for.
 * A process, and a fork server, puts each call as an errand into a mailbox of
 * its host rank, which makes the call for it and puts the reply into a mailbox
 * of the thread.
 */
#ifndef MRI_FAR_PORT_H
#define MRI_FAR_PORT_H

#include <stdatomic.h>

#include "far/coalesce.h"
#include "far/far.h"
#include "far/wire.h"

/* A call under way.  It belongs to the port until it is complete. */
typedef struct mri_outgoing {
    struct mri_outgoing *next; /* of the same port */
    mri_head head;             /* as sent, then as replied */
    unsigned int to;
    const void *in;
    const void *more;
    void *out;
    unsigned int transfers; /* of bulk, that are under way */
    bool replied;
    mr_error lost; /* why bulk did not arrive */
    atomic_bool complete;
    /* Inside the exchange: sets `complete`, and wakes who waits for that. */
    void (*completed)(struct mri_outgoing *outgoing);
    void *user;
    bool kept; /* MPI may use its memory until the end of the job */
} mri_outgoing;

typedef struct mri_port {
    struct mri_port *next; /* in the exchange */
    mri_record *record;    /* of the calling thread */
    uint64_t endpoint;
    uint64_t number;       /* of the last call */
    mri_outgoing *first;   /* all under way */
    mri_ranks ranks;       /* that know of the endpoint */
    mr_handle confirmed;   /* what calls may run ahead to */
    atomic_uint pipelined; /* calls that do */
    atomic_int pipelined_error;
    uint32_t unacknowledged;  /* of those, sent by this rank to ... */
    uint32_t pipelined_to;    /* ... that one; inside the exchange */
    mri_coalesced *coalesced; /* some of them, not on their way yet */
    mr_handle replies;        /* of a process: its mailbox */

    /* In a rank, for a port that it has for a process: a call that ran ahead
     * has its reply. */
    void (*pipelined_done)(struct mri_port *port, uint32_t number,
                           mr_error error);
} mri_port;

enum { MRI_PIPELINED_MAX = 64 };

/* The port of the calling thread.  MR_ERR_NO_MEMORY, MR_ERR_LIMIT. */
mr_error mri_port_of(mri_record *self, mri_port **port);

/* Make a call.  Waits for room only.  Errors as mri_message_send. */
mr_error mri_port_send(mri_port *port, mri_outgoing *outgoing);

/* Wait until the call is complete.  False: a signal interrupted the wait, and
 * the call is still under way; see engine/interrupt.h. */
bool mri_port_await(mri_port *port, mri_outgoing *outgoing);

/* Ask the owner to end it. */
void mri_port_cancel(mri_port *port, const mri_outgoing *outgoing);

/* Take what has arrived; true: there was something. */
bool mri_port_poll(mri_port *port);

/* From now on, or no more, a reply rings the bell of the sleeping thread. */
void mri_port_listen(mri_record *self, bool listen);

/* Wait until what runs ahead is at most so much. */
void mri_port_await_pipelined(mri_port *port, unsigned int limit);

#endif
