/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_queue: what it refuses, in which order it gives, and when
 * it waits.
 */
#include "mpi/queue_support.h"

/* What it refuses */

static void queue_create_refuses_null(void)
{
    MRT_ERROR(mr_queue_create(NULL, NULL), MR_ERR_ARGUMENT);
}

static void queue_create_refuses_ranks_that_do_not_exist(void)
{
    const int places[] = {MR_ON_RANK(mr_size()), MR_ON_RANK(1000000), -1,
                          INT32_MAX, INT32_MIN};
    mr_queue queue;

    for (size_t i = 0; i < MRT_COUNT(places); i++) {
        const mr_queue_options options = {.place = places[i]};

        MRT_ERROR(mr_queue_create(&queue, &options), MR_ERR_ARGUMENT);
    }
}

static void queue_put_refuses_bad_arguments(void)
{
    mr_queue queue;
    int item = 1;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_put(queue, NULL, 1, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put(queue, &item, sizeof item, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, NULL, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_get_refuses_bad_arguments(void)
{
    mr_queue queue;
    int item;
    void *memory;
    size_t size;

    if (!make(&queue, 0, 0) || !put_number(queue, 7)) {
        return;
    }
    MRT_ERROR(mr_queue_get(queue, NULL, 8, &size, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, &size, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_alloc(queue, NULL, &size, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &size, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    get_number(queue, 7);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_questions_refuse_null(void)
{
    mr_queue queue;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_empty(queue, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_full(queue, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_qsize(queue, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_put_refuses_what_can_never_fit(void)
{
    const size_t sizes[] = {(size_t)1 << 46, SIZE_MAX / 2, SIZE_MAX - 64,
                            SIZE_MAX};
    mr_queue queue;
    char item = 'x';

    if (!make(&queue, 0, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        MRT_ERROR(mr_queue_put(queue, &item, sizes[i], MR_FOREVER),
                  MR_ERR_TOO_LARGE);
    }
    put_number(queue, 5);
    get_number(queue, 5);
    MRT_OK(mr_queue_destroy(queue));
}

static void everything_is_stale(mr_queue queue)
{
    bool truth = true;
    size_t count = 99;
    int64_t number = 1;
    void *memory = &number;

    MRT_ERROR(mr_queue_put(queue, &number, sizeof number, 0), MR_ERR_STALE);
    MRT_ERROR(mr_queue_get(queue, &number, sizeof number, &count, 0),
              MR_ERR_STALE);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &count, 0), MR_ERR_STALE);
    MRT_ERROR(mr_queue_empty(queue, &truth), MR_ERR_STALE);
    MRT_ERROR(mr_queue_full(queue, &truth), MR_ERR_STALE);
    MRT_ERROR(mr_queue_qsize(queue, &count), MR_ERR_STALE);
    MRT_ERROR(mr_queue_destroy(queue), MR_ERR_STALE);
    MRT_CHECK(truth && count == 99 && memory == &number && number == 1);
}

static void queue_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue, next;

        if (!make(&queue, rank, 0) || !put_number(queue, 1)) {
            return;
        }
        MRT_OK(mr_queue_destroy(queue));
        everything_is_stale(queue);
        /* Also when its place is taken again. */
        if (make(&next, rank, 0)) {
            everything_is_stale(queue);
            MRT_OK(mr_queue_destroy(next));
        }
    }
}

static void queue_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    strange_handles(queue.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_queue){strange[i]});
    }
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_handle_of_another_kind_is_stale(void)
{
    mr_value value;

    if (MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        everything_is_stale((mr_queue){value.handle});
        MRT_OK(mr_value_destroy(value));
    }
}

static int put_and_get_after_destroy(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    int item = 1;

    (void)size;
    CHILD_ERROR(mr_queue_put(queue, &item, sizeof item, 0), MR_ERR_STALE);
    CHILD_ERROR(mr_queue_get(queue, &item, sizeof item, NULL, MR_FOREVER),
                MR_ERR_STALE);
    return child_result();
}

static void queue_is_stale_in_a_child_too(void)
{
    mr_queue queue;

    if (make(&queue, mr_size() - 1, 0)) {
        MRT_OK(mr_queue_destroy(queue));
        RUN(ANYWHERE, put_and_get_after_destroy, &queue, sizeof queue);
    }
}

/* Items and their order */

static void queue_gives_items_in_the_order_they_were_put(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (int i = 0; i < often(1000); i++) {
            put_number(queue, i);
        }
        for (int i = 0; i < often(1000); i++) {
            get_number(queue, i);
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void get_pattern(mr_queue queue, size_t size, unsigned seed)
{
    char *memory = malloc(size + 1);
    size_t got = SIZE_MAX;

    if (MRT_OK(mr_queue_get(queue, size ? memory : NULL, size, &got, GUARD))) {
        MRT_EQUAL(got, size);
        MRT_CHECK(pattern_holds(memory, size, seed));
    }
    free(memory);
}

static void get_pattern_alloc(mr_queue queue, size_t size, unsigned seed)
{
    void *memory = NULL;
    size_t got = SIZE_MAX;

    if (MRT_OK(mr_queue_get_alloc(queue, &memory, &got, GUARD))) {
        MRT_EQUAL(got, size);
        if (MRT_CHECK(memory != NULL)) {
            MRT_CHECK(pattern_holds(memory, size, seed));
        }
        free(memory);
    }
}

static void queue_carries_items_of_any_size(void)
{
    for (size_t i = 0; i < MRT_COUNT(item_sizes); i++) {
        size_t size = item_sizes[i];
        char *item = malloc(size + 1);
        mr_queue queue;

        if (!make(&queue, rank_of((int)i), 0)) {
            free(item);
            return;
        }
        pattern_fill(item, size, (unsigned)i);
        MRT_OK(mr_queue_put(queue, size ? item : NULL, size, GUARD));
        MRT_OK(mr_queue_put(queue, item, size, GUARD));
        get_pattern(queue, size, (unsigned)i);
        get_pattern_alloc(queue, size, (unsigned)i);
        MRT_OK(mr_queue_destroy(queue));
        free(item);
    }
}

static void queue_keeps_a_copy_of_an_item(void)
{
    mr_queue queue;
    char item[200];

    if (!make(&queue, 0, 0)) {
        return;
    }
    pattern_fill(item, sizeof item, 1);
    MRT_OK(mr_queue_put(queue, item, sizeof item, GUARD));
    memset(item, 0, sizeof item);
    get_pattern(queue, sizeof item, 1);
    MRT_OK(mr_queue_destroy(queue));
}

/* Sizes that cross every boundary between small and large items. */
static size_t mixed_size(int i)
{
    return (size_t)((i * 7919) % 300 + (i % 50 == 0 ? 70000 : 0));
}

enum { MIXED_ITEMS = 500 };

static int put_mixed_sizes(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    char item[71000];

    (void)size;
    for (int i = 0; i < MIXED_ITEMS; i++) {
        pattern_fill(item, mixed_size(i), (unsigned)i);
        CHILD_OK(mr_queue_put(queue, item, mixed_size(i), GUARD));
    }
    return child_result();
}

static void queue_carries_mixed_sizes_between_processes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;
        mr_process child;

        if (!make(&queue, rank_of(rank + 1), 3) ||
            !START(&child, rank, put_mixed_sizes, &queue, sizeof queue)) {
            return;
        }
        for (int i = 0; i < MIXED_ITEMS; i++) {
            get_pattern_alloc(queue, mixed_size(i), (unsigned)i);
        }
        END(child, 0);
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_get_loses_nothing_when_the_buffer_is_too_small(void)
{
    const size_t sizes[] = {8, 56, 57, 100000};
    char *item = malloc(100000);

    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        mr_queue queue;
        char small[7];
        size_t need = 0;

        if (!make(&queue, rank_of((int)i), 0)) {
            break;
        }
        pattern_fill(item, sizes[i], 3);
        MRT_OK(mr_queue_put(queue, item, sizes[i], GUARD));
        put_number(queue, 11);
        for (int again = 0; again < 3; again++) {
            MRT_ERROR(mr_queue_get(queue, small, sizeof small, &need, 0),
                      MR_ERR_TRUNCATED);
            MRT_EQUAL(need, sizes[i]);
            MRT_ERROR(mr_queue_get(queue, NULL, 0, NULL, 0), MR_ERR_TRUNCATED);
        }
        get_pattern(queue, sizes[i], 3);
        get_number(queue, 11);
        MRT_OK(mr_queue_destroy(queue));
    }
    free(item);
}

static void queue_get_accepts_a_null_size(void)
{
    mr_queue queue;
    int64_t number = 4;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_OK(mr_queue_put(queue, &number, sizeof number, 0));
    number = 0;
    MRT_OK(mr_queue_get(queue, &number, sizeof number, NULL, 0));
    MRT_EQUAL(number, 4);
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    MRT_OK(mr_queue_get(queue, NULL, 0, NULL, 0));
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_memory_is_used_again(void)
{
    const size_t size = 32 << 20;
    char *item = calloc(1, size);
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 0)) {
        free(item);
        return;
    }
    for (int i = 0; i < 20; i++) {
        item[0] = (char)i;
        MRT_OK(mr_queue_put(queue, item, size, GUARD));
        item[0] = 0;
        MRT_OK(mr_queue_get(queue, item, size, NULL, GUARD));
        MRT_EQUAL(item[0], i);
    }
    MRT_OK(mr_queue_destroy(queue));
    free(item);
}

/* Questions, limits and time-outs */

static void queue_tells_empty_full_and_qsize(void)
{
    mr_queue queue;
    bool empty, full;
    size_t count;

    if (!make(&queue, mr_size() - 1, 3)) {
        return;
    }
    for (size_t i = 0; i <= 3; i++) {
        MRT_OK(mr_queue_empty(queue, &empty));
        MRT_OK(mr_queue_full(queue, &full));
        MRT_OK(mr_queue_qsize(queue, &count));
        MRT_EQUAL(empty, i == 0);
        MRT_EQUAL(full, i == 3);
        MRT_EQUAL(count, i);
        if (i < 3) {
            put_number(queue, (int64_t)i);
        }
    }
    get_number(queue, 0);
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(!full);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_without_maxsize_is_never_full(void)
{
    mr_queue queue;
    bool full = true;

    if (!MRT_OK(mr_queue_create(&queue, NULL))) {
        return;
    }
    for (int i = 0; i < 10000; i++) {
        put_number(queue, i);
    }
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(!full);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_get_times_out_when_empty(void)
{
    mr_queue queue;
    int item = 77;
    size_t size = 99;
    void *memory = &item;
    double started;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, &size, 0),
              MR_ERR_TIMEOUT);
    started = mrt_now();
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, &size, SHORT),
              MR_ERR_TIMEOUT);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &size, SHORT), MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= 2 * SHORT);
    MRT_CHECK(item == 77 && size == 99 && memory == &item);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_put_times_out_when_full(void)
{
    mr_queue queue;
    int64_t number = 3;
    double started;

    if (!make(&queue, mr_size() - 1, 2) || !put_number(queue, 1) ||
        !put_number(queue, 2)) {
        return;
    }
    MRT_ERROR(mr_queue_put(queue, &number, sizeof number, 0), MR_ERR_TIMEOUT);
    started = mrt_now();
    MRT_ERROR(mr_queue_put(queue, &number, sizeof number, SHORT),
              MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    get_number(queue, 1);
    put_number(queue, 4);
    get_number(queue, 2);
    get_number(queue, 4);
    MRT_ERROR(mr_queue_get(queue, &number, sizeof number, NULL, 0),
              MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_takes_any_negative_timeout_as_forever(void)
{
    mr_queue queue;
    int64_t number = 3;

    if (!make(&queue, 0, 1)) {
        return;
    }
    MRT_OK(mr_queue_put(queue, &number, sizeof number, -1e300));
    MRT_OK(mr_queue_get(queue, &number, sizeof number, NULL, -0.001));
    MRT_OK(mr_queue_put(queue, &number, sizeof number, 1e300));
    MRT_OK(mr_queue_get(queue, &number, sizeof number, NULL, __builtin_inf()));
    MRT_OK(mr_queue_destroy(queue));
}

static int put_a_thousand(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;

    (void)size;
    for (int64_t i = 0; i < 1000; i++) {
        CHILD_OK(mr_queue_put(queue, &i, sizeof i, GUARD));
    }
    return child_result();
}

static void queue_with_maxsize_makes_producers_wait(void)
{
    mr_queue queue;
    mr_process child;
    size_t count;

    if (!make(&queue, mr_size() - 1, 1) ||
        !START(&child, ANYWHERE, put_a_thousand, &queue, sizeof queue)) {
        return;
    }
    MRT_CHECK(child_sleeps(child));
    for (int i = 0; i < 1000; i++) {
        MRT_OK(mr_queue_qsize(queue, &count));
        MRT_CHECK(count <= 1);
        get_number(queue, i);
    }
    END(child, 0);
    MRT_OK(mr_queue_destroy(queue));
}

static int end_well(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return child_result();
}

/* Every call that takes a handle; none of them may do anything. */
static void use_forged(mr_handle handle)
{
    const mr_queue queue = {handle};
    const mr_pipe_end end = {handle};
    const mr_lock lock = {handle};
    const mr_value value = {handle};
    const mr_process process = {handle};
    char bytes[64] = "forged";
    size_t size;
    bool yes;

    MRT_CHECK(mr_queue_put(queue, bytes, sizeof bytes, 0) != MR_OK);
    MRT_CHECK(mr_queue_get(queue, bytes, sizeof bytes, &size, 0) != MR_OK);
    MRT_CHECK(mr_queue_qsize(queue, &size) != MR_OK);
    MRT_CHECK(mr_queue_empty(queue, &yes) != MR_OK);
    MRT_CHECK(mr_wait(&handle, 1, 0, &yes) != MR_OK);
    MRT_CHECK(mr_pipe_send(end, bytes, sizeof bytes, 0) != MR_OK);
    MRT_CHECK(mr_pipe_recv(end, bytes, sizeof bytes, &size, 0) != MR_OK);
    MRT_CHECK(mr_lock_acquire(lock, 0) != MR_OK);
    MRT_CHECK(mr_value_get(value, bytes) != MR_OK);
    MRT_CHECK(mr_process_join(process, 0) != MR_OK);
    MRT_CHECK(mr_queue_destroy(queue) != MR_OK);
    MRT_CHECK(mr_lock_destroy(lock) != MR_OK);
    MRT_CHECK(mr_value_destroy(value) != MR_OK);
}

/* Small numbers are what the runtime's own rows have, and what is left of a
 * handle that was damaged.  Afterwards processes start and print as before. */
static void forged_handles_reach_nothing(void)
{
    enum { ROWS = 12, GENERATIONS = 4, KINDS = 16 };

    for (int rank = 0; rank < mr_size(); rank++) {
        for (uint32_t slot = 0; slot < ROWS; slot++) {
            for (uint32_t g = 0; g < GENERATIONS && !mrt_failed(); g++) {
                for (uint16_t kind = 0; kind < KINDS; kind++) {
                    use_forged((mr_handle){.owner = (uint32_t)rank,
                                           .slot = slot,
                                           .generation = g,
                                           .kind = kind});
                }
            }
        }
        RUN(rank, end_well, NULL, 0);
    }
}

static const mrt_test tests[] = {
    {"queue_create_refuses_null", queue_create_refuses_null, 0},
    {"queue_create_refuses_ranks_that_do_not_exist",
     queue_create_refuses_ranks_that_do_not_exist, 0},
    {"queue_put_refuses_bad_arguments", queue_put_refuses_bad_arguments, 0},
    {"queue_get_refuses_bad_arguments", queue_get_refuses_bad_arguments, 0},
    {"queue_questions_refuse_null", queue_questions_refuse_null, 0},
    {"queue_put_refuses_what_can_never_fit",
     queue_put_refuses_what_can_never_fit, 0},
    {"queue_is_stale_after_destroy", queue_is_stale_after_destroy, 0},
    {"queue_handles_that_name_nothing_are_stale",
     queue_handles_that_name_nothing_are_stale, 0},
    {"queue_handle_of_another_kind_is_stale",
     queue_handle_of_another_kind_is_stale, 0},
    {"forged_handles_reach_nothing", forged_handles_reach_nothing, 60},
    {"queue_is_stale_in_a_child_too", queue_is_stale_in_a_child_too, 0},
    {"queue_gives_items_in_the_order_they_were_put",
     queue_gives_items_in_the_order_they_were_put, 0},
    {"queue_carries_items_of_any_size", queue_carries_items_of_any_size, 0},
    {"queue_keeps_a_copy_of_an_item", queue_keeps_a_copy_of_an_item, 0},
    {"queue_carries_mixed_sizes_between_processes",
     queue_carries_mixed_sizes_between_processes, 60},
    {"queue_get_loses_nothing_when_the_buffer_is_too_small",
     queue_get_loses_nothing_when_the_buffer_is_too_small, 0},
    {"queue_get_accepts_a_null_size", queue_get_accepts_a_null_size, 0},
    {"queue_memory_is_used_again", queue_memory_is_used_again, 0},
    {"queue_tells_empty_full_and_qsize", queue_tells_empty_full_and_qsize, 0},
    {"queue_without_maxsize_is_never_full", queue_without_maxsize_is_never_full,
     0},
    {"queue_get_times_out_when_empty", queue_get_times_out_when_empty, 0},
    {"queue_put_times_out_when_full", queue_put_times_out_when_full, 0},
    {"queue_takes_any_negative_timeout_as_forever",
     queue_takes_any_negative_timeout_as_forever, 0},
    {"queue_with_maxsize_makes_producers_wait",
     queue_with_maxsize_makes_producers_wait, 0},
};

int main(int argc, char **argv)
{
    return suite_main("queue", tests, MRT_COUNT(tests), argc, argv);
}
