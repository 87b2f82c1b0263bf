/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Queue: a channel in an object, its producers where they are counted, and
 * the count of items that are done.
 *
 * A queue that keeps the order of each producer alone has several channels: a
 * thread puts into one of them, and a consumer looks through all.  The first
 * channel is that of every queue; the others are the object's detail.  The
 * first is closed last, so a queue is closed if that is.
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

enum { CHANNELS = 8 };

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

/* How many channels a queue has, and each of them. */
static inline unsigned int channels_of(const mri_object *object)
{
    return mri_peek(&object->detail) ? CHANNELS : 1;
}

static inline mri_channel *channel_at(mri_object *object, unsigned int number)
{
    mri_channel *others = mri_at(mri_peek(&object->detail));

    return number ? &others[number - 1] : channel_of(object);
}

static __attribute__((noinline)) unsigned int
number_of_mine(const mri_record *self)
{
    return (unsigned int)(mri_ref_of(self) / sizeof *self % CHANNELS);
}

/* Where the calling thread puts. */
static inline mri_channel *my_channel(mri_record *self, mri_object *object)
{
    return __builtin_expect(mri_peek(&object->detail) != 0, 0)
               ? channel_at(object, number_of_mine(self))
               : channel_of(object);
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
    mri_channel *channel = my_channel(self, object);
    mr_error error = mri_channel_put(self, channel, call);

    if (error) {
        return why_no_room(channel, error);
    }
    mri_wake(self, object, GETTERS);
    return MR_OK;
}

static void wake_getters(mri_record *self, mri_object *object, uint64_t count)
{
    mri_wake_for(self, object, GETTERS, count);
}

static mr_error try_put_many(mri_record *self, mri_object *object,
                             mri_call *call)
{
    mri_channel *channel = my_channel(self, object);

    if (!call->argument || call->in_size % call->argument) {
        return MR_ERR_ARGUMENT;
    }
    return why_no_room(channel, mri_channel_put_many(self, channel, call,
                                                     object, wake_getters));
}

/* From the first channel that has an item, beginning with the thread's own. */
static __attribute__((noinline)) mr_error get_from_any(mri_record *self,
                                                       mri_object *object,
                                                       mri_call *call,
                                                       mri_channel_getter *get)
{
    unsigned int first = number_of_mine(self);
    mr_error error = MRI_WOULD_BLOCK;

    for (unsigned int i = 0; i < CHANNELS && error == MRI_WOULD_BLOCK; i++) {
        call->list = GETTERS;
        error = get(self, channel_at(object, (first + i) % CHANNELS), call);
        if (call->list == MRI_WAIT_MEMORY) {
            break;
        }
    }
    return error;
}

static inline __attribute__((always_inline)) mr_error
get_once(mri_record *self, mri_object *object, mri_call *call,
         mri_channel_getter *get)
{
    return __builtin_expect(mri_peek(&object->detail) != 0, 0)
               ? get_from_any(self, object, call, get)
               : get(self, channel_of(object), call);
}

/* The queue was closed before the second look: so that look sees all items. */
static __attribute__((noinline)) mr_error
nothing_to_get(mri_record *self, mri_object *object, mri_call *call,
               mri_channel_getter *get)
{
    mr_error error = MRI_WOULD_BLOCK;

    if (mri_channel_is_closed(channel_of(object))) {
        error = get_once(self, object, call, get);
        if (error == MRI_WOULD_BLOCK && call->list == GETTERS) {
            error = MR_ERR_END_OF_FILE;
        }
    }
    return error;
}

static inline __attribute__((always_inline)) mr_error
get_by(mri_record *self, mri_object *object, mri_call *call,
       mri_channel_getter *get)
{
    mr_error error;

    call->list = GETTERS;
    error = get_once(self, object, call, get);
    return error == MRI_WOULD_BLOCK && call->list == GETTERS
               ? nothing_to_get(self, object, call, get)
               : error;
}

/* There is room for `count` more.  With several channels a producer waits for
 * one of them, and nobody knows which. */
static inline void wake_putters(mri_record *self, mri_object *object,
                                uint64_t count)
{
    if (channel_of(object)->maxsize) {
        mri_wake_for(self, object, MRI_CHANNEL_ROOM,
                     channels_of(object) > 1 ? UINT64_MAX : count);
    }
}

static inline __attribute__((always_inline)) mr_error
try_get(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = get_by(self, object, call, mri_channel_get);

    if (!error) {
        wake_putters(self, object, 1);
    }
    return error;
}

static mr_error try_get_many(mri_record *self, mri_object *object,
                             mri_call *call)
{
    mr_error error = get_by(self, object, call, mri_channel_get_many);

    if (!error) {
        wake_putters(self, object, call->result);
    }
    return error;
}

/* ---- lent items ---------------------------------------------------------- */

static mr_error try_reserve(mri_record *self, mri_object *object,
                            mri_call *call)
{
    mri_channel *channel = my_channel(self, object);

    return why_no_room(channel, mri_lending_try_reserve(self, channel, call));
}

static mr_error try_commit(mri_record *self, mri_object *object, mri_call *call)
{
    mri_channel *channel = my_channel(self, object);
    mr_error error = mri_channel_commit(self, channel, call);

    if (error) {
        return why_no_room(channel, error);
    }
    mri_wake(self, object, GETTERS);
    return MR_OK;
}

static mr_error try_take(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = get_by(self, object, call, mri_lending_try_take);

    if (!error) {
        wake_putters(self, object, 1);
    }
    return error;
}

/* ---- questions ----------------------------------------------------------- */

static mr_error try_count(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t items = 0;
    uint64_t maxsize = 0;

    (void)self;
    for (unsigned int i = 0; i < channels_of(object); i++) {
        mri_channel_tell_count(channel_at(object, i), call);
        items += call->result;
        maxsize += call->argument;
    }
    call->result = items;
    call->argument = maxsize;
    return MR_OK;
}

/* ---- close, and producers that are counted ------------------------------- */

/* Those that wait for memory are producers, too. */
static void close_queue(mri_record *self, mri_object *object)
{
    for (unsigned int i = channels_of(object); i-- > 0;) {
        mri_channel_close(self, channel_at(object, i));
    }
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

/* Items ever put, at least as many as at the begin of the call. */
static uint64_t put_ever(mri_record *self, mri_object *object)
{
    uint64_t put = 0;

    for (unsigned int i = 0; i < channels_of(object); i++) {
        put += mri_channel_put_ever(self, channel_at(object, i));
    }
    return put;
}

/* The same without a latch: not more than that. */
static uint64_t put_so_far(mri_object *object)
{
    uint64_t put = 0;

    for (unsigned int i = 0; i < channels_of(object); i++) {
        put += mri_channel_put_so_far(channel_at(object, i));
    }
    return put;
}

/* call->argument is how many.  An item may be there that its producer has not
 * counted yet, so the exact count is asked for before an error. */
static mr_error try_done(mri_record *self, mri_object *object, mri_call *call)
{
    queue_body *body = body_of(object);
    uint64_t done = mri_load(&body->done);
    uint64_t put = put_so_far(object);

    do {
        if (put < done || call->argument > put - done) {
            put = put_ever(self, object);
        }
        if (call->argument > put - done) {
            return MR_ERR_STATE;
        }
    } while (!mri_cas(&body->done, &done, done + call->argument));
    if (done + call->argument == put) {
        mri_wake_all(self, object, JOINERS);
    }
    return MR_OK;
}

/* What was done before the puts are counted is not more than they: if it is as
 * much, nothing was left at that moment. */
static mr_error try_join(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t done = mri_load(&body_of(object)->done);

    call->list = JOINERS;
    return done == put_ever(self, object) ? MR_OK : MRI_WOULD_BLOCK;
}

/* ---- the object ---------------------------------------------------------- */

static bool ready(mri_object *object, unsigned int variant)
{
    bool has_item = false;

    (void)variant;
    for (unsigned int i = 0; i < channels_of(object) && !has_item; i++) {
        has_item = !mri_channel_empty(channel_at(object, i));
    }
    return has_item || mri_channel_is_closed(channel_of(object));
}

static void dispose(mri_record *self, mri_object *object)
{
    for (unsigned int i = 0; i < channels_of(object); i++) {
        mri_channel_dispose(self, channel_at(object, i));
    }
    mri_object_free(self, object, &object->detail,
                    (CHANNELS - 1) * sizeof(mri_channel));
    mri_holders_dispose(self, object, &body_of(object)->producers);
}

/* A thread may have died, this one, too, between the end of the last producer
 * and that of the queue, or between the ends of two channels. */
static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    unsigned int last = channels_of(object) - 1;

    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) != MRI_LIVE) {
        return;
    }
    for (unsigned int i = 0; i <= last; i++) {
        mri_channel_repair(self, channel_at(object, i));
    }
    close_without_producers(self, object);
    if (mri_channel_is_closed(channel_at(object, last)) &&
        !mri_channel_is_closed(channel_of(object))) {
        close_queue(self, object);
    }
}

/* Each channel gets its share of maxsize. */
static mr_error format(mri_record *self, mri_object *object,
                       const mri_queue_spec *spec)
{
    size_t size = (CHANNELS - 1) * sizeof(mri_channel);
    uint64_t maxsize = spec->maxsize;
    mr_error error = MR_OK;

    if (spec->per_producer) {
        error = mri_allocate(self, mri_segment_of(mri_ref_of(object)), MRI_HEAP,
                             size, 0);
        if (error) {
            return error;
        }
        memset(mri_at(mri_peek(&self->owned[0].block)), 0, size);
        mri_object_detail(self, object);
        maxsize = maxsize / CHANNELS + (maxsize % CHANNELS != 0);
    }
    for (unsigned int i = 0; !error && i < channels_of(object); i++) {
        error = mri_channel_format(self, channel_at(object, i), maxsize,
                                   MRI_QUEUE_ITEMS);
    }
    return error;
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_QUEUE, &object);

    if (error) {
        return error;
    }
    error = format(self, object, call->in);
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
