/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns Array: elements in a block of the arena that the MPI window covers,
 * beside a lock.
 *
 * An Array that is spread over the ranks is a head, whose detail are the
 * handles of its blocks, and these are Arrays of their own: see spread.h.
 *
 * No number is ever torn: see slice.h.
 */
#include "objects/data/array.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "memory/slice.h"
#include "objects/data/element.h"
#include "objects/kinds.h"
#include "objects/sync/sync.h"
#include "util/log.h"

enum {
    CHUNK = 4 << 20, /* bytes of a slice that one call moves */
    FILLERS = 1      /* the list of those who wait for elements of a copy */
};

mr_error (*mri_array_begin_copy)(mr_array copy, size_t count,
                                 const mri_array_origin *origin);

typedef struct array_body {
    mri_sync lock;
    uint64_t type;   /* as in the part of its handles */
    uint64_t count;  /* of elements */
    uint64_t blocks; /* of a head */
    uint64_t unit;   /* of a head: see mr_array_options.unit */
    uint64_t copies; /* of a head of copies: their number */
    mri_chosen_lock chosen;
    mri_word maker;  /* an endpoint with which it goes, or 0 */
    mri_word filled; /* elements that are there */
    mri_word failed; /* why no more come, an mr_error */
} array_body;

_Static_assert(sizeof(array_body) <= MRI_BODY, "fits into a row");

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

/* call->out is an mri_array_facts. */
static mr_error try_facts(mri_record *self, mri_object *object, mri_call *call)
{
    const array_body *array = body_of(object);
    mri_array_facts *facts = call->out;

    (void)self;
    facts->count = array->count;
    facts->unit = array->unit;
    facts->copies = array->copies;
    facts->elements = mri_peek(&object->detail);
    facts->lock = array->chosen;
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

/* call->argument is the first element, call->result an mri_change, by elements
 * that call->in has.  call->out is for what a single one was. */
static mr_error try_change(mri_record *self, mri_object *object, mri_call *call)
{
    mr_type type = (mr_type)body_of(object)->type;
    mri_change how = (mri_change)call->result;
    size_t size = mri_element_size(type);
    mri_call slice = *call;
    mr_error error;

    (void)self;
    if (body_of(object)->type & MRI_SPREAD || mri_is_bytes(type)) {
        return MR_ERR_STALE; /* nobody was given such a handle */
    }
    slice.result = call->in_size / size;
    error = check_slice(object, &slice);
    for (uint64_t i = 0; !error && i < slice.result; i++) {
        mri_element_change(type, how, element(object, call->argument + i),
                           (const unsigned char *)call->in + i * size,
                           call->out_size ? call->out : NULL);
    }
    return error;
}

/* Of element call->argument, from call->in to call->more; call->result is 1
 * first, and then tells whether it was so. */
static mr_error try_compare_exchange(mri_record *self, mri_object *object,
                                     mri_call *call)
{
    mr_type type = (mr_type)body_of(object)->type;
    mr_error error = check_slice(object, call);

    (void)self;
    if (!error && mri_is_bytes(type)) {
        error = MR_ERR_STALE; /* nobody was given such a handle */
    }
    if (!error) {
        call->result =
            mri_element_compare_exchange(type, element(object, call->argument),
                                         call->in, call->more, call->out);
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

/* call->argument: it goes with the caller from now on, or with nobody. */
static mr_error try_go_with(mri_record *self, mri_object *object,
                            mri_call *call)
{
    if (call->argument) {
        mri_may_hold(self);
    }
    mri_store(&body_of(object)->maker,
              call->argument ? mri_peek(&self->owner) : 0);
    return MR_OK;
}

/* As try_get, when the elements have come. */
static mr_error try_pull(mri_record *self, mri_object *object, mri_call *call)
{
    const array_body *array = body_of(object);
    uint64_t failed = mri_load(&array->failed);
    mr_error error = check_slice(object, call);

    if (error || failed) {
        return error ? error : (mr_error)failed;
    }
    if (call->argument + call->result > mri_load(&array->filled)) {
        call->list = FILLERS;
        return MRI_WOULD_BLOCK;
    }
    return call->result ? try_get(self, object, call) : MR_OK;
}

/* By the one thread that fetches: from element call->argument on; or why no
 * more come, call->result. */
static mr_error try_fill(mri_record *self, mri_object *object, mri_call *call)
{
    array_body *array = body_of(object);
    size_t size = mri_element_size((mr_type)array->type);

    if (call->result) {
        mri_swap(&array->failed, call->result);
    } else {
        assert(call->argument == mri_peek(&array->filled));
        assert(call->in_size / size <= array->count - call->argument);
        mri_slice_store(element(object, call->argument), call->in, size,
                        call->in_size);
        mri_swap(&array->filled, call->argument + call->in_size / size);
    }
    mri_fault_point();
    mri_wake_all(self, object, FILLERS);
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
    [MRI_ARRAY_FACTS] = try_facts,
    [MRI_ARRAY_GET] = try_get,
    [MRI_ARRAY_SET] = try_set,
    [MRI_ARRAY_ADD] = try_add,
    [MRI_ARRAY_CHANGE] = try_change,
    [MRI_ARRAY_COMPARE_EXCHANGE] = try_compare_exchange,
    [MRI_ARRAY_BLOCKS] = try_blocks,
    [MRI_ARRAY_GO_WITH] = try_go_with,
    [MRI_ARRAY_PULL] = try_pull,
    [MRI_ARRAY_FILL] = try_fill,
};

typedef struct array_spec {
    uint64_t type;
    uint64_t count;
    uint64_t clear;     /* not 0: begin with zeros */
    uint64_t tentative; /* not 0: see mri_array_make */
    uint64_t unit;
    uint64_t copies;
    mri_array_origin origin; /* of a copy */
    mri_chosen_lock lock;
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

static bool is_copy(const array_spec *spec)
{
    return spec->origin.parent.kind != MRI_NONE;
}

/* In the rank that has it: its creator is on another node. */
static mr_error begin_copy(const array_spec *spec, mr_handle *handle)
{
    mr_array copy = {*handle};
    mr_error error;

    copy.handle.variant = (uint16_t)spec->type;
    error = mri_array_begin_copy(copy, spec->count, &spec->origin);
    if (error) {
        mri_object_destroy(*handle, MRI_ARRAY);
    }
    return error;
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
    body_of(object)->unit = spec->unit;
    body_of(object)->copies = spec->copies;
    mri_store(&body_of(object)->filled, is_copy(spec) ? 0 : spec->count);
    body_of(object)->chosen = spec->lock;
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
    return is_copy(spec) ? begin_copy(spec, handle) : MR_OK;
}

const mri_kind_ops mri_array_ops = {.name = "array",
                                    .kind = MRI_ARRAY,
                                    .tries = tries,
                                    .count = MRI_ARRAY_TRIES,
                                    .windowed = 1u << MRI_ARRAY_GET |
                                                1u << MRI_ARRAY_SET |
                                                1u << MRI_ARRAY_PULL,
                                    .create = create,
                                    .ready = mri_sync_ready,
                                    .dispose = dispose,
                                    .forget = forget};

/* ---- slices of an Array that is whole ------------------------------------ */

mr_error mri_array_ask(mr_array array, mri_array_facts *facts)
{
    mri_call call = {.out = facts, .out_size = sizeof *facts};

    return mri_operate(&mri_array_ops, array.handle, MRI_ARRAY_FACTS, &call, 0);
}

mr_error mri_array_check_end(mr_array array, size_t first, size_t count)
{
    mri_array_facts facts;
    mr_error error = mri_array_ask(array, &facts);

    if (!error && (first > facts.count || count > facts.count - first)) {
        error = mri_bad_argument("array", "first or count", "leaves the array");
    }
    return error;
}

static inline mr_error move_chunk(mr_array array, const mri_access *a,
                                  size_t first, size_t done, size_t part)
{
    size_t size = mri_element_size((mr_type)array.handle.variant);
    mri_call call = {.argument = first + done, .result = part};

    if (a->operation == MRI_ARRAY_CHANGE) {
        call.result = a->change;
    }
    if (a->out) {
        call.out = a->out + done * size;
        call.out_size = part * size;
    } else if (a->in) {
        call.in = a->in + done * size;
        call.in_size = part * size;
    }
    return mri_operate(&mri_array_ops, array.handle, a->operation, &call, 0);
}

/* Chunk by chunk, as one call may bring or take only so much to another node;
 * on this one a chunk costs nothing against its copying. */
mr_error mri_array_transfer(mr_array array, const mri_access *a, size_t first,
                            size_t count)
{
    size_t size = mri_element_size((mr_type)array.handle.variant);
    size_t most = size ? CHUNK / size : 1;
    size_t done = 0;
    mr_error error;

    /* Nothing may be touched if the last chunk would leave the array. */
    error = count > most ? mri_array_check_end(array, first, count) : MR_OK;
    if (error) {
        return error;
    }
    do {
        size_t part = count - done < most ? count - done : most;

        error = move_chunk(array, a, first, done, part);
        if (error == MR_ERR_NO_MEMORY && part * size > MRI_OUT_MAX) {
            most = MRI_OUT_MAX / size; /* chunks that need none */
            error = MR_OK;
        } else {
            done += part;
        }
    } while (!error && done < count);
    return error;
}

mr_error mri_array_destroy_whole(mr_array array)
{
    return mri_destroy(&mri_array_ops, array.handle);
}

/* ---- making -------------------------------------------------------------- */

mr_error mri_array_make(unsigned int rank, mr_type type, size_t count,
                        const void *initial, mri_chosen_lock lock,
                        bool tentative, mr_array *array)
{
    array_spec spec = {.type = type,
                       .count = count,
                       .clear = !initial,
                       .lock = lock,
                       .tentative = tentative};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_array made;
    mr_error error = mri_create(&mri_array_ops, rank, &call, &made.handle);

    if (error) {
        return error;
    }
    made.handle.variant = (uint16_t)type;
    if (initial) {
        error = mri_array_transfer(
            made, &(mri_access){.operation = MRI_ARRAY_SET, .in = initial}, 0,
            count);
    }
    if (error) {
        (void)!mri_array_destroy_whole(made);
        return error;
    }
    *array = made;
    return MR_OK;
}

mr_error mri_array_make_copy(unsigned int rank, mr_type type, size_t count,
                             const mri_array_origin *origin, mr_array *array)
{
    array_spec spec = {.type = type,
                       .count = count,
                       .lock = {.kind = MRI_LOCK_NONE},
                       .tentative = true,
                       .origin = *origin};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_error error = mri_create(&mri_array_ops, rank, &call, &array->handle);

    if (!error) {
        array->handle.variant = (uint16_t)type;
    }
    return error;
}

static mr_error pull(mr_array copy, size_t first, size_t count, void *out)
{
    size_t size = mri_element_size((mr_type)copy.handle.variant);
    mri_call call = {.argument = first,
                     .result = count,
                     .out = out,
                     .out_size = count * size};

    return mri_operate(&mri_array_ops, copy.handle, MRI_ARRAY_PULL, &call,
                       MR_FOREVER);
}

mr_error mri_array_pull(mr_array copy, size_t first, size_t count, void *out)
{
    size_t size = mri_element_size((mr_type)copy.handle.variant);
    size_t most = count;
    size_t done = 0;
    mr_error error = MR_OK;

    while (!error && done < count) {
        size_t part = count - done < most ? count - done : most;

        error =
            pull(copy, first + done, part, (unsigned char *)out + done * size);
        if (error == MR_ERR_NO_MEMORY && part * size > MRI_OUT_MAX) {
            most = MRI_OUT_MAX / size; /* such need no memory at the owner */
            error = MR_OK;
        } else {
            done += part;
        }
    }
    return error;
}

mr_error mri_array_await(mr_array copy, size_t count)
{
    return pull(copy, count, 0, NULL);
}

mr_error mri_array_fill(mr_array copy, size_t first, size_t count,
                        const void *in, mr_error why)
{
    mri_call call = {.argument = first,
                     .result = (uint64_t)why,
                     .in = in,
                     .in_size = count *
                                mri_element_size((mr_type)copy.handle.variant)};

    return mri_operate(&mri_array_ops, copy.handle, MRI_ARRAY_FILL, &call, 0);
}

mr_error mri_array_go_with(mr_array array, bool caller)
{
    mri_call call = {.argument = caller};

    return mri_operate(&mri_array_ops, array.handle, MRI_ARRAY_GO_WITH, &call,
                       0);
}

mr_error mri_array_make_head(unsigned int rank, const mri_array_facts *facts,
                             mr_type type, const mr_handle *blocks,
                             size_t number, mr_array *array)
{
    array_spec spec = {.type = (uint64_t)type | MRI_SPREAD,
                       .count = facts->count,
                       .unit = facts->unit,
                       .copies = facts->copies,
                       .lock = facts->lock};
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

    return mri_operate(&mri_array_ops, head.handle, MRI_ARRAY_BLOCKS, &call, 0);
}
