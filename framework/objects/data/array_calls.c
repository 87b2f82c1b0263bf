/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the public functions of Array: they make Arrays and reach their
 * elements. A slice of a spread Array is one of each block.
 */
#include "engine/operation.h"
#include "objects/data/array.h"
#include "objects/data/element.h"
#include "objects/data/replica.h"
#include "objects/data/spread.h"
#include "objects/kinds.h"
#include "runtime/job/identity.h"
#include "util/log.h"

static inline mr_type type_in(mr_array array)
{
    return (mr_type)(array.handle.variant & ~MRI_SPREAD);
}

/* The bytes of an element. */
static inline size_t size_of(mr_array array)
{
    return mri_element_size(type_in(array));
}

mr_type mr_array_type(mr_array array)
{
    return type_in(array);
}

mr_error mr_array_length(mr_array array, size_t *count)
{
    mri_array_facts facts;
    mr_error error;

    if (!count) {
        return mri_bad_argument("mr_array_length", "count", "is NULL");
    }
    error = mri_is_spread(array) ? mri_spread_copy(&array) : MR_OK;
    if (!error) {
        error = mri_array_ask(array, &facts);
    }
    if (!error) {
        *count = facts.count;
    }
    return error;
}

/* ---- slices -------------------------------------------------------------- */

/* `copy` is one of a replicated Array. */
static mr_error refuse_change(mr_array copy)
{
    mri_array_facts facts;
    mr_error error = mri_array_ask(copy, &facts); /* is it there? */

    return error ? error
                 : mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                            "the Array is replicated, so it can be read only");
}

/* A block at a time.  Nothing may be touched if the slice leaves the array.
 * Whether that is so, or it is destroyed, the head knows. */
static mr_error transfer_all(mr_array array, const mri_access *whole,
                             size_t first, size_t count)
{
    mri_access a = *whole;
    size_t size = size_of(array);
    mri_array_block block = {0};
    mr_error error = MR_OK;

    if (!mri_is_spread(array)) {
        return mri_array_transfer(array, whole, first, count);
    }
    error = mri_spread_copy(&array);
    if (error) {
        return error;
    }
    if (!mri_is_spread(array)) {
        return whole->in ? refuse_change(array)
                         : mri_array_transfer(array, whole, first, count);
    }
    error = count == 0 || count > SIZE_MAX - first
                ? MR_ERR_ARGUMENT
                : mri_spread_find(array, first + count - 1, &block);
    if (error == MR_ERR_ARGUMENT) {
        return mri_array_check_end(array, first, count);
    }
    while (!error && count > 0) {
        error = mri_spread_find(array, first, &block);
        if (!error) {
            size_t at = first - block.first;
            size_t part = count < block.count - at ? count : block.count - at;

            error = mri_array_transfer(block.array, &a, at, part);
            a.out = a.out ? a.out + part * size : NULL;
            a.in = a.in ? a.in + part * size : NULL;
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
    return transfer_all(array,
                        &(mri_access){.operation = MRI_ARRAY_GET, .out = out},
                        first, count);
}

mr_error mr_array_set(mr_array array, size_t first, size_t count,
                      const void *in)
{
    if (!in && count) {
        return mri_bad_argument("mr_array_set", "in", "is NULL");
    }
    return transfer_all(array,
                        &(mri_access){.operation = MRI_ARRAY_SET, .in = in},
                        first, count);
}

/* ---- changes ------------------------------------------------------------- */

static mr_error refuse(mr_array array, const char *function)
{
    size_t count;
    mr_error error;

    error = mr_array_length(array, &count); /* is it there? */
    return error ? error
                 : mri_bad_argument(function, "array",
                                    "is of bytes or bools: these have no such "
                                    "atomic change");
}

/* May elements of that type be changed so?  MR_ERR_ARGUMENT. */
static inline mr_error check_change(mr_array array, mri_change how,
                                    const char *function)
{
    return !mri_is_bytes(type_in(array)) && mri_element_has(type_in(array), how)
               ? MR_OK
               : refuse(array, function);
}

mr_error mr_array_accumulate(mr_array array, size_t first, size_t count,
                             const void *in, mr_combination how)
{
    static const mri_change changes[] = {
        [MR_COMBINE_ADD] = MRI_ADD,
        [MR_COMBINE_MIN] = MRI_MIN,
        [MR_COMBINE_MAX] = MRI_MAX,
    };
    mr_error error;

    if (!in && count) {
        return mri_bad_argument("mr_array_accumulate", "in", "is NULL");
    }
    if ((unsigned int)how >= sizeof changes / sizeof *changes ||
        !changes[how]) {
        return mri_bad_argument("mr_array_accumulate", "how", "is unknown");
    }
    error = check_change(array, changes[how], "mr_array_accumulate");
    return error ? error
                 : transfer_all(array,
                                &(mri_access){.operation = MRI_ARRAY_CHANGE,
                                              .change = changes[how],
                                              .in = in},
                                first, count);
}

/* The block that has an element, and the element's index there. */
static mr_error find(mr_array *array, size_t *index)
{
    mri_array_block block;
    mr_error error = mri_spread_copy(array);

    if (!error && !mri_is_spread(*array)) {
        error = refuse_change(*array);
    } else if (!error) {
        error = mri_spread_find(*array, *index, &block);
    }
    if (error) {
        return error == MR_ERR_ARGUMENT ? mri_array_check_end(*array, *index, 1)
                                        : error;
    }
    *index -= block.first;
    *array = block.array;
    return MR_OK;
}

/* Do something to one element.  Inline, so that the operation is known. */
static inline __attribute__((always_inline)) mr_error
operate(mr_array array, size_t index, unsigned int operation, mri_call *call)
{
    mr_error error = mri_is_spread(array) ? find(&array, &index) : MR_OK;

    call->argument = index;
    return error
               ? error
               : mri_operate(&mri_array_ops, array.handle, operation, call, 0);
}

static mr_error change_by(mr_array array, size_t index, mri_change how,
                          const void *in, void *before, const char *function)
{
    size_t size = size_of(array);
    mri_call call = {.in = in,
                     .in_size = size,
                     .out = before,
                     .out_size = before ? size : 0,
                     .result = how};
    mr_error error;

    if (!in) {
        return mri_bad_argument(function, "in", "is NULL");
    }
    error = check_change(array, how, function);
    return error ? error : operate(array, index, MRI_ARRAY_CHANGE, &call);
}

mr_error mr_array_add(mr_array array, size_t index, const void *amount,
                      void *before)
{
    size_t size = size_of(array);
    mri_call call = {.in = amount,
                     .in_size = size,
                     .out = before,
                     .out_size = before ? size : 0,
                     .result = 1};
    mr_error error;

    if (!amount) {
        return mri_bad_argument("mr_array_add", "amount", "is NULL");
    }
    error = check_change(array, MRI_ADD, "mr_array_add");
    return error ? error : operate(array, index, MRI_ARRAY_ADD, &call);
}

mr_error mr_array_min(mr_array array, size_t index, const void *in,
                      void *before)
{
    return change_by(array, index, MRI_MIN, in, before, "mr_array_min");
}

mr_error mr_array_max(mr_array array, size_t index, const void *in,
                      void *before)
{
    return change_by(array, index, MRI_MAX, in, before, "mr_array_max");
}

mr_error mr_array_exchange(mr_array array, size_t index, const void *in,
                           void *before)
{
    return change_by(array, index, MRI_EXCHANGE, in, before,
                     "mr_array_exchange");
}

mr_error mr_array_compare_exchange(mr_array array, size_t index, void *expected,
                                   const void *in, bool *exchanged)
{
    size_t size = size_of(array);
    mri_call call = {.in = expected,
                     .in_size = size,
                     .more = in,
                     .more_size = size,
                     .out = expected,
                     .out_size = size,
                     .result = 1};
    mr_error error;

    if (!expected || !in || !exchanged) {
        return mri_bad_argument("mr_array_compare_exchange",
                                "expected, in or exchanged", "is NULL");
    }
    error =
        check_change(array, MRI_COMPARE_EXCHANGE, "mr_array_compare_exchange");
    if (!error) {
        error = operate(array, index, MRI_ARRAY_COMPARE_EXCHANGE, &call);
    }
    if (!error) {
        *exchanged = call.result != 0;
    }
    return error;
}

/* ---- addresses and the lock ---------------------------------------------- */

mr_error mr_array_data(mr_array array, void **data)
{
    mri_array_facts facts;
    mr_error error;

    if (!data) {
        return mri_bad_argument("mr_array_data", "data", "is NULL");
    }
    error = mri_is_spread(array) ? mri_spread_copy(&array) : MR_OK;
    if (!error) {
        error = mri_array_ask(array, &facts);
    }
    if (!error && (mri_is_far(array.handle.owner) || mri_is_spread(array))) {
        return MR_ERR_FAR;
    }
    if (!error) {
        *data = mri_at(facts.elements);
    }
    return error;
}

mr_error mr_array_local(mr_array array, size_t *first, size_t *count,
                        void **data)
{
    mri_array_block block = {.array = array};
    void *found = NULL;
    bool replicated;
    mr_error error;

    if (!first || !count || !data) {
        return mri_bad_argument("mr_array_local", "first, count or data",
                                "is NULL");
    }
    error = mri_is_spread(array) ? mri_spread_copy(&block.array) : MR_OK;
    replicated = mri_is_spread(array) && !mri_is_spread(block.array);
    if (!error) {
        error = mr_array_length(block.array, &block.count); /* is it there? */
    }
    if (!error && mri_is_spread(block.array)) {
        error = mri_spread_block(array, mri_here.rank, &block);
    } else if (replicated ? mri_is_far(block.array.handle.owner)
                          : array.handle.owner != mri_here.rank) {
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
    mri_array_facts facts;
    mr_error error;

    if (!lock) {
        return mri_bad_argument("mr_array_get_lock", "lock", "is NULL");
    }
    error = mri_array_ask(array, &facts);
    return error ? error : mri_get_chosen_lock(&facts.lock, array.handle, lock);
}

/* ---- making and unmaking ------------------------------------------------- */

static mr_error check(const mr_array *array, mr_type type, size_t count,
                      const void *initial, const mr_array_options *options)
{
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
    if (options && options->unit && !options->spread) {
        return mri_bad_argument("mr_array_create", "options->unit",
                                "is set without options->spread");
    }
    if (options && options->replicated && options->spread) {
        return mri_bad_argument("mr_array_create", "options->replicated",
                                "is set beside options->spread");
    }
    if (options && options->replicated && !initial) {
        return mri_bad_argument("mr_array_create", "initial",
                                "is NULL, but options->replicated is set");
    }
    return MR_OK;
}

/* The first copy lies on the caller's node, and all go with the caller until
 * they are there. */
static mr_error create_replicated(unsigned int rank, mr_type type, size_t count,
                                  const void *initial, mri_chosen_lock lock,
                                  mr_array *array)
{
    const mri_chosen_lock none = {.kind = MRI_LOCK_NONE};
    mr_array source;
    mr_error error = mri_array_make(mri_here.rank, type, count, initial, none,
                                    true, &source);

    return error ? error : mri_replicate(rank, source, count, lock, array);
}

mr_error mr_array_create(mr_array *array, mr_type type, size_t count,
                         const void *initial, const mr_array_options *options)
{
    static const mr_array_options defaults;
    mri_array_facts facts = {.count = count, .unit = 1};
    unsigned int rank;
    mr_error error = check(array, type, count, initial, options);

    options = options ? options : &defaults;
    if (!error) {
        error = mri_choose_lock("mr_array_create", options->lock,
                                options->no_lock, &facts.lock);
    }
    if (!error) {
        error = mri_place_rank("mr_array_create", options->place, &rank);
    }
    if (error) {
        return error;
    }
    if (options->replicated) {
        return create_replicated(rank, type, count, initial, facts.lock, array);
    }
    if (!options->spread) {
        return mri_array_make(rank, type, count, initial, facts.lock, false,
                              array);
    }
    facts.unit = options->unit ? options->unit : 1;
    return mri_spread_create(rank, type, &facts, initial, array);
}

mr_error mri_array_replicate(mr_array source, size_t count,
                             const mr_array_options *options, mr_array *array)
{
    mri_chosen_lock lock;
    unsigned int rank;
    mr_error error = mri_choose_lock("mr_array_load", options->lock,
                                     options->no_lock, &lock);

    if (!error) {
        error = mri_place_rank("mr_array_load", options->place, &rank);
    }
    if (!error) {
        error = mri_array_go_with(source, true);
    }
    if (error) {
        (void)!mri_array_destroy_whole(source);
        return error;
    }
    return mri_replicate(rank, source, count, lock, array);
}

mr_error mr_array_destroy(mr_array array)
{
    return mri_is_spread(array) ? mri_spread_destroy(array)
                                : mri_array_destroy_whole(array);
}
