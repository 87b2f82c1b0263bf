/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how calls of far threads are tried.  Lock: that of the exchange.
 */
#include "far/served_call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wait.h"
#include "util/clock.h"
#include "util/fault.h"
#include "util/rank_local.h"

typedef struct tries {
    _Alignas(16) unsigned char output[MRI_OUT_MAX]; /* of the last one */
} tries;

static MRI_RANK_LOCAL tries tries_of_rank;
#define own MRI_OWN(tries_of_rank)

/* Input that has to outlive the message that brought it. */
mr_error mri_served_keep_input(mri_served *s, const void *body)
{
    uint64_t size = mri_brings(&s->head);
    unsigned char *data;

    if (s->data || !size || s->head.flags & MRI_BULK) {
        return MR_OK;
    }
    data = mri_fault_allocation() ? NULL : malloc(size);
    if (!data) {
        return MR_ERR_NO_MEMORY;
    }
    /* Without a second part the message ends where the first one does. */
    memcpy(data, body, s->head.more_size ? size : s->head.in_size);
    s->data = data;
    s->call.in = data;
    s->call.more = data + mri_padded(s->head.in_size);
    s->several.handles = s->call.in;
    return MR_OK;
}

/* Bulk lies in owned slot 0 for try functions; who makes an object needs that
 * hand, and finds it in owned slot 2. */
static void move_to_slot_2(mri_record *proxy)
{
    assert(mri_peek(&proxy->owned[0].block));
    assert(!mri_peek(&proxy->owned[2].block));
    mri_store(&proxy->owned[2].size, mri_peek(&proxy->owned[0].size));
    mri_store(&proxy->owned[2].block, mri_peek(&proxy->owned[0].block));
    mri_store(&proxy->owned[0].block, 0);
}

static mr_error make(mri_served *s)
{
    mr_handle made;
    mr_error error;

    if (!s->ops->create) {
        return MR_ERR_ARGUMENT;
    }
    if (s->call.keeps_block) {
        move_to_slot_2(s->client->proxy);
    }
    s->call.out = own.output;
    error =
        s->ops->create(s->client->proxy, mri_index_of_self(), &s->call, &made);
    if (!error) {
        assert(made.kind == s->ops->kind);
        memcpy(own.output, &made, sizeof made);
        s->call.out_size = sizeof made;
    }
    return error;
}

static mr_error first_try(mri_served *s)
{
    mri_record *proxy = s->client->proxy;
    mri_object *object;
    mr_error error;

    if (s->head.operation >= s->ops->count) {
        return MR_ERR_ARGUMENT;
    }
    object = mri_enter(proxy, s->head.handle, s->ops->kind);
    if (!object) {
        return mri_why_stale(s->head.handle);
    }
    s->blocked = (mri_blocked){.self = proxy,
                               .object = object,
                               .identity = mri_identity(s->head.handle),
                               .try = s->ops->tries[s->head.operation],
                               .call = &s->call};
    s->call.variant = s->head.handle.variant;
    error = s->blocked.try(proxy, object, &s->call);
    mri_leave(proxy);
    return error;
}

static mr_error first_look(mri_served *s)
{
    size_t count = s->head.in_size / sizeof(mr_handle);
    mr_error error;

    if (mri_found_size(count) > sizeof own.output) {
        return MR_ERR_LIMIT;
    }
    memset(own.output, 0, mri_found_size(count));
    s->several = (mri_wait_near){.self = s->client->proxy,
                                 .handles = s->call.in,
                                 .count = count,
                                 .tolerates = s->head.argument != 0,
                                 .found = own.output};
    error = mri_wait_near_check(&s->several);
    return error ? error : mri_wait_near_look(&s->several);
}

mr_error mri_served_try_first(mri_served *s)
{
    s->call.out = own.output;
    switch (s->head.what) {
    case MRI_CREATE:
        return make(s);
    case MRI_DESTROY:
        return mri_object_destroy(s->head.handle, s->ops->kind);
    case MRI_WATCH:
        return first_look(s);
    default:
        return first_try(s);
    }
}

/* Until its handles are here, it waits for memory as any other. */
static bool is_watching(const mri_served *s)
{
    return s->head.what == MRI_WATCH && s->state != MRI_ALLOCATING;
}

mr_error mri_served_try_again(mri_served *s)
{
    mr_error error;

    s->call.out = own.output;
    assert(s->state == MRI_PARKED || s->state == MRI_ALLOCATING);
    if (!is_watching(s)) {
        return mri_blocked_try(&s->blocked);
    }
    s->several.found = own.output;
    if (!s->several.entered) {
        error = mri_wait_near_enter(&s->several);
        if (error) {
            return error;
        }
    }
    return mri_wait_near_try(&s->several);
}

mr_error mri_served_abandon(mri_served *s, mr_error why)
{
    mr_error error = why;

    if (s->head.what == MRI_CALL && s->state != MRI_ALLOCATING) {
        error = mri_blocked_abandon(&s->blocked, why);
    }
    if (error == MRI_WOULD_BLOCK) {
        s->goes_on = true;
        s->cancelled = false;
        s->deadline = MRI_NEVER;
    }
    return error;
}

bool mri_served_is_rung(const mri_served *s)
{
    return mri_bell(s->client->proxy) !=
           (is_watching(s) ? s->several.bell : s->blocked.bell);
}

void mri_served_leave_lists(mri_served *s, mr_error error)
{
    if (is_watching(s)) {
        mri_wait_near_leave(&s->several);
    } else {
        mri_blocked_end(&s->blocked, error);
        mri_leave(s->client->proxy);
    }
}

/* ---- memory for bulk ----------------------------------------------------- */
/* Waits in the list of who waits for memory, without an object to try. */
static mr_error try_allocate(mri_record *self, mri_object *object,
                             mri_call *call)
{
    mr_error error =
        mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                     call->by_window ? MRI_ARRAYS : (mri_pool)call->pool,
                     mri_padded(call->in_size) + call->more_size, 0);

    call->list = MRI_WAIT_MEMORY;
    return error == MR_ERR_NO_MEMORY ? MRI_WOULD_BLOCK : error;
}

mr_error mri_served_allocate(mri_served *s)
{
    mri_object *memory = mri_object_row(mri_index_of_self(), MRI_ROW_MEMORY);

    assert(!mri_peek(&s->client->proxy->owned[0].block));
    s->blocked = (mri_blocked){.self = s->client->proxy,
                               .object = memory,
                               .identity = mri_load(&memory->identity),
                               .try = try_allocate,
                               .call = &s->call};
    return mri_blocked_try(&s->blocked);
}

void mri_served_end_allocation(mri_served *s, mr_error error)
{
    mri_blocked_end(&s->blocked, error);
    mri_leave(s->client->proxy);
}
