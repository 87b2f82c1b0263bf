/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slices too large for one message, and updates from everywhere at once.  On
 * one node all of it is copied in place; between nodes it travels, by the way
 * that MR_FAR_ARRAYS says.  The segments of this job are small, see main.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>

enum { MIB = 1 << 20, CHILDREN = 4, TIMES = 1000 };

static bool make(mr_array *array, mr_type type, size_t count)
{
    const mr_array_options options = {.place = MR_ON_RANK(mr_size() - 1)};

    return MRT_OK(mr_array_create(array, type, count, NULL, &options));
}

/* Large slices */

static void set_and_get_back(mr_array array, size_t first, size_t size,
                             size_t bytes, unsigned seed)
{
    unsigned char *memory = calloc(1, bytes);

    pattern_fill(memory, bytes, seed);
    MRT_OK(mr_array_set(array, first, bytes / size, memory));
    memset(memory, 0, bytes);
    MRT_OK(mr_array_get(array, first, bytes / size, memory));
    MRT_CHECK(pattern_holds(memory, bytes, seed));
    free(memory);
}

static void large_slices_arrive_whole(void)
{
    mr_array array;

    if (!make(&array, MR_INT64, 64 * MIB / 8)) {
        return;
    }
    for (unsigned seed = 1; seed <= 2; seed++) {
        set_and_get_back(array, 0, 8, 64 * MIB, seed);
    }
    MRT_OK(mr_array_destroy(array));
}

/* Around what goes in a message, and what goes at once. */
static void slices_of_all_sizes_arrive_whole(void)
{
    static const size_t sizes[] = {4, 32768, 65424, 65536, MIB, 4 * MIB};
    mr_array array;

    if (!make(&array, MR_INT32, 2 * MIB)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        for (size_t more = 0; more <= 8; more += 4) {
            set_and_get_back(array, 3, 4, sizes[i] + more, (unsigned)i);
        }
    }
    MRT_OK(mr_array_destroy(array));
}

static void slices_touch_nothing_beside_them(void)
{
    enum { COUNT = 3 * MIB / 8 };
    int64_t *ones = malloc(COUNT * sizeof *ones);
    int64_t *cells = malloc((COUNT + 2) * sizeof *cells);
    mr_array array;

    memset(ones, 0xff, COUNT * sizeof *ones);
    memset(cells, 0x55, (COUNT + 2) * sizeof *cells);
    if (make(&array, MR_INT64, COUNT + 2)) {
        MRT_OK(mr_array_set(array, 0, COUNT + 2, cells));
        MRT_OK(mr_array_set(array, 1, COUNT, ones));
        MRT_OK(mr_array_get(array, 0, 1, cells));
        MRT_EQUAL(cells[0], 0x5555555555555555);
        MRT_OK(mr_array_get(array, COUNT + 1, 1, cells));
        MRT_EQUAL(cells[0], 0x5555555555555555);
        MRT_OK(mr_array_get(array, 1, COUNT, cells + 1));
        MRT_EQUAL(cells[COUNT], -1);
        MRT_EQUAL(cells[COUNT + 1], 0x5555555555555555);
        MRT_OK(mr_array_destroy(array));
    }
    free(ones);
    free(cells);
}

static int check_large_slices(const void *argument, size_t size)
{
    mr_array array = *(const mr_array *)argument;
    unsigned char *memory = calloc(1, 9 * MIB);

    (void)size;
    CHILD_OK(mr_array_get(array, 0, 9 * MIB / 8, memory));
    CHILD_CHECK(pattern_holds(memory, 9 * MIB, 3));
    pattern_fill(memory, 9 * MIB, 4);
    CHILD_OK(mr_array_set(array, 0, 9 * MIB / 8, memory));
    free(memory);
    return child_result();
}

static void large_slices_reach_processes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        unsigned char *memory = calloc(1, 9 * MIB);
        mr_array array;

        pattern_fill(memory, 9 * MIB, 3);
        if (make(&array, MR_DOUBLE, 9 * MIB / 8)) {
            MRT_OK(mr_array_set(array, 0, 9 * MIB / 8, memory));
            RUN(rank, check_large_slices, &array, sizeof array);
            MRT_OK(mr_array_get(array, 0, 9 * MIB / 8, memory));
            MRT_CHECK(pattern_holds(memory, 9 * MIB, 4));
            MRT_OK(mr_array_destroy(array));
        }
        free(memory);
    }
}

/* Fills the segment of the last rank to its last block. */
static size_t fill_segment(mr_array *arrays, size_t most)
{
    const mr_array_options options = {.place = MR_ON_RANK(mr_size() - 1)};
    size_t count = 0;

    for (size_t bytes = 64 * MIB; bytes >= 4096; bytes /= 2) {
        while (count < most &&
               mr_array_create(&arrays[count], MR_INT64, bytes / 8, NULL,
                               &options) == MR_OK) {
            count++;
        }
    }
    return count;
}

static void slices_travel_when_the_segment_is_full(void)
{
    mr_array arrays[100];
    mr_array array;
    size_t count;

    if (!make(&array, MR_INT64, MIB / 8)) {
        return;
    }
    count = fill_segment(arrays, MRT_COUNT(arrays));
    MRT_CHECK(count < MRT_COUNT(arrays));
    set_and_get_back(array, 0, 8, MIB, 7);
    while (count-- > 0) {
        MRT_OK(mr_array_destroy(arrays[count]));
    }
    set_and_get_back(array, 0, 8, MIB, 8);
    MRT_OK(mr_array_destroy(array));
}

/* Others change it meanwhile */

enum { FLIPS = 200, WIDE = MIB / 8 };

static bool all_whole(const int64_t *cells)
{
    for (int i = 0; i < WIDE; i++) {
        if (cells[i] != 0 && cells[i] != -1) {
            return false;
        }
    }
    return true;
}

static int flip(const void *argument, size_t size)
{
    mr_array array = *(const mr_array *)argument;
    int64_t *cells = malloc(MIB);

    (void)size;
    for (int i = 0; i < FLIPS; i++) {
        memset(cells, i % 2 ? 0xff : 0, MIB);
        CHILD_OK(mr_array_set(array, 0, WIDE, cells));
    }
    free(cells);
    return child_result();
}

/* By a process beside the owner, and by one beside us. */
static void elements_of_large_slices_are_not_torn(void)
{
    int64_t *cells = malloc(MIB);

    for (int i = 0; i < 2; i++) {
        bool alive = true;
        mr_process child;
        mr_array array;

        if (!make(&array, MR_INT64, WIDE)) {
            break;
        }
        START(&child, i ? mr_size() - 1 : 0, flip, &array, sizeof array);
        while (alive && MRT_OK(mr_process_is_alive(child, &alive))) {
            MRT_OK(mr_array_get(array, 0, WIDE, cells));
            if (!MRT_CHECK(all_whole(cells))) {
                break;
            }
        }
        END(child, 0);
        MRT_OK(mr_array_destroy(array));
    }
    free(cells);
}

static int set_until_stale(const void *argument, size_t size)
{
    mr_array array = *(const mr_array *)argument;
    int64_t *cells = calloc(1, 2 * MIB);
    mr_error error;

    (void)size;
    memset(cells, 0xaa, 2 * MIB);
    do {
        error = mr_array_set(array, 0, 2 * MIB / 8, cells);
    } while (error == MR_OK);
    CHILD_CHECK(error == MR_ERR_STALE);
    free(cells);
    return child_result();
}

/* What was on its way does not end up in the memory of another. */
static void slices_of_a_destroyed_array_reach_no_other(void)
{
    for (int i = 0; i < 10; i++) {
        int64_t *cells = malloc(2 * MIB);
        mr_process child;
        mr_array array, next;
        bool zero = true;
        int64_t first = 0;

        if (!make(&array, MR_INT64, 2 * MIB / 8)) {
            free(cells);
            return;
        }
        START(&child, rank_of(i), set_until_stale, &array, sizeof array);
        while (first == 0 && MRT_OK(mr_array_get(array, 0, 1, &first))) {
        }
        MRT_OK(mr_array_destroy(array));
        if (make(&next, MR_INT64, 2 * MIB / 8)) {
            END(child, 0);
            MRT_OK(mr_array_get(next, 0, 2 * MIB / 8, cells));
            for (int k = 0; k < 2 * MIB / 8; k++) {
                zero = zero && cells[k] == 0;
            }
            MRT_CHECK(zero);
            MRT_OK(mr_array_destroy(next));
        }
        free(cells);
    }
}

typedef struct subject {
    mr_array array;
    mr_value value;
    mr_queue ready;
} subject;

static int set_and_get_until_killed(const void *argument, size_t size)
{
    const subject *s = argument;
    int64_t *cells = calloc(1, 2 * MIB);

    (void)size;
    for (int i = 0; child_result() == 0; i++) {
        CHILD_OK(mr_array_set(s->array, 0, 2 * MIB / 8, cells));
        CHILD_OK(mr_array_get(s->array, 0, 2 * MIB / 8, cells));
        if (i == 2) {
            CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
        }
    }
    free(cells);
    return child_result();
}

static void array_outlives_those_who_are_killed_while_they_use_it(void)
{
    subject s;

    if (!make(&s.array, MR_INT64, 2 * MIB / 8) ||
        !MRT_OK(mr_queue_create(&s.ready, NULL))) {
        return;
    }
    for (int i = 0; i < 6; i++) {
        mr_process child;

        START(&child, rank_of(i), set_and_get_until_killed, &s, sizeof s);
        MRT_OK(mr_queue_get(s.ready, NULL, 0, NULL, GUARD));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        set_and_get_back(s.array, 0, 8, 2 * MIB, (unsigned)i);
    }
    MRT_OK(mr_array_destroy(s.array));
    MRT_OK(mr_queue_destroy(s.ready));
}

/* Updates */

static int update(const void *argument, size_t size)
{
    const subject *s = argument;
    const int64_t one = 1;
    mr_lock locks[2];

    (void)size;
    CHILD_OK(mr_array_get_lock(s->array, &locks[0]));
    CHILD_OK(mr_value_get_lock(s->value, &locks[1]));
    for (int i = 0; i < TIMES / 2; i++) {
        int64_t number = 0;

        CHILD_OK(mr_array_add(s->array, 0, &one, NULL));
        CHILD_OK(mr_lock_acquire(locks[0], GUARD));
        CHILD_OK(mr_array_get(s->array, 1, 1, &number));
        number++;
        CHILD_OK(mr_array_set(s->array, 1, 1, &number));
        CHILD_OK(mr_lock_release(locks[0]));
    }
    for (int i = 0; i < TIMES / 2; i++) {
        CHILD_OK(mr_value_add(s->value, &one, NULL));
    }
    for (int i = 0; i < TIMES / 2; i++) {
        int64_t number = 0;

        CHILD_OK(mr_lock_acquire(locks[1], GUARD));
        CHILD_OK(mr_value_get(s->value, &number));
        CHILD_OK(mr_value_add(s->value, &one, NULL));
        CHILD_OK(mr_lock_release(locks[1]));
        CHILD_CHECK(number >= i);
    }
    return child_result();
}

static void *update_in_a_thread(void *argument)
{
    update(argument, sizeof(subject));
    return NULL;
}

/* Near the owner and far from it, by ranks and by processes. */
static void no_update_from_anywhere_is_lost(void)
{
    const mr_value_options options = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_process children[CHILDREN];
    pthread_t threads[2];
    int64_t cells[2] = {0, 0}, number = 0;
    subject s;

    if (!make(&s.array, MR_INT64, 2) ||
        !MRT_OK(mr_value_create(&s.value, MR_INT64, NULL, &options))) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), update, &s, sizeof s);
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, update_in_a_thread, &s);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    MRT_EQUAL(child_failures, 0);
    MRT_OK(mr_array_get(s.array, 0, 2, cells));
    MRT_OK(mr_value_get(s.value, &number));
    MRT_EQUAL(cells[0], (CHILDREN + 2) * TIMES / 2);
    MRT_EQUAL(cells[1], (CHILDREN + 2) * TIMES / 2);
    MRT_EQUAL(number, (CHILDREN + 2) * TIMES);
    MRT_OK(mr_array_destroy(s.array));
    MRT_OK(mr_value_destroy(s.value));
}

static const mrt_test tests[] = {
    {"large_slices_arrive_whole", large_slices_arrive_whole, 60},
    {"slices_of_all_sizes_arrive_whole", slices_of_all_sizes_arrive_whole, 60},
    {"slices_touch_nothing_beside_them", slices_touch_nothing_beside_them, 0},
    {"large_slices_reach_processes", large_slices_reach_processes, 60},
    {"slices_travel_when_the_segment_is_full",
     slices_travel_when_the_segment_is_full, 60},
    {"elements_of_large_slices_are_not_torn",
     elements_of_large_slices_are_not_torn, 60},
    {"slices_of_a_destroyed_array_reach_no_other",
     slices_of_a_destroyed_array_reach_no_other, 60},
    {"array_outlives_those_who_are_killed_while_they_use_it",
     array_outlives_those_who_are_killed_while_they_use_it, 60},
    {"no_update_from_anywhere_is_lost", no_update_from_anywhere_is_lost, 60},
};

int main(int argc, char **argv)
{
    setenv("MR_MEMORY", "160M", 1);
    return suite_main("array_travel", tests, MRT_COUNT(tests), argc, argv);
}
