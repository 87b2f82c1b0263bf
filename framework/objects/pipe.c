/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Pipe: two channels, and for each end the table of its holders.
 *
 * Channel s is what side s receives.  Receivers of side s wait in list s;
 * senders wait for memory only.
 */
#include <multirank/pipe.h>

#include <assert.h>
#include <string.h>

#include <multirank/wait.h>

#include "engine/channel.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/hold.h"
#include "objects/holders.h"
#include "objects/kinds.h"
#include "objects/lending.h"
#include "objects/pipe.h"
#include "util/log.h"

enum {
    SEND = 0,
    RECV,
    MAY_RECV,
    HOLD,
    CLOSE,
    TICKET,  /* result: the ticket */
    REDEEM,  /* argument: the ticket; in: the holder */
    RESERVE, /* these three: see objects/lending.h */
    COMMIT,
    TAKE,
    TRIES
};

typedef struct pipe_body {
    mri_holders holders;
    mri_word count[2]; /* holders of each side */
    uint64_t duplex;
    mri_word tickets; /* ever made */
} pipe_body;

typedef struct channels {
    mri_channel side[2];
} channels;

static pipe_body *body_of(mri_object *object)
{
    return (pipe_body *)object->body;
}

static mri_channel *channel_of(mri_object *object, unsigned int side)
{
    channels *both = mri_at(mri_peek(&object->detail));

    return &both->side[side];
}

/* ---- messages ------------------------------------------------------------ */

static bool nobody_at(mri_object *object, unsigned int side)
{
    return mri_load(&body_of(object)->count[side]) == 0;
}

static inline __attribute__((always_inline)) mr_error
may_send(mri_object *object, unsigned int side)
{
    if (!body_of(object)->duplex && side == 0) {
        return MR_ERR_DIRECTION;
    }
    return nobody_at(object, !side) ? MR_ERR_CLOSED : MR_OK;
}

static mr_error try_send(mri_record *self, mri_object *object, mri_call *call)
{
    unsigned int side = call->variant;
    mr_error error = may_send(object, side);

    if (error) {
        return error;
    }
    error = mri_channel_put(self, channel_of(object, !side), call);
    if (!error) {
        mri_wake(self, object, !side);
    }
    return error;
}

/* The other side is looked at first: what it sent before it went is there. */
static inline __attribute__((always_inline)) mr_error
receive(mri_record *self, mri_object *object, mri_call *call,
        mri_channel_getter *get)
{
    unsigned int side = call->variant;
    bool last = nobody_at(object, !side);
    mr_error error;

    if (!body_of(object)->duplex && side == 1) {
        return MR_ERR_DIRECTION;
    }
    call->list = side;
    error = get(self, channel_of(object, side), call);
    return error == MRI_WOULD_BLOCK && call->list == side && last
               ? MR_ERR_END_OF_FILE
               : error;
}

static mr_error try_recv(mri_record *self, mri_object *object, mri_call *call)
{
    return receive(self, object, call, mri_channel_get);
}

static mr_error try_reserve(mri_record *self, mri_object *object,
                            mri_call *call)
{
    unsigned int side = call->variant;
    mr_error error = may_send(object, side);

    return error
               ? error
               : mri_lending_try_reserve(self, channel_of(object, !side), call);
}

static mr_error try_commit(mri_record *self, mri_object *object, mri_call *call)
{
    unsigned int side = call->variant;
    mr_error error = may_send(object, side);

    if (error) {
        return error;
    }
    error = mri_channel_commit(self, channel_of(object, !side), call);
    if (!error) {
        mri_wake(self, object, !side);
    }
    return error;
}

static mr_error try_take(mri_record *self, mri_object *object, mri_call *call)
{
    return receive(self, object, call, mri_lending_try_take);
}

static mr_error try_may_recv(mri_record *self, mri_object *object,
                             mri_call *call)
{
    (void)self;
    return !body_of(object)->duplex && call->variant == 1 ? MR_ERR_DIRECTION
                                                          : MR_OK;
}

static bool ready(mri_object *object, unsigned int side)
{
    return side < 2 && (nobody_at(object, !side) ||
                        !mri_channel_empty(channel_of(object, side)));
}

static unsigned int ready_list(mri_object *object, unsigned int side)
{
    (void)object;
    return side;
}

/* ---- holders ------------------------------------------------------------- */

/* A side is the role of a holder.  call->argument is the holder. */
static mr_error try_hold(mri_record *self, mri_object *object, mri_call *call)
{
    pipe_body *pipe = body_of(object);
    unsigned int side = call->variant;

    return mri_holders_add(self, object, &pipe->holders, call->argument, side,
                           &pipe->count[side], false);
}

static mr_error try_ticket(mri_record *self, mri_object *object, mri_call *call)
{
    call->argument = mri_holder_of_ticket(&body_of(object)->tickets);
    call->result = call->argument;
    return try_hold(self, object, call);
}

static mr_error try_redeem(mri_record *self, mri_object *object, mri_call *call)
{
    pipe_body *pipe = body_of(object);
    unsigned int side = call->variant;

    return mri_holders_redeem(self, &pipe->holders, call, side,
                              &pipe->count[side]);
}

static mr_error drop(mri_record *self, mri_object *object, uint64_t id,
                     unsigned int side)
{
    pipe_body *pipe = body_of(object);
    mr_error error =
        mri_holders_drop(self, &pipe->holders, id, side, &pipe->count[side]);

    if (!error) {
        mri_wake_all(self, object, 0);
        mri_wake_all(self, object, 1);
        mri_wake_for_memory(self, mri_segment_of(mri_ref_of(object)));
    }
    return error;
}

static void drop_both(mri_record *self, mri_object *object, uint64_t id)
{
    for (unsigned int side = 0; side < 2; side++) {
        if (drop(self, object, id, side) == MR_OK && nobody_at(object, 0) &&
            nobody_at(object, 1)) {
            mri_object_destroy(mri_handle_of(object), MRI_PIPE);
            return;
        }
    }
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    uint64_t id;

    while (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE &&
           (id = mri_holders_gone(self, &body_of(object)->holders, gone)) !=
               0) {
        drop_both(self, object, id);
    }
}

/* The pipe is not left between the last close and its end: a death in there
 * is one inside a call, see repair.  call->argument is the holder. */
static mr_error try_close(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = drop(self, object, call->argument, call->variant);

    if (!error && nobody_at(object, 0) && nobody_at(object, 1)) {
        /* Another's close may be faster to destroy it. */
        mri_object_destroy(mri_handle_of(object), MRI_PIPE);
    }
    return error;
}

/* Killed between its last close and the end of the pipe? */
static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) != MRI_LIVE) {
        return;
    }
    mri_channel_repair(self, channel_of(object, 0));
    mri_channel_repair(self, channel_of(object, 1));
    if (nobody_at(object, 0) && nobody_at(object, 1)) {
        mri_object_destroy(mri_handle_of(object), MRI_PIPE);
    }
}

/* ---- the object ---------------------------------------------------------- */

static void dispose(mri_record *self, mri_object *object)
{
    pipe_body *pipe = body_of(object);

    if (mri_peek(&object->detail)) {
        mri_channel_dispose(self, channel_of(object, 0));
        mri_channel_dispose(self, channel_of(object, 1));
        mri_object_free(self, object, &object->detail, sizeof(channels));
    }
    mri_holders_dispose(self, object, &pipe->holders);
}

static mri_try *const tries[] = {
    [SEND] = try_send,     [RECV] = try_recv,       [MAY_RECV] = try_may_recv,
    [HOLD] = try_hold,     [CLOSE] = try_close,     [TICKET] = try_ticket,
    [REDEEM] = try_redeem, [RESERVE] = try_reserve, [COMMIT] = try_commit,
    [TAKE] = try_take,
};

const mri_kind_ops mri_pipe_ops = {.name = "pipe",
                                   .kind = MRI_PIPE,
                                   .tries = tries,
                                   .count = TRIES,
                                   .one_way = 1 << SEND,
                                   .bulk = MRI_PIPE_ITEMS,
                                   .ready = ready,
                                   .ready_list = ready_list,
                                   .dispose = dispose,
                                   .forget = forget,
                                   .repair = repair};

static mr_error add_channels(mri_record *self, mri_object *object)
{
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                                  MRI_HEAP, sizeof(channels), 0);

    if (error) {
        return error;
    }
    memset(mri_at(mri_peek(&self->owned[0].block)), 0, sizeof(channels));
    mri_object_detail(self, object);
    for (unsigned int side = 0; !error && side < 2; side++) {
        error = mri_channel_format(self, channel_of(object, side), 0,
                                   MRI_PIPE_ITEMS);
    }
    return error;
}

/* The first holder is the creator, of both ends. */
static mr_error add_holders(mri_record *self, mri_object *object)
{
    pipe_body *pipe = body_of(object);
    uint64_t me = mri_holder_of_self();
    mr_error error = mri_holders_format(self, object, &pipe->holders);
    mri_holder *rows;

    if (error) {
        return error;
    }
    rows = mri_at(mri_peek(&pipe->holders.rows));
    for (unsigned int side = 0; side < 2; side++) {
        mri_store(&rows[side].role, side);
        mri_store(&rows[side].id, me);
        mri_store(&pipe->count[side], 1);
    }
    return MR_OK;
}

static mr_error build(mri_record *self, bool duplex, mr_handle *handle)
{
    unsigned int index = mri_segment_of(mri_ref_of(self));
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_PIPE, &object);

    if (!error) {
        body_of(object)->duplex = duplex;
        error = add_channels(self, object);
    }
    if (!error) {
        error = add_holders(self, object);
    }
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    mri_may_hold(self);
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

mr_error mr_pipe_create(mr_pipe_end *first, mr_pipe_end *second, bool duplex)
{
    mri_record *self = mri_self();
    mr_handle handle;
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (!first || !second) {
        return mri_bad_argument("mr_pipe_create", first ? "second" : "first",
                                "is NULL");
    }
    error = build(self, duplex, &handle);
    if (!error) {
        first->handle = handle;
        second->handle = handle;
        second->handle.variant = 1;
    }
    return error;
}

/* A variant that is no side has no object. */
static mr_handle checked(mr_pipe_end end)
{
    mr_handle handle = end.handle;

    if (handle.variant > 1) {
        handle.kind = MRI_NONE;
    }
    return handle;
}

static mr_error operate(mr_pipe_end end, unsigned int operation, mri_call *call,
                        double timeout)
{
    return mri_operate(&mri_pipe_ops, checked(end), operation, call, timeout);
}

mr_error mr_pipe_send(mr_pipe_end end, const void *message, size_t size,
                      double timeout)
{
    mri_call call = {.in = message, .in_size = size};

    if (!message && size) {
        return mri_bad_argument("mr_pipe_send", "message", "is NULL");
    }
    return operate(end, SEND, &call, timeout);
}

mr_error mr_pipe_recv(mr_pipe_end end, void *message, size_t capacity,
                      size_t *size, double timeout)
{
    mri_call call = {.out = message, .out_size = capacity};
    mr_error error;

    if (!message && capacity) {
        return mri_bad_argument("mr_pipe_recv", "message", "is NULL");
    }
    error = operate(end, RECV, &call, timeout);
    if (size && (error == MR_OK || error == MR_ERR_TRUNCATED)) {
        *size = call.result;
    }
    return error;
}

static const mri_lending lending = {
    .ops = &mri_pipe_ops,
    .reserve_call = "mr_pipe_reserve",
    .commit_call = "mr_pipe_commit",
    .take_call = "mr_pipe_take",
    .gathered_call = "mr_pipe_send_gathered",
    .put = SEND,
    .get = RECV,
    .reserve = RESERVE,
    .commit = COMMIT,
    .take = TAKE,
};

mr_error mr_pipe_reserve(mr_pipe_end end, size_t size, mr_item *item,
                         double timeout)
{
    return mri_lending_reserve(&lending, checked(end), size, item, timeout);
}

mr_error mr_pipe_commit(mr_pipe_end end, mr_item *item, double timeout)
{
    return mri_lending_commit(&lending, checked(end), item, timeout);
}

mr_error mr_pipe_take(mr_pipe_end end, mr_item *item, double timeout)
{
    return mri_lending_take(&lending, checked(end), item, timeout);
}

mr_error mr_pipe_send_gathered(mr_pipe_end end, const mr_buffer *buffers,
                               size_t count, double timeout)
{
    return mri_lending_put_gathered(&lending, checked(end), buffers, count,
                                    timeout);
}

mr_error mr_pipe_poll(mr_pipe_end end, double timeout, bool *is_ready)
{
    mri_call call = {0};
    bool found = false;
    mr_error error;

    if (!is_ready) {
        return mri_bad_argument("mr_pipe_poll", "ready", "is NULL");
    }
    error = operate(end, MAY_RECV, &call, timeout);
    if (!error) {
        error = mr_wait(&end.handle, 1, timeout, &found);
    }
    if (error == MR_ERR_TIMEOUT) {
        error = MR_OK;
    }
    if (!error) {
        *is_ready = found;
    }
    return error;
}

mr_error mri_pipe_hold(mr_pipe_end end, uint64_t id)
{
    mri_call call = {.argument = id};

    return operate(end, HOLD, &call, 0);
}

mr_error mr_pipe_attach(mr_pipe_end end)
{
    return mri_hold(&mri_pipe_ops, checked(end), HOLD);
}

mr_error mr_pipe_close(mr_pipe_end end)
{
    return mri_hold_no_more(&mri_pipe_ops, checked(end), CLOSE);
}

mr_error mr_pipe_ticket(mr_pipe_end end, mr_ticket *ticket)
{
    return mri_ticket_make(&mri_pipe_ops, checked(end), TICKET,
                           "mr_pipe_ticket", ticket);
}

/* The handle of a ticket is that of an end. */
static mr_ticket checked_ticket(mr_ticket ticket)
{
    ticket.handle = checked((mr_pipe_end){ticket.handle});
    return ticket;
}

mr_error mr_pipe_redeem(mr_ticket ticket, mr_pipe_end *end)
{
    mr_error error;

    if (!end) {
        return mri_bad_argument("mr_pipe_redeem", "end", "is NULL");
    }
    error = mri_ticket_redeem(&mri_pipe_ops, checked_ticket(ticket), REDEEM);
    if (!error) {
        end->handle = ticket.handle;
    }
    return error;
}

mr_error mri_pipe_drop_ticket(mr_ticket ticket)
{
    return mri_ticket_drop(&mri_pipe_ops, checked_ticket(ticket), CLOSE);
}
