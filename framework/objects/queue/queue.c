/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Queue: a channel in an object, its producers where they are counted, and
 * the count of items that are done.
 *
 * A queue is closed by a call, or when the last counted producer has detached
 * or died.  The table of producers is made by the first of them, so a queue
 * without a table counts none.
 */
#include "objects/queue/queue.h"

#include <multirank/queue.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/lending.h"
#include "util/log.h"

/* Lists of waiters: for an item, the one of mr_wait; for room, which is
 * MRI_CHANNEL_ROOM; until all items are done. */
enum { GETTERS = 0, JOINERS = MRI_LISTS };

typedef struct queue_body {
    mri_channel channel;
    mri_holders producers;
    mri_word producers_count;
    mri_word done; /* items that mr_queue_task_done has told */
    uint64_t spare;
    mri_list joiners;
} queue_body;

_Static_assert(sizeof(queue_body) == MRI_BODY, "the list is at the end");

static queue_body *body_of(mri_object *object)
{
    return (queue_body *)object->body;
}

static mri_channel *channel_of(mri_object *object)
{
    return &body_of(object)->channel;
}

static void wake_for(mri_record *self, mri_object *object, unsigned int list,
                     uint64_t count)
{
    if (count == 1) {
        mri_wake(self, object, list);
    } else {
        mri_wake_all(self, object, list);
    }
}

/* ---- put and get --------------------------------------------------------- */

static __attribute__((noinline)) mr_error
why_no_room(const mri_channel *channel, mr_error error)
{
    return error == MRI_WOULD_BLOCK && mri_channel_is_closed(channel)
               ? MR_ERR_CLOSED
               : error;
}

static inline __attribute__((always_inline)) mr_error
try_put(mri_record *self, mri_object *object, mri_call *call)
{
    mri_channel *channel = channel_of(object);
    mr_error error = mri_channel_put(self, channel, call);

    if (error) {
        return why_no_room(channel, error);
    }
    mri_wake(self, object, GETTERS);
    return MR_OK;
}

static void wake_getters(mri_record *self, mri_object *object, uint64_t count)
{
    wake_for(self, object, GETTERS, count);
}

static mr_error try_put_many(mri_record *self, mri_object *object,
                             mri_call *call)
{
    mri_channel *channel = channel_of(object);

    if (!call->argument || call->in_size % call->argument) {
        return MR_ERR_ARGUMENT;
    }
    return why_no_room(channel, mri_channel_put_many(self, channel, call,
                                                     object, wake_getters));
}

/* The queue was closed before the second look: so that look sees all items. */
static mr_error
nothing_to_get(mri_record *self, mri_object *object, mri_call *call,
               mr_error (*get)(mri_record *, mri_channel *, mri_call *))
{
    mri_channel *channel = channel_of(object);
    mr_error error = MRI_WOULD_BLOCK;

    call->list = GETTERS;
    if (mri_channel_is_closed(channel)) {
        error = get(self, channel, call);
        if (error == MRI_WOULD_BLOCK && call->list == GETTERS) {
            error = MR_ERR_END_OF_FILE;
        }
    }
    return error;
}

static inline __attribute__((always_inline)) mr_error
try_get(mri_record *self, mri_object *object, mri_call *call)
{
    mri_channel *channel = channel_of(object);
    mr_error error = mri_channel_get(self, channel, call);

    if (error == MRI_WOULD_BLOCK) {
        error = nothing_to_get(self, object, call, mri_channel_get);
    }
    if (!error && channel->maxsize) {
        mri_wake(self, object, MRI_CHANNEL_ROOM);
    }
    return error;
}

static mr_error try_get_many(mri_record *self, mri_object *object,
                             mri_call *call)
{
    mri_channel *channel = channel_of(object);
    mr_error error = mri_channel_get_many(self, channel, call);

    if (error == MRI_WOULD_BLOCK) {
        error = nothing_to_get(self, object, call, mri_channel_get_many);
    }
    if (!error && channel->maxsize) {
        wake_for(self, object, MRI_CHANNEL_ROOM, call->result);
    }
    return error;
}

/* ---- lent items ---------------------------------------------------------- */

static mr_error try_reserve(mri_record *self, mri_object *object,
                            mri_call *call)
{
    mri_channel *channel = channel_of(object);

    return why_no_room(channel, mri_lending_try_reserve(self, channel, call));
}

static mr_error try_commit(mri_record *self, mri_object *object, mri_call *call)
{
    mri_channel *channel = channel_of(object);
    mr_error error = mri_channel_commit(self, channel, call);

    if (error) {
        return why_no_room(channel, error);
    }
    mri_wake(self, object, GETTERS);
    return MR_OK;
}

static mr_error try_take(mri_record *self, mri_object *object, mri_call *call)
{
    mri_channel *channel = channel_of(object);
    mr_error error;

    call->list = GETTERS;
    error = mri_lending_try_take(self, channel, call);
    if (error == MRI_WOULD_BLOCK && call->list == GETTERS) {
        error = nothing_to_get(self, object, call, mri_lending_try_take);
    }
    if (!error && channel->maxsize) {
        mri_wake(self, object, MRI_CHANNEL_ROOM);
    }
    return error;
}

/* ---- questions ----------------------------------------------------------- */

static mr_error try_count(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    mri_channel_tell_count(channel_of(object), call);
    return MR_OK;
}

/* ---- close, and producers that are counted ------------------------------- */

/* Those that wait for memory are producers, too. */
static void close_queue(mri_record *self, mri_object *object)
{
    mri_channel_close(self, channel_of(object));
    mri_wake_all(self, object, GETTERS);
    mri_wake_all(self, object, MRI_CHANNEL_ROOM);
    mri_wake_for_memory(self, mri_segment_of(mri_ref_of(object)));
}

static mr_error try_close(mri_record *self, mri_object *object, mri_call *call)
{
    (void)call;
    close_queue(self, object);
    return MR_OK;
}

static bool is_producer(mri_record *self, mri_holders *producers, uint64_t id)
{
    bool found;

    mri_latch(self, &producers->latch);
    found = mri_holders_find(producers, id, 0) != NULL;
    mri_unlatch(self, &producers->latch);
    return found;
}

/* call->argument attaches; call->in is who attaches it, if that is another.  A
 * producer alone may attach others: else the first of them might have ended,
 * and the queue be closed, before the next is attached. */
static mr_error try_attach(mri_record *self, mri_object *object, mri_call *call)
{
    queue_body *body = body_of(object);
    uint64_t by;

    if (call->in_size == sizeof by) {
        memcpy(&by, call->in, sizeof by);
        if (!is_producer(self, &body->producers, by)) {
            return MR_ERR_NOT_HELD;
        }
    }
    if (mri_channel_is_closed(&body->channel)) {
        return MR_ERR_CLOSED;
    }
    return mri_holders_add(self, object, &body->producers, call->argument, 0,
                           &body->producers_count, false);
}

/* A closed queue is not closed again, as that would wake in vain. */
static void close_without_producers(mri_record *self, mri_object *object)
{
    queue_body *body = body_of(object);

    if (mri_load(&body->producers.rows) && !mri_load(&body->producers_count) &&
        !mri_channel_is_closed(&body->channel)) {
        close_queue(self, object);
    }
}

static mr_error detach(mri_record *self, mri_object *object, uint64_t id)
{
    queue_body *body = body_of(object);
    mr_error error =
        mri_holders_drop(self, &body->producers, id, 0, &body->producers_count);

    if (!error) {
        close_without_producers(self, object);
    }
    return error;
}

static mr_error try_detach(mri_record *self, mri_object *object, mri_call *call)
{
    return detach(self, object, call->argument);
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    uint64_t id;

    while ((id = mri_holders_gone(self, &body_of(object)->producers, gone)) !=
           0) {
        (void)!detach(self, object, id);
    }
}

/* ---- items that are done ------------------------------------------------- */

/* call->argument is how many.  A producer may have put an item and not have
 * counted it yet, so the exact count is asked for before an error. */
static mr_error try_done(mri_record *self, mri_object *object, mri_call *call)
{
    queue_body *body = body_of(object);
    uint64_t put = mri_load(&body->channel.tail);
    uint64_t done = mri_load(&body->done);

    do {
        if (done + call->argument > put) {
            put = mri_channel_put_ever(self, &body->channel);
        }
        if (done + call->argument > put) {
            return MR_ERR_STATE;
        }
    } while (!mri_cas(&body->done, &done, done + call->argument));
    if (done + call->argument == put) {
        mri_wake_all(self, object, JOINERS);
    }
    return MR_OK;
}

static mr_error try_join(mri_record *self, mri_object *object, mri_call *call)
{
    queue_body *body = body_of(object);
    uint64_t put = mri_channel_put_ever(self, &body->channel);

    call->list = JOINERS;
    return mri_load(&body->done) == put ? MR_OK : MRI_WOULD_BLOCK;
}

/* ---- the object ---------------------------------------------------------- */

static bool ready(mri_object *object, unsigned int variant)
{
    mri_channel *channel = channel_of(object);

    (void)variant;
    return mri_channel_is_closed(channel) || !mri_channel_empty(channel);
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_channel_dispose(self, channel_of(object));
    mri_holders_dispose(self, object, &body_of(object)->producers);
}

/* The last producer may have died, or this thread, between its end and that of
 * the queue. */
static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE) {
        mri_channel_repair(self, channel_of(object));
        close_without_producers(self, object);
    }
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const mri_queue_spec *spec = call->in;
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_QUEUE, &object);

    if (error) {
        return error;
    }
    error = mri_channel_format(self, channel_of(object), spec->maxsize,
                               MRI_QUEUE_ITEMS);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {
    [MRI_QUEUE_PUT] = try_put,           [MRI_QUEUE_GET] = try_get,
    [MRI_QUEUE_COUNT] = try_count,       [MRI_QUEUE_PUT_MANY] = try_put_many,
    [MRI_QUEUE_GET_MANY] = try_get_many, [MRI_QUEUE_CLOSE] = try_close,
    [MRI_QUEUE_ATTACH] = try_attach,     [MRI_QUEUE_DETACH] = try_detach,
    [MRI_QUEUE_DONE] = try_done,         [MRI_QUEUE_JOIN] = try_join,
    [MRI_QUEUE_RESERVE] = try_reserve,   [MRI_QUEUE_COMMIT] = try_commit,
    [MRI_QUEUE_TAKE] = try_take,
};

const mri_kind_ops mri_queue_ops = {
    .name = "queue",
    .kind = MRI_QUEUE,
    .tries = tries,
    .count = MRI_QUEUE_TRIES,
    .one_way = 1 << MRI_QUEUE_PUT | 1 << MRI_QUEUE_PUT_MANY,
    .one_by_one = MRI_QUEUE_EXACT,
    .bulk = MRI_QUEUE_ITEMS,
    .create = create,
    .ready = ready,
    .more_lists = 1,
    .dispose = dispose,
    .forget = forget,
    .repair = repair,
};

/* ---- the two shortest calls ---------------------------------------------- */

/* They stand beside the table, so that the compiler sees what they call. */

mr_error mr_queue_put(mr_queue queue, const void *item, size_t size,
                      double timeout)
{
    mri_call call = {.in = item, .in_size = size};

    if (!item && size) {
        return mri_bad_argument("mr_queue_put", "item", "is NULL");
    }
    return mri_operate(&mri_queue_ops, queue.handle, MRI_QUEUE_PUT, &call,
                       timeout);
}

mr_error mr_queue_get(mr_queue queue, void *item, size_t capacity, size_t *size,
                      double timeout)
{
    mri_call call = {.out = item, .out_size = capacity};
    mr_error error;

    if (!item && capacity) {
        return mri_bad_argument("mr_queue_get", "item", "is NULL");
    }
    error = mri_operate(&mri_queue_ops, queue.handle, MRI_QUEUE_GET, &call,
                        timeout);
    if (size && (error == MR_OK || error == MR_ERR_TRUNCATED)) {
        *size = call.result;
    }
    return error;
}
