/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns contexts: their bytes, and the counts of their keepers.  `users` and the
 * words that are counted in it change together, under the object's wait_latch.
 * With no creator and no user a context gets no further user: the first that
 * sees this destroys it.
 */
#include "pool/context.h"

#include <assert.h>

#include "engine/operation.h"
#include "engine/owned_block.h"
#include "objects/kinds.h"

enum { RELEASE = 0 };

/* In a use: it is not counted any more. */
enum { DROPPED = 1 };

typedef struct context_body {
    mri_word creator; /* endpoint that keeps it; 0: none */
    mri_word users;
    mri_owned_block block;
    mri_ref bytes;
    uint64_t size;
} context_body;

static context_body *body_of(mri_object *object)
{
    return (context_body *)object->body;
}

/* The caller is active on it, and it lives. */
static void end_if_unused(mri_object *object)
{
    if (!mri_load(&body_of(object)->creator) &&
        !mri_load(&body_of(object)->users)) {
        (void)!mri_object_destroy(mri_handle_of(object), MRI_CONTEXT);
    }
}

static mr_error try_release(mri_record *self, mri_object *object,
                            mri_call *call)
{
    (void)self;
    (void)call;
    mri_swap(&body_of(object)->creator, 0);
    end_if_unused(object);
    return MR_OK;
}

/* ---- uses ---------------------------------------------------------------- */

mr_error mri_context_use(mri_record *self, mr_handle handle, mri_word *use)
{
    mri_object *object = mri_enter(self, handle, MRI_CONTEXT);
    mri_word *users;
    mr_error error = MR_ERR_STALE;

    if (!object) {
        return error;
    }
    users = &body_of(object)->users;
    assert(!mri_peek(use));
    mri_latch(self, &object->wait_latch);
    if (mri_load(&body_of(object)->creator)) {
        mri_set(self, users, mri_peek(users) + 1);
        mri_set(self, use, mri_ref_of(object));
        mri_commit(self);
        error = MR_OK;
    }
    mri_unlatch(self, &object->wait_latch);
    mri_leave(self);
    return error;
}

static void count_down(mri_record *self, mri_word *use)
{
    mri_object *object = mri_at(mri_peek(use));
    mri_word *users = &body_of(object)->users;

    mri_latch(self, &object->wait_latch);
    assert(mri_peek(users) > 0);
    mri_set(self, users, mri_peek(users) - 1);
    mri_set(self, use, mri_peek(use) | DROPPED);
    mri_commit(self);
    mri_unlatch(self, &object->wait_latch);
}

/* Its row may have become another's since it was counted down. */
static bool is_context(mri_object *object)
{
    uint64_t identity = mri_load(&object->identity);

    return mri_identity_state(identity) == MRI_LIVE &&
           mri_identity_kind(identity) == MRI_CONTEXT;
}

void mri_context_drop(mri_record *self, mri_word *use)
{
    uint64_t active = mri_peek(&self->active);
    mri_object *object;

    assert(mri_peek(use));
    if (!(mri_peek(use) & DROPPED)) {
        count_down(self, use);
    }
    object = mri_at(mri_peek(use) & ~(uint64_t)DROPPED);
    mri_be_active(self, mri_ref_of(object), true);
    if (is_context(object)) {
        end_if_unused(object);
    }
    mri_store(&self->active, active);
    mri_store(use, 0);
}

mri_ref mri_context_bytes(const mri_word *use, uint64_t *size)
{
    context_body *body;

    *size = 0;
    if (!mri_peek(use)) {
        return 0;
    }
    assert(!(mri_peek(use) & DROPPED));
    body = body_of(mri_at(mri_peek(use)));
    *size = body->size;
    return body->bytes;
}

/* ---- the kind ------------------------------------------------------------ */

static void dispose(mri_record *self, mri_object *object)
{
    mri_owned_block_free(self, object, &body_of(object)->block);
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    if (mri_is_gone(gone, mri_load(&body_of(object)->creator))) {
        try_release(self, object, NULL);
    }
}

/* Killed between the release and the end. */
static void repair(mri_record *self, mri_object *object, mri_record *dead)
{
    (void)self;
    (void)dead;
    if (is_context(object)) {
        end_if_unused(object);
    }
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_CONTEXT, &object);
    context_body *body;

    if (error) {
        return error;
    }
    body = body_of(object);
    body->size = call->more_size;
    mri_store(&body->creator, mri_load(&self->owner));
    error = mri_owned_block_keep_more(self, object, &body->block, call,
                                      &body->bytes);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {[RELEASE] = try_release};

const mri_kind_ops mri_context_ops = {.name = "context",
                                      .kind = MRI_CONTEXT,
                                      .tries = tries,
                                      .count = RELEASE + 1,
                                      .create = create,
                                      .dispose = dispose,
                                      .forget = forget,
                                      .repair = repair};

mr_error mri_context_create(unsigned int rank, const void *bytes, size_t size,
                            mr_handle *handle)
{
    mri_call call = {.more = bytes, .more_size = size};

    return mri_create(&mri_context_ops, rank, &call, handle);
}

void mri_context_release(mr_handle handle)
{
    mri_call call = {0};

    assert(handle.kind == MRI_CONTEXT);
    (void)!mri_operate(&mri_context_ops, handle, RELEASE, &call, 0);
}
