/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns ports of threads of a rank, which send and receive by themselves.
 * Whichever thread of the rank receives a reply completes the call that it is
 * for.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine/wait.h"
#include "far/exchange.h"
#include "far/port.h"
#include "util/clock.h"

/* Pauses, in nanoseconds, between looks of a thread that waits for a reply. */
enum { FIRST_PAUSE = 20000, LAST_PAUSE = 1000000, POLLS_AT_EACH = 16 };

typedef struct rank_port {
    mri_port port;
    mri_caller caller;
} rank_port;

static rank_port *rank_port_of(mri_port *port)
{
    return (rank_port *)(void *)port;
}

static void complete(mri_outgoing *outgoing)
{
    mri_port *port = outgoing->user;
    mri_record *record = port->record;

    assert(!mri_outgoing_is_complete(outgoing));
    atomic_store(&outgoing->complete, true); /* the last look at it */
    mri_ring(record);
}

static mr_error send(mri_port *port, mri_outgoing *outgoing)
{
    mr_error error;

    if (!outgoing->completed) {
        outgoing->completed = complete;
        outgoing->user = port;
    }
    mri_exchange_enter();
    error = mri_exchange_send(&rank_port_of(port)->caller, outgoing);
    mri_exchange_leave();
    return error;
}

/* The thread that completes a call rings our bell; while the service thread
 * sleeps nobody but us receives. */
static bool await(mri_port *port, const mri_outgoing *outgoing,
                  unsigned int limit)
{
    int64_t pause = FIRST_PAUSE;
    mri_spinner spinner;

    if (!outgoing && !mri_port_is_done(port, NULL, limit)) {
        mri_exchange_enter();
        mri_exchange_send_coalesced(&rank_port_of(port)->caller);
        mri_exchange_leave();
    }
    mri_spin_start(&spinner);
    for (unsigned int polls_made = 1;; polls_made++) {
        uint64_t bell = mri_bell(port->record);

        if (mri_port_is_done(port, outgoing, limit)) {
            return true;
        }
        if (mri_exchange_poll_once() || mri_spin(&spinner)) {
            continue;
        }
        if (mri_sleep_in_call(port->record, bell, mri_now() + pause) ==
            MR_ERR_INTERRUPTED) {
            return false;
        }
        if (polls_made % POLLS_AT_EACH == 0 && pause < LAST_PAUSE) {
            pause *= 2;
        }
    }
}

static void cancel(mri_port *port, const mri_outgoing *outgoing)
{
    (void)port;
    mri_exchange_enter();
    mri_exchange_cancel(&outgoing->head, false);
    mri_exchange_leave();
}

static bool poll(mri_port *port)
{
    (void)port;
    return mri_exchange_poll_once();
}

static void acknowledged(mri_caller *caller, uint32_t number, mr_error error)
{
    mri_port *port =
        (mri_port *)((unsigned char *)caller - offsetof(rank_port, caller));

    if (error) {
        atomic_store(&port->pipelined_error, (int)error);
    }
    assert(atomic_load(&port->pipelined) >= number);
    atomic_fetch_sub(&port->pipelined, number);
    if (mri_load(&port->record->sleeping) != MRI_AWAKE) {
        mri_ring(port->record);
    }
}

static mr_error tell(mri_port *port, mri_ranks ranks, const mri_gone *gone)
{
    (void)port;
    mri_exchange_enter();
    mri_exchange_tell_gone(ranks, gone);
    mri_exchange_leave();
    return MR_OK;
}

static void leave(mri_port *port)
{
    rank_port *p = rank_port_of(port);

    mri_exchange_enter();
    mri_exchange_disconnect(&p->caller);
    mri_exchange_leave();
    mri_coalesced_free(p->caller.coalesced);
    free(p);
}

static const mri_port_ops rank_ops = {.first_room = SIZE_MAX,
                                      .send = send,
                                      .await = await,
                                      .cancel = cancel,
                                      .poll = poll,
                                      .tell = tell,
                                      .free = leave};

mri_port *mri_port_make_in_rank(mri_record *self)
{
    rank_port *p = calloc(1, sizeof *p);

    if (!p) {
        return NULL;
    }
    p->port.ops = &rank_ops;
    p->caller.thread = mri_ref_of(self);
    p->caller.endpoint = mri_peek(&self->owner);
    p->caller.acknowledged = acknowledged;
    mri_exchange_enter();
    mri_exchange_connect(&p->caller);
    mri_exchange_leave();
    return &p->port;
}
