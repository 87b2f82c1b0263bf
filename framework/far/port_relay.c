/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns ports of threads of a process, or of a fork server: their calls are
 * made by the host rank, see far/relay.h.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wait.h"
#include "far/port.h"
#include "far/relay.h"

typedef struct relay_port {
    mri_port port;
    mri_relay_row *row;
    mri_outgoing *first; /* all that are awaited */
} relay_port;

static relay_port *relay_port_of(mri_port *port)
{
    return (relay_port *)(void *)port;
}

/* ---- replies ------------------------------------------------------------- */

static mri_outgoing *unlink_call(relay_port *p, uint64_t number)
{
    for (mri_outgoing **at = &p->first; *at; at = &(*at)->next) {
        mri_outgoing *outgoing = *at;

        if (outgoing->head.number == number) {
            *at = outgoing->next;
            return outgoing;
        }
    }
    return NULL;
}

static void arrived(relay_port *p, const mri_relay_reply *reply)
{
    mri_outgoing *outgoing;

    if (reply->head.flags & MRI_PIPELINED) {
        if (reply->head.error) {
            atomic_store(&p->port.pipelined_error, (int)reply->head.error);
        }
        assert(atomic_load(&p->port.pipelined) >= reply->head.result);
        atomic_fetch_sub(&p->port.pipelined, (unsigned int)reply->head.result);
        return;
    }
    outgoing = unlink_call(p, reply->head.number);
    if (outgoing) {
        assert(reply->head.out_size <= outgoing->head.out_size);
        outgoing->head = reply->head;
        if (reply->head.out_size) {
            memcpy(outgoing->out,
                   reply->output ? mri_at(reply->output) : reply->bytes,
                   reply->head.out_size);
        }
        atomic_store(&outgoing->complete, true);
    }
}

/* Replies to a thread that had the record before are for nobody. */
static bool take_replies(mri_port *port)
{
    relay_port *p = relay_port_of(port);
    mri_relay_row *row = p->row;
    uint64_t number = mri_peek(&row->read);
    uint64_t replied = mri_load(&row->replied);
    bool asks = false;

    if (number == replied) {
        return false;
    }
    for (; number < replied; number++) {
        const mri_relay_reply *reply =
            &row->replies[number % MRI_RELAY_REPLIES];

        if (reply->head.endpoint == port->endpoint) {
            arrived(p, reply);
        }
        asks |= reply->output != 0;
        mri_swap(&row->read, number + 1);
    }
    if (asks || mri_load(&row->more)) {
        mri_relay_ask(port->record);
    }
    return true;
}

static bool await(mri_port *port, const mri_outgoing *outgoing,
                  unsigned int limit)
{
    mri_spinner spinner;

    mri_spin_start_or_sleep(&spinner);
    for (;;) {
        uint64_t bell = mri_bell(port->record);

        take_replies(port);
        if (mri_port_is_done(port, outgoing, limit)) {
            return true;
        }
        if (!mri_spin(&spinner) &&
            mri_relay_sleep(port->record, bell) == MR_ERR_INTERRUPTED) {
            return false;
        }
    }
}

/* ---- requests ------------------------------------------------------------ */

static mr_error send(mri_port *port, mri_outgoing *outgoing)
{
    relay_port *p = relay_port_of(port);
    mri_relay_request request = {
        .to = outgoing->to, .what = MRI_RELAY_CALL, .head = outgoing->head};
    bool awaited = !(outgoing->head.flags & MRI_PIPELINED);
    mr_error error;

    if (awaited) {
        outgoing->next = p->first;
        p->first = outgoing;
    }
    error = mri_relay_put(&request, outgoing->in, outgoing->more, MR_FOREVER);
    if (error && awaited) {
        unlink_call(p, outgoing->head.number);
    }
    return error;
}

static void cancel(mri_port *port, const mri_outgoing *outgoing)
{
    mri_relay_request request = {
        .to = outgoing->to, .what = MRI_RELAY_CANCEL, .head = outgoing->head};
    mr_error error;

    (void)port;
    request.head.in_size = 0;
    request.head.more_size = 0;
    error = mri_relay_put(&request, NULL, NULL, MR_FOREVER);
    assert(!error); /* it needs no memory */
    (void)error;
}

static mr_error tell(mri_port *port, mri_ranks ranks, const mri_gone *gone)
{
    mri_relay_request request = {.what = MRI_RELAY_TELL, .ranks = ranks};

    (void)port;
    request.head.in_size = sizeof *gone;
    return mri_relay_put(&request, gone, NULL, MR_FOREVER);
}

/* ---- life ---------------------------------------------------------------- */

static void leave(mri_port *port)
{
    assert(!relay_port_of(port)->first);
    free(port);
}

static const mri_port_ops relay_ops = {.first_room = MRI_OUT_MAX,
                                       .send = send,
                                       .await = await,
                                       .cancel = cancel,
                                       .poll = take_replies,
                                       .tell = tell,
                                       .free = leave};

mri_port *mri_port_make_relayed(mri_record *self)
{
    relay_port *p = calloc(1, sizeof *p);

    if (!p) {
        return NULL;
    }
    p->row = mri_relay_row_of(self);
    if (!p->row) {
        free(p);
        return NULL;
    }
    p->port.ops = &relay_ops;
    return &p->port;
}
