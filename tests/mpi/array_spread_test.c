/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arrays that are spread in blocks over all ranks: every call on them from
 * every rank, and each rank's own block as memory.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>

enum { CHILDREN = 4, TIMES = 500 };

static bool make(mr_array *array, mr_type type, size_t count,
                 const void *initial, int rank)
{
    const mr_array_options options = {.place = MR_ON_RANK(rank),
                                      .spread = true};

    return MRT_OK(mr_array_create(array, type, count, initial, &options));
}

/* Elements of a block, where there are enough for all. */
static size_t block_of(size_t count)
{
    size_t ranks = (size_t)mr_size();

    return (count + ranks - 1) / ranks;
}

static void fill(int64_t *cells, size_t count, int64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        cells[i] = seed * 1000000 + (int64_t)i;
    }
}

static void spread_array_refuses_bad_arguments(void)
{
    const mr_array_options options = {.place = MR_ON_RANK(mr_size()),
                                      .spread = true};
    const mr_array_options good = {.spread = true};
    mr_array array;

    MRT_ERROR(mr_array_create(&array, MR_INT64, 1, NULL, &options),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, 0, NULL, &good),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, (mr_type)12, 1, NULL, &good),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, SIZE_MAX / 8, NULL, &good),
              MR_ERR_TOO_LARGE);
}

static void spread_array_begins_with_zeros_or_as_told(void)
{
    int64_t initial[100], cells[100];

    fill(initial, 100, 3);
    for (int rank = 0; rank < mr_size(); rank++) {
        size_t count = 0;
        mr_array array;

        memset(cells, 0xff, sizeof cells);
        if (!make(&array, MR_INT64, 100, NULL, rank)) {
            return;
        }
        MRT_OK(mr_array_length(array, &count));
        MRT_EQUAL(count, 100);
        MRT_OK(mr_array_get(array, 0, 100, cells));
        for (int i = 0; i < 100; i++) {
            MRT_EQUAL(cells[i], 0);
        }
        MRT_OK(mr_array_destroy(array));
        make(&array, MR_INT64, 100, initial, rank);
        MRT_OK(mr_array_get(array, 0, 100, cells));
        MRT_BYTES(cells, initial, sizeof cells);
        MRT_OK(mr_array_destroy(array));
    }
}

/* Every slice of arrays that have one element for some ranks, or none. */
static void slices_cross_blocks(void)
{
    enum { MOST = 13 };
    int64_t initial[MOST], cells[MOST + 2];

    fill(initial, MOST, 7);
    for (size_t count = 1; count <= MOST; count++) {
        mr_array array;

        if (!make(&array, MR_INT64, count, NULL, mr_size() - 1)) {
            return;
        }
        for (size_t first = 0; first < count; first++) {
            size_t part = count - first;

            memset(cells, 0xee, sizeof cells);
            MRT_OK(mr_array_set(array, first, part, initial + first));
            MRT_OK(mr_array_get(array, first, part, cells + 1));
            MRT_BYTES(cells + 1, initial + first, part * sizeof *cells);
            MRT_EQUAL(cells[0], (int64_t)0xeeeeeeeeeeeeeeee);
            MRT_EQUAL(cells[part + 1], (int64_t)0xeeeeeeeeeeeeeeee);
        }
        MRT_OK(mr_array_get(array, 0, count, cells));
        MRT_BYTES(cells, initial, count * sizeof *cells);
        MRT_OK(mr_array_destroy(array));
    }
}

static void slices_that_leave_it_touch_nothing(void)
{
    static const size_t slices[][2] = {
        {0, 11},       {10, 1},       {9, 2},        {11, 0},
        {SIZE_MAX, 1}, {1, SIZE_MAX}, {SIZE_MAX, 0}, {SIZE_MAX, SIZE_MAX}};
    const int64_t one = 1;
    int64_t cells[16];
    mr_array array;

    memset(cells, 0xff, sizeof cells);
    if (!make(&array, MR_INT64, 10, NULL, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(slices); i++) {
        MRT_ERROR(mr_array_get(array, slices[i][0], slices[i][1], cells),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(mr_array_set(array, slices[i][0], slices[i][1], cells),
                  MR_ERR_ARGUMENT);
    }
    MRT_ERROR(mr_array_add(array, 10, &one, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_get(array, 10, 0, NULL));
    MRT_OK(mr_array_set(array, 0, 0, NULL));
    MRT_EQUAL(cells[0], -1);
    MRT_OK(mr_array_get(array, 0, 10, cells));
    for (int i = 0; i < 10; i++) {
        MRT_EQUAL(cells[i], 0);
    }
    MRT_OK(mr_array_destroy(array));
}

static void everything_is_stale(mr_array array)
{
    int64_t number = 5;
    size_t first = 7, count = 7;
    void *data = &number;
    mr_lock lock;

    MRT_ERROR(mr_array_length(array, &count), MR_ERR_STALE);
    MRT_ERROR(mr_array_get(array, 0, 1, &number), MR_ERR_STALE);
    MRT_ERROR(mr_array_get(array, 0, 0, NULL), MR_ERR_STALE);
    MRT_ERROR(mr_array_set(array, 3, 1, &number), MR_ERR_STALE);
    MRT_ERROR(mr_array_set(array, 99, 1, &number), MR_ERR_STALE);
    MRT_ERROR(mr_array_add(array, 0, &number, NULL), MR_ERR_STALE);
    MRT_ERROR(mr_array_data(array, &data), MR_ERR_STALE);
    MRT_ERROR(mr_array_local(array, &first, &count, &data), MR_ERR_STALE);
    MRT_ERROR(mr_array_get_lock(array, &lock), MR_ERR_STALE);
    MRT_ERROR(mr_array_destroy(array), MR_ERR_STALE);
    MRT_CHECK(number == 5 && first == 7 && count == 7 && data == &number);
}

/* Also where its blocks are remembered, and their memory is used again. */
static void spread_array_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        int64_t number = 0;
        mr_array array, next;

        if (!make(&array, MR_INT64, 8, NULL, rank)) {
            return;
        }
        MRT_OK(mr_array_get(array, 7, 1, &number));
        MRT_OK(mr_array_destroy(array));
        everything_is_stale(array);
        if (make(&next, MR_INT64, 8, NULL, rank)) {
            everything_is_stale(array);
            MRT_OK(mr_array_destroy(next));
        }
    }
}

/* More arrays than a process remembers. */
static void many_spread_arrays_are_told_apart(void)
{
    enum { MANY = 40 };
    mr_array arrays[MANY];
    int64_t cells[10], expected[10];
    int made = 0;

    while (made < MANY) {
        fill(expected, 10, made);
        if (!make(&arrays[made], MR_INT64, 10, expected, rank_of(made))) {
            break;
        }
        made++;
    }
    for (int i = 0; i < 2 * made; i++) {
        fill(expected, 10, i % made);
        MRT_OK(mr_array_get(arrays[i % made], 0, 10, cells));
        MRT_BYTES(cells, expected, sizeof cells);
    }
    while (made-- > 0) {
        MRT_OK(mr_array_destroy(arrays[made]));
    }
}

/* Its blocks */

typedef struct share {
    mr_array array;
    mr_queue ready;
    int32_t self;
} share;

static int double_own_block(const void *argument, size_t size)
{
    const share *s = argument;
    size_t first = 0, count = 0, length = 0;
    void *data = NULL;

    (void)size;
    CHILD_OK(mr_array_length(s->array, &length));
    CHILD_OK(mr_array_local(s->array, &first, &count, &data));
    if (count > 0) {
        CHILD_CHECK(first == (size_t)mr_rank() * block_of(length));
        CHILD_CHECK(first + count <= length);
    } else {
        CHILD_CHECK(data == NULL);
    }
    for (size_t i = 0; i < count; i++) {
        int64_t number = -1;

        CHILD_OK(mr_array_get(s->array, first + i, 1, &number));
        CHILD_CHECK(((int64_t *)data)[i] == number);
        ((int64_t *)data)[i] *= 2;
    }
    return child_result();
}

/* Each rank's block once: together they are all there is. */
static void blocks_are_the_memory_of_their_ranks(void)
{
    for (size_t count = 1; count < 40; count += 6) {
        int64_t cells[40];
        share s = {.self = 0};

        fill(cells, count, 1);
        if (!make(&s.array, MR_INT64, count, cells, 0)) {
            return;
        }
        for (int rank = 0; rank < mr_size(); rank++) {
            RUN(rank, double_own_block, &s, sizeof s);
        }
        MRT_OK(mr_array_get(s.array, 0, count, cells));
        for (size_t i = 0; i < count; i++) {
            MRT_EQUAL(cells[i], 2 * (1000000 + (int64_t)i));
        }
        MRT_OK(mr_array_destroy(s.array));
    }
}

static void whole_arrays_are_local_to_their_owner(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_array_options options = {.place = MR_ON_RANK(rank)};
        size_t first = 9, count = 9;
        void *data = &first;
        mr_array array;

        if (!MRT_OK(mr_array_create(&array, MR_INT32, 5, NULL, &options))) {
            return;
        }
        MRT_ERROR(mr_array_local(array, NULL, &count, &data), MR_ERR_ARGUMENT);
        MRT_ERROR(mr_array_local(array, &first, NULL, &data), MR_ERR_ARGUMENT);
        MRT_ERROR(mr_array_local(array, &first, &count, NULL), MR_ERR_ARGUMENT);
        MRT_OK(mr_array_local(array, &first, &count, &data));
        MRT_EQUAL(first, 0);
        MRT_EQUAL(count, rank == 0 ? 5 : 0);
        MRT_CHECK((data != NULL) == (rank == 0));
        MRT_OK(mr_array_destroy(array));
    }
}

static void spread_memory_is_not_one_block(void)
{
    void *data = NULL;
    mr_array array;

    if (!make(&array, MR_INT64, 8, NULL, 0)) {
        return;
    }
    MRT_ERROR(mr_array_data(array, &data), MR_ERR_FAR);
    MRT_CHECK(data == NULL);
    MRT_OK(mr_array_destroy(array));
}

static void spread_array_may_be_large(void)
{
    enum { COUNT = (4 << 20) + 5 }; /* 32 MiB */
    int64_t *cells = malloc(COUNT * sizeof *cells);
    mr_array array;

    fill(cells, COUNT, 2);
    if (make(&array, MR_INT64, COUNT, cells, mr_size() - 1)) {
        memset(cells, 0, COUNT * sizeof *cells);
        MRT_OK(mr_array_get(array, 0, COUNT, cells));
        for (size_t i = 0; i < COUNT; i++) {
            if (!MRT_EQUAL(cells[i], 2000000 + (int64_t)i)) {
                break;
            }
        }
        MRT_OK(mr_array_destroy(array));
    }
    free(cells);
}

/* Many at once */

static int add_and_count(const void *argument, size_t size)
{
    const share *s = argument;
    const int64_t one = 1;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_array_get_lock(s->array, &lock));
    for (size_t i = 0; i < TIMES; i++) {
        int64_t number = 0;

        CHILD_OK(mr_array_add(s->array, i % 16, &one, NULL));
        CHILD_OK(mr_lock_acquire(lock, GUARD));
        CHILD_OK(mr_array_get(s->array, 16, 1, &number));
        number++;
        CHILD_OK(mr_array_set(s->array, 16, 1, &number));
        CHILD_OK(mr_lock_release(lock));
    }
    return child_result();
}

static void updates_of_elements_are_not_lost(void)
{
    mr_process children[CHILDREN];
    int64_t cells[17], sum = 0;
    share s = {.self = 0};

    if (!make(&s.array, MR_INT64, 17, NULL, mr_size() - 1)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), add_and_count, &s, sizeof s);
    }
    add_and_count(&s, sizeof s);
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_array_get(s.array, 0, 17, cells));
    for (int i = 0; i < 16; i++) {
        sum += cells[i];
    }
    MRT_EQUAL(sum, (CHILDREN + 1) * TIMES);
    MRT_EQUAL(cells[16], (CHILDREN + 1) * TIMES);
    MRT_EQUAL(child_result(), 0);
    MRT_OK(mr_array_destroy(s.array));
}

/* A process that is told of a write sees it, whichever blocks it went to. */
static int check_what_is_told(const void *argument, size_t size)
{
    const share *s = argument;
    int64_t round = 0;

    (void)size;
    do {
        int64_t cells[64];

        CHILD_OK(mr_queue_get(s->ready, &round, sizeof round, NULL, GUARD));
        CHILD_OK(mr_array_get(s->array, 0, 64, cells));
        for (int i = 0; i < 64; i++) {
            CHILD_CHECK(cells[i] >= round);
        }
    } while (round < TIMES && child_result() == 0);
    return child_result();
}

static void writes_are_seen_by_those_who_are_told(void)
{
    mr_process child;
    share s = {.self = 0};

    if (!make(&s.array, MR_INT64, 64, NULL, mr_size() - 1) ||
        !MRT_OK(mr_queue_create(&s.ready, NULL))) {
        return;
    }
    START(&child, mr_size() - 1, check_what_is_told, &s, sizeof s);
    for (int64_t round = 1; round <= TIMES; round++) {
        int64_t cells[64];

        for (int i = 0; i < 64; i++) {
            cells[i] = round;
        }
        MRT_OK(mr_array_set(s.array, 0, 64, cells));
        MRT_OK(mr_queue_put(s.ready, &round, sizeof round, GUARD));
    }
    END(child, 0);
    MRT_OK(mr_array_destroy(s.array));
    MRT_OK(mr_queue_destroy(s.ready));
}

static void *destroy_it(void *argument)
{
    const share *s = argument;
    static const mr_error destroyed = MR_OK, stale = MR_ERR_STALE;
    mr_error error = mr_array_destroy(s->array);

    MRT_CHECK(error == MR_OK || error == MR_ERR_STALE);
    return error == MR_OK ? (void *)&destroyed : (void *)&stale;
}

static void spread_array_is_destroyed_once(void)
{
    for (int i = 0; i < 20; i++) {
        pthread_t threads[2];
        share s = {.self = 0};
        int destroyed = 0;

        if (!make(&s.array, MR_INT64, 20, NULL, rank_of(i))) {
            return;
        }
        for (int k = 0; k < 2; k++) {
            pthread_create(&threads[k], NULL, destroy_it, &s);
        }
        for (int k = 0; k < 2; k++) {
            void *error;

            pthread_join(threads[k], &error);
            destroyed += *(const mr_error *)error == MR_OK;
        }
        MRT_EQUAL(destroyed, 1);
        everything_is_stale(s.array);
    }
}

static const mrt_test tests[] = {
    {"spread_array_refuses_bad_arguments", spread_array_refuses_bad_arguments,
     0},
    {"spread_array_begins_with_zeros_or_as_told",
     spread_array_begins_with_zeros_or_as_told, 0},
    {"slices_cross_blocks", slices_cross_blocks, 0},
    {"slices_that_leave_it_touch_nothing", slices_that_leave_it_touch_nothing,
     0},
    {"spread_array_is_stale_after_destroy", spread_array_is_stale_after_destroy,
     0},
    {"many_spread_arrays_are_told_apart", many_spread_arrays_are_told_apart, 0},
    {"blocks_are_the_memory_of_their_ranks",
     blocks_are_the_memory_of_their_ranks, 60},
    {"whole_arrays_are_local_to_their_owner",
     whole_arrays_are_local_to_their_owner, 0},
    {"spread_memory_is_not_one_block", spread_memory_is_not_one_block, 0},
    {"spread_array_may_be_large", spread_array_may_be_large, 60},
    {"updates_of_elements_are_not_lost", updates_of_elements_are_not_lost, 60},
    {"writes_are_seen_by_those_who_are_told",
     writes_are_seen_by_those_who_are_told, 60},
    {"spread_array_is_destroyed_once", spread_array_is_destroyed_once, 0},
};

int main(int argc, char **argv)
{
    return suite_main("array_spread", tests, MRT_COUNT(tests), argc, argv);
}
