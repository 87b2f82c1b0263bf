/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values and Arrays: atomic access to numbers of all types.
 */
#include "unit/fake.h"

#include <string.h>

#include "memory/slice.h"

enum { ADDS = 5000, THREADS = 4, ELEMENTS = 1000 };

/* ---- one thread ---------------------------------------------------------- */

static void values_keep_numbers_of_all_types(void)
{
    int32_t small = -5, small_before = 0;
    int64_t large = INT64_MIN, large_before = 0;
    double real = 0.5, real_before = 0;
    mr_value value;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_value_create(&value, MR_INT32, NULL, NULL));
    MRT_OK(mr_value_add(value, &small, &small_before));
    MRT_EQUAL(small_before, 0);
    MRT_OK(mr_value_get(value, &small_before));
    MRT_EQUAL(small_before, -5);
    MRT_OK(mr_value_destroy(value));

    MRT_OK(mr_value_create(&value, MR_INT64, &large, NULL));
    large = -1;
    MRT_OK(mr_value_add(value, &large, &large_before));
    MRT_CHECK(large_before == INT64_MIN);
    MRT_OK(mr_value_get(value, &large_before));
    MRT_CHECK(large_before == INT64_MAX);
    MRT_OK(mr_value_set(value, &large));
    MRT_OK(mr_value_get(value, &large_before));
    MRT_EQUAL(large_before, -1);
    MRT_OK(mr_value_destroy(value));

    MRT_OK(mr_value_create(&value, MR_DOUBLE, &real, NULL));
    MRT_OK(mr_value_add(value, &real, NULL));
    MRT_OK(mr_value_add(value, &real, &real_before));
    MRT_CHECK(real_before == 1);
    MRT_OK(mr_value_destroy(value));
    fake_stop();
}

static void values_refuse_bad_arguments(void)
{
    int64_t number = 0;
    mr_value value;
    mr_lock lock;

    fake_start(1, FAKE_MEMORY);
    MRT_ERROR(mr_value_create(NULL, MR_INT32, NULL, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_create(&value, (mr_type)0, NULL, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_create(&value, (mr_type)12, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_create(&value, MR_BYTES(0), NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_create(&value, MR_TYPE_MAX + 1, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL));
    MRT_ERROR(mr_value_get(value, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_set(value, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_add(value, NULL, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_get_lock(value, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_value_destroy(value));
    MRT_ERROR(mr_value_get(value, &number), MR_ERR_STALE);
    MRT_ERROR(mr_value_get_lock(value, &lock), MR_ERR_STALE);
    fake_stop();
}

static void arrays_keep_slices_of_all_types(void)
{
    static const mr_type types[] = {MR_INT32, MR_INT64, MR_DOUBLE};
    static const size_t sizes[] = {4, 8, 8};
    unsigned char in[ELEMENTS * 8];
    unsigned char out[ELEMENTS * 8];
    uint64_t before;
    size_t count;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (unsigned char)(i % 251);
    }
    for (size_t t = 0; t < MRT_COUNT(types); t++) {
        size_t size = sizes[t];
        mr_array array;

        MRT_OK(mr_array_create(&array, types[t], ELEMENTS, in, NULL));
        MRT_OK(mr_array_length(array, &count));
        MRT_EQUAL(count, ELEMENTS);
        MRT_OK(mr_array_get(array, 0, ELEMENTS, out));
        MRT_BYTES(out, in, ELEMENTS * size);
        MRT_OK(mr_array_set(array, 10, 20, in));
        MRT_OK(mr_array_get(array, 10, 20, out));
        MRT_BYTES(out, in, 20 * size);
        MRT_OK(mr_array_get(array, 30, 10, out));
        MRT_BYTES(out, in + 30 * size, 10 * size);
        MRT_OK(mr_array_destroy(array));
        MRT_OK(mr_array_create(&array, types[t], 3, NULL, NULL));
        MRT_OK(mr_array_get(array, 0, 3, out));
        MRT_CHECK(out[0] == 0 && memcmp(out, out + 1, 3 * size - 1) == 0);
        MRT_OK(mr_array_destroy(array));
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void arrays_refuse_what_leaves_them(void)
{
    int32_t numbers[4] = {0};
    mr_array array;
    void *data;

    fake_start(1, FAKE_MEMORY);
    MRT_ERROR(mr_array_create(&array, MR_INT32, 0, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, SIZE_MAX / 4, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, FAKE_MEMORY, NULL, NULL),
              MR_ERR_TOO_LARGE);
    MRT_OK(mr_array_create(&array, MR_INT32, 4, NULL, NULL));
    MRT_OK(mr_array_get(array, 4, 0, NULL));
    MRT_ERROR(mr_array_get(array, 5, 0, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_get(array, 1, 4, numbers), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_set(array, 3, SIZE_MAX, numbers), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_add(array, 4, numbers, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_data(array, &data));
    MRT_CHECK(mri_in_region(data, 4 * sizeof(int32_t)));
    ((int32_t *)data)[2] = 77;
    MRT_OK(mr_array_get(array, 2, 1, numbers));
    MRT_EQUAL(numbers[0], 77);
    MRT_OK(mr_array_destroy(array));
    MRT_ERROR(mr_array_get(array, 0, 1, numbers), MR_ERR_STALE);
    fake_stop();
}

/* ---- many threads -------------------------------------------------------- */

typedef struct numbers {
    mr_value small;
    mr_value large;
    mr_value real;
    mr_array array;
    mri_word sum; /* of what was before each addition */
} numbers;

static void add_to_all(unsigned int number, void *user)
{
    numbers *n = user;
    int32_t small = 1;
    int64_t large = (int64_t)1 << 33;
    double real = 0.25;
    int64_t before;

    for (unsigned int i = 0; i < ADDS; i++) {
        MRT_OK(mr_value_add(n->small, &small, NULL));
        MRT_OK(mr_value_add(n->large, &large, &before));
        mri_add(&n->sum, (uint64_t)before >> 33);
        MRT_OK(mr_value_add(n->real, &real, NULL));
        MRT_OK(mr_array_add(n->array, (i + number) % 3, &real, NULL));
    }
}

static void additions_are_atomic(void)
{
    const uint64_t all = THREADS * ADDS;
    int32_t small;
    int64_t large;
    double real;
    double elements[3];
    numbers n = {0};

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_value_create(&n.small, MR_INT32, NULL, NULL));
    MRT_OK(mr_value_create(&n.large, MR_INT64, NULL, NULL));
    MRT_OK(mr_value_create(&n.real, MR_DOUBLE, NULL, NULL));
    MRT_OK(mr_array_create(&n.array, MR_DOUBLE, 3, NULL, NULL));
    fake_threads(THREADS, add_to_all, &n);
    MRT_OK(mr_value_get(n.small, &small));
    MRT_EQUAL(small, all);
    MRT_OK(mr_value_get(n.large, &large));
    MRT_EQUAL((uint64_t)large, all << 33);
    MRT_EQUAL(mri_load(&n.sum), all * (all - 1) / 2);
    MRT_OK(mr_value_get(n.real, &real));
    MRT_CHECK(real == 0.25 * (double)all);
    MRT_OK(mr_array_get(n.array, 0, 3, elements));
    MRT_CHECK(elements[0] + elements[1] + elements[2] == real);
    MRT_OK(mr_value_destroy(n.small));
    MRT_OK(mr_value_destroy(n.large));
    MRT_OK(mr_value_destroy(n.real));
    MRT_OK(mr_array_destroy(n.array));
    fake_stop();
}

/* Writers write one byte everywhere; readers never see half of an element. */
static void write_and_read(unsigned int number, void *user)
{
    const numbers *n = user;
    uint64_t elements[16];

    for (unsigned int i = 0; i < ADDS / 5; i++) {
        if (number % 2) {
            memset(elements, (int)(i % 256), sizeof elements);
            MRT_OK(mr_array_set(n->array, 0, MRT_COUNT(elements), elements));
        } else {
            MRT_OK(mr_array_get(n->array, 0, MRT_COUNT(elements), elements));
            for (size_t j = 0; j < MRT_COUNT(elements); j++) {
                MRT_CHECK(elements[j] % 0x0101010101010101 == 0);
            }
        }
    }
}

static void elements_of_arrays_are_never_torn(void)
{
    numbers n = {0};

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_array_create(&n.array, MR_INT64, 16, NULL, NULL));
    fake_threads(THREADS, write_and_read, &n);
    MRT_OK(mr_array_destroy(n.array));
    fake_stop();
}

/* Bytes of both, and of what a slice is cut from. */
enum { SLICE = 200, SLICE_ROOM = SLICE + 64 };

/* One slice there and back, both within bytes that must not change. */
static bool is_copied_exactly(size_t size, size_t start, size_t bytes)
{
    static _Alignas(16) unsigned char elements[SLICE_ROOM];
    unsigned char in[SLICE_ROOM], out[SLICE_ROOM];
    size_t wrong = 0;

    memset(elements, 0xee, sizeof elements);
    memset(out, 0xdd, sizeof out);
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = (unsigned char)(i + 1);
    }
    mri_slice_store(elements + start, in + 1, size, bytes);
    mri_slice_load(out + 3, elements + start, size, bytes);
    for (size_t i = 0; i < sizeof elements; i++) {
        bool inside = i >= start && i < start + bytes;
        bool back = i >= 3 && i < 3 + bytes;

        wrong += elements[i] != (inside ? in[i - start + 1] : 0xee);
        wrong += out[i] != (back ? in[i - 3 + 1] : 0xdd);
    }
    return wrong == 0;
}

static void slices_begin_and_end_anywhere(void)
{
    for (size_t size = 1; size <= 8; size *= 2) {
        for (size_t start = 0; start < 32; start += size) {
            for (size_t bytes = 0; bytes <= SLICE; bytes += size) {
                MRT_CHECK(is_copied_exactly(size, start, bytes));
            }
        }
    }
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"values_keep_numbers_of_all_types", values_keep_numbers_of_all_types,
         0},
        {"values_refuse_bad_arguments", values_refuse_bad_arguments, 0},
        {"arrays_keep_slices_of_all_types", arrays_keep_slices_of_all_types, 0},
        {"arrays_refuse_what_leaves_them", arrays_refuse_what_leaves_them, 0},
        {"slices_begin_and_end_anywhere", slices_begin_and_end_anywhere, 0},
        {"additions_are_atomic", additions_are_atomic, 0},
        {"elements_of_arrays_are_never_torn", elements_of_arrays_are_never_torn,
         0},
    };

    return mrt_main("value", tests, MRT_COUNT(tests), argc, argv);
}
