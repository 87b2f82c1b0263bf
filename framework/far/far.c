/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns far calls on the caller's side: what is sent, what may be pipelined, and
 * what becomes of the reply.
 */
#include "far/far.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/elsewhere.h"
#include "engine/interrupt.h"
#include "engine/wait.h"
#include "engine/wait_near.h"
#include "far/exchange.h"
#include "far/port.h"
#include "memory/segment.h"
#include "util/log.h"

/* ---- calls --------------------------------------------------------------- */

static mri_head head_of(mri_what what, mr_handle handle, const mri_call *call,
                        double timeout)
{
    return (mri_head){
        .what = (uint16_t)what,
        .handle = handle,
        .timeout = timeout,
        .argument = call->argument,
        .result = call->result,
        .in_size = call->in_size,
        .more_size = call->more_size,
        .out_size = call->out_size,
    };
}

/* The error of a pipelined call is told by the next such call. */
static mr_error settle(mri_port *port)
{
    mr_error error;

    mri_interrupts_off();
    (void)!port->ops->await(port, NULL, 0);
    mri_interrupts_on();
    assert(atomic_load(&port->pipelined) == 0);
    port->record->pipelined = 0;
    error = (mr_error)atomic_exchange(&port->pipelined_error, MR_OK);
    if (error) {
        port->confirmed = (mr_handle){0};
    }
    return error;
}

static void settle_all(mri_record *self)
{
    mri_port *port;
    mr_error error;

    if (!self->pipelined || mri_port_of(self, &port)) {
        return;
    }
    error = settle(port);
    if (error) {
        mri_log(MR_LOG_WARNING,
                "an item of an earlier put or send did not arrive: %s; with a "
                "time-out such a call returns its error itself",
                mr_error_text(error));
    }
}

static bool is_confirmed(const mri_port *port, mr_handle handle)
{
    return memcmp(&port->confirmed, &handle, sizeof handle) == 0;
}

/* Send and do not wait for the reply. */
static mr_error pipeline(mri_port *port, mri_outgoing *outgoing)
{
    mr_error error;

    assert(outgoing->head.timeout < 0 && mri_is_small(&outgoing->head));
    mri_interrupts_off();
    (void)!port->ops->await(port, NULL, MRI_PIPELINED_MAX - 1);
    mri_interrupts_on();
    error = (mr_error)atomic_load(&port->pipelined_error);
    if (error) {
        return settle(port);
    }
    outgoing->head.flags |= MRI_PIPELINED;
    port->record->pipelined = 1;
    assert(atomic_load(&port->pipelined) < MRI_PIPELINED_MAX);
    atomic_fetch_add(&port->pipelined, 1);
    mri_interrupts_off();
    error = mri_port_send(port, outgoing);
    mri_interrupts_on();
    if (error) {
        atomic_fetch_sub(&port->pipelined, 1);
    }
    return error;
}

static mr_error finish(const mri_outgoing *outgoing, mri_call *call)
{
    assert(mri_outgoing_is_complete(outgoing));
    if (outgoing->kept) {
        mri_log(MR_LOG_WARNING,
                "rank %u is lost; MPI may use the buffer of a call to it until "
                "the end of the job: do not free it",
                outgoing->to);
    }
    call->argument = outgoing->head.argument;
    call->result = outgoing->head.result;
    call->out_size = outgoing->head.out_size;
    return outgoing->lost ? outgoing->lost : (mr_error)outgoing->head.error;
}

/* Ask the owner to end the call, and wait for its answer. */
static void end_now(mri_port *port, mri_outgoing *outgoing)
{
    mri_interrupts_off();
    port->ops->cancel(port, outgoing);
    (void)!port->ops->await(port, outgoing, 0);
    mri_interrupts_on();
}

/* An interrupt asks the owner to end the call.  The owner may have completed it
 * by then: so it succeeds. */
static mr_error send_and_wait(mri_port *port, mri_outgoing *outgoing,
                              mri_call *call)
{
    bool interrupted;
    mr_error error;

    mri_interrupts_off();
    error = mri_port_send(port, outgoing);
    mri_interrupts_on();
    if (error) {
        return error;
    }
    interrupted = !port->ops->await(port, outgoing, 0);
    if (interrupted) {
        end_now(port, outgoing);
    }
    error = finish(outgoing, call);
    return interrupted && error == MR_ERR_TIMEOUT ? MR_ERR_INTERRUPTED : error;
}

/* A process has to make room for what comes back, and begins with little: what
 * does not fit stays where it is, and is asked for again. */
static mr_error call_with_room(mri_port *port, const mri_head *head,
                               unsigned int to, mri_call *call)
{
    size_t room = call->out_size < port->ops->first_room
                      ? call->out_size
                      : port->ops->first_room;
    mr_error error;

    for (;;) {
        mri_outgoing outgoing = {.head = *head,
                                 .to = to,
                                 .in = call->in,
                                 .more = call->more,
                                 .out = call->out};
        mri_call part = *call;

        outgoing.head.out_size = room;
        error = send_and_wait(port, &outgoing, &part);
        if (error != MR_ERR_TRUNCATED || part.result <= room ||
            part.result > call->out_size) {
            call->argument = part.argument;
            call->result = part.result;
            return error;
        }
        room = part.result;
    }
}

static mr_error operate(mri_record *self, const mri_kind_ops *ops,
                        mr_handle handle, unsigned int operation,
                        mri_call *call, double timeout)
{
    mri_head head = head_of(MRI_CALL, handle, call, timeout);
    bool one_way =
        ops->one_way >> operation & 1 && !(handle.variant & ops->one_by_one);
    mri_port *port;
    mr_error error = mri_port_of(self, &port);

    if (error) {
        return error;
    }
    head.operation = (uint16_t)operation;
    if (one_way && timeout < 0 && is_confirmed(port, handle) &&
        mri_is_small(&head)) {
        mri_outgoing outgoing = {
            .head = head, .to = handle.owner, .in = call->in};

        return pipeline(port, &outgoing);
    }
    if (is_confirmed(port, handle)) {
        error = self->pipelined ? settle(port) : MR_OK;
    } else {
        settle_all(self);
    }
    if (!error) {
        error = call_with_room(port, &head, handle.owner, call);
    }
    if (one_way) {
        port->confirmed = error ? (mr_handle){0} : handle;
    }
    return error;
}

static mr_error create(mri_record *self, const mri_kind_ops *ops,
                       unsigned int rank, mri_call *call, mr_handle *handle)
{
    mr_handle made;
    mr_handle kind = {.owner = rank, .kind = (uint16_t)ops->kind};
    mri_outgoing outgoing = {
        .to = rank, .in = call->in, .more = call->more, .out = &made};
    mri_port *port;
    mr_error error = mri_port_of(self, &port);

    if (error) {
        return error;
    }
    call->out_size = sizeof made;
    outgoing.head = head_of(MRI_CREATE, kind, call, 0);
    error = send_and_wait(port, &outgoing, call);
    if (!error) {
        *handle = made;
    }
    return error;
}

static mr_error destroy(mri_record *self, mr_handle handle)
{
    mri_call call = {0};
    mri_outgoing outgoing = {.to = handle.owner};
    mri_port *port;
    mr_error error = mri_port_of(self, &port);

    if (error) {
        return error;
    }
    outgoing.head = head_of(MRI_DESTROY, handle, &call, 0);
    return send_and_wait(port, &outgoing, &call);
}

/* ---- watches ------------------------------------------------------------- */

struct mri_watch {
    mri_port *port;
    mri_outgoing outgoing;
    unsigned char found[];
};

/* A rank that is lost already is found like one that is lost later. */
static mr_error watch_begin(mri_record *self, const mr_handle *handles,
                            size_t count, bool tolerates, double timeout,
                            mri_watch **result)
{
    size_t size = mri_found_size(count);
    mri_call call = {.in_size = count * sizeof *handles,
                     .out_size = size,
                     .argument = tolerates};
    mri_watch *watch = calloc(1, sizeof *watch + size);
    mr_error error = watch ? mri_port_of(self, &watch->port) : MR_ERR_NO_MEMORY;

    if (!error && size > MRI_OUT_MAX) {
        error = MR_ERR_LIMIT;
    }
    if (!error) {
        watch->outgoing = (mri_outgoing){
            .head = head_of(MRI_WATCH, handles[0], &call, timeout),
            .to = handles[0].owner,
            .in = handles,
            .out = watch->found};
        error = mri_port_send(watch->port, &watch->outgoing);
        if (error == MR_ERR_OWNER_LOST) {
            watch->outgoing.lost = error;
            atomic_store(&watch->outgoing.complete, true);
            error = MR_OK;
        }
    }
    if (error) {
        free(watch);
        return error;
    }
    *result = watch;
    return MR_OK;
}

static mr_error watch_poll(mri_watch *watch, const unsigned char **found)
{
    mri_outgoing *outgoing = &watch->outgoing;

    watch->port->ops->poll(watch->port);
    if (!mri_outgoing_is_complete(outgoing)) {
        return MRI_WOULD_BLOCK;
    }
    if (found) {
        *found = watch->found;
    }
    return outgoing->lost ? outgoing->lost : (mr_error)outgoing->head.error;
}

static void watch_cancel(mri_watch *watch)
{
    if (!mri_outgoing_is_complete(&watch->outgoing)) {
        mri_interrupts_off();
        watch->port->ops->cancel(watch->port, &watch->outgoing);
        mri_interrupts_on();
    }
}

static void watch_await(mri_watch *watch)
{
    mri_interrupts_off();
    (void)!watch->port->ops->await(watch->port, &watch->outgoing, 0);
    mri_interrupts_on();
}

static void watch_free(mri_watch *watch)
{
    assert(mri_outgoing_is_complete(&watch->outgoing));
    free(watch);
}

static const mri_elsewhere_ops far_calls = {
    .operate = operate,
    .create = create,
    .destroy = destroy,
    .settle = settle_all,
    .poll = mri_exchange_poll_once,
    .watch_begin = watch_begin,
    .watch_poll = watch_poll,
    .watch_cancel = watch_cancel,
    .watch_await = watch_await,
    .watch_free = watch_free,
};

void mri_far_begin(void)
{
    mri_elsewhere = &far_calls;
}

/* ---- ends ---------------------------------------------------------------- */

bool mri_ranks_any_far(mri_ranks ranks)
{
    for (unsigned int i = 0; i < mri_node.ranks; i++) {
        if ((ranks & mri_ranks_bit(i)) && mri_is_far(i)) {
            return true;
        }
    }
    return false;
}

void mri_far_tell_gone(mri_ranks ranks, const mri_gone *gone)
{
    mri_port *port;
    mr_error error;

    if (!mri_ranks_any_far(ranks)) {
        return;
    }
    error = mri_port_of(mri_self(), &port);
    if (!error) {
        error = port->ops->tell(port, ranks, gone);
    }
    if (error) {
        mri_log(MR_LOG_ERROR,
                "other nodes cannot be told that a process has ended, and may "
                "keep what it held: %s",
                mr_error_text(error));
    }
}
