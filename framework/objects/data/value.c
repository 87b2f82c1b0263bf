/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Value: a number beside a lock.  Its operations that are no lock's are
 * single atomic accesses.
 *
 * A Value of bytes has two blocks for them: a change fills the one that is not
 * in use, and one store makes it the one in use.  So a death in the middle
 * leaves the Value as it was.
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
    mri_word latch; /* of bytes */
    mri_word used;  /* of the two blocks, 0 or 1 */
    uint64_t type;
    mri_chosen_lock chosen;
    _Alignas(64) uint64_t number;
    uint64_t eight; /* the type, if a number of that has 8 bytes; else 0 */
} value_body;

_Static_assert(sizeof(value_body) <= MRI_BODY, "fits into a row");

enum {
    GET = MRI_SYNC_TRIES,
    SET,
    ADD,
    CHANGE,
    COMPARE_EXCHANGE,
    GET_LOCK,
    TRIES
};

typedef struct value_spec {
    uint64_t type;
    mri_chosen_lock lock;
    uint64_t number; /* its first bytes */
} value_spec;

static value_body *body_of(mri_object *object)
{
    return (value_body *)object->body;
}

/* Nobody was given a handle with another type. */
static bool is_of_type(mri_object *object, const mri_call *call)
{
    return call->variant == body_of(object)->type;
}

static mr_type type_of(const mri_call *call)
{
    return (mr_type)call->variant;
}

/* ---- bytes --------------------------------------------------------------- */

/* Each of the two blocks begins at a cache line. */
static size_t block_size(mr_type type)
{
    return (mri_element_size(type) + 63) & ~(size_t)63;
}

static unsigned char *block_at(mri_object *object, uint64_t which)
{
    return (unsigned char *)mri_at(mri_peek(&object->detail)) +
           which * block_size((mr_type)body_of(object)->type);
}

static void get_bytes(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    mri_latch(self, &value->latch);
    memcpy(call->out, block_at(object, mri_peek(&value->used)),
           mri_element_size(type_of(call)));
    mri_unlatch(self, &value->latch);
}

/* `in` becomes the bytes, if they are `expected` now or that is NULL. */
static bool change_bytes(mri_record *self, mri_object *object, mri_call *call,
                         const void *expected, const void *in)
{
    value_body *value = body_of(object);
    size_t size = mri_element_size(type_of(call));
    uint64_t used;
    bool changes;

    mri_latch(self, &value->latch);
    used = mri_peek(&value->used);
    changes = !expected || memcmp(expected, block_at(object, used), size) == 0;
    if (call->out_size) {
        memcpy(call->out, block_at(object, used), size);
    }
    if (changes) {
        memcpy(block_at(object, !used), in, size);
        mri_store(&value->used, !used);
    }
    mri_unlatch(self, &value->latch);
    return changes;
}

/* ---- operations ---------------------------------------------------------- */

__attribute__((noinline)) static mr_error
get_other(mri_record *self, mri_object *object, mri_call *call)
{
    if (!is_of_type(object, call)) {
        return MR_ERR_STALE;
    }
    if (mri_is_bytes(type_of(call))) {
        get_bytes(self, object, call);
    } else {
        mri_element_load(type_of(call), &body_of(object)->number, call->out);
    }
    return MR_OK;
}

/* Most numbers have 8 bytes. */
static mr_error try_get(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    if (__builtin_expect(call->variant != value->eight, 0)) {
        return get_other(self, object, call);
    }
    mri_element_load_eight(&value->number, call->out);
    return MR_OK;
}

__attribute__((noinline)) static mr_error
set_other(mri_record *self, mri_object *object, mri_call *call)
{
    if (!is_of_type(object, call)) {
        return MR_ERR_STALE;
    }
    if (mri_is_bytes(type_of(call))) {
        change_bytes(self, object, call, NULL, call->in);
    } else {
        mri_element_store(type_of(call), &body_of(object)->number, call->in);
    }
    return MR_OK;
}

static mr_error try_set(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    if (__builtin_expect(call->variant != value->eight, 0)) {
        return set_other(self, object, call);
    }
    mri_element_store_eight(&value->number, call->in);
    return MR_OK;
}

static mr_error try_add(mri_record *self, mri_object *object, mri_call *call)
{
    value_body *value = body_of(object);

    (void)self;
    if (__builtin_expect(!is_of_type(object, call), 0)) {
        return MR_ERR_STALE;
    }
    mri_element_add(type_of(call), &value->number, call->in, call->out);
    return MR_OK;
}

/* call->argument is an mri_change, but for MRI_COMPARE_EXCHANGE. */
static mr_error try_change(mri_record *self, mri_object *object, mri_call *call)
{
    if (!is_of_type(object, call)) {
        return MR_ERR_STALE;
    }
    if (mri_is_bytes(type_of(call))) {
        (void)change_bytes(self, object, call, NULL, call->in);
    } else {
        mri_element_change(type_of(call), (mri_change)call->argument,
                           &body_of(object)->number, call->in,
                           call->out_size ? call->out : NULL);
    }
    return MR_OK;
}

/* From call->in to call->more; call->result: it was so. */
static mr_error try_compare_exchange(mri_record *self, mri_object *object,
                                     mri_call *call)
{
    if (!is_of_type(object, call)) {
        return MR_ERR_STALE;
    }
    call->result = mri_is_bytes(type_of(call))
                       ? change_bytes(self, object, call, call->in, call->more)
                       : mri_element_compare_exchange(
                             type_of(call), &body_of(object)->number, call->in,
                             call->more, call->out);
    return MR_OK;
}

/* call->out is an mri_chosen_lock. */
static mr_error try_get_lock(mri_record *self, mri_object *object,
                             mri_call *call)
{
    (void)self;
    if (!is_of_type(object, call)) {
        return MR_ERR_STALE;
    }
    *(mri_chosen_lock *)call->out = body_of(object)->chosen;
    return MR_OK;
}

static mri_try *const tries[] = {
    [MRI_SYNC_TAKE] = mri_sync_take_recursive,
    [MRI_SYNC_GIVE] = mri_sync_give_recursive,
    [GET] = try_get,
    [SET] = try_set,
    [ADD] = try_add,
    [CHANGE] = try_change,
    [COMPARE_EXCHANGE] = try_compare_exchange,
    [GET_LOCK] = try_get_lock,
};

/* ---- the object ---------------------------------------------------------- */

static mr_error add_blocks(mri_record *self, mri_object *object,
                           const mri_call *call)
{
    mr_type type = (mr_type)body_of(object)->type;
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                                  MRI_HEAP, 2 * block_size(type), 0);

    if (error) {
        return error;
    }
    mri_object_detail(self, object);
    memset(block_at(object, 0), 0, 2 * block_size(type));
    if (call->more_size) {
        memcpy(block_at(object, 0), call->more, mri_element_size(type));
    }
    return MR_OK;
}

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
    body_of(object)->chosen = spec->lock;
    if (mri_element_size((mr_type)spec->type) == sizeof(uint64_t) &&
        !mri_is_bytes((mr_type)spec->type)) {
        body_of(object)->eight = spec->type;
    }
    if (mri_is_bytes((mr_type)spec->type)) {
        error = add_blocks(self, object, call);
    } else {
        mri_element_store((mr_type)spec->type, &body_of(object)->number,
                          &spec->number);
    }
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_object_free(self, object, &object->detail,
                    2 * block_size((mr_type)body_of(object)->type));
}

const mri_kind_ops mri_value_ops = {.name = "value",
                                    .kind = MRI_VALUE,
                                    .tries = tries,
                                    .count = TRIES,
                                    .create = create,
                                    .ready = mri_sync_ready,
                                    .dispose = dispose,
                                    .forget = mri_sync_forget};

mr_error mr_value_create(mr_value *value, mr_type type, const void *initial,
                         const mr_value_options *options)
{
    static const mr_value_options defaults;
    value_spec spec = {.type = type};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_error error;

    options = options ? options : &defaults;
    error = mri_choose_lock("mr_value_create", options->lock, options->no_lock,
                            &spec.lock);
    if (error) {
        return error;
    }
    if (!mri_element_size(type)) {
        return mri_bad_argument("mr_value_create", "type", "is unknown");
    }
    if (initial && mri_is_bytes(type)) {
        call.more = initial;
        call.more_size = mri_element_size(type);
    } else if (initial) {
        memcpy(&spec.number, initial, mri_element_size(type));
    }
    error =
        mri_create_at(&mri_value_ops, options->place, &call, "mr_value_create",
                      "value", value ? &value->handle : NULL);
    if (!error) {
        value->handle.variant = (uint16_t)type;
    }
    return error;
}

/* The bytes of an element: its type is in the handle. */
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

static inline mr_type type_in(mr_value value)
{
    return (mr_type)value.handle.variant;
}

mr_type mr_value_type(mr_value value)
{
    return type_in(value);
}

static mr_error ask(mr_value value, mri_chosen_lock *chosen)
{
    mri_call call = {.out = chosen, .out_size = sizeof *chosen};

    return mri_operate(&mri_value_ops, value.handle, GET_LOCK, &call, 0);
}

static mr_error refuse(mr_value value, const char *function)
{
    mri_chosen_lock chosen;
    mr_error error = ask(value, &chosen); /* is it there? */

    return error ? error
                 : mri_bad_argument(function, "value",
                                    "is of bytes or a bool: these have no such "
                                    "arithmetic");
}

/* By a number. */
static mr_error change_by(mr_value value, mri_change how, const void *in,
                          void *before, const char *function)
{
    size_t size = size_of(value);
    mri_call call = {.argument = how,
                     .in = in,
                     .in_size = size,
                     .out = before,
                     .out_size = before ? size : 0};

    if (!in) {
        return mri_bad_argument(function, "in", "is NULL");
    }
    if (__builtin_expect(!mri_element_has(type_in(value), how), 0)) {
        return refuse(value, function);
    }
    return mri_operate(&mri_value_ops, value.handle, CHANGE, &call, 0);
}

mr_error mr_value_add(mr_value value, const void *amount, void *before)
{
    size_t size = size_of(value);
    mri_call call = {.in = amount,
                     .in_size = size,
                     .out = before,
                     .out_size = before ? size : 0};

    if (!amount) {
        return mri_bad_argument("mr_value_add", "amount", "is NULL");
    }
    if (__builtin_expect(!mri_element_has(type_in(value), MRI_ADD), 0)) {
        return refuse(value, "mr_value_add");
    }
    return mri_operate(&mri_value_ops, value.handle, ADD, &call, 0);
}

mr_error mr_value_min(mr_value value, const void *in, void *before)
{
    return change_by(value, MRI_MIN, in, before, "mr_value_min");
}

mr_error mr_value_max(mr_value value, const void *in, void *before)
{
    return change_by(value, MRI_MAX, in, before, "mr_value_max");
}

mr_error mr_value_exchange(mr_value value, const void *in, void *before)
{
    return change_by(value, MRI_EXCHANGE, in, before, "mr_value_exchange");
}

mr_error mr_value_compare_exchange(mr_value value, void *expected,
                                   const void *in, bool *exchanged)
{
    size_t size = size_of(value);
    mri_call call = {.in = expected,
                     .in_size = size,
                     .more = in,
                     .more_size = size,
                     .out = expected,
                     .out_size = size};
    mr_error error;

    if (!expected || !in || !exchanged) {
        return mri_bad_argument("mr_value_compare_exchange",
                                "expected, in or exchanged", "is NULL");
    }
    error =
        mri_operate(&mri_value_ops, value.handle, COMPARE_EXCHANGE, &call, 0);
    if (!error) {
        *exchanged = call.result != 0;
    }
    return error;
}

mr_error mr_value_get_lock(mr_value value, mr_lock *lock)
{
    mri_chosen_lock chosen;
    mr_error error;

    if (!lock) {
        return mri_bad_argument("mr_value_get_lock", "lock", "is NULL");
    }
    error = ask(value, &chosen);
    return error ? error : mri_get_chosen_lock(&chosen, value.handle, lock);
}

mr_error mr_value_destroy(mr_value value)
{
    return mri_destroy(&mri_value_ops, value.handle);
}
