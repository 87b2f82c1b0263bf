/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What users of multiprocessing expect of Value and Array, one by one: types,
 * the first content, the lock, and slices.
 */
#include "mpi/support.h"

static const mr_type types[] = {
    MR_INT8,     MR_INT16,     MR_INT32,      MR_INT64,
    MR_UINT8,    MR_UINT16,    MR_UINT32,     MR_UINT64,
    MR_FLOAT,    MR_DOUBLE,    MR_BOOL,       MR_BYTES(1),
    MR_BYTES(3), MR_BYTES(24), MR_BYTES(100), MR_BYTES(4096),
};

static const size_t sizes[] = {1, 2, 4, 8, 1, 2,  4,   8,
                               4, 8, 1, 1, 3, 24, 100, 4096};

enum { ELEMENTS = 7, LARGEST = 4096 };

/* Bytes that a bool may have, too. */
static void fill(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = i % 3 == 0;
    }
}

typedef struct both {
    mr_value value;
    mr_array array;
    size_t type;
} both;

static bool make(both *b, size_t type, const void *initial, int rank)
{
    const mr_value_options value = {.place = MR_ON_RANK(rank)};
    const mr_array_options array = {.place = MR_ON_RANK(rank)};

    b->type = type;
    return MRT_OK(mr_value_create(&b->value, types[type], initial, &value)) &&
           MRT_OK(mr_array_create(&b->array, types[type], ELEMENTS, initial,
                                  &array));
}

static void destroy(const both *b)
{
    MRT_OK(mr_value_destroy(b->value));
    MRT_OK(mr_array_destroy(b->array));
}

/* All bytes are the pattern of `first`, or zeros. */
static bool has(const both *b, const unsigned char *expected)
{
    static unsigned char found[ELEMENTS * LARGEST];
    size_t size = sizes[b->type];

    return CHILD_OK(mr_value_get(b->value, found)) &&
           CHILD_CHECK(memcmp(found, expected, size) == 0) &&
           CHILD_OK(mr_array_get(b->array, 0, ELEMENTS, found)) &&
           CHILD_CHECK(memcmp(found, expected, ELEMENTS * size) == 0);
}

static int write_pattern(const void *argument, size_t size)
{
    static unsigned char pattern[ELEMENTS * LARGEST];
    static const unsigned char zeros[ELEMENTS * LARGEST];
    const both *b = argument;

    (void)size;
    fill(pattern, sizeof pattern);
    has(b, zeros);
    CHILD_OK(mr_value_set(b->value, pattern));
    CHILD_OK(mr_array_set(b->array, 0, ELEMENTS, pattern));
    has(b, pattern);
    return child_result();
}

static void value_and_array_have_numbers_of_8_to_64_bits_and_structs(void)
{
    static unsigned char pattern[ELEMENTS * LARGEST];

    fill(pattern, sizeof pattern);
    child_failures = 0;
    for (size_t i = 0; i < MRT_COUNT(types); i++) {
        both b;

        if (!make(&b, i, NULL, rank_of((int)i))) {
            return;
        }
        MRT_EQUAL(mr_value_type(b.value), types[i]);
        MRT_EQUAL(mr_array_type(b.array), types[i]);
        RUN(rank_of((int)i + 1), write_pattern, &b, sizeof b);
        MRT_CHECK(has(&b, pattern));
        destroy(&b);
    }
}

static void value_and_array_begin_zeroed_or_initialised(void)
{
    static const unsigned char zeros[ELEMENTS * LARGEST];
    static unsigned char pattern[ELEMENTS * LARGEST];

    fill(pattern, sizeof pattern);
    child_failures = 0;
    for (size_t i = 0; i < MRT_COUNT(types); i++) {
        both b;

        for (int initialised = 1; initialised >= 0; initialised--) {
            if (!make(&b, i, initialised ? pattern : NULL, mr_size() - 1)) {
                return;
            }
            MRT_CHECK(has(&b, initialised ? pattern : zeros));
            destroy(&b);
        }
    }
}

/* ---- the lock ------------------------------------------------------------ */

static bool is_free(mr_lock lock)
{
    bool ready = false;

    return mr_wait(&lock.handle, 1, 0, &ready) == MR_OK;
}

static void check_array_lock(mr_array_options options, const int64_t *initial,
                             mr_error expected, const mr_lock *given)
{
    mr_array array;
    mr_lock lock = {{0}};

    if (!MRT_OK(
            mr_array_create(&array, MR_INT64, ELEMENTS, initial, &options))) {
        return;
    }
    MRT_ERROR(mr_array_get_lock(array, &lock), expected);
    if (given) {
        MRT_CHECK(memcmp(&lock, given, sizeof lock) == 0);
    } else if (!expected) {
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_CHECK(!is_free(lock));
        MRT_OK(mr_lock_release(lock));
    }
    MRT_OK(mr_array_destroy(array));
}

/* Whole, spread or replicated. */
static void array_lock_is_its_own_a_given_one_or_none(void)
{
    const int64_t initial[ELEMENTS] = {0};
    mr_lock given;

    if (!MRT_OK(mr_lock_create(&given, NULL))) {
        return;
    }
    for (int sort = 0; sort < 3; sort++) {
        const mr_array_options own = {.spread = sort == 1,
                                      .replicated = sort == 2};
        mr_array_options with = own, without = own;

        with.lock = given;
        without.no_lock = true;
        check_array_lock(own, initial, MR_OK, NULL);
        check_array_lock(with, initial, MR_OK, &given);
        check_array_lock(without, initial, MR_ERR_STATE, NULL);
    }
    MRT_CHECK(is_free(given));
    MRT_OK(mr_lock_destroy(given));
}

static void value_lock_is_its_own_a_given_one_or_none(void)
{
    mr_lock given, found;
    mr_value values[3];

    if (!MRT_OK(mr_lock_create(&given, NULL))) {
        return;
    }
    const mr_value_options with = {.lock = given}, without = {.no_lock = true};

    MRT_OK(mr_value_create(&values[0], MR_DOUBLE, NULL, NULL));
    MRT_OK(mr_value_create(&values[1], MR_DOUBLE, NULL, &with));
    MRT_OK(mr_value_create(&values[2], MR_DOUBLE, NULL, &without));
    MRT_OK(mr_value_get_lock(values[1], &found));
    MRT_CHECK(memcmp(&found, &given, sizeof found) == 0);
    MRT_OK(mr_value_get_lock(values[0], &found));
    MRT_CHECK(memcmp(&found, &given, sizeof found) != 0);
    MRT_OK(mr_lock_acquire(found, 0));
    MRT_CHECK(!is_free(found) && is_free(given));
    MRT_OK(mr_lock_release(found));
    MRT_ERROR(mr_value_get_lock(values[2], &found), MR_ERR_STATE);
    for (int i = 0; i < 3; i++) {
        MRT_OK(mr_value_destroy(values[i]));
    }
    MRT_OK(mr_lock_destroy(given));
}

static int find_it_taken(const void *argument, size_t size)
{
    const mr_lock *locks = argument;

    (void)size;
    for (int i = 0; i < 2; i++) {
        CHILD_ERROR(mr_lock_acquire(locks[i], 0), MR_ERR_TIMEOUT);
        CHILD_ERROR(mr_lock_release(locks[i]), MR_ERR_NOT_HELD);
    }
    return child_result();
}

static void get_lock_is_recursive_like_pythons_rlock(void)
{
    mr_lock locks[2];
    both b;

    if (!make(&b, 3, NULL, mr_size() - 1) ||
        !MRT_OK(mr_value_get_lock(b.value, &locks[0])) ||
        !MRT_OK(mr_array_get_lock(b.array, &locks[1]))) {
        return;
    }
    for (int depth = 0; depth < 5; depth++) {
        MRT_OK(mr_lock_acquire(locks[0], 0));
        MRT_OK(mr_lock_acquire(locks[1], 0));
    }
    for (int depth = 5; depth > 0; depth--) {
        RUN(ANYWHERE, find_it_taken, locks, sizeof locks);
        MRT_OK(mr_lock_release(locks[0]));
        MRT_OK(mr_lock_release(locks[1]));
    }
    MRT_CHECK(is_free(locks[0]) && is_free(locks[1]));
    MRT_ERROR(mr_lock_release(locks[0]), MR_ERR_NOT_HELD);
    MRT_ERROR(mr_lock_release(locks[1]), MR_ERR_NOT_HELD);
    destroy(&b);
}

/* ---- value += 1 ---------------------------------------------------------- */

enum { ADDERS = 3, TIMES = 200 };

static int add_under_the_lock(const void *argument, size_t size)
{
    const mr_value *value = argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_value_get_lock(*value, &lock));
    for (int i = 0; i < TIMES; i++) {
        int64_t number;

        CHILD_OK(mr_lock_acquire(lock, GUARD));
        CHILD_OK(mr_value_get(*value, &number));
        number += 1;
        CHILD_OK(mr_value_set(*value, &number));
        CHILD_OK(mr_lock_release(lock));
    }
    return child_result();
}

static int add_in_turn(const void *argument, size_t size)
{
    const mr_value *value = argument;
    int64_t number = 0;

    (void)size;
    CHILD_OK(mr_value_get(*value, &number));
    number += 1;
    CHILD_OK(mr_value_set(*value, &number));
    return child_result();
}

/* A read and a write are two steps: another may write between them, unless
 * both hold the lock. */
static void value_plus_one_is_atomic_only_under_the_lock(void)
{
    mr_process adders[ADDERS];
    int64_t number = 0;
    mr_value value;

    if (!MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        return;
    }
    MRT_OK(mr_value_get(value, &number));
    RUN(ANYWHERE, add_in_turn, &value, sizeof value);
    number += 1;
    MRT_OK(mr_value_set(value, &number));
    MRT_OK(mr_value_get(value, &number));
    MRT_EQUAL(number, 1); /* of two additions */

    for (int i = 0; i < ADDERS; i++) {
        START(&adders[i], rank_of(i), add_under_the_lock, &value, sizeof value);
    }
    for (int i = 0; i < ADDERS; i++) {
        END(adders[i], 0);
    }
    MRT_OK(mr_value_get(value, &number));
    MRT_EQUAL(number, 1 + ADDERS * TIMES);
    MRT_OK(mr_value_destroy(value));
}

/* ---- slices -------------------------------------------------------------- */

static void check_slices(mr_array array, bool writes)
{
    enum { COUNT = 50 };
    static const struct {
        size_t first, count;
    } slices[] = {{0, COUNT}, {0, 1},  {COUNT - 1, 1},
                  {10, 0},    {7, 20}, {COUNT, 0}};
    int16_t cells[COUNT], all[COUNT];

    for (size_t k = 0; k < MRT_COUNT(slices); k++) {
        size_t first = slices[k].first, count = slices[k].count;

        MRT_OK(mr_array_get(array, first, count, cells));
        for (size_t i = 0; i < count; i++) {
            MRT_EQUAL(cells[i], (int16_t)(first + i));
            cells[i] = (int16_t)-cells[i];
        }
        if (writes) {
            MRT_OK(mr_array_set(array, first, count, cells));
            MRT_OK(mr_array_get(array, 0, COUNT, all));
            for (size_t i = 0; i < COUNT; i++) {
                bool inside = i >= first && i - first < count;

                MRT_EQUAL(all[i], inside ? -(int)i : (int)i);
                all[i] = (int16_t)i;
            }
            MRT_OK(mr_array_set(array, 0, COUNT, all));
        }
    }
    MRT_ERROR(mr_array_get(array, 49, 2, cells), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_get(array, SIZE_MAX, 2, cells), MR_ERR_ARGUMENT);
}

/* Whole, spread and replicated. */
static void arrays_have_slices(void)
{
    int16_t initial[50];
    mr_array array;

    for (int i = 0; i < 50; i++) {
        initial[i] = (int16_t)i;
    }
    for (int sort = 0; sort < 3; sort++) {
        const mr_array_options options = {.spread = sort == 1,
                                          .replicated = sort == 2,
                                          .place = MR_ON_RANK(mr_size() - 1)};

        if (!MRT_OK(mr_array_create(&array, MR_INT16, 50, initial, &options))) {
            return;
        }
        check_slices(array, !options.replicated);
        MRT_OK(mr_array_destroy(array));
    }
}

static const mrt_test tests[] = {
    {"value_and_array_have_numbers_of_8_to_64_bits_and_structs",
     value_and_array_have_numbers_of_8_to_64_bits_and_structs, 0},
    {"value_and_array_begin_zeroed_or_initialised",
     value_and_array_begin_zeroed_or_initialised, 0},
    {"array_lock_is_its_own_a_given_one_or_none",
     array_lock_is_its_own_a_given_one_or_none, 0},
    {"value_lock_is_its_own_a_given_one_or_none",
     value_lock_is_its_own_a_given_one_or_none, 0},
    {"get_lock_is_recursive_like_pythons_rlock",
     get_lock_is_recursive_like_pythons_rlock, 0},
    {"value_plus_one_is_atomic_only_under_the_lock",
     value_plus_one_is_atomic_only_under_the_lock, 0},
    {"arrays_have_slices", arrays_have_slices, 0},
};

int main(int argc, char **argv)
{
    return suite_main("data_edges", tests, MRT_COUNT(tests), argc, argv);
}
