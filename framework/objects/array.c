/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Array: elements in a block of the arena that the MPI window covers,
 * beside a lock.
 *
 * Slices are copied element by element with relaxed atomic accesses, which
 * compile to plain ones, so that no element is ever torn.
 */
#include <multirank/array.h>

#include <string.h>

#include "objects/kinds.h"
#include "objects/lock.h"
#include "objects/number.h"
#include "route/operation.h"
#include "runtime/place.h"
#include "util/log.h"

typedef struct array_body {
    mri_lock_body lock;
    uint64_t type;
    uint64_t count;
} array_body;

_Static_assert(sizeof(array_body) <= MRI_BODY, "fits into a row");

enum { LENGTH = MRI_LOCK_TRIES, GET, SET, ADD };

static array_body *body_of(mri_object *object)
{
    return (array_body *)object->body;
}

static size_t bytes_of(mri_object *object)
{
    array_body *array = body_of(object);

    return array->count * mri_number_size((mr_type)array->type);
}

static unsigned char *element(mri_object *object, uint64_t index)
{
    return (unsigned char *)mri_at(mri_peek(&object->detail)) +
           index * mri_number_size((mr_type)body_of(object)->type);
}

static void copy_out(mr_type type, void *out, void *elements, size_t count)
{
    if (type == MR_INT32) {
        for (size_t i = 0; i < count; i++) {
            uint32_t bits = atomic_load_explicit(
                (_Atomic uint32_t *)elements + i, memory_order_relaxed);

            memcpy((uint32_t *)out + i, &bits, sizeof bits);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = atomic_load_explicit((_Atomic uint64_t *)elements + i,
                                             memory_order_relaxed);

        memcpy((unsigned char *)out + i * sizeof bits, &bits, sizeof bits);
    }
}

static void copy_in(mr_type type, void *elements, const void *in, size_t count)
{
    if (type == MR_INT32) {
        for (size_t i = 0; i < count; i++) {
            uint32_t bits;

            memcpy(&bits, (const unsigned char *)in + i * sizeof bits,
                   sizeof bits);
            atomic_store_explicit((_Atomic uint32_t *)elements + i, bits,
                                  memory_order_relaxed);
        }
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;

        memcpy(&bits, (const unsigned char *)in + i * sizeof bits, sizeof bits);
        atomic_store_explicit((_Atomic uint64_t *)elements + i, bits,
                              memory_order_relaxed);
    }
}

/* call->argument is the first element, call->result the number of them. */
static mr_error check_slice(mri_object *object, const mri_call *call)
{
    uint64_t count = body_of(object)->count;

    if (call->argument > count || call->result > count - call->argument) {
        return mri_bad_argument("array", "first or count", "leaves the array");
    }
    return MR_OK;
}

static mr_error try_length(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    call->argument = mri_peek(&object->detail);
    call->result = body_of(object)->count;
    return MR_OK;
}

static mr_error try_get(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = check_slice(object, call);

    (void)self;
    if (!error) {
        copy_out((mr_type)body_of(object)->type, call->out,
                 element(object, call->argument), call->result);
    }
    return error;
}

static mr_error try_set(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = check_slice(object, call);

    (void)self;
    if (!error) {
        copy_in((mr_type)body_of(object)->type, element(object, call->argument),
                call->in, call->result);
        mri_fault_point();
    }
    return error;
}

static mr_error try_add(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = check_slice(object, call);

    (void)self;
    if (!error) {
        mri_number_add((mr_type)body_of(object)->type,
                       element(object, call->argument), call->in, call->out);
    }
    return error;
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_object_free(self, object, &object->detail, bytes_of(object));
}

static mri_try *const tries[] = {
    [MRI_LOCK_ACQUIRE] = mri_lock_try_acquire_recursive,
    [MRI_LOCK_RELEASE] = mri_lock_try_release_recursive,
    [LENGTH] = try_length,
    [GET] = try_get,
    [SET] = try_set,
    [ADD] = try_add,
};

const mri_kind_ops mri_array_ops = {.name = "array",
                                    .kind = MRI_ARRAY,
                                    .tries = tries,
                                    .ready = mri_lock_ready,
                                    .ready_list = mri_lock_ready_list,
                                    .dispose = dispose,
                                    .forget = mri_lock_forget};

static mr_error build(mri_record *self, unsigned int rank, mr_type type,
                      size_t count, const void *initial, mri_object **result)
{
    size_t bytes = count * mri_number_size(type);
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, rank, MRI_ARRAY, &object);

    if (error) {
        return error;
    }
    body_of(object)->type = type;
    body_of(object)->count = count;
    error = mri_allocate(self, rank, MRI_ARRAYS, bytes, 0);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    mri_object_detail(self, object);
    if (initial) {
        memcpy(element(object, 0), initial, bytes);
    } else {
        memset(element(object, 0), 0, bytes);
    }
    *result = object;
    return MR_OK;
}

mr_error mr_array_create(mr_array *array, mr_type type, size_t count,
                         const void *initial, const mr_array_options *options)
{
    mri_record *self = mri_self();
    mri_object *object;
    unsigned int rank;
    mr_error error;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (!array) {
        return mri_bad_argument("mr_array_create", "array", "is NULL");
    }
    if (!mri_number_size(type)) {
        return mri_bad_argument("mr_array_create", "type", "is unknown");
    }
    if (count == 0 || count > SIZE_MAX / mri_number_size(type)) {
        return mri_bad_argument("mr_array_create", "count",
                                count ? "overflows" : "is 0");
    }
    error =
        mri_place_rank("mr_array_create", options ? options->place : 0, &rank);
    if (!error) {
        error = build(self, rank, type, count, initial, &object);
    }
    if (!error) {
        array->handle = mri_object_publish(self, object);
    }
    return error;
}

mr_error mr_array_length(mr_array array, size_t *count)
{
    mri_call call = {0};
    mr_error error;

    if (!count) {
        return mri_bad_argument("mr_array_length", "count", "is NULL");
    }
    error = mri_operate(&mri_array_ops, array.handle, LENGTH, &call, 0);
    if (!error) {
        *count = call.result;
    }
    return error;
}

mr_error mr_array_get(mr_array array, size_t first, size_t count, void *out)
{
    mri_call call = {.out = out, .argument = first, .result = count};

    if (!out && count) {
        return mri_bad_argument("mr_array_get", "out", "is NULL");
    }
    return mri_operate(&mri_array_ops, array.handle, GET, &call, 0);
}

mr_error mr_array_set(mr_array array, size_t first, size_t count,
                      const void *in)
{
    mri_call call = {.in = in, .argument = first, .result = count};

    if (!in && count) {
        return mri_bad_argument("mr_array_set", "in", "is NULL");
    }
    return mri_operate(&mri_array_ops, array.handle, SET, &call, 0);
}

mr_error mr_array_add(mr_array array, size_t index, const void *amount,
                      void *before)
{
    mri_call call = {
        .in = amount, .out = before, .argument = index, .result = 1};

    if (!amount) {
        return mri_bad_argument("mr_array_add", "amount", "is NULL");
    }
    return mri_operate(&mri_array_ops, array.handle, ADD, &call, 0);
}

mr_error mr_array_data(mr_array array, void **data)
{
    mri_call call = {0};
    mr_error error;

    if (!data) {
        return mri_bad_argument("mr_array_data", "data", "is NULL");
    }
    error = mri_operate(&mri_array_ops, array.handle, LENGTH, &call, 0);
    if (!error) {
        *data = mri_at(call.argument);
    }
    return error;
}

mr_error mr_array_get_lock(mr_array array, mr_lock *lock)
{
    mri_call call = {0};
    mr_error error;

    if (!lock) {
        return mri_bad_argument("mr_array_get_lock", "lock", "is NULL");
    }
    error = mri_operate(&mri_array_ops, array.handle, LENGTH, &call, 0);
    if (!error) {
        lock->handle = array.handle;
    }
    return error;
}

mr_error mr_array_destroy(mr_array array)
{
    return mri_object_destroy(array.handle, MRI_ARRAY);
}
