/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values and Arrays of all types: each change of each, from ranks and
 * processes; locks that are given or none; blocks of whole rows; files.
 */
#include "mpi/support.h"

#include <multirank/typed.h>
#include <unistd.h>

/* A struct that no atomic instruction moves. */
typedef struct point {
    double x, y, z;
    int32_t id;
    char name[20];
} point;

static int last_rank(void)
{
    return mr_size() - 1;
}

/* ---- Values of each type ------------------------------------------------- */

/* A number as bytes, for one way to write them all down. */
typedef union number {
    int8_t i1;
    int16_t i2;
    int32_t i4;
    int64_t i8;
    uint8_t u1;
    uint16_t u2;
    uint32_t u4;
    uint64_t u8;
    float f4;
    double f8;
} number;

typedef struct sample {
    mr_type type;
    size_t size;
    number low, high, sum; /* sum: of the two, as the type wraps around */
} sample;

static const sample samples[] = {
    {MR_INT8, 1, {.i1 = -100}, {.i1 = 120}, {.i1 = 20}},
    {MR_INT16, 2, {.i2 = INT16_MIN}, {.i2 = -1}, {.i2 = INT16_MAX}},
    {MR_INT32, 4, {.i4 = -7}, {.i4 = 3}, {.i4 = -4}},
    {MR_INT64, 8, {.i8 = INT64_MIN}, {.i8 = -1}, {.i8 = INT64_MAX}},
    {MR_UINT8, 1, {.u1 = 100}, {.u1 = 200}, {.u1 = 44}},
    {MR_UINT16, 2, {.u2 = 1}, {.u2 = UINT16_MAX}, {.u2 = 0}},
    {MR_UINT32, 4, {.u4 = 5}, {.u4 = 0x80000000}, {.u4 = 0x80000005}},
    {MR_UINT64, 8, {.u8 = 5}, {.u8 = UINT64_MAX}, {.u8 = 4}},
    {MR_FLOAT, 4, {.f4 = -0.5f}, {.f4 = 2.25f}, {.f4 = 1.75f}},
    {MR_DOUBLE, 8, {.f8 = -1e300}, {.f8 = 1e300}, {.f8 = 0}},
};

static void is(mr_value value, const sample *s, const number *expected)
{
    number found = {0};

    CHILD_OK(mr_value_get(value, &found));
    CHILD_CHECK(memcmp(&found, expected, s->size) == 0);
}

/* All changes of one Value; also run in a process. */
static void change_value(mr_value value, const sample *s)
{
    number before = {0}, expected = s->low;
    bool exchanged = false;

    CHILD_OK(mr_value_set(value, &s->low));
    is(value, s, &s->low);
    CHILD_OK(mr_value_add(value, &s->high, &before));
    CHILD_CHECK(memcmp(&before, &s->low, s->size) == 0);
    is(value, s, &s->sum);
    CHILD_OK(mr_value_exchange(value, &s->low, &before));
    CHILD_CHECK(memcmp(&before, &s->sum, s->size) == 0);
    CHILD_OK(mr_value_max(value, &s->high, &before));
    CHILD_CHECK(memcmp(&before, &s->low, s->size) == 0);
    CHILD_OK(mr_value_max(value, &s->low, NULL));
    is(value, s, &s->high);
    CHILD_OK(mr_value_min(value, &s->low, NULL));
    CHILD_OK(mr_value_min(value, &s->high, NULL));
    is(value, s, &s->low);
    CHILD_OK(mr_value_compare_exchange(value, &expected, &s->high, &exchanged));
    CHILD_CHECK(exchanged);
    CHILD_OK(mr_value_compare_exchange(value, &expected, &s->sum, &exchanged));
    CHILD_CHECK(!exchanged && memcmp(&expected, &s->high, s->size) == 0);
    is(value, s, &s->high);
}

typedef struct order {
    mr_value value;
    mr_array array;
    size_t sample;
} order;

static int change_in_process(const void *argument, size_t size)
{
    const order *o = argument;

    (void)size;
    change_value(o->value, &samples[o->sample]);
    return child_result();
}

static void values_of_all_types_change_atomically(void)
{
    for (size_t i = 0; i < MRT_COUNT(samples); i++) {
        const mr_value_options options = {.place = MR_ON_RANK(last_rank())};
        order o = {.sample = i};

        child_failures = 0;
        if (!MRT_OK(mr_value_create(&o.value, samples[i].type, &samples[i].high,
                                    &options))) {
            return;
        }
        MRT_EQUAL(mr_value_type(o.value), samples[i].type);
        is(o.value, &samples[i], &samples[i].high);
        change_value(o.value, &samples[i]);
        MRT_EQUAL(child_failures, 0);
        RUN(0, change_in_process, &o, sizeof o);
        MRT_OK(mr_value_destroy(o.value));
    }
}

/* Each process adds one and raises the maximum, often. */
static int count_up(const void *argument, size_t size)
{
    const order *o = argument;
    const uint16_t one = 1;

    (void)size;
    for (int i = 0; i < 500; i++) {
        float mine = (float)i;
        float expected = 0;
        bool done = false;

        CHILD_OK(mr_value_add(o->value, &one, NULL));
        CHILD_OK(mr_array_max(o->array, 0, &mine, NULL));
        while (!done) {
            float next = expected + 1;

            CHILD_OK(mr_array_compare_exchange(o->array, 1, &expected, &next,
                                               &done));
        }
    }
    return child_result();
}

static void changes_of_several_processes_are_not_lost(void)
{
    enum { PROCESSES = 4 };
    mr_process processes[PROCESSES];
    order o = {0};
    uint16_t sum = 0;
    float both[2] = {0};

    MRT_OK(mr_value_create(&o.value, MR_UINT16, NULL, NULL));
    MRT_OK(mr_array_create(&o.array, MR_FLOAT, 2, NULL, NULL));
    for (int i = 0; i < PROCESSES; i++) {
        START(&processes[i], rank_of(i), count_up, &o, sizeof o);
    }
    for (int i = 0; i < PROCESSES; i++) {
        END(processes[i], 0);
    }
    MRT_OK(MR_VALUE_GET(o.value, &sum));
    MRT_EQUAL(sum, 500 * PROCESSES);
    MRT_OK(MR_ARRAY_GET(o.array, 0, 2, both));
    MRT_CHECK(both[0] == 499);
    MRT_CHECK(both[1] == 500 * PROCESSES);
    MRT_OK(mr_value_destroy(o.value));
    MRT_OK(mr_array_destroy(o.array));
}

static void bool_is_exchanged_and_not_added(void)
{
    const bool yes = true;
    bool before = true, found = false;
    mr_value value;

    MRT_OK(mr_value_create(&value, MR_BOOL, NULL, NULL));
    MRT_OK(mr_value_exchange(value, &yes, &before));
    MRT_CHECK(!before);
    MRT_OK(MR_VALUE_GET(value, &found));
    MRT_CHECK(found);
    MRT_ERROR(mr_value_add(value, &yes, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_min(value, &yes, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_value_destroy(value));
}

/* ---- structs ------------------------------------------------------------- */

/* Two writers write points whose members agree; a torn one would not. */
static int write_points(const void *argument, size_t size)
{
    const order *o = argument;

    (void)size;
    for (int i = 0; i < 300; i++) {
        int all = (int)o->sample * 1000 + i;
        point p = {.x = all, .y = all, .z = all, .id = all, .name = "point"};
        point q = {0};

        CHILD_OK(MR_VALUE_SET(o->value, &p));
        CHILD_OK(MR_VALUE_GET(o->value, &q));
        CHILD_CHECK(q.x == q.id && q.y == q.id && q.z == q.id);
        CHILD_CHECK(strcmp(q.name, "point") == 0);
    }
    return child_result();
}

static void struct_is_never_torn(void)
{
    const mr_value_options options = {.place = MR_ON_RANK(last_rank())};
    const point first = {.name = "point"};
    mr_process processes[2];
    order o = {0};

    MRT_OK(
        mr_value_create(&o.value, MR_BYTES(sizeof(point)), &first, &options));
    for (int i = 0; i < 2; i++) {
        o.sample = (size_t)i + 1;
        START(&processes[i], rank_of(i), write_points, &o, sizeof o);
    }
    for (int i = 0; i < 2; i++) {
        END(processes[i], 0);
    }
    MRT_OK(mr_value_destroy(o.value));
}

static void struct_is_compared_and_exchanged_as_a_whole(void)
{
    point a = {.id = 1}, b = {.id = 2}, before = {0};
    bool exchanged = true;
    mr_value value;

    MRT_OK(mr_value_create(&value, MR_BYTES(sizeof a), &a, NULL));
    MRT_OK(mr_value_compare_exchange(value, &before, &b, &exchanged));
    MRT_CHECK(!exchanged);
    MRT_EQUAL(before.id, 1);
    MRT_OK(mr_value_compare_exchange(value, &before, &b, &exchanged));
    MRT_CHECK(exchanged);
    MRT_OK(mr_value_exchange(value, &a, &before));
    MRT_EQUAL(before.id, 2);
    MRT_ERROR(mr_value_add(value, &a, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_max(value, &a, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_value_destroy(value));
}

static void largest_struct_fits(void)
{
    static unsigned char in[MR_BYTES_MAX], out[MR_BYTES_MAX];
    const mr_value_options options = {.place = MR_ON_RANK(last_rank())};
    mr_value value;

    memset(in, 7, sizeof in);
    MRT_OK(mr_value_create(&value, MR_BYTES(sizeof in), NULL, &options));
    MRT_OK(mr_value_set(value, in));
    MRT_OK(mr_value_get(value, out));
    MRT_BYTES(out, in, sizeof in);
    MRT_OK(mr_value_destroy(value));
}

/* ---- types that a pointer tells ------------------------------------------ */

static void access_by_another_type_is_refused(void)
{
    int32_t narrow[2] = {0, 77};
    int64_t wide = 5;
    point p = {0};
    mr_value value;
    mr_array array;

    MRT_OK(mr_value_create(&value, MR_INT64, &wide, NULL));
    MRT_OK(mr_array_create(&array, MR_INT64, 3, NULL, NULL));
    MRT_ERROR(MR_VALUE_GET(value, &narrow[0]), MR_ERR_ARGUMENT);
    MRT_ERROR(MR_VALUE_SET(value, &narrow[0]), MR_ERR_ARGUMENT);
    MRT_ERROR(MR_VALUE_ADD(value, &narrow[0]), MR_ERR_ARGUMENT);
    MRT_ERROR(MR_VALUE_GET(value, &p), MR_ERR_ARGUMENT);
    MRT_ERROR(MR_ARRAY_GET(array, 0, 1, &narrow[0]), MR_ERR_ARGUMENT);
    MRT_ERROR(MR_ARRAY_SET(array, 0, 1, &narrow[0]), MR_ERR_ARGUMENT);
    MRT_ERROR(MR_ARRAY_ADD(array, 0, &narrow[0]), MR_ERR_ARGUMENT);
    MRT_EQUAL(narrow[1], 77);
    MRT_OK(MR_VALUE_ADD(value, &wide));
    MRT_OK(MR_VALUE_GET(value, &wide));
    MRT_EQUAL(wide, 10);
    MRT_OK(MR_ARRAY_SET(array, 2, 1, &wide));
    MRT_OK(MR_ARRAY_ADD(array, 2, &wide));
    MRT_OK(MR_ARRAY_GET(array, 2, 1, &wide));
    MRT_EQUAL(wide, 20);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_array_destroy(array));
}

/* ---- locks --------------------------------------------------------------- */

static void lock_is_the_given_one_or_none(void)
{
    mr_value_options value_options = {.no_lock = true};
    mr_array_options array_options = {.no_lock = true, .spread = true};
    mr_lock lock, found;
    mr_value value;
    mr_array array;

    MRT_OK(mr_value_create(&value, MR_INT32, NULL, &value_options));
    MRT_ERROR(mr_value_get_lock(value, &found), MR_ERR_STATE);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_array_create(&array, MR_INT32, 5, NULL, &array_options));
    MRT_ERROR(mr_array_get_lock(array, &found), MR_ERR_STATE);
    MRT_OK(mr_array_destroy(array));

    MRT_OK(mr_lock_create(
        &lock, &(mr_lock_options){.place = MR_ON_RANK(last_rank())}));
    value_options = (mr_value_options){.lock = lock};
    array_options = (mr_array_options){.lock = lock};
    MRT_OK(mr_value_create(&value, MR_INT32, NULL, &value_options));
    MRT_OK(mr_array_create(&array, MR_INT32, 5, NULL, &array_options));
    MRT_OK(mr_value_get_lock(value, &found));
    MRT_CHECK(memcmp(&found, &lock, sizeof lock) == 0);
    MRT_OK(mr_array_get_lock(array, &found));
    MRT_CHECK(memcmp(&found, &lock, sizeof lock) == 0);
    value_options.no_lock = true;
    MRT_ERROR(mr_value_create(&value, MR_INT32, NULL, &value_options),
              MR_ERR_ARGUMENT);
    value_options = (mr_value_options){.lock = {{.kind = 0xffff}}};
    MRT_ERROR(mr_value_create(&value, MR_INT32, NULL, &value_options),
              MR_ERR_ARGUMENT);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_array_destroy(array));
    MRT_OK(mr_lock_destroy(lock));
}

/* ---- Arrays -------------------------------------------------------------- */

static void slices_are_accumulated(void)
{
    enum { COUNT = 10000 };
    static int16_t numbers[COUNT], found[COUNT];
    const mr_combination hows[] = {MR_COMBINE_ADD, MR_COMBINE_MIN,
                                   MR_COMBINE_MAX};
    const int16_t expected[] = {7, -1, 7}; /* from 1: + 6, min -1, max 7 */
    const int16_t by[] = {6, -1, 7};

    for (int spread = 0; spread < 2; spread++) {
        for (size_t i = 0; i < MRT_COUNT(hows); i++) {
            const mr_array_options options = {.place = MR_ON_RANK(last_rank()),
                                              .spread = spread};
            mr_array array;

            for (size_t j = 0; j < COUNT; j++) {
                numbers[j] = 1;
            }
            MRT_OK(mr_array_create(&array, MR_INT16, COUNT, numbers, &options));
            for (size_t j = 0; j < COUNT; j++) {
                numbers[j] = by[i];
            }
            MRT_OK(mr_array_accumulate(array, 1, COUNT - 2, numbers, hows[i]));
            MRT_OK(MR_ARRAY_GET(array, 0, COUNT, found));
            MRT_CHECK(found[0] == 1 && found[COUNT - 1] == 1);
            for (size_t j = 1; j < COUNT - 1; j++) {
                if (found[j] != expected[i]) {
                    MRT_EQUAL(found[j], expected[i]);
                    break;
                }
            }
            MRT_ERROR(mr_array_accumulate(array, 2, COUNT, numbers, hows[i]),
                      MR_ERR_ARGUMENT);
            MRT_ERROR(mr_array_accumulate(array, 0, 1, numbers, 9),
                      MR_ERR_ARGUMENT);
            MRT_OK(mr_array_destroy(array));
        }
    }
}

typedef struct block {
    uint64_t first, count;
} block;

static int tell_block(const void *argument, size_t size)
{
    struct {
        mr_array array;
        mr_queue queue;
    } o;
    block b = {0};
    size_t first = 0, count = 0;
    void *data = NULL;

    memcpy(&o, argument, size);
    CHILD_OK(mr_array_local(o.array, &first, &count, &data));
    b.first = first;
    b.count = count;
    CHILD_OK(mr_queue_put(o.queue, &b, sizeof b, MR_FOREVER));
    return child_result();
}

static void blocks_of_a_spread_array_have_whole_rows(void)
{
    enum { ROWS = 7, COLUMNS = 5 };
    const mr_array_options options = {.spread = true, .unit = COLUMNS};
    struct {
        mr_array array;
        mr_queue queue;
    } o;
    double numbers[ROWS * COLUMNS], found[ROWS * COLUMNS];
    size_t end = 0;

    for (size_t i = 0; i < MRT_COUNT(numbers); i++) {
        numbers[i] = (double)i;
    }
    MRT_OK(mr_queue_create(&o.queue, NULL));
    MRT_OK(mr_array_create(&o.array, MR_DOUBLE, ROWS * COLUMNS, numbers,
                           &options));
    for (int rank = 0; rank < mr_size(); rank++) {
        block b = {0};

        RUN(rank, tell_block, &o, sizeof o);
        MRT_OK(mr_queue_get(o.queue, &b, sizeof b, NULL, GUARD));
        MRT_EQUAL(b.count % COLUMNS, 0);
        if (b.count) {
            MRT_EQUAL(b.first, end);
            end = b.first + b.count;
        }
    }
    MRT_EQUAL(end, ROWS * COLUMNS);
    MRT_OK(MR_ARRAY_GET(o.array, 0, ROWS * COLUMNS, found));
    MRT_BYTES(found, numbers, sizeof numbers);
    MRT_OK(mr_array_destroy(o.array));
    MRT_OK(mr_queue_destroy(o.queue));
    MRT_ERROR(mr_array_create(&o.array, MR_DOUBLE, 10, NULL,
                              &(mr_array_options){.unit = 5}),
              MR_ERR_ARGUMENT);
}

static void array_of_structs_keeps_them(void)
{
    const mr_array_options options = {.place = MR_ON_RANK(last_rank()),
                                      .spread = true};
    point points[9], found[9];
    mr_array array;

    memset(points, 0, sizeof points);
    for (int i = 0; i < 9; i++) {
        points[i].id = i;
    }
    MRT_OK(
        mr_array_create(&array, MR_BYTES(sizeof(point)), 9, points, &options));
    MRT_OK(MR_ARRAY_GET(array, 0, 9, found));
    MRT_BYTES(found, points, sizeof points);
    MRT_ERROR(mr_array_add(array, 0, points, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_exchange(array, 0, points, found), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_destroy(array));
}

/* ---- files --------------------------------------------------------------- */

static void name_file(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");

    snprintf(path, size, "%s/multirank-%d.npy", folder ? folder : "/tmp",
             (int)getpid());
}

static void array_comes_back_from_its_file(void)
{
    enum { COUNT = 100000 };
    static number numbers[COUNT], found[COUNT];
    char path[256];

    name_file(path, sizeof path);
    memset(numbers, 0x5a, sizeof numbers);
    for (size_t i = 0; i < MRT_COUNT(samples); i++) {
        const mr_array_options options = {.spread = i % 2 != 0};
        size_t bytes = COUNT * samples[i].size;
        size_t count = 0;
        mr_array array, back;

        MRT_OK(mr_array_create(&array, samples[i].type, COUNT, numbers, NULL));
        MRT_OK(mr_array_save(array, path));
        MRT_OK(mr_array_load(&back, path, &options));
        MRT_EQUAL(mr_array_type(back), samples[i].type);
        MRT_OK(mr_array_length(back, &count));
        MRT_EQUAL(count, COUNT);
        memset(found, 0, bytes);
        MRT_OK(mr_array_get(back, 0, COUNT, found));
        MRT_BYTES(found, numbers, bytes);
        MRT_OK(mr_array_destroy(array));
        MRT_OK(mr_array_destroy(back));
    }
    MRT_EQUAL(unlink(path), 0);
}

static void write_text(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");

    if (MRT_CHECK(file)) {
        MRT_EQUAL(fwrite(text, 1, size, file), size);
        MRT_EQUAL(fclose(file), 0);
    }
}

static void load_text(const char *path, const char *text, size_t size,
                      mr_error expected)
{
    mr_array array;
    mr_error error;

    write_text(path, text, size);
    error = mr_array_load(&array, path, NULL);
    MRT_ERROR(error, expected);
    if (!error) {
        MRT_OK(mr_array_destroy(array));
    }
}

static void damaged_files_are_refused(void)
{
    static const char good[] = "\x93NUMPY\x01\0\x3a\0"
                               "{'descr': '<i4', 'fortran_order': False, "
                               "'shape': (2,), }\n"
                               "aaaabbbb";
    char path[256], damaged[sizeof good];
    mr_array array;

    name_file(path, sizeof path);
    MRT_ERROR(mr_array_load(&array, path, NULL), MR_ERR_SYSTEM);
    MRT_ERROR(mr_array_load(NULL, path, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_load(&array, NULL, NULL), MR_ERR_ARGUMENT);
    for (size_t size = 0; size < sizeof good - 1; size++) {
        load_text(path, good, size, MR_ERR_ARGUMENT);
    }
    memcpy(damaged, good, sizeof good);
    damaged[strcspn(good + 10, "i") + 10] = 'q';
    load_text(path, damaged, sizeof good - 1, MR_ERR_ARGUMENT);
    memcpy(damaged, good, sizeof good);
    damaged[strcspn(good + 10, "<") + 10] = '>';
    load_text(path, damaged, sizeof good - 1, MR_ERR_ARGUMENT);
    memcpy(damaged, good, sizeof good);
    damaged[1] = 'n';
    load_text(path, damaged, sizeof good - 1, MR_ERR_ARGUMENT);
    load_text(path, good, sizeof good - 1, MR_OK);
    MRT_EQUAL(unlink(path), 0);
}

static void save_that_fails_leaves_the_old_file(void)
{
    mr_array array;

    MRT_OK(mr_array_create(&array, MR_INT32, 3, NULL, NULL));
    MRT_ERROR(mr_array_save(array, "/no/such/folder/file.npy"), MR_ERR_SYSTEM);
    MRT_ERROR(mr_array_save(array, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_destroy(array));
    MRT_ERROR(mr_array_save(array, "file.npy"), MR_ERR_STALE);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        MRT_TEST(values_of_all_types_change_atomically),
        MRT_TEST(changes_of_several_processes_are_not_lost),
        MRT_TEST(bool_is_exchanged_and_not_added),
        MRT_TEST(struct_is_never_torn),
        MRT_TEST(struct_is_compared_and_exchanged_as_a_whole),
        MRT_TEST(largest_struct_fits),
        MRT_TEST(access_by_another_type_is_refused),
        MRT_TEST(lock_is_the_given_one_or_none),
        MRT_TEST(slices_are_accumulated),
        MRT_TEST(blocks_of_a_spread_array_have_whole_rows),
        MRT_TEST(array_of_structs_keeps_them),
        MRT_TEST(array_comes_back_from_its_file),
        MRT_TEST(damaged_files_are_refused),
        MRT_TEST(save_that_fails_leaves_the_old_file),
    };

    return suite_main("data", tests, MRT_COUNT(tests), argc, argv);
}
