/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns mailboxes: a channel in an object, with lists of waiters.
 */
#include "engine/mailbox.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/channel.h"
#include "engine/operation.h"
#include "engine/wait.h"
#include "memory/liveness.h"
#include "util/clock.h"

enum { PUT = 0, GET, COUNT, RANK, TRIES };

/* The list of those that wait for an item. */
enum { GETTERS = 0 };

typedef struct mailbox_body {
    mri_channel channel;
    uint64_t creator; /* as in the spec */
} mailbox_body;

_Static_assert(sizeof(mailbox_body) <= MRI_BODY, "fits into a row");

static mailbox_body *body_of(mri_object *object)
{
    return (mailbox_body *)object->body;
}

static mri_channel *channel_of(mri_object *object)
{
    return &body_of(object)->channel;
}

static mr_error try_put(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = mri_channel_put(self, channel_of(object), call);

    if (!error) {
        mri_wake(self, object, GETTERS);
    }
    return error;
}

static mr_error try_get(mri_record *self, mri_object *object, mri_call *call)
{
    mri_channel *channel = channel_of(object);
    mr_error error = mri_channel_get(self, channel, call);

    call->list = GETTERS;
    if (!error && channel->maxsize) {
        mri_wake(self, object, MRI_CHANNEL_ROOM);
    }
    return error;
}

static mr_error try_count(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    mri_channel_tell_count(channel_of(object), call);
    return MR_OK;
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return !mri_channel_empty(channel_of(object));
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_channel_dispose(self, channel_of(object));
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    (void)self;
    if (body_of(object)->creator &&
        mri_is_gone(gone, body_of(object)->creator)) {
        mr_handle handle = mri_handle_of(object);

        (void)!mri_object_destroy(handle, (mri_kind)handle.kind);
    }
}

static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)dead;
    if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE) {
        mri_channel_repair(self, channel_of(object));
    }
}

static mr_error try_rank(mri_record *self, mri_object *object, mri_call *call)
{
    unsigned int index = mri_segment_of(mri_ref_of(object));
    unsigned int rank = (unsigned int)mri_segment_at(index)->rank;

    (void)self;
    call->result = mri_load(
        &mri_endpoint_at(mri_endpoint_id(1, rank, MRI_SLOT_RANK))->pid);
    return mri_rank_is_lost(rank) ? MR_ERR_OWNER_LOST : MR_OK;
}

static mri_try *const tries[] = {
    [PUT] = try_put,
    [GET] = try_get,
    [COUNT] = try_count,
    [RANK] = try_rank,
};

static mr_error build(mri_record *self, unsigned int index,
                      const mri_mailbox_spec *spec, mri_pool pool,
                      mr_handle *handle)
{
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_MAILBOX, &object);

    if (error) {
        return error;
    }
    error = mri_channel_format(self, channel_of(object), spec->maxsize, pool);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    body_of(object)->creator = spec->creator;
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

mr_error mri_mailbox_build(mri_record *self, unsigned int index,
                           uint64_t maxsize, mri_pool pool, mr_handle *handle)
{
    mri_mailbox_spec spec = {.maxsize = maxsize};

    return build(self, index, &spec, pool, handle);
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    return build(self, index, call->in, MRI_HEAP, handle);
}

const mri_kind_ops mri_mailbox_ops = {.name = "mailbox",
                                      .kind = MRI_MAILBOX,
                                      .tries = tries,
                                      .count = TRIES,
                                      .one_way = 1 << PUT,
                                      .create = create,
                                      .ready = ready,
                                      .ready_internal = true,
                                      .dispose = dispose,
                                      .forget = forget,
                                      .repair = repair};

/* ---- calls --------------------------------------------------------------- */

mr_error mri_mailbox_put(mr_handle handle, const void *item, size_t size,
                         double timeout)
{
    mri_call call = {.in = item, .in_size = size};

    return mri_operate(&mri_mailbox_ops, handle, PUT, &call, timeout);
}

mr_error mri_mailbox_put_second(mri_record *self, mr_handle handle,
                                const void *item, size_t size, mri_call *call)
{
    mri_object *object = mri_enter_second(self, handle, MRI_MAILBOX);
    mri_call put = {.in = item, .in_size = size};
    mr_error error;

    if (!object) {
        return MR_ERR_STALE;
    }
    error = try_put(self, object, &put);
    assert(!put.keeps_block);
    if (error == MRI_WOULD_BLOCK && put.list != MRI_WAIT_MEMORY) {
        mri_wait_second(self, call, object, put.list);
    } else {
        call->list = put.list;
    }
    mri_leave_second(self);
    return error;
}

mr_error mri_mailbox_get(mr_handle handle, void *item, size_t capacity,
                         size_t *size, double timeout)
{
    mri_call call = {.out = item, .out_size = capacity};
    mr_error error = mri_operate(&mri_mailbox_ops, handle, GET, &call, timeout);

    if (size && (error == MR_OK || error == MR_ERR_TRUNCATED)) {
        *size = call.result;
    }
    return error;
}

/* Another consumer may take an item between the look at its size and the
 * taking, so this is a loop. */
mr_error
mri_get_alloc(mr_error (*get)(mr_handle, void *, size_t, size_t *, double),
              mr_handle handle, void **item, size_t *size, double timeout)
{
    int64_t deadline = mri_deadline(timeout);
    size_t capacity = 256;
    size_t got = 0;
    void *memory = NULL;
    mr_error error = MR_ERR_TRUNCATED;

    while (error == MR_ERR_TRUNCATED) {
        free(memory);
        memory = malloc(capacity);
        if (!memory) {
            return MR_ERR_NO_MEMORY;
        }
        error = get(handle, memory, capacity, &got, timeout);
        capacity = got;
        timeout = mri_timeout_left(timeout, deadline);
    }
    if (error) {
        free(memory);
        return error;
    }
    *item = memory;
    *size = got;
    return MR_OK;
}

mr_error mri_mailbox_get_alloc(mr_handle handle, void **item, size_t *size,
                               double timeout)
{
    return mri_get_alloc(mri_mailbox_get, handle, item, size, timeout);
}

mr_error mri_mailbox_count(mr_handle handle, uint64_t *items, uint64_t *maxsize)
{
    mri_call call = {0};
    mr_error error = mri_operate(&mri_mailbox_ops, handle, COUNT, &call, 0);

    if (!error) {
        *items = call.result;
        *maxsize = call.argument;
    }
    return error;
}

mr_error mri_mailbox_rank_process(mr_handle handle, int64_t *process)
{
    mri_call call = {0};
    mr_error error = mri_operate(&mri_mailbox_ops, handle, RANK, &call, 0);

    *process = error ? 0 : (int64_t)call.result;
    return error;
}
