/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Keeper: the holders of another object of the same rank, and the end of
 * both.
 */
#include <multirank/keeper.h>

#include <string.h>

#include "engine/operation.h"
#include "objects/data/array.h"
#include "objects/hold.h"
#include "objects/holders.h"
#include "objects/kinds.h"
#include "objects/pipe.h"
#include "util/log.h"

enum { OBJECT = 0, HOLD, DROP, TICKET, REDEEM, TRIES };

typedef struct keeper_body {
    mr_handle object;
    mri_holders holders;
    mri_word count;
    mri_word tickets; /* ever made */
} keeper_body;

static keeper_body *body_of(mri_object *object)
{
    return (keeper_body *)object->body;
}

static mr_error try_object(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    memcpy(call->out, &body_of(object)->object, sizeof(mr_handle));
    call->out_size = sizeof(mr_handle);
    return MR_OK;
}

/* ---- holders ------------------------------------------------------------- */

/* A keeper that nobody holds is about to be destroyed: it gets no new one. */
static mr_error add(mri_record *self, mri_object *object, uint64_t id)
{
    keeper_body *k = body_of(object);

    return mri_holders_add(self, object, &k->holders, id, 0, &k->count, true);
}

/* call->argument is the holder. */
static mr_error try_hold(mri_record *self, mri_object *object, mri_call *call)
{
    return add(self, object, call->argument);
}

/* The kept object first: if this thread dies in between, repair finds a keeper
 * without holders. */
static void destroy_if_unheld(mri_object *object)
{
    mr_handle kept = body_of(object)->object;

    if (!mri_load(&body_of(object)->count)) {
        (void)!mri_object_destroy(kept, (mri_kind)kept.kind);
        (void)!mri_object_destroy(mri_handle_of(object), MRI_KEEPER);
    }
}

static mr_error drop(mri_record *self, mri_object *object, uint64_t id)
{
    keeper_body *k = body_of(object);
    mr_error error = mri_holders_drop(self, &k->holders, id, 0, &k->count);

    if (!error) {
        destroy_if_unheld(object);
    }
    return error;
}

/* call->argument is the holder. */
static mr_error try_drop(mri_record *self, mri_object *object, mri_call *call)
{
    return drop(self, object, call->argument);
}

/* call->result is the ticket. */
static mr_error try_ticket(mri_record *self, mri_object *object, mri_call *call)
{
    call->result = mri_holder_of_ticket(&body_of(object)->tickets);
    return add(self, object, call->result);
}

/* call->argument is the ticket, call->in the holder. */
static mr_error try_redeem(mri_record *self, mri_object *object, mri_call *call)
{
    keeper_body *k = body_of(object);

    return mri_holders_redeem(self, &k->holders, call, 0, &k->count);
}

/* ---- the object ---------------------------------------------------------- */

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    uint64_t id;

    while (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE &&
           (id = mri_holders_gone(self, &body_of(object)->holders, gone)) !=
               0) {
        (void)!drop(self, object, id);
    }
}

static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)self;
    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE) {
        destroy_if_unheld(object);
    }
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_holders_dispose(self, object, &body_of(object)->holders);
}

/* call->in is the object, call->argument the first holder. */
static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object = NULL;
    keeper_body *k;
    mri_object *kept;
    mr_handle name;
    mr_error error;

    memcpy(&name, call->in, sizeof name);
    kept = mri_row(name);
    if (!kept || mri_load(&kept->identity) != mri_identity(name)) {
        return MR_ERR_STALE;
    }
    error = mri_object_build(self, index, MRI_KEEPER, &object);
    if (error) {
        return error;
    }
    k = body_of(object);
    k->object = name;
    error = mri_holders_add(self, object, &k->holders, call->argument, 0,
                            &k->count, false);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {
    [OBJECT] = try_object, [HOLD] = try_hold,     [DROP] = try_drop,
    [TICKET] = try_ticket, [REDEEM] = try_redeem,
};

const mri_kind_ops mri_keeper_ops = {.name = "keeper",
                                     .kind = MRI_KEEPER,
                                     .tries = tries,
                                     .count = TRIES,
                                     .create = create,
                                     .dispose = dispose,
                                     .forget = forget,
                                     .repair = repair};

/* ---- calls --------------------------------------------------------------- */

/* Is it an object that ends by the end of its one row? */
static bool can_be_kept(mr_handle object)
{
    switch ((mri_kind)object.kind) {
    case MRI_LOCK:
    case MRI_RLOCK:
    case MRI_SEMAPHORE:
    case MRI_EVENT:
    case MRI_CONDITION:
    case MRI_BARRIER:
    case MRI_RWLOCK:
    case MRI_QUEUE:
    case MRI_VALUE:
        return true;
    case MRI_ARRAY:
        return !mri_is_spread((mr_array){object});
    default:
        return false;
    }
}

mr_error mr_keeper_create(mr_keeper *keeper, mr_handle object)
{
    mri_record *self = mri_self();
    mri_call call = {.in = &object, .in_size = sizeof object};

    if (!self || !mri_node.base) { /* a thread may outlive the job */
        return MR_ERR_STATE;
    }
    if (!keeper) {
        return mri_bad_argument("mr_keeper_create", "keeper", "is NULL");
    }
    if (!can_be_kept(object)) {
        return mri_bad_argument("mr_keeper_create", "object",
                                "is of a kind that cannot be kept");
    }
    if (object.owner >= mri_node.ranks) {
        return MR_ERR_STALE;
    }
    mri_may_hold(self);
    call.argument = mri_holder_of_self();
    return mri_create(&mri_keeper_ops, object.owner, &call, &keeper->handle);
}

mr_error mr_keeper_object(mr_keeper keeper, mr_handle *object)
{
    mri_call call = {.out = object, .out_size = sizeof *object};

    if (!object) {
        return mri_bad_argument("mr_keeper_object", "object", "is NULL");
    }
    return mri_operate(&mri_keeper_ops, keeper.handle, OBJECT, &call, 0);
}

mr_error mr_keeper_hold(mr_keeper keeper)
{
    return mri_hold(&mri_keeper_ops, keeper.handle, HOLD);
}

mr_error mr_keeper_drop(mr_keeper keeper)
{
    return mri_hold_no_more(&mri_keeper_ops, keeper.handle, DROP);
}

mr_error mr_keeper_ticket(mr_keeper keeper, mr_ticket *ticket)
{
    return mri_ticket_make(&mri_keeper_ops, keeper.handle, TICKET,
                           "mr_keeper_ticket", ticket);
}

mr_error mr_keeper_redeem(mr_ticket ticket, mr_keeper *keeper)
{
    mr_error error;

    if (!keeper) {
        return mri_bad_argument("mr_keeper_redeem", "keeper", "is NULL");
    }
    error = mri_ticket_redeem(&mri_keeper_ops, ticket, REDEEM);
    if (!error) {
        keeper->handle = ticket.handle;
    }
    return error;
}

mr_error mr_ticket_drop(mr_ticket ticket)
{
    if (!mri_holder_is_ticket(ticket.number)) {
        return MR_ERR_NOT_HELD;
    }
    return ticket.handle.kind == MRI_PIPE
               ? mri_pipe_drop_ticket(ticket)
               : mri_ticket_drop(&mri_keeper_ops, ticket, DROP);
}
