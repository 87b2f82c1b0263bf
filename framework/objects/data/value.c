/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Value: a number beside a lock.  Its operations that are no lock's are
 * single atomic accesses.
 */
#include <multirank/value.h>

#include <string.h>

#include "engine/operation.h"
#include "objects/create.h"
#include "objects/data/element.h"
#include "objects/kinds.h"
#include "objects/sync/sync.h"
#include "util/log.h"

typedef struct value_body {
    mri_sync lock;
    uint64_t type;
    _Alignas(64) uint64_t number;
} value_body;

_Static_assert(sizeof(value_body) <= MRI_BODY, "fits into a row");

enum { GET = MRI_SYNC_TRIES, SET, ADD, CHECK, TRIES };

typedef struct value_spec {
    uint64_t type;
    uint64_t number; /* its first bytes */
} value_spec;

static value_body *body_of(mri_object *object)
{
    return (value_body *)object->body;
}

static mr_error try_get(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    (void)self;
    mri_element_load((mr_type)value->type, &value->number, call->out);
    return MR_OK;
}

static mr_error try_set(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    (void)self;
    mri_element_store((mr_type)value->type, &value->number, call->in);
    return MR_OK;
}

static mr_error try_add(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    (void)self;
    mri_element_add((mr_type)value->type, &value->number, call->in, call->out);
    return MR_OK;
}

static mr_error try_check(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    (void)object;
    (void)call;
    return MR_OK;
}

static mri_try *const tries[] = {
    [MRI_SYNC_TAKE] = mri_sync_take_recursive,
    [MRI_SYNC_GIVE] = mri_sync_give_recursive,
    [GET] = try_get,
    [SET] = try_set,
    [ADD] = try_add,
    [CHECK] = try_check,
};

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const value_spec *spec = call->in;
    mri_object *object;
    mr_error error = mri_object_build(self, index, MRI_VALUE, &object);

    if (error) {
        return error;
    }
    body_of(object)->type = spec->type;
    mri_element_store((mr_type)spec->type, &body_of(object)->number,
                      &spec->number);
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

const mri_kind_ops mri_value_ops = {.name = "value",
                                    .kind = MRI_VALUE,
                                    .tries = tries,
                                    .count = TRIES,
                                    .create = create,
                                    .ready = mri_sync_ready,
                                    .ready_list = mri_sync_ready_list,
                                    .forget = mri_sync_forget};

mr_error mr_value_create(mr_value *value, mr_type type, const void *initial,
                         const mr_value_options *options)
{
    value_spec spec = {.type = type};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_error error;

    if (!mri_element_size(type)) {
        return mri_bad_argument("mr_value_create", "type", "is unknown");
    }
    if (initial) {
        memcpy(&spec.number, initial, mri_element_size(type));
    }
    error = mri_create_at(&mri_value_ops, options ? options->place : 0, &call,
                          "mr_value_create", "value",
                          value ? &value->handle : NULL);
    if (!error) {
        value->handle.variant = (uint16_t)type;
    }
    return error;
}

/* The bytes of the number: its type is the part of the handle. */
static size_t size_of(mr_value value)
{
    return mri_element_size((mr_type)value.handle.variant);
}

mr_error mr_value_get(mr_value value, void *out)
{
    mri_call call = {.out = out, .out_size = size_of(value)};

    if (!out) {
        return mri_bad_argument("mr_value_get", "out", "is NULL");
    }
    return mri_operate(&mri_value_ops, value.handle, GET, &call, 0);
}

mr_error mr_value_set(mr_value value, const void *in)
{
    mri_call call = {.in = in, .in_size = size_of(value)};

    if (!in) {
        return mri_bad_argument("mr_value_set", "in", "is NULL");
    }
    return mri_operate(&mri_value_ops, value.handle, SET, &call, 0);
}

mr_error mr_value_add(mr_value value, const void *amount, void *before)
{
    mri_call call = {.in = amount,
                     .in_size = size_of(value),
                     .out = before,
                     .out_size = before ? size_of(value) : 0};

    if (!amount) {
        return mri_bad_argument("mr_value_add", "amount", "is NULL");
    }
    return mri_operate(&mri_value_ops, value.handle, ADD, &call, 0);
}

mr_error mr_value_get_lock(mr_value value, mr_lock *lock)
{
    mri_call call = {0};
    mr_error error;

    if (!lock) {
        return mri_bad_argument("mr_value_get_lock", "lock", "is NULL");
    }
    error = mri_operate(&mri_value_ops, value.handle, CHECK, &call, 0);
    if (!error) {
        lock->handle = value.handle;
    }
    return error;
}

mr_error mr_value_destroy(mr_value value)
{
    return mri_destroy(&mri_value_ops, value.handle);
}
