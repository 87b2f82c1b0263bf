/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Condition: threads that have released a lock and wait to be notified;
 * see condition.h.
 */
#include <multirank/condition.h>

#include <assert.h>
#include <math.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/create.h"
#include "objects/kinds.h"
#include "objects/sync/condition.h"
#include "objects/sync/sync.h"
#include "util/clock.h"
#include "util/log.h"

enum { WAIT = MRI_SYNC_TRIES, NOTIFY, CHECK, TRIES };

/* What a waiter notes: how far it is, how often it held the lock, its ticket.
 * The last three take the lock back. */
typedef enum state { WAITING = 1, NOTIFIED, LATE, INTERRUPTED } state;

enum { STATE_BITS = 3, DEPTH_BITS = 20 };

static uint64_t note_of(state s, uint64_t depth, uint64_t ticket)
{
    return ticket << (STATE_BITS + DEPTH_BITS) | depth << STATE_BITS | s;
}

static state state_of(uint64_t note)
{
    return (state)(note & ((1 << STATE_BITS) - 1));
}

static uint64_t depth_of(uint64_t note)
{
    return note >> STATE_BITS & ((1 << DEPTH_BITS) - 1);
}

static uint64_t ticket_of(uint64_t note)
{
    return note >> (STATE_BITS + DEPTH_BITS);
}

static mri_condition_body *body_of(mri_object *object)
{
    return (mri_condition_body *)object->body;
}

/* ---- the lock ------------------------------------------------------------ */

/* The object that has the lock, entered; NULL: it was destroyed. */
static mri_object *enter_lock(mri_record *self, mri_object *object)
{
    mr_handle given = body_of(object)->chosen.given;

    return body_of(object)->chosen.kind == MRI_LOCK_OWN
               ? object
               : mri_enter_second(self, given, (mri_kind)given.kind);
}

static void leave_lock(mri_record *self, const mri_object *object,
                       const mri_object *lock)
{
    if (lock != object) {
        mri_leave_second(self);
    }
}

static bool is_recursive(const mri_object *object)
{
    return body_of((mri_object *)object)->chosen.given.kind != MRI_LOCK;
}

/* How often the calling thread holds the lock.  A Lock is its endpoint's. */
static uint64_t depth_held(mri_record *self, const mri_object *object,
                           mri_object *lock)
{
    mri_sync *sync = mri_sync_of(lock);

    if (is_recursive(object)) {
        return mri_sync_depth(self, sync);
    }
    return mri_load(&sync->owner) == mri_peek(&self->owner);
}

/* ---- waiting ------------------------------------------------------------- */

/* A noted change under the latch: one waiter fewer. */
static void count_out(mri_record *self, mri_condition_body *c, uint64_t ticket)
{
    assert(mri_peek(&c->waiting) > 0);
    mri_set(self, &c->waiting, mri_peek(&c->waiting) - 1);
    if (ticket < mri_peek(&c->horizon)) {
        uint64_t eligible = mri_peek(&c->eligible) - 1;

        mri_set(self, &c->eligible, eligible);
        if (mri_peek(&c->grants) > eligible) {
            mri_set(self, &c->grants, eligible);
        }
    }
}

/* A part of a noted change under the latch: the thread no longer waits.  If it
 * had a grant, that goes back to those for whom it came: true. */
static bool let_go(mri_record *self, mri_condition_body *c, uint64_t note)
{
    if (state_of(note) == WAITING) {
        count_out(self, c, ticket_of(note));
    } else if (state_of(note) == NOTIFIED &&
               mri_peek(&c->grants) < mri_peek(&c->eligible)) {
        mri_set(self, &c->grants, mri_peek(&c->grants) + 1);
        return true;
    }
    return false;
}

/* A waiter ends without having waited to the end, and notes `then`. */
static void stop_waiting(mri_record *self, mri_object *object,
                         mri_record *waiter, uint64_t then)
{
    mri_condition_body *c = body_of(object);
    bool wake;

    mri_latch(self, &c->latch);
    wake = let_go(self, c, mri_load(&waiter->wait_state));
    mri_wait_note(self, waiter, object, then);
    mri_commit(self);
    mri_unlatch(self, &c->latch);
    if (wake) {
        mri_wake_all(self, object, MRI_CONDITION_WAITERS);
    }
}

static void count_in(mri_record *self, mri_object *object, uint64_t depth)
{
    mri_condition_body *c = body_of(object);
    uint64_t ticket;

    mri_latch(self, &c->latch);
    ticket = mri_peek(&c->next);
    mri_set(self, &c->waiting, mri_peek(&c->waiting) + 1);
    mri_wait_note(self, self, object, note_of(WAITING, depth, ticket));
    mri_set(self, &c->next, ticket + 1);
    mri_commit(self);
    mri_unlatch(self, &c->latch);
}

/* Be a waiter first, then release the lock: a notification by the next holder
 * finds this thread waiting. */
static mr_error begin(mri_record *self, mri_object *object, mri_object *lock)
{
    uint64_t depth = depth_held(self, object, lock);
    mri_call give = {0};
    mr_error error;

    if (depth == 0) {
        return MR_ERR_NOT_HELD;
    }
    if (depth >= 1 << DEPTH_BITS) {
        return MR_ERR_LIMIT;
    }
    count_in(self, object, depth);
    if (is_recursive(object)) {
        mri_store(&mri_sync_of(lock)->depth, 1);
        error = mri_sync_give_recursive(self, lock, &give);
    } else {
        error = mri_sync_give(self, lock, &give);
    }
    if (error) { /* another endpoint has released the Lock meanwhile */
        stop_waiting(self, object, self, 0);
    }
    return error;
}

/* Take a grant if there is one for this waiter. */
static bool take_grant(mri_record *self, mri_object *object)
{
    mri_condition_body *c = body_of(object);
    uint64_t note = mri_peek(&self->wait_state);
    uint64_t ticket = ticket_of(note);
    bool taken;

    if (!mri_load(&c->grants) || ticket >= mri_load(&c->horizon)) {
        return false;
    }
    mri_latch(self, &c->latch);
    taken = mri_peek(&c->grants) > 0 && ticket < mri_peek(&c->horizon);
    if (taken) {
        mri_set(self, &c->grants, mri_peek(&c->grants) - 1);
        count_out(self, c, ticket);
        mri_wait_note(self, self, object,
                      note_of(NOTIFIED, depth_of(note), ticket));
        mri_commit(self);
    }
    mri_unlatch(self, &c->latch);
    return taken;
}

/* The lock is the caller's again, as often as before. */
static mr_error end(mri_record *self, mri_object *object, mri_object *lock,
                    mr_error error)
{
    uint64_t note = mri_peek(&self->wait_state);

    if (is_recursive(object)) {
        mri_store(&mri_sync_of(lock)->depth, depth_of(note));
    }
    mri_store(&self->wait_state, 0);
    if (error) {
        return error; /* MR_ERR_HOLDER_DIED */
    }
    switch (state_of(note)) {
    case LATE:
        return MR_ERR_TIMEOUT;
    case INTERRUPTED:
        return MR_ERR_INTERRUPTED;
    default:
        return MR_OK;
    }
}

static mr_error take_lock(mri_record *self, mri_object *object,
                          mri_object *lock, mri_call *call)
{
    mr_error error = is_recursive(object)
                         ? mri_sync_take_recursive(self, lock, call)
                         : mri_sync_take(self, lock, call);

    if (error != MRI_WOULD_BLOCK) {
        return end(self, object, lock, error);
    }
    if (lock != object) {
        mri_wait_second(self, call, lock, call->list);
    }
    return error;
}

static mr_error wait_with(mri_record *self, mri_object *object,
                          mri_object *lock, mri_call *call)
{
    mr_error error;

    if (!mri_peek(&self->wait_state)) {
        error = begin(self, object, lock);
        if (error) {
            return error;
        }
    }
    if (state_of(mri_peek(&self->wait_state)) == WAITING &&
        !take_grant(self, object)) {
        call->list = MRI_CONDITION_WAITERS;
        return MRI_WOULD_BLOCK;
    }
    return take_lock(self, object, lock, call);
}

static mr_error try_wait(mri_record *self, mri_object *object, mri_call *call)
{
    mri_object *lock = enter_lock(self, object);
    mr_error error;

    if (lock) {
        error = wait_with(self, object, lock, call);
        leave_lock(self, object, lock);
        return error;
    }
    if (mri_peek(&self->wait_state)) {
        stop_waiting(self, object, self, 0);
    }
    return MR_ERR_CLOSED;
}

/* A living thread goes on until it has the lock again.  One that was notified
 * in time is not late; an interrupt is told nevertheless, as its hook may say
 * so only once, and the notification goes to another. */
static mr_error abandon(mri_record *self, mri_object *object,
                        mri_record *waiter, mr_error why)
{
    uint64_t note = mri_load(&waiter->wait_state);
    bool interrupted = why == MR_ERR_INTERRUPTED;

    if (self != waiter || why == MR_ERR_CLOSED) {
        stop_waiting(self, object, waiter, 0);
        return why;
    }
    assert(why == MR_ERR_TIMEOUT || interrupted);
    if (interrupted || state_of(note) == WAITING) {
        stop_waiting(self, object, waiter,
                     note_of(interrupted ? INTERRUPTED : LATE, depth_of(note),
                             ticket_of(note)));
    }
    return MRI_WOULD_BLOCK;
}

/* ---- notifying ----------------------------------------------------------- */

/* The number that may go on now. */
static uint64_t grant(mri_record *self, mri_condition_body *c, uint64_t wanted)
{
    uint64_t waiting;
    uint64_t old;
    uint64_t grants;

    mri_latch(self, &c->latch);
    waiting = mri_peek(&c->waiting);
    old = mri_peek(&c->grants);
    grants = wanted < waiting - old ? old + wanted : waiting;
    mri_set(self, &c->horizon, mri_peek(&c->next));
    mri_set(self, &c->eligible, waiting);
    mri_set(self, &c->grants, grants);
    mri_commit(self);
    mri_unlatch(self, &c->latch);
    return grants - old;
}

/* call->argument is how many. */
static mr_error try_notify(mri_record *self, mri_object *object, mri_call *call)
{
    mri_object *lock = enter_lock(self, object);
    uint64_t granted;
    bool held;

    if (!lock) {
        return MR_ERR_CLOSED;
    }
    held = depth_held(self, object, lock) > 0;
    leave_lock(self, object, lock);
    if (!held) {
        return MR_ERR_NOT_HELD;
    }
    granted = grant(self, body_of(object), call->argument);
    mri_wake_for(self, object, MRI_CONDITION_WAITERS, granted);
    return MR_OK;
}

static mr_error try_check(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    *(mri_chosen_lock *)call->out = body_of(object)->chosen;
    return MR_OK;
}

/* ---- the object ---------------------------------------------------------- */

static mri_try *const tries[] = {
    [MRI_SYNC_TAKE] = mri_sync_take_recursive,
    [MRI_SYNC_GIVE] = mri_sync_give_recursive,
    [WAIT] = try_wait,
    [NOTIFY] = try_notify,
    [CHECK] = try_check,
};

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const mri_chosen_lock *chosen = call->in;
    mr_handle given = chosen->given;
    mri_object *object;
    mr_error error;

    if (chosen->kind == MRI_LOCK_GIVEN) {
        object = mri_enter_second(self, given, (mri_kind)given.kind);
        mri_leave_second(self);
        if (!object) {
            return mri_why_stale(given);
        }
    }
    error = mri_object_build(self, index, MRI_CONDITION, &object);
    if (!error) {
        body_of(object)->chosen = *chosen;
        *handle = mri_object_publish(self, object);
    }
    return error;
}

const mri_kind_ops mri_condition_ops = {.name = "condition",
                                        .kind = MRI_CONDITION,
                                        .tries = tries,
                                        .count = TRIES,
                                        .create = create,
                                        .ready = mri_sync_ready,
                                        .abandon = abandon,
                                        .forget = mri_sync_forget};

mr_error mr_condition_create(mr_condition *condition,
                             const mr_condition_options *options)
{
    mr_lock lock = options ? options->lock : (mr_lock){0};
    int place = options ? options->place : 0;
    mri_chosen_lock chosen;
    mri_call call = {.in = &chosen, .in_size = sizeof chosen};
    mr_error error =
        mri_choose_lock("mr_condition_create", lock, false, &chosen);

    if (error) {
        return error;
    }
    if (chosen.kind == MRI_LOCK_GIVEN) {
        if (lock.handle.kind == MRI_CONDITION) {
            return mri_bad_argument("mr_condition_create", "options->lock",
                                    "belongs to another condition");
        }
        if (place != 0 && place != MR_ON_RANK((int)lock.handle.owner)) {
            return mri_bad_argument("mr_condition_create", "options->place",
                                    "is not the rank of the lock");
        }
        place = MR_ON_RANK((int)lock.handle.owner);
    }
    return mri_create_at(&mri_condition_ops, place, &call,
                         "mr_condition_create", "condition",
                         condition ? &condition->handle : NULL);
}

mr_error mr_condition_get_lock(mr_condition condition, mr_lock *lock)
{
    mri_chosen_lock chosen;
    mri_call call = {.out = &chosen, .out_size = sizeof chosen};
    mr_error error;

    if (!lock) {
        return mri_bad_argument("mr_condition_get_lock", "lock", "is NULL");
    }
    error = mri_operate(&mri_condition_ops, condition.handle, CHECK, &call, 0);
    return error ? error : mri_get_chosen_lock(&chosen, condition.handle, lock);
}

mr_error mr_condition_wait(mr_condition condition, double timeout)
{
    mri_call call = {0};

    return mri_operate(&mri_condition_ops, condition.handle, WAIT, &call,
                       timeout);
}

mr_error mr_condition_wait_for(mr_condition condition,
                               mr_condition_predicate *predicate,
                               void *argument, double timeout)
{
    int64_t deadline;
    mr_error error = MR_OK;

    if (!predicate) {
        return mri_bad_argument("mr_condition_wait_for", "predicate",
                                "is NULL");
    }
    if (isnan(timeout)) {
        return mri_bad_argument("mr_condition_wait_for", "timeout", "is NaN");
    }
    deadline = mri_deadline(timeout);
    while (!predicate(argument)) {
        if (error) {
            return error;
        }
        error =
            mr_condition_wait(condition, mri_timeout_left(timeout, deadline));
        if (error && error != MR_ERR_TIMEOUT) {
            return error;
        }
    }
    return MR_OK;
}

mr_error mr_condition_notify(mr_condition condition, unsigned int count)
{
    mri_call call = {.argument = count};

    if (count == 0) {
        return mri_bad_argument("mr_condition_notify", "count", "is 0");
    }
    return mri_operate(&mri_condition_ops, condition.handle, NOTIFY, &call, 0);
}

mr_error mr_condition_notify_all(mr_condition condition)
{
    mri_call call = {.argument = UINT32_MAX};

    return mri_operate(&mri_condition_ops, condition.handle, NOTIFY, &call, 0);
}

mr_error mr_condition_destroy(mr_condition condition)
{
    return mri_destroy(&mri_condition_ops, condition.handle);
}
