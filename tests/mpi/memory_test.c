/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens when a segment is full, and that everything gives its memory
 * back.  The segments of this job are small, see main.
 */
#include "mpi/support.h"

#include <signal.h>

enum {
    MIB = 1 << 20,
    SEGMENT = 64, /* MiB */
    MOST = 2 * SEGMENT
};

static char block[(SEGMENT + 1) * MIB];

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static bool make(mr_queue *queue)
{
    return MRT_OK(mr_queue_create(queue, NULL));
}

/* Puts items of 1 MiB until there is no room, and tells how many. */
static int fill(mr_queue queue)
{
    mr_error error;
    int count = 0;

    while (count < MOST * mr_size() &&
           (error = mr_queue_put(queue, block, MIB, 0)) == MR_OK) {
        count++;
    }
    MRT_CHECK(count > SEGMENT / 4);
    MRT_CHECK(count < MOST * mr_size());
    MRT_EQUAL(error, MR_ERR_TIMEOUT);
    return count;
}

static void drain(mr_queue queue, int count)
{
    for (int i = 0; i < count; i++) {
        if (!MRT_OK(mr_queue_get(queue, block, MIB, NULL, 0))) {
            return;
        }
    }
    MRT_ERROR(mr_queue_get(queue, block, MIB, NULL, 0), MR_ERR_TIMEOUT);
}

static void queue_put_waits_when_the_segment_is_full(void)
{
    double started;
    mr_queue queue;
    bool full = true;
    int count;

    if (!make(&queue)) {
        return;
    }
    count = fill(queue);
    started = mrt_now();
    MRT_ERROR(mr_queue_put(queue, block, MIB, SHORT), MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(!full);
    drain(queue, count);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_gives_its_memory_back(void)
{
    mr_queue queue;
    int count;

    if (!make(&queue)) {
        return;
    }
    count = fill(queue);
    drain(queue, count);
    for (int i = 0; i < 5; i++) {
        MRT_EQUAL(fill(queue), count);
        drain(queue, count);
    }
    /* With all its items, too. */
    for (int i = 0; i < 5; i++) {
        MRT_EQUAL(fill(queue), count);
        MRT_OK(mr_queue_destroy(queue));
        make(&queue);
    }
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_gives_small_items_back(void)
{
    mr_queue queue;

    if (!make(&queue)) {
        return;
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 20000; i++) {
            if (!MRT_OK(mr_queue_put(queue, block, (size_t)(i % 200), 0))) {
                return;
            }
        }
        for (int i = 0; i < 20000; i++) {
            if (!MRT_OK(mr_queue_get(queue, block, 200, NULL, 0))) {
                return;
            }
        }
    }
    MRT_OK(mr_queue_destroy(queue));
}

typedef struct stage {
    mr_queue full, said;
} stage;

static int put_when_there_is_room(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    CHILD_OK(mr_queue_put(s->full, block, MIB, MR_FOREVER));
    return child_result();
}

static void queue_wakes_those_who_wait_for_room(void)
{
    mr_process child;
    stage s;
    int count;

    if (!make(&s.full) || !make(&s.said)) {
        return;
    }
    /* An item of no size is there already when the segment fills up. */
    START(&child, 0, nothing, NULL, 0);
    END(child, 0);
    count = fill(s.full);
    START(&child, 0, put_when_there_is_room, &s, sizeof s);
    MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_queue_get(s.full, block, MIB, NULL, 0));
    END(child, 0);
    drain(s.full, count);
    MRT_OK(mr_queue_destroy(s.full));
    MRT_OK(mr_queue_destroy(s.said));
}

static void queue_forgets_a_killed_waiter_for_room(void)
{
    mr_process child;
    stage s;
    int count;

    if (!make(&s.full) || !make(&s.said)) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        count = fill(s.full);
        START(&child, rank_of(i), put_when_there_is_room, &s, sizeof s);
        MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        drain(s.full, count);
    }
    MRT_OK(mr_queue_destroy(s.full));
    MRT_OK(mr_queue_destroy(s.said));
}

static void larger_than_the_segment_is_too_large(void)
{
    const size_t size = sizeof block;
    mr_pipe_end first, second;
    mr_process process;
    mr_queue queue;
    mr_array array;

    if (!make(&queue)) {
        return;
    }
    MRT_ERROR(mr_queue_put(queue, block, size, MR_FOREVER), MR_ERR_TOO_LARGE);
    MRT_OK(mr_queue_destroy(queue));
    if (MRT_OK(mr_pipe_create(&first, &second, true))) {
        MRT_ERROR(mr_pipe_send(first, block, size, MR_FOREVER),
                  MR_ERR_TOO_LARGE);
        MRT_OK(mr_pipe_close(first));
        MRT_OK(mr_pipe_close(second));
    }
    MRT_ERROR(mr_process_create(&process, nothing, block, size, NULL),
              MR_ERR_TOO_LARGE);
    MRT_ERROR(mr_array_create(&array, MR_INT64, size / 8, NULL, NULL),
              MR_ERR_TOO_LARGE);
}

static void pipe_send_waits_when_the_segment_is_full(void)
{
    mr_pipe_end first, second;
    int count = 0, again = 0;

    if (!MRT_OK(mr_pipe_create(&first, &second, false))) {
        return;
    }
    while (count < MOST * mr_size() &&
           mr_pipe_send(second, block, MIB, 0) == MR_OK) {
        count++;
    }
    MRT_CHECK(count > SEGMENT / 4);
    MRT_ERROR(mr_pipe_send(second, block, MIB, SHORT), MR_ERR_TIMEOUT);
    for (int i = 0; i < count; i++) {
        MRT_OK(mr_pipe_recv(first, block, MIB, NULL, 0));
    }
    while (again < MOST * mr_size() &&
           mr_pipe_send(second, block, MIB, 0) == MR_OK) {
        again++;
    }
    MRT_EQUAL(again, count);
    /* A pipe that is closed gives back what was not received. */
    MRT_OK(mr_pipe_close(first));
    MRT_OK(mr_pipe_close(second));
}

static int fill_with_arrays(mr_array *arrays, size_t mib)
{
    mr_error error = MR_OK;
    int count = 0;

    while (count < MOST &&
           (error = mr_array_create(&arrays[count], MR_INT64, mib * MIB / 8,
                                    NULL, NULL)) == MR_OK) {
        count++;
    }
    MRT_EQUAL(error, MR_ERR_NO_MEMORY);
    return count;
}

static void array_create_fails_when_the_segment_is_full(void)
{
    mr_array arrays[MOST];
    int count = 0;

    for (int round = 0; round < 5; round++) {
        int now = fill_with_arrays(arrays, 4);

        MRT_CHECK(now >= 4);
        if (round > 0) {
            MRT_EQUAL(now, count);
        }
        count = now;
        for (int i = 0; i < now; i++) {
            MRT_OK(mr_array_destroy(arrays[round % 2 ? i : now - 1 - i]));
        }
    }
}

/* Some of its blocks fit, the last one does not. */
static void spread_array_that_does_not_fit_leaves_nothing(void)
{
    const mr_array_options last = {.place = MR_ON_RANK(mr_size() - 1)};
    const mr_array_options spread = {.spread = true};
    size_t count = (size_t)mr_size() * 40 * MIB / 8;
    mr_array large, array;

    if (!MRT_OK(mr_array_create(&large, MR_INT64, 30 * MIB / 8, NULL, &last))) {
        return;
    }
    for (int i = 0; i < 10; i++) {
        MRT_ERROR(mr_array_create(&array, MR_INT64, count, NULL, &spread),
                  MR_ERR_NO_MEMORY);
    }
    MRT_OK(mr_array_destroy(large));
    if (MRT_OK(mr_array_create(&array, MR_INT64, count, NULL, &spread))) {
        MRT_OK(mr_array_destroy(array));
    }
}

static void process_create_fails_when_the_segment_is_full(void)
{
    const mr_process_options here = {.place = MR_ON_RANK(0)};
    mr_process processes[MOST];
    mr_error error = MR_OK;
    int count = 0;

    while (count < MOST &&
           (error = mr_process_create(&processes[count], nothing, block,
                                      8 * MIB, &here)) == MR_OK) {
        count++;
    }
    MRT_EQUAL(error, MR_ERR_NO_MEMORY);
    MRT_CHECK(count >= 2);
    for (int i = 0; i < count; i++) {
        MRT_OK(mr_process_start(processes[i]));
        END(processes[i], 0);
    }
    for (int i = 0; i < 50; i++) {
        if (!RUN(0, nothing, block, 8 * MIB)) {
            return;
        }
    }
}

static int put_nothing(const void *argument, size_t size)
{
    (void)size;
    CHILD_OK(mr_queue_put(*(const mr_queue *)argument, NULL, 0, GUARD));
    return child_result();
}

/* What dies gives back what it had. */
static void killed_processes_give_their_memory_back(void)
{
    mr_queue queue;
    int count;

    if (!make(&queue)) {
        return;
    }
    RUN(0, put_nothing, &queue, sizeof queue);
    MRT_OK(mr_queue_get(queue, NULL, 0, NULL, 0));
    count = fill(queue);
    drain(queue, count);
    memcpy(block, &queue, sizeof queue);
    for (int i = 0; i < 50; i++) {
        mr_process process;

        if (!MRT_OK(mr_process_create(&process, put_nothing, block, 8 * MIB,
                                      NULL)) ||
            !MRT_OK(mr_process_start(process))) {
            return;
        }
        MRT_OK(mr_process_kill(process));
        MRT_OK(mr_process_join(process, GUARD));
        MRT_OK(mr_process_destroy(process));
    }
    while (mr_queue_get(queue, NULL, 0, NULL, 0) == MR_OK) {
    }
    MRT_EQUAL(fill(queue), count);
    MRT_OK(mr_queue_destroy(queue));
}

static mr_error copy(const void *input, void *output, const mr_task *task)
{
    memcpy(output, input, task->input_size);
    return MR_OK;
}

/* Its parts do. */
static void map_need_not_fit(void)
{
    static char out[sizeof block];
    mr_pool pool;

    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    pattern_fill(block, sizeof block, 1);
    MRT_OK(mr_pool_map(pool, copy, NULL, 0, block, MIB, out, MIB, SEGMENT + 1,
                       NULL));
    MRT_CHECK(pattern_holds(out, sizeof out, 1));
    MRT_OK(mr_pool_destroy(pool));
}

static void map_fails_when_a_task_does_not_fit_and_then_works(void)
{
    static char out[4 * MIB];
    mr_pool pool;

    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        mr_error error = mr_pool_map(pool, copy, NULL, 0, block, sizeof block,
                                     NULL, 0, 1, NULL);

        MRT_CHECK(error == MR_ERR_TOO_LARGE || error == MR_ERR_NO_MEMORY);
        pattern_fill(block, sizeof out, (unsigned)i);
        MRT_OK(mr_pool_map(pool, copy, NULL, 0, block, MIB / 4, out, MIB / 4,
                           16, NULL));
        MRT_CHECK(pattern_holds(out, sizeof out, (unsigned)i));
    }
    MRT_OK(mr_pool_destroy(pool));
}

static int make_locks(mr_lock *locks, int most)
{
    mr_error error = MR_OK;
    int count = 0;

    while (count < most &&
           (error = mr_lock_create(&locks[count], NULL)) == MR_OK) {
        count++;
    }
    if (count < most) {
        MRT_CHECK(error == MR_ERR_LIMIT || error == MR_ERR_NO_MEMORY);
    }
    return count;
}

static void objects_end_at_a_limit_and_begin_again(void)
{
    enum { MOST_LOCKS = 1000000 };
    mr_lock *locks = malloc(MOST_LOCKS * sizeof *locks);
    int count = make_locks(locks, MOST_LOCKS);

    MRT_CHECK(count >= 1000);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < count; i++) {
            MRT_OK(mr_lock_destroy(locks[i]));
        }
        MRT_EQUAL(make_locks(locks, MOST_LOCKS), count);
    }
    for (int i = 0; i < count; i++) {
        MRT_OK(mr_lock_destroy(locks[i]));
    }
    free(locks);
}

static const mrt_test tests[] = {
    {"queue_put_waits_when_the_segment_is_full",
     queue_put_waits_when_the_segment_is_full, 0},
    {"queue_gives_its_memory_back", queue_gives_its_memory_back, 60},
    {"queue_gives_small_items_back", queue_gives_small_items_back, 60},
    {"queue_wakes_those_who_wait_for_room", queue_wakes_those_who_wait_for_room,
     0},
    {"queue_forgets_a_killed_waiter_for_room",
     queue_forgets_a_killed_waiter_for_room, 0},
    {"larger_than_the_segment_is_too_large",
     larger_than_the_segment_is_too_large, 0},
    {"pipe_send_waits_when_the_segment_is_full",
     pipe_send_waits_when_the_segment_is_full, 0},
    {"array_create_fails_when_the_segment_is_full",
     array_create_fails_when_the_segment_is_full, 0},
    {"spread_array_that_does_not_fit_leaves_nothing",
     spread_array_that_does_not_fit_leaves_nothing, 0},
    {"process_create_fails_when_the_segment_is_full",
     process_create_fails_when_the_segment_is_full, 0},
    {"killed_processes_give_their_memory_back",
     killed_processes_give_their_memory_back, 60},
    {"map_need_not_fit", map_need_not_fit, 0},
    {"map_fails_when_a_task_does_not_fit_and_then_works",
     map_fails_when_a_task_does_not_fit_and_then_works, 60},
    {"objects_end_at_a_limit_and_begin_again",
     objects_end_at_a_limit_and_begin_again, 60},
};

int main(int argc, char **argv)
{
    setenv("MR_MEMORY", "64M", 1);
    return suite_main("memory", tests, MRT_COUNT(tests), argc, argv);
}
