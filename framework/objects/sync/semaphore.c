/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Semaphore: a count that threads take from and give to.
 */
#include <multirank/semaphore.h>

#include <assert.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/create.h"
#include "objects/kinds.h"
#include "util/log.h"

enum { ACQUIRE = 0, RELEASE, VALUE, TRIES };

typedef struct semaphore_body {
    mri_word count;
    uint64_t limit; /* the most that `count` may be */
    uint64_t bounded;
} semaphore_body;

typedef struct semaphore_spec {
    uint64_t value;
    uint64_t bounded;
} semaphore_spec;

static semaphore_body *body_of(mri_object *object)
{
    return (semaphore_body *)object->body;
}

static mr_error try_acquire(mri_record *self, mri_object *object,
                            mri_call *call)
{
    semaphore_body *body = body_of(object);
    uint64_t count = mri_load(&body->count);

    (void)self;
    call->list = 0;
    assert(count <= body->limit);
    while (count) {
        if (mri_cas(&body->count, &count, count - 1)) {
            return MR_OK;
        }
    }
    return MRI_WOULD_BLOCK;
}

/* call->argument is how many. */
static mr_error try_release(mri_record *self, mri_object *object,
                            mri_call *call)
{
    semaphore_body *body = body_of(object);
    uint64_t count = mri_load(&body->count);

    do {
        if (call->argument > body->limit - count) {
            return body->bounded ? MR_ERR_NOT_HELD : MR_ERR_LIMIT;
        }
    } while (!mri_cas(&body->count, &count, count + call->argument));
    mri_wake_for(self, object, 0, call->argument);
    return MR_OK;
}

static mr_error try_value(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    call->result = mri_load(&body_of(object)->count);
    return MR_OK;
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return mri_load(&body_of(object)->count) != 0;
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const semaphore_spec *spec = call->in;
    mri_object *object;
    mr_error error = mri_object_build(self, index, MRI_SEMAPHORE, &object);

    if (error) {
        return error;
    }
    body_of(object)->limit = spec->bounded ? spec->value : MR_SEMAPHORE_MAX;
    body_of(object)->bounded = spec->bounded;
    mri_store(&body_of(object)->count, spec->value);
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {
    [ACQUIRE] = try_acquire, [RELEASE] = try_release, [VALUE] = try_value};

const mri_kind_ops mri_semaphore_ops = {.name = "semaphore",
                                        .kind = MRI_SEMAPHORE,
                                        .tries = tries,
                                        .count = TRIES,
                                        .create = create,
                                        .ready = ready};

mr_error mr_semaphore_create(mr_semaphore *semaphore, unsigned int value,
                             const mr_semaphore_options *options)
{
    semaphore_spec spec = {.value = value,
                           .bounded = options && options->bounded};
    mri_call call = {.in = &spec, .in_size = sizeof spec};

    if (value > MR_SEMAPHORE_MAX) {
        return mri_bad_argument("mr_semaphore_create", "value",
                                "is more than MR_SEMAPHORE_MAX");
    }
    return mri_create_at(&mri_semaphore_ops, options ? options->place : 0,
                         &call, "mr_semaphore_create", "semaphore",
                         semaphore ? &semaphore->handle : NULL);
}

mr_error mr_semaphore_acquire(mr_semaphore semaphore, double timeout)
{
    mri_call call = {0};

    return mri_operate(&mri_semaphore_ops, semaphore.handle, ACQUIRE, &call,
                       timeout);
}

mr_error mr_semaphore_release(mr_semaphore semaphore, unsigned int count)
{
    mri_call call = {.argument = count};

    if (count == 0 || count > MR_SEMAPHORE_MAX) {
        return mri_bad_argument("mr_semaphore_release", "count",
                                "is 0, or more than MR_SEMAPHORE_MAX");
    }
    return mri_operate(&mri_semaphore_ops, semaphore.handle, RELEASE, &call, 0);
}

mr_error mr_semaphore_get_value(mr_semaphore semaphore, unsigned int *value)
{
    mri_call call = {0};
    mr_error error;

    if (!value) {
        return mri_bad_argument("mr_semaphore_get_value", "value", "is NULL");
    }
    error = mri_operate(&mri_semaphore_ops, semaphore.handle, VALUE, &call, 0);
    if (!error) {
        *value = (unsigned int)call.result;
    }
    return error;
}

mr_error mr_semaphore_destroy(mr_semaphore semaphore)
{
    return mri_destroy(&mri_semaphore_ops, semaphore.handle);
}
