/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Barrier: a number of parties that wait for one another.
 *
 * A round fills until the last party arrives.  That one runs the action, if
 * there is one, and lets the round drain: the parties leave with success, and
 * the next round begins when all have left.  A party that gives up, or dies,
 * while the round fills breaks the barrier; so does the crash of an endpoint
 * that has waited here before (`members`), as it may be missed now.
 */
#include <multirank/barrier.h>

#include <assert.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/create.h"
#include "objects/holders.h"
#include "objects/kinds.h"
#include "runtime/code/function.h"
#include "util/log.h"

enum { WAIT = 0, DONE, RESET, ABORT, LOOK, TRIES };

/* The parties of a round wait in list 0, those of the next in list 1. */
enum { ROUND = 0, NEXT };

enum {
    FILLING = 0,
    ACTING,   /* the last party runs the action */
    DRAINING, /* the round is complete */
    FAILING   /* it was reset while some waited: they leave with an error */
};

typedef struct barrier_body {
    mri_holders members; /* its latch is the barrier's */
    mri_word round;      /* as above */
    mri_word inside;     /* parties that have arrived and not left */
    mri_word broken;
    mri_word actor; /* the endpoint that runs the action */
    uint64_t parties;
} barrier_body;

typedef struct barrier_spec {
    uint64_t parties;
    uint64_t has_action;
    mri_function_ref action;
} barrier_spec;

/* What it tells of itself, and the action, which lies in the detail. */
typedef struct barrier_look {
    uint64_t parties;
    uint64_t waiting;
    uint64_t broken;
} barrier_look;

_Static_assert(sizeof(barrier_body) <= MRI_BODY, "fits into a row");

static barrier_body *body_of(mri_object *object)
{
    return (barrier_body *)object->body;
}

/* The note of a party is its number in the round, and one more; or that it
 * waits for the next round to begin. */
#define NOTE_COMES UINT64_MAX

static bool has_arrived(uint64_t note)
{
    return note != 0 && note != NOTE_COMES;
}

static uint64_t number_of(uint64_t note)
{
    return note - 1;
}

/* ---- arriving and leaving ------------------------------------------------ */

/* Under the latch: the endpoint is a member from now on.  Not a part of the
 * change that counts the party, as it does no harm alone. */
static mr_error be_member(mri_record *self, mri_object *object)
{
    mri_holders *members = &body_of(object)->members;
    uint64_t me = mri_peek(&self->owner);
    mri_holder *row = mri_holders_find(members, me, 0);
    mr_error error;

    if (row) {
        return MR_OK;
    }
    error = mri_holders_room(self, object, members, &row);
    if (!error) {
        mri_store(&row->id, me);
    }
    return error;
}

static bool is_last(const barrier_body *b)
{
    return mri_peek(&b->inside) + 1 == b->parties;
}

/* The round is complete: of the parties the caller has left. */
static void complete(mri_record *self, barrier_body *b)
{
    mri_set(self, &b->round, b->parties > 1 ? DRAINING : FILLING);
    mri_set(self, &b->actor, 0);
    mri_set(self, &b->inside, b->parties - 1);
}

/* The last party of a round.  call->argument: it is to run the action, which is
 * in call->out. */
static void arrive_last(mri_record *self, mri_object *object, mri_call *call)
{
    barrier_body *b = body_of(object);

    call->argument = mri_peek(&object->detail) != 0;
    call->out_size = 0;
    if (call->argument) {
        call->out_size = sizeof(mri_function_ref);
        memcpy(call->out, mri_at(mri_peek(&object->detail)), call->out_size);
        mri_set(self, &b->actor, mri_peek(&self->owner));
        mri_set(self, &b->inside, b->parties);
        mri_set(self, &b->round, ACTING);
    } else {
        complete(self, b);
    }
    mri_wait_note(self, self, object, 0);
    mri_commit(self);
}

static mr_error arrive(mri_record *self, mri_object *object, mri_call *call)
{
    barrier_body *b = body_of(object);
    uint64_t number = mri_peek(&b->inside);
    mr_error error;

    if (mri_peek(&b->broken)) {
        mri_store(&self->wait_state, 0);
        return MR_ERR_BROKEN;
    }
    if (mri_peek(&b->round) != FILLING) {
        mri_wait_note(self, self, object, NOTE_COMES);
        mri_commit(self);
        call->list = NEXT;
        return MRI_WOULD_BLOCK;
    }
    error = be_member(self, object);
    if (error) {
        return error;
    }
    call->result = number;
    if (is_last(b)) {
        arrive_last(self, object, call);
        return MR_OK;
    }
    mri_set(self, &b->inside, number + 1);
    mri_wait_note(self, self, object, number + 1);
    mri_commit(self);
    call->list = ROUND;
    return MRI_WOULD_BLOCK;
}

/* Under the latch: a party leaves.  True: it was the last, and the next round
 * may begin. */
static bool leave(mri_record *self, mri_object *object, mri_record *waiter)
{
    barrier_body *b = body_of(object);
    uint64_t inside = mri_peek(&b->inside) - 1;
    uint64_t in = mri_peek(&b->round);
    bool next = inside == 0 && (in == DRAINING || in == FAILING);

    assert(mri_peek(&b->inside) > 0);
    mri_set(self, &b->inside, inside);
    if (next) {
        mri_set(self, &b->round, FILLING);
    }
    mri_wait_note(self, waiter, object, 0);
    mri_commit(self);
    return next;
}

/* A party that has arrived: may it leave? */
static mr_error look(const barrier_body *b, uint64_t in)
{
    if (in == DRAINING) {
        return MR_OK;
    }
    return in == FAILING || mri_peek(&b->broken) ? MR_ERR_BROKEN
                                                 : MRI_WOULD_BLOCK;
}

static mr_error go_on(mri_record *self, mri_object *object, mri_call *call,
                      bool *next)
{
    barrier_body *b = body_of(object);
    mr_error error = look(b, mri_peek(&b->round));

    call->list = ROUND;
    call->argument = 0;
    call->out_size = 0;
    call->result = number_of(mri_peek(&self->wait_state));
    if (error != MRI_WOULD_BLOCK) {
        *next = leave(self, object, self);
    }
    return error;
}

/* Without the latch: nothing has changed for one who waits in call->list. */
static bool still_waits(mri_call *call, const barrier_body *b, uint64_t note)
{
    uint64_t in = mri_load(&b->round);

    if (note == NOTE_COMES) {
        call->list = NEXT;
        return in != FILLING && !mri_load(&b->broken);
    }
    call->list = ROUND;
    return note && look(b, in) == MRI_WOULD_BLOCK;
}

static mr_error try_wait(mri_record *self, mri_object *object, mri_call *call)
{
    barrier_body *b = body_of(object);
    uint64_t note = mri_peek(&self->wait_state);
    bool arrives = !has_arrived(note);
    bool next = false;
    mr_error error;

    if (still_waits(call, b, note)) {
        return MRI_WOULD_BLOCK;
    }
    mri_may_hold(self);
    mri_latch(self, &b->members.latch);
    error =
        arrives ? arrive(self, object, call) : go_on(self, object, call, &next);
    mri_unlatch(self, &b->members.latch);
    mri_give_back(self, 0); /* the table of members that has become too small */
    if (error == MR_OK && arrives && !call->argument) {
        mri_wake_all(self, object, ROUND);
    }
    if (next) {
        mri_wake_all(self, object, NEXT);
    }
    return error;
}

/* The party that runs the action leaves, and the round fails. */
static void leave_for_actor(mri_record *self, barrier_body *b)
{
    uint64_t inside = mri_peek(&b->inside) - 1;

    mri_set(self, &b->actor, 0);
    mri_set(self, &b->inside, inside);
    if (mri_peek(&b->round) == ACTING || inside == 0) {
        mri_set(self, &b->round, FILLING);
    }
    mri_commit(self);
}

static void wake_everybody(mri_record *self, mri_object *object)
{
    mri_wake_all(self, object, ROUND);
    mri_wake_all(self, object, NEXT);
}

/* The last party has run the action. */
static mr_error try_done(mri_record *self, mri_object *object, mri_call *call)
{
    barrier_body *b = body_of(object);
    mr_error error = MR_OK;

    (void)call;
    mri_latch(self, &b->members.latch);
    if (mri_peek(&b->round) == ACTING && !mri_peek(&b->broken)) {
        complete(self, b);
        mri_commit(self);
    } else {
        error = MR_ERR_BROKEN;
        leave_for_actor(self, b);
    }
    mri_unlatch(self, &b->members.latch);
    wake_everybody(self, object);
    return error;
}

/* ---- breaking ------------------------------------------------------------ */

/* Under the latch: one that waits for the next round does not come. */
static void stay_away(mri_record *self, mri_object *object, mri_record *waiter)
{
    mri_set(self, &body_of(object)->broken, 1);
    mri_wait_note(self, waiter, object, 0);
    mri_commit(self);
}

/* A party that has arrived gives up, or is dead.  When the round is complete a
 * living one goes on, and its next try succeeds. */
static mr_error abandon(mri_record *self, mri_object *object,
                        mri_record *waiter, mr_error why)
{
    barrier_body *b = body_of(object);
    bool dead = self != waiter || why == MR_ERR_CLOSED;
    uint64_t in;
    bool over;

    mri_latch(self, &b->members.latch);
    in = mri_peek(&b->round);
    over = in == DRAINING || in == FAILING;
    if (!has_arrived(mri_load(&waiter->wait_state))) {
        stay_away(self, object, waiter);
    } else if (over && !dead) {
        why = MRI_WOULD_BLOCK;
    } else {
        if (!over) {
            mri_set(self, &b->broken, 1);
        }
        (void)leave(self, object, waiter);
    }
    mri_unlatch(self, &b->members.latch);
    wake_everybody(self, object);
    return why;
}

static mr_error try_abort(mri_record *self, mri_object *object, mri_call *call)
{
    barrier_body *b = body_of(object);

    (void)call;
    mri_latch(self, &b->members.latch);
    mri_store(&b->broken, 1);
    mri_unlatch(self, &b->members.latch);
    wake_everybody(self, object);
    return MR_OK;
}

static void forget_members(barrier_body *b)
{
    mri_holder *rows = mri_at(mri_peek(&b->members.rows));

    for (uint64_t i = 0; i < mri_peek(&b->members.capacity); i++) {
        mri_store(&rows[i].id, 0);
    }
}

static mr_error try_reset(mri_record *self, mri_object *object, mri_call *call)
{
    barrier_body *b = body_of(object);

    (void)call;
    mri_latch(self, &b->members.latch);
    if (mri_peek(&b->round) != DRAINING && mri_peek(&b->inside)) {
        mri_set(self, &b->round, FAILING);
    }
    mri_set(self, &b->broken, 0);
    mri_commit(self);
    forget_members(b);
    mri_unlatch(self, &b->members.latch);
    wake_everybody(self, object);
    return MR_OK;
}

/* An end without an error says that the endpoint had no more to do here. */
static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    barrier_body *b = body_of(object);
    bool crashed = gone->whole_rank || gone->status != 0;
    bool broke = false;
    mri_holder *row;

    mri_latch(self, &b->members.latch);
    while ((row = mri_holders_find_gone(&b->members, gone)) != NULL) {
        if (crashed) { /* first, as this thread may die in between */
            mri_store(&b->broken, 1);
            broke = true;
        }
        mri_store(&row->id, 0);
    }
    if (mri_peek(&b->actor) && mri_is_gone(gone, mri_peek(&b->actor))) {
        mri_set(self, &b->broken, 1);
        leave_for_actor(self, b);
        broke = true;
    }
    mri_unlatch(self, &b->members.latch);
    if (broke) {
        wake_everybody(self, object);
    }
}

/* ---- the object ---------------------------------------------------------- */

static mr_error try_look(mri_record *self, mri_object *object, mri_call *call)
{
    const barrier_body *b = body_of(object);
    barrier_look *told = call->out;
    uint64_t in = mri_load(&b->round);

    (void)self;
    told->parties = b->parties;
    told->waiting = in == FILLING || in == ACTING ? mri_load(&b->inside) : 0;
    told->broken = mri_load(&b->broken);
    return MR_OK;
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_holders_dispose(self, object, &body_of(object)->members);
    mri_object_free(self, object, &object->detail, sizeof(mri_function_ref));
}

static mr_error fill(mri_record *self, mri_object *object,
                     const barrier_spec *spec)
{
    barrier_body *b = body_of(object);
    mr_error error = mri_holders_format(self, object, &b->members);

    b->parties = spec->parties;
    if (error || !spec->has_action) {
        return error;
    }
    error = mri_allocate(self, mri_segment_of(mri_ref_of(object)), MRI_HEAP,
                         sizeof spec->action, 0);
    if (!error) {
        memcpy(mri_at(mri_peek(&self->owned[0].block)), &spec->action,
               sizeof spec->action);
        mri_object_detail(self, object);
    }
    return error;
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_BARRIER, &object);

    if (!error) {
        error = fill(self, object, call->in);
    }
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {
    [WAIT] = try_wait,   [DONE] = try_done, [RESET] = try_reset,
    [ABORT] = try_abort, [LOOK] = try_look,
};

const mri_kind_ops mri_barrier_ops = {.name = "barrier",
                                      .kind = MRI_BARRIER,
                                      .tries = tries,
                                      .count = TRIES,
                                      .create = create,
                                      .dispose = dispose,
                                      .abandon = abandon,
                                      .forget = forget};

mr_error mr_barrier_create(mr_barrier *barrier, unsigned int parties,
                           const mr_barrier_options *options)
{
    barrier_spec spec = {.parties = parties,
                         .has_action = options && options->action};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_error error = MR_OK;

    if (parties == 0) {
        return mri_bad_argument("mr_barrier_create", "parties", "is 0");
    }
    if (spec.has_action) {
        error =
            mri_function_encode((mri_function *)options->action, &spec.action);
    }
    return error ? error
                 : mri_create_at(&mri_barrier_ops, options ? options->place : 0,
                                 &call, "mr_barrier_create", "barrier",
                                 barrier ? &barrier->handle : NULL);
}

static mr_error operate(mr_barrier barrier, unsigned int operation,
                        mri_call *call, double timeout)
{
    return mri_operate(&mri_barrier_ops, barrier.handle, operation, call,
                       timeout);
}

/* An action that cannot be called breaks the barrier. */
static mr_error act(mr_barrier barrier, const mri_function_ref *ref)
{
    mr_barrier_action *action = (mr_barrier_action *)mri_function_decode(ref);
    mri_call call = {0};

    if (!action) {
        (void)!operate(barrier, ABORT, &call, 0);
        (void)!operate(barrier, DONE, &call, 0);
        return MR_ERR_FUNCTION;
    }
    action();
    return operate(barrier, DONE, &call, 0);
}

mr_error mr_barrier_wait(mr_barrier barrier, double timeout,
                         unsigned int *number)
{
    mri_function_ref action;
    mri_call call = {.out = &action, .out_size = sizeof action};
    mr_error error = operate(barrier, WAIT, &call, timeout);
    unsigned int mine = (unsigned int)call.result;

    if (!error && call.argument) {
        error = act(barrier, &action);
    }
    if (!error && number) {
        *number = mine;
    }
    return error;
}

mr_error mr_barrier_reset(mr_barrier barrier)
{
    mri_call call = {0};

    return operate(barrier, RESET, &call, 0);
}

mr_error mr_barrier_abort(mr_barrier barrier)
{
    mri_call call = {0};

    return operate(barrier, ABORT, &call, 0);
}

mr_error mr_barrier_get_state(mr_barrier barrier, mr_barrier_state *state)
{
    barrier_look look;
    mri_call call = {.out = &look, .out_size = sizeof look};
    mr_error error;

    if (!state) {
        return mri_bad_argument("mr_barrier_get_state", "state", "is NULL");
    }
    error = operate(barrier, LOOK, &call, 0);
    if (!error) {
        *state = (mr_barrier_state){.parties = (unsigned int)look.parties,
                                    .waiting = (unsigned int)look.waiting,
                                    .broken = look.broken != 0};
    }
    return error;
}

mr_error mr_barrier_destroy(mr_barrier barrier)
{
    return mri_destroy(&mri_barrier_ops, barrier.handle);
}
