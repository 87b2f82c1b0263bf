/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Array: elements in a block of the arena that the MPI window covers,
 * beside a lock.
 *
 * An Array that is spread over the ranks is a head, whose detail are the
 * handles of its blocks, and these are Arrays of their own: see spread.h.
 *
 * No element is ever torn: see slice.h.
 */
#include "objects/data/array.h"

#include <string.h>

#include "engine/operation.h"
#include "memory/slice.h"
#include "objects/data/element.h"
#include "objects/data/spread.h"
#include "objects/kinds.h"
#include "objects/sync/sync.h"
#include "runtime/job/identity.h"
#include "util/log.h"

typedef struct array_body {
    mri_sync lock;
    uint64_t type;   /* as in the part of its handles */
    uint64_t count;  /* of elements */
    uint64_t blocks; /* of a head */
    mri_word maker;  /* an endpoint with which it goes, or 0 */
} array_body;

_Static_assert(sizeof(array_body) <= MRI_BODY, "fits into a row");

enum { LENGTH = MRI_SYNC_TRIES, GET, SET, ADD, BLOCKS, KEEP, TRIES };
enum { CHUNK = 4 << 20 }; /* bytes of a slice that one call moves */

static array_body *body_of(mri_object *object)
{
    return (array_body *)object->body;
}

static size_t bytes_of(mri_object *object)
{
    array_body *array = body_of(object);

    return array->type & MRI_SPREAD
               ? array->blocks * sizeof(mr_handle)
               : array->count * mri_element_size((mr_type)array->type);
}

static unsigned char *element(mri_object *object, uint64_t index)
{
    return (unsigned char *)mri_at(mri_peek(&object->detail)) +
           index * mri_element_size((mr_type)body_of(object)->type);
}

/* call->argument is the first element, call->result the number of them. */
static mr_error check_slice(mri_object *object, const mri_call *call)
{
    uint64_t count = body_of(object)->count;

    if (call->variant != body_of(object)->type || call->variant & MRI_SPREAD) {
        return MR_ERR_STALE; /* nobody was given such a handle */
    }
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

/* Slices that travel far, and are large, go in a block of their own, which the
 * window covers. */
static mr_error lend(mri_record *self, mri_object *object, mri_call *call,
                     size_t size)
{
    mr_error error = mri_allocate(self, mri_segment_of(mri_ref_of(object)),
                                  MRI_ARRAYS, size, 0);

    if (!error) {
        call->out = mri_at(mri_peek(&self->owned[0].block));
        call->out_size = size;
    }
    return error;
}

static mr_error try_get(mri_record *self, mri_object *object, mri_call *call)
{
    mr_type type = (mr_type)body_of(object)->type;
    size_t size = call->result * mri_element_size(type);
    mr_error error = check_slice(object, call);

    if (!error && size > call->out_size) {
        call->result = size;
        return MR_ERR_TRUNCATED; /* to be asked for again, see far.c */
    }
    if (!error && mri_lends(call, size)) {
        error = lend(self, object, call, size);
    }
    if (!error) {
        mri_slice_load(call->out, element(object, call->argument),
                       mri_element_size(type), size);
    }
    return error;
}

static mr_error try_set(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = check_slice(object, call);

    (void)self;
    if (!error) {
        size_t size = mri_element_size((mr_type)body_of(object)->type);

        mri_slice_store(element(object, call->argument), call->in, size,
                        call->in_size / size * size);
        mri_fault_point();
    }
    return error;
}

static mr_error try_add(mri_record *self, mri_object *object, mri_call *call)
{
    mr_error error = check_slice(object, call);

    (void)self;
    if (!error) {
        mri_element_add((mr_type)body_of(object)->type,
                        element(object, call->argument), call->in, call->out);
    }
    return error;
}

/* call->argument is the first, call->result their number. */
static mr_error try_blocks(mri_record *self, mri_object *object, mri_call *call)
{
    uint64_t blocks = body_of(object)->blocks;

    (void)self;
    if (call->argument > blocks || call->result > blocks - call->argument) {
        return MR_ERR_STALE; /* nobody was given such a handle */
    }
    memcpy(call->out,
           (mr_handle *)mri_at(mri_peek(&object->detail)) + call->argument,
           call->result * sizeof(mr_handle));
    return MR_OK;
}

static mr_error try_keep(mri_record *self, mri_object *object, mri_call *call)
{
    (void)self;
    (void)call;
    mri_store(&body_of(object)->maker, 0);
    return MR_OK;
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    uint64_t maker = mri_load(&body_of(object)->maker);

    mri_sync_forget(self, object, gone);
    if (maker && maker == gone->endpoint) {
        mri_object_destroy(mri_handle_of(object), MRI_ARRAY);
    }
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_object_free(self, object, &object->detail, bytes_of(object));
}

static mri_try *const tries[] = {
    [MRI_SYNC_TAKE] = mri_sync_take_recursive,
    [MRI_SYNC_GIVE] = mri_sync_give_recursive,
    [LENGTH] = try_length,
    [GET] = try_get,
    [SET] = try_set,
    [ADD] = try_add,
    [BLOCKS] = try_blocks,
    [KEEP] = try_keep,
};

typedef struct array_spec {
    uint64_t type;
    uint64_t count;
    uint64_t clear;     /* not 0: begin with zeros */
    uint64_t tentative; /* not 0: see mri_array_make */
} array_spec;

/* What the detail begins with. */
static void begin_elements(mri_object *object, const mri_call *call)
{
    const array_spec *spec = call->in;
    void *elements = mri_at(mri_peek(&object->detail));

    if (spec->type & MRI_SPREAD) {
        memcpy(elements, call->more, call->more_size);
    } else if (spec->clear) {
        memset(elements, 0, bytes_of(object));
    }
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    const array_spec *spec = call->in;
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_ARRAY, &object);

    if (error) {
        return error;
    }
    body_of(object)->type = spec->type;
    body_of(object)->count = spec->count;
    body_of(object)->blocks = call->more_size / sizeof(mr_handle);
    if (spec->tentative) {
        mri_may_hold(self);
        mri_store(&body_of(object)->maker, mri_peek(&self->owner));
    }
    error = mri_allocate(self, index,
                         spec->type & MRI_SPREAD ? MRI_HEAP : MRI_ARRAYS,
                         bytes_of(object), 0);
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    mri_object_detail(self, object);
    begin_elements(object, call);
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

const mri_kind_ops mri_array_ops = {.name = "array",
                                    .kind = MRI_ARRAY,
                                    .tries = tries,
                                    .count = TRIES,
                                    .windowed = 1u << GET | 1u << SET,
                                    .create = create,
                                    .ready = mri_sync_ready,
                                    .ready_list = mri_sync_ready_list,
                                    .dispose = dispose,
                                    .forget = forget};

/* The bytes of an element: its type is the part of the handle. */
static size_t size_of(mr_array array)
{
    return mri_element_size((mr_type)(array.handle.variant & ~MRI_SPREAD));
}

mr_error mri_array_make(unsigned int rank, mr_type type, size_t count,
                        const void *initial, bool tentative, mr_array *array)
{
    array_spec spec = {.type = type,
                       .count = count,
                       .clear = !initial,
                       .tentative = tentative};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_array made;
    mr_error error = mri_create(&mri_array_ops, rank, &call, &made.handle);

    if (error) {
        return error;
    }
    made.handle.variant = (uint16_t)type;
    if (initial) {
        error = mr_array_set(made, 0, count, initial);
    }
    if (error) {
        mr_array_destroy(made);
        return error;
    }
    *array = made;
    return MR_OK;
}

mr_error mri_array_keep(mr_array array)
{
    mri_call call = {0};

    return mri_operate(&mri_array_ops, array.handle, KEEP, &call, 0);
}

mr_error mri_array_make_head(unsigned int rank, mr_type type, size_t count,
                             const mr_handle *blocks, size_t number,
                             mr_array *array)
{
    array_spec spec = {.type = (uint64_t)type | MRI_SPREAD, .count = count};
    mri_call call = {.in = &spec,
                     .in_size = sizeof spec,
                     .more = blocks,
                     .more_size = number * sizeof *blocks};
    mr_error error = mri_create(&mri_array_ops, rank, &call, &array->handle);

    if (!error) {
        array->handle.variant = (uint16_t)spec.type;
    }
    return error;
}

mr_error mri_array_blocks(mr_array head, size_t first, size_t number,
                          mr_handle *blocks)
{
    mri_call call = {.argument = first,
                     .result = number,
                     .out = blocks,
                     .out_size = number * sizeof *blocks};

    return mri_operate(&mri_array_ops, head.handle, BLOCKS, &call, 0);
}

mr_error mr_array_create(mr_array *array, mr_type type, size_t count,
                         const void *initial, const mr_array_options *options)
{
    unsigned int rank;
    mr_error error;

    if (!array) {
        return mri_bad_argument("mr_array_create", "array", "is NULL");
    }
    if (!mri_element_size(type)) {
        return mri_bad_argument("mr_array_create", "type", "is unknown");
    }
    if (count == 0 || count > SIZE_MAX / mri_element_size(type)) {
        return mri_bad_argument("mr_array_create", "count",
                                count ? "overflows" : "is 0");
    }
    error =
        mri_place_rank("mr_array_create", options ? options->place : 0, &rank);
    if (error) {
        return error;
    }
    return options && options->spread
               ? mri_spread_create(rank, type, count, initial, array)
               : mri_array_make(rank, type, count, initial, false, array);
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

static mr_error check_end(mr_array array, size_t first, size_t count)
{
    size_t length;
    mr_error error = mr_array_length(array, &length);

    if (!error && (first > length || count > length - first)) {
        error = mri_bad_argument("array", "first or count", "leaves the array");
    }
    return error;
}

/* Chunk by chunk, as one call may bring or take only so much to another node;
 * on this one a chunk costs nothing against its copying. */
static mr_error transfer(mr_array array, unsigned int operation, size_t first,
                         size_t count, void *out, const void *in)
{
    size_t size = size_of(array);
    size_t most = size ? CHUNK / size : 1;
    size_t done = 0;
    mr_error error;

    /* Nothing may be touched if the last chunk would leave the array. */
    error = count > most ? check_end(array, first, count) : MR_OK;
    if (error) {
        return error;
    }
    do {
        size_t part = count - done < most ? count - done : most;
        mri_call call = {.argument = first + done, .result = part};

        if (out) {
            call.out = (unsigned char *)out + done * size;
            call.out_size = part * size;
        } else if (in) {
            call.in = (const unsigned char *)in + done * size;
            call.in_size = part * size;
        }
        error = mri_operate(&mri_array_ops, array.handle, operation, &call, 0);
        if (error == MR_ERR_NO_MEMORY && part * size > MRI_OUT_MAX) {
            most = MRI_OUT_MAX / size; /* chunks that need none */
            error = MR_OK;
        } else {
            done += part;
        }
    } while (!error && done < count);
    return error;
}

/* A block at a time.  Nothing may be touched if the slice leaves the array.
 * Whether that is so, or it is destroyed, the head knows. */
static mr_error transfer_all(mr_array array, unsigned int operation,
                             size_t first, size_t count, unsigned char *out,
                             const unsigned char *in)
{
    size_t size = size_of(array);
    mri_array_block block = {0};
    mr_error error = MR_OK;

    if (!mri_is_spread(array)) {
        return transfer(array, operation, first, count, out, in);
    }
    error = count == 0 || count > SIZE_MAX - first
                ? MR_ERR_ARGUMENT
                : mri_spread_find(array, first + count - 1, &block);
    if (error == MR_ERR_ARGUMENT) {
        return check_end(array, first, count);
    }
    while (!error && count > 0) {
        error = mri_spread_find(array, first, &block);
        if (!error) {
            size_t at = first - block.first;
            size_t part = count < block.count - at ? count : block.count - at;

            error = transfer(block.array, operation, at, part, out, in);
            out = out ? out + part * size : NULL;
            in = in ? in + part * size : NULL;
            first += part;
            count -= part;
        }
    }
    return error;
}

mr_error mr_array_get(mr_array array, size_t first, size_t count, void *out)
{
    if (!out && count) {
        return mri_bad_argument("mr_array_get", "out", "is NULL");
    }
    return transfer_all(array, GET, first, count, out, NULL);
}

mr_error mr_array_set(mr_array array, size_t first, size_t count,
                      const void *in)
{
    if (!in && count) {
        return mri_bad_argument("mr_array_set", "in", "is NULL");
    }
    return transfer_all(array, SET, first, count, NULL, in);
}

mr_error mr_array_add(mr_array array, size_t index, const void *amount,
                      void *before)
{
    mri_call call = {.in = amount,
                     .in_size = size_of(array),
                     .out = before,
                     .out_size = before ? size_of(array) : 0,
                     .argument = index,
                     .result = 1};

    if (!amount) {
        return mri_bad_argument("mr_array_add", "amount", "is NULL");
    }
    if (mri_is_spread(array)) {
        mri_array_block block;
        mr_error error = mri_spread_find(array, index, &block);

        if (error) {
            return error == MR_ERR_ARGUMENT ? check_end(array, index, 1)
                                            : error;
        }
        call.argument = index - block.first;
        array = block.array;
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
    if (!error && (mri_is_far(array.handle.owner) || mri_is_spread(array))) {
        return MR_ERR_FAR;
    }
    if (!error) {
        *data = mri_at(call.argument);
    }
    return error;
}

mr_error mr_array_local(mr_array array, size_t *first, size_t *count,
                        void **data)
{
    mri_array_block block = {.array = array};
    void *found = NULL;
    mr_error error;

    if (!first || !count || !data) {
        return mri_bad_argument("mr_array_local", "first, count or data",
                                "is NULL");
    }
    error = mr_array_length(array, &block.count); /* is it there? */
    if (!error && mri_is_spread(array)) {
        error = mri_spread_block(array, mri_here.rank, &block);
    } else if (array.handle.owner != mri_here.rank) {
        block.count = 0;
    }
    if (!error && block.count > 0) {
        error = mr_array_data(block.array, &found);
    }
    if (!error) {
        *first = block.first;
        *count = block.count;
        *data = found;
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
    return mri_is_spread(array) ? mri_spread_destroy(array)
                                : mri_destroy(&mri_array_ops, array.handle);
}
