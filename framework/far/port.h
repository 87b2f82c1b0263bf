/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: by which a thread makes far calls.  There are two kinds.  A thread of
 * a rank sends and receives messages by itself (far/port_rank.c).  A thread of
 * a process, or of a fork server, asks its host rank to do so
 * (far/port_relay.c).
 *
 * A port is private memory of its thread's process.
 */
#ifndef MRI_FAR_PORT_H
#define MRI_FAR_PORT_H

#include <stdatomic.h>

#include "far/caller.h"
#include "far/far.h"

typedef struct mri_port mri_port;

typedef struct mri_port_ops {
    /* Bytes of output for which a call makes room at first.  What does not fit
     * stays where it is, and is asked for again. */
    size_t first_room;

    /* Make a call.  Waits for room only.  Errors as mri_message_send. */
    mr_error (*send)(mri_port *port, mri_outgoing *outgoing);

    /* Wait until the call is complete; for NULL, until at most `limit`
     * pipelined calls are under way.  False: a signal interrupted the wait; see
     * engine/interrupt.h. */
    bool (*await)(mri_port *port, const mri_outgoing *outgoing,
                  unsigned int limit);

    /* Ask the owner to end a call. */
    void (*cancel)(mri_port *port, const mri_outgoing *outgoing);

    /* Take what has arrived; true: there was something. */
    bool (*poll)(mri_port *port);

    /* Let ranks of other nodes know of an end; see mri_far_tell_gone. */
    mr_error (*tell)(mri_port *port, mri_ranks ranks, const mri_gone *gone);

    /* The thread leaves; no call is under way. */
    void (*free)(mri_port *port);
} mri_port_ops;

/* What both kinds begin with. */
struct mri_port {
    const mri_port_ops *ops;
    mri_record *record; /* of the calling thread */
    uint64_t endpoint;
    uint64_t number;       /* of the last call */
    mri_ranks ranks;       /* that know of the endpoint */
    mr_handle confirmed;   /* what calls may be pipelined to */
    atomic_uint pipelined; /* calls that are */
    atomic_int pipelined_error;
};

/* Make one for a thread of a rank, and for a thread of a process.  NULL: there
 * is no memory. */
mri_port *mri_port_make_in_rank(mri_record *self);
mri_port *mri_port_make_relayed(mri_record *self);

/* The port of the calling thread.  MR_ERR_NO_MEMORY. */
mr_error mri_port_of(mri_record *self, mri_port **port);

/* Number a call and send it; the rank is noted as one that knows of the
 * endpoint.  Errors as ops->send. */
mr_error mri_port_send(mri_port *port, mri_outgoing *outgoing);

/* Has the call ended?  In a rank any thread may complete it. */
static inline bool mri_outgoing_is_complete(const mri_outgoing *outgoing)
{
    return atomic_load_explicit(&outgoing->complete, memory_order_acquire);
}

/* What ops->await waits for. */
static inline bool mri_port_is_done(mri_port *port,
                                    const mri_outgoing *outgoing,
                                    unsigned int limit)
{
    return outgoing ? mri_outgoing_is_complete(outgoing)
                    : atomic_load(&port->pipelined) <= limit;
}

#endif
