/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns ports: what a thread knows of its far calls, and the two ways to make
 * one.  A port is private memory of its thread's process.
 */
#include "far/port.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/elsewhere.h"
#include "engine/mailbox.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "far/exchange.h"
#include "far/relay.h"
#include "util/clock.h"

/* Pauses, in nanoseconds, between looks of a rank that waits for a reply. */
enum { FIRST_PAUSE = 20000, LAST_PAUSE = 1000000, POLLS_AT_EACH = 16 };

static _Thread_local mri_port *my_port;

/* ---- in a process -------------------------------------------------------- */

/* Its memory is little, but users may have filled all of theirs. */
static mr_error make_replies(mri_port *port)
{
    unsigned int index = mri_segment_of(mri_ref_of(port->record));
    mr_error error =
        mri_mailbox_build(port->record, index, 0, MRI_HEAP, &port->replies);

    if (error == MR_ERR_NO_MEMORY) {
        error = mri_mailbox_build(port->record, index, 0, MRI_RESERVE,
                                  &port->replies);
    }
    return error;
}

static mri_outgoing *unlink_call(mri_port *port, uint64_t number)
{
    for (mri_outgoing **at = &port->first; *at; at = &(*at)->next) {
        mri_outgoing *outgoing = *at;

        if (outgoing->head.number == number) {
            *at = outgoing->next;
            return outgoing;
        }
    }
    return NULL;
}

/* A reply that the host rank put into our mailbox. */
static void arrived(mri_port *port, const mri_head *head, const void *body)
{
    mri_outgoing *outgoing;

    if (head->flags & MRI_PIPELINED) {
        if (head->error) {
            atomic_store(&port->pipelined_error, (int)head->error);
        }
        atomic_fetch_sub(&port->pipelined, (unsigned int)head->result);
        return;
    }
    outgoing = unlink_call(port, head->number);
    if (outgoing) {
        outgoing->head = *head;
        if (head->out_size) {
            memcpy(outgoing->out, body, head->out_size);
        }
        atomic_store(&outgoing->complete, true);
    }
}

/* The way to the host rank is no next operation: it waits for nothing that
 * runs ahead. */
static mr_error take_reply(mri_port *port, double timeout)
{
    _Alignas(16) unsigned char some[MRI_RELAY_SMALL];
    uint64_t pipelined = port->record->pipelined;
    void *all = NULL;
    size_t size = 0;
    mr_error error;

    port->record->pipelined = 0;
    error = mri_mailbox_get(port->replies, some, sizeof some, &size, timeout);
    if (error == MR_ERR_TRUNCATED) {
        while (!(all = malloc(size))) {
            sched_yield(); /* the item is here: it cannot be given up */
        }
        error = mri_mailbox_get(port->replies, all, size, &size, 0);
    }
    if (!error) {
        const unsigned char *item = all ? all : some;

        arrived(port, (const mri_head *)item, item + sizeof(mri_head));
    }
    free(all);
    port->record->pipelined = pipelined;
    return error;
}

static mr_error send_request(mri_port *port, mri_outgoing *outgoing)
{
    mri_relay_request request = {.replies = port->replies,
                                 .to = outgoing->to,
                                 .what = MRI_RELAY_CALL,
                                 .head = outgoing->head};
    uint64_t pipelined = port->record->pipelined;
    mr_error error;

    port->record->pipelined = 0;
    if (!(outgoing->head.flags & MRI_PIPELINED)) {
        outgoing->next = port->first;
        port->first = outgoing;
    }
    error = mri_relay_put(&request, outgoing->in, outgoing->more, MR_FOREVER);
    if (error && !(outgoing->head.flags & MRI_PIPELINED)) {
        unlink_call(port, outgoing->head.number);
    }
    port->record->pipelined = pipelined;
    return error;
}

/* ---- in a rank ----------------------------------------------------------- */

static bool is_complete(const mri_outgoing *outgoing)
{
    return atomic_load_explicit(&outgoing->complete, memory_order_acquire);
}

static bool has_pipelined(mri_port *port, unsigned int limit)
{
    return atomic_load(&port->pipelined) > limit;
}

/* Wait for a call, or for NULL until no more than `most` run ahead.  Whoever
 * completes them rings our bell; while the service thread sleeps nobody but
 * us receives. */
/* False: interrupted. */
static bool await_in_rank(mri_port *port, const mri_outgoing *outgoing,
                          unsigned int limit)
{
    int64_t pause = FIRST_PAUSE;
    mri_spinner spinner;

    mri_spin_start(&spinner);
    for (unsigned int polls_made = 1;; polls_made++) {
        uint64_t bell = mri_bell(port->record);

        if (outgoing ? is_complete(outgoing) : !has_pipelined(port, limit)) {
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

static void ring(mri_outgoing *outgoing)
{
    mri_port *port = outgoing->user;
    mri_record *record = port->record;

    atomic_store(&outgoing->complete, true); /* the last look at it */
    mri_ring(record);
}

/* ---- both ---------------------------------------------------------------- */

static void leave(mri_record *self)
{
    mri_port *port = my_port;

    if (!port || port->record != self) {
        return;
    }
    mri_settle(self);
    my_port = NULL;
    if (mri_exchange_on) {
        mri_exchange_enter();
        mri_exchange_disconnect(port);
        mri_exchange_leave();
    } else {
        mri_object_destroy(port->replies, MRI_MAILBOX);
    }
    mri_coalesced_free(port->coalesced);
    free(port);
}

mr_error mri_port_of(mri_record *self, mri_port **result)
{
    mri_port *port = my_port;
    mr_error error = MR_OK;

    if (port && port->record == self) {
        *result = port;
        return MR_OK;
    }
    port = calloc(1, sizeof *port);
    if (!port) {
        return MR_ERR_NO_MEMORY;
    }
    port->record = self;
    port->endpoint = mri_peek(&self->owner);
    if (mri_exchange_on) {
        mri_exchange_enter();
        mri_exchange_connect(port);
        mri_exchange_leave();
    } else {
        error = make_replies(port);
    }
    if (error) {
        free(port);
        return error;
    }
    mri_before_leave = leave;
    my_port = port;
    *result = port;
    return MR_OK;
}

/* Told before the first call, so that none is made in secret. */
static void be_known_to(mri_port *port, unsigned int rank)
{
    mri_word *far = &mri_endpoint_at(port->endpoint)->far;
    uint64_t known = mri_load(far);

    if (port->ranks & mri_ranks_bit(rank)) {
        return;
    }
    while (!mri_cas(far, &known, known | mri_ranks_bit(rank))) {
    }
    port->ranks |= mri_ranks_bit(rank);
}

mr_error mri_port_send(mri_port *port, mri_outgoing *outgoing)
{
    mr_error error;

    outgoing->head.endpoint = port->endpoint;
    outgoing->head.thread = mri_ref_of(port->record);
    outgoing->head.number = ++port->number;
    be_known_to(port, outgoing->to);
    if (!mri_exchange_on) {
        return send_request(port, outgoing);
    }
    if (!outgoing->completed) {
        outgoing->completed = ring;
        outgoing->user = port;
    }
    mri_exchange_enter();
    error = mri_exchange_send(port, outgoing);
    mri_exchange_leave();
    return error;
}

bool mri_port_await(mri_port *port, mri_outgoing *outgoing)
{
    if (mri_exchange_on) {
        return await_in_rank(port, outgoing, 0);
    }
    while (!is_complete(outgoing)) {
        if (take_reply(port, MR_FOREVER) == MR_ERR_INTERRUPTED) {
            return false;
        }
    }
    return true;
}

void mri_port_await_pipelined(mri_port *port, unsigned int limit)
{
    if (mri_exchange_on) {
        if (has_pipelined(port, limit)) {
            mri_exchange_enter();
            mri_exchange_send_coalesced(port);
            mri_exchange_leave();
        }
        (void)!await_in_rank(port, NULL, limit);
        return;
    }
    while (has_pipelined(port, limit)) {
        (void)!take_reply(port, MR_FOREVER);
    }
}

static void cancel_request(mri_port *port, const mri_outgoing *outgoing)
{
    mri_relay_request request = {.replies = port->replies,
                                 .to = outgoing->to,
                                 .what = MRI_RELAY_CANCEL,
                                 .head = outgoing->head};

    request.head.in_size = 0;
    request.head.more_size = 0;
    (void)!mri_relay_put(&request, NULL, NULL, MR_FOREVER);
}

void mri_port_cancel(mri_port *port, const mri_outgoing *outgoing)
{
    if (!mri_exchange_on) {
        cancel_request(port, outgoing);
        return;
    }
    mri_exchange_enter();
    mri_exchange_cancel(&outgoing->head);
    mri_exchange_leave();
}

/* From now on a reply wakes us, when we are in the list. */
bool mri_port_poll(mri_port *port)
{
    mri_wait_arm(&port->record->inline_waits[0]);
    return mri_exchange_on ? mri_exchange_poll_once()
                           : take_reply(port, 0) == MR_OK;
}

/* A process is rung for replies as for any item of a mailbox. */
void mri_port_listen(mri_record *self, bool listen)
{
    mri_wait *entry = &self->inline_waits[0];
    mri_object *replies;

    if (mri_exchange_on || !my_port) {
        return;
    }
    replies = mri_row(my_port->replies);
    mri_store(&self->active, mri_ref_of(replies));
    if (listen) {
        mri_wait_enter(self, entry, replies, 0, mri_identity(my_port->replies));
    } else {
        mri_wait_leave(self, entry, false);
    }
    mri_store(&self->active, 0);
}
