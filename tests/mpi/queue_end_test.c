/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How queues come to their end: closed by a call or with their last producer,
 * and joined when all items are done.
 */
#include "mpi/queue_support.h"

#include <signal.h>
#include <unistd.h>

/* What the processes in a test share. */
typedef struct stage {
    mr_queue queue;
    mr_queue said;
    int items;
} stage;

static bool make_stage(stage *s, int rank, size_t maxsize, int items)
{
    *s = (stage){.items = items};
    return make(&s->queue, rank, maxsize) && make(&s->said, 0, 0);
}

static void destroy_stage(const stage *s)
{
    MRT_OK(mr_queue_destroy(s->queue));
    MRT_OK(mr_queue_destroy(s->said));
}

static void is_at_end(mr_queue queue)
{
    int64_t number = 77;
    size_t size = 99;
    void *memory = &number;

    MRT_ERROR(mr_queue_get(queue, &number, sizeof number, &size, MR_FOREVER),
              MR_ERR_END_OF_FILE);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &size, MR_FOREVER),
              MR_ERR_END_OF_FILE);
    MRT_ERROR(mr_queue_get_many(queue, &number, sizeof number, 1, &size, NULL,
                                MR_FOREVER),
              MR_ERR_END_OF_FILE);
    MRT_CHECK(number == 77 && size == 99 && memory == &number);
}

/* Says when it is about to wait for an item, and counts until the end. */
static int count_to_the_end(const void *argument, size_t size)
{
    const stage *s = argument;
    int64_t number;
    int got = 0;
    mr_error error = MR_OK;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, MR_FOREVER));
    while (error == MR_OK) {
        error = mr_queue_get(s->queue, &number, sizeof number, NULL, GUARD);
        got += error == MR_OK;
    }
    CHILD_ERROR(error, MR_ERR_END_OF_FILE);
    CHILD_CHECK(got == s->items);
    return child_result();
}

/* ---- close --------------------------------------------------------------- */

static void queue_closed_gives_what_is_left_and_then_end_of_file(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        int64_t number = 1;
        size_t put = 99;
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        put_number(queue, 1);
        put_number(queue, 2);
        MRT_OK(mr_queue_close(queue));
        MRT_OK(mr_queue_close(queue));
        MRT_ERROR(mr_queue_put(queue, &number, sizeof number, GUARD),
                  MR_ERR_CLOSED);
        MRT_ERROR(
            mr_queue_put_many(queue, &number, sizeof number, 1, &put, GUARD),
            MR_ERR_CLOSED);
        MRT_EQUAL(put, 0);
        get_number(queue, 1);
        get_number(queue, 2);
        is_at_end(queue);
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_close_ends_the_wait_of_getters(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child[2];
        stage s;

        if (!make_stage(&s, rank, 0, 0)) {
            return;
        }
        for (int i = 0; i < 2; i++) {
            START(&child[i], rank_of(rank + i), count_to_the_end, &s, sizeof s);
            MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
            MRT_CHECK(child_sleeps(child[i]));
        }
        MRT_OK(mr_queue_close(s.queue));
        END(child[0], 0);
        END(child[1], 0);
        destroy_stage(&s);
    }
}

static int put_until_closed(const void *argument, size_t size)
{
    const stage *s = argument;
    int64_t number = 1;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, MR_FOREVER));
    CHILD_ERROR(mr_queue_put(s->queue, &number, sizeof number, GUARD),
                MR_ERR_CLOSED);
    return child_result();
}

static void queue_close_ends_the_wait_of_putters(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;
        stage s;

        if (!make_stage(&s, rank, 1, 0)) {
            return;
        }
        put_number(s.queue, 5);
        START(&child, mr_size() - 1 - rank, put_until_closed, &s, sizeof s);
        MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_queue_close(s.queue));
        END(child, 0);
        get_number(s.queue, 5);
        is_at_end(s.queue);
        destroy_stage(&s);
    }
}

static void queue_closed_is_ready_for_wait(void)
{
    bool ready = false;
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    MRT_ERROR(mr_wait(&queue.handle, 1, 0, &ready), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_close(queue));
    MRT_OK(mr_wait(&queue.handle, 1, GUARD, &ready));
    MRT_CHECK(ready);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_with_maxsize_tells_it_after_close(void)
{
    bool full = false;
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 2)) {
        return;
    }
    put_number(queue, 1);
    put_number(queue, 2);
    MRT_OK(mr_queue_close(queue));
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(full);
    get_number(queue, 1);
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(!full);
    get_number(queue, 2);
    is_at_end(queue);
    MRT_OK(mr_queue_destroy(queue));
}

/* ---- producers that are counted ------------------------------------------ */

static int produce(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    for (int64_t i = 0; i < s->items; i++) {
        CHILD_OK(mr_queue_put(s->queue, &i, sizeof i, MR_FOREVER));
    }
    return child_result();
}

static bool start_producer(mr_process *process, int rank,
                           mr_process_function *function, const stage *s)
{
    const mr_process_options options = {.place = MR_ON_RANK(rank),
                                        .producer_of = &s->queue,
                                        .producer_of_count = 1};

    return MRT_OK(
               mr_process_create(process, function, s, sizeof *s, &options)) &&
           MRT_OK(mr_process_start(*process));
}

/* The end of a process is its detach; main need not do anything. */
static void queue_closes_when_its_last_producer_has_ended(void)
{
    enum { PRODUCERS = 4, ITEMS = 50 };

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child[PRODUCERS];
        stage s;
        int got = 0;
        int64_t number;

        if (!make_stage(&s, rank, 0, ITEMS)) {
            return;
        }
        MRT_OK(mr_queue_attach(s.queue));
        for (int i = 0; i < PRODUCERS; i++) {
            start_producer(&child[i], rank_of(i), produce, &s);
        }
        MRT_OK(mr_queue_detach(s.queue));
        while (mr_queue_get(s.queue, &number, sizeof number, NULL, GUARD) ==
               MR_OK) {
            got++;
        }
        MRT_EQUAL(got, PRODUCERS * ITEMS);
        is_at_end(s.queue);
        for (int i = 0; i < PRODUCERS; i++) {
            END(child[i], 0);
        }
        destroy_stage(&s);
    }
}

static int wait_for_the_kill(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    for (;;) {
        pause();
    }
    return 0;
}

static void queue_closes_when_its_last_producer_is_killed(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;
        int64_t number;
        stage s;

        if (!make_stage(&s, rank, 0, 0)) {
            return;
        }
        MRT_OK(mr_queue_attach(s.queue));
        start_producer(&child, mr_size() - 1 - rank, wait_for_the_kill, &s);
        MRT_OK(mr_queue_detach(s.queue));
        MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
        MRT_ERROR(mr_queue_get(s.queue, &number, sizeof number, NULL, SHORT),
                  MR_ERR_TIMEOUT);
        MRT_OK(mr_process_kill(child));
        MRT_ERROR(mr_queue_get(s.queue, &number, sizeof number, NULL, GUARD),
                  MR_ERR_END_OF_FILE);
        END(child, -SIGKILL);
        destroy_stage(&s);
    }
}

static void queue_does_not_close_before_all_producers_have_begun(void)
{
    mr_process early, late;
    int64_t number;
    stage s;
    const mr_process_options options = {.place = MR_ON_RANK(mr_size() - 1),
                                        .producer_of = &s.queue,
                                        .producer_of_count = 1};

    if (!make_stage(&s, 0, 0, 1)) {
        return;
    }
    MRT_OK(mr_queue_attach(s.queue));
    start_producer(&early, 0, produce, &s);
    MRT_OK(mr_process_create(&late, produce, &s, sizeof s, &options));
    MRT_OK(mr_queue_detach(s.queue));
    END(early, 0);
    get_number(s.queue, 0);
    MRT_ERROR(mr_queue_get(s.queue, &number, sizeof number, NULL, SHORT),
              MR_ERR_TIMEOUT);
    MRT_OK(mr_process_start(late));
    get_number(s.queue, 0);
    is_at_end(s.queue);
    END(late, 0);
    destroy_stage(&s);
}

static void queue_closes_when_an_unstarted_producer_is_destroyed(void)
{
    mr_process process;
    stage s;
    const mr_process_options options = {.place = MR_ON_RANK(mr_size() - 1),
                                        .producer_of = &s.queue,
                                        .producer_of_count = 1};

    if (!make_stage(&s, 0, 0, 1)) {
        return;
    }
    MRT_ERROR(mr_process_create(&process, produce, &s, sizeof s, &options),
              MR_ERR_NOT_HELD);
    MRT_OK(mr_queue_attach(s.queue));
    MRT_OK(mr_process_create(&process, produce, &s, sizeof s, &options));
    MRT_OK(mr_queue_detach(s.queue));
    MRT_OK(mr_process_destroy(process));
    is_at_end(s.queue);
    destroy_stage(&s);
}

static void queue_attach_and_detach_by_call(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        MRT_ERROR(mr_queue_detach(queue), MR_ERR_NOT_HELD);
        MRT_OK(mr_queue_attach(queue));
        MRT_OK(mr_queue_attach(queue));
        put_number(queue, 3);
        MRT_OK(mr_queue_detach(queue));
        MRT_ERROR(mr_queue_detach(queue), MR_ERR_NOT_HELD);
        MRT_ERROR(mr_queue_attach(queue), MR_ERR_CLOSED);
        get_number(queue, 3);
        is_at_end(queue);
        MRT_OK(mr_queue_destroy(queue));
    }
}

static int attach_and_end(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_OK(mr_queue_attach(s->queue));
    CHILD_OK(mr_queue_put(s->said, NULL, 0, MR_FOREVER));
    return child_result();
}

static void queue_counts_many_producers(void)
{
    enum { PRODUCERS = 20 };
    mr_process child[PRODUCERS];
    stage s;

    if (!make_stage(&s, 0, 0, 0)) {
        return;
    }
    MRT_OK(mr_queue_attach(s.queue));
    for (int i = 0; i < PRODUCERS; i++) {
        START(&child[i], rank_of(i), attach_and_end, &s, sizeof s);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        END(child[i], 0);
    }
    put_number(s.queue, 8);
    get_number(s.queue, 8);
    MRT_OK(mr_queue_detach(s.queue));
    is_at_end(s.queue);
    destroy_stage(&s);
}

static void queue_of_producers_must_be_one(void)
{
    mr_queue queue;
    mr_process process;
    mr_handle strange[STRANGE_HANDLES];

    if (!make(&queue, 0, 0)) {
        return;
    }
    strange_handles(queue.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        const mr_queue none = {strange[i]};
        const mr_process_options options = {.producer_of = &none,
                                            .producer_of_count = 1};
        mr_error error =
            mr_process_create(&process, produce, NULL, 0, &options);

        MRT_CHECK(error == MR_ERR_ARGUMENT || error == MR_ERR_STALE);
    }
    MRT_OK(mr_queue_destroy(queue));
}

/* ---- join ---------------------------------------------------------------- */

static void queue_join_waits_until_all_items_are_done(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        MRT_OK(mr_queue_join(queue, 0));
        put_number(queue, 1);
        put_number(queue, 2);
        MRT_ERROR(mr_queue_join(queue, 0), MR_ERR_TIMEOUT);
        get_number(queue, 1);
        get_number(queue, 2);
        MRT_ERROR(mr_queue_join(queue, SHORT), MR_ERR_TIMEOUT);
        MRT_OK(mr_queue_task_done(queue, 1));
        MRT_ERROR(mr_queue_join(queue, 0), MR_ERR_TIMEOUT);
        MRT_OK(mr_queue_task_done(queue, 1));
        MRT_OK(mr_queue_join(queue, GUARD));
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_task_done_too_often_is_an_error(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        MRT_ERROR(mr_queue_task_done(queue, 1), MR_ERR_STATE);
        MRT_ERROR(mr_queue_task_done(queue, 0), MR_ERR_ARGUMENT);
        put_number(queue, 1);
        MRT_ERROR(mr_queue_task_done(queue, 2), MR_ERR_STATE);
        MRT_ERROR(mr_queue_task_done(queue, SIZE_MAX), MR_ERR_STATE);
        MRT_OK(mr_queue_task_done(queue, 1));
        MRT_ERROR(mr_queue_task_done(queue, 1), MR_ERR_STATE);
        MRT_OK(mr_queue_join(queue, 0));
        MRT_ERROR(mr_queue_join(queue, NOT_A_NUMBER), MR_ERR_ARGUMENT);
        MRT_OK(mr_queue_destroy(queue));
    }
}

static int do_tasks(const void *argument, size_t size)
{
    const stage *s = argument;
    int64_t number;
    mr_error error;

    (void)size;
    while ((error = mr_queue_get(s->queue, &number, sizeof number, NULL,
                                 GUARD)) == MR_OK) {
        CHILD_OK(mr_queue_put(s->said, &number, sizeof number, MR_FOREVER));
        CHILD_OK(mr_queue_task_done(s->queue, 1));
    }
    CHILD_ERROR(error, MR_ERR_END_OF_FILE);
    return child_result();
}

/* Four consumers, as in Python's own test; their results are all there when
 * join returns. */
static void queue_join_sees_the_results_of_four_consumers(void)
{
    enum { CONSUMERS = 4, ITEMS = 40 };

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child[CONSUMERS];
        size_t results;
        stage s;

        if (!make_stage(&s, rank, 0, 0)) {
            return;
        }
        for (int i = 0; i < CONSUMERS; i++) {
            START(&child[i], rank_of(i), do_tasks, &s, sizeof s);
        }
        for (int i = 0; i < ITEMS; i++) {
            put_number(s.queue, i);
        }
        MRT_OK(mr_queue_join(s.queue, GUARD));
        MRT_OK(mr_queue_qsize(s.said, &results));
        MRT_EQUAL(results, ITEMS);
        MRT_OK(mr_queue_close(s.queue));
        for (int i = 0; i < CONSUMERS; i++) {
            END(child[i], 0);
        }
        destroy_stage(&s);
    }
}

static int join_it(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, MR_FOREVER));
    CHILD_OK(mr_queue_join(s->queue, GUARD));
    return child_result();
}

static void queue_task_done_wakes_all_who_join(void)
{
    mr_process child[3];
    stage s;

    if (!make_stage(&s, mr_size() - 1, 0, 0)) {
        return;
    }
    put_number(s.queue, 1);
    for (int i = 0; i < 3; i++) {
        START(&child[i], rank_of(i), join_it, &s, sizeof s);
        MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child[i]));
    }
    get_number(s.queue, 1);
    MRT_OK(mr_queue_task_done(s.queue, 1));
    for (int i = 0; i < 3; i++) {
        END(child[i], 0);
    }
    destroy_stage(&s);
}

static int join_what_is_destroyed(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, MR_FOREVER));
    CHILD_ERROR(mr_queue_join(s->queue, GUARD), MR_ERR_CLOSED);
    return child_result();
}

static void queue_destroy_ends_join(void)
{
    mr_process child;
    stage s;

    if (!make_stage(&s, mr_size() - 1, 0, 0)) {
        return;
    }
    put_number(s.queue, 1);
    START(&child, 0, join_what_is_destroyed, &s, sizeof s);
    MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_queue_destroy(s.queue));
    END(child, 0);
    MRT_OK(mr_queue_destroy(s.said));
}

static const mrt_test tests[] = {
    MRT_TEST(queue_closed_gives_what_is_left_and_then_end_of_file),
    MRT_TEST(queue_close_ends_the_wait_of_getters),
    MRT_TEST(queue_close_ends_the_wait_of_putters),
    MRT_TEST(queue_closed_is_ready_for_wait),
    MRT_TEST(queue_with_maxsize_tells_it_after_close),
    MRT_TEST(queue_closes_when_its_last_producer_has_ended),
    MRT_TEST(queue_closes_when_its_last_producer_is_killed),
    MRT_TEST(queue_does_not_close_before_all_producers_have_begun),
    MRT_TEST(queue_closes_when_an_unstarted_producer_is_destroyed),
    MRT_TEST(queue_attach_and_detach_by_call),
    MRT_TEST(queue_counts_many_producers),
    MRT_TEST(queue_of_producers_must_be_one),
    MRT_TEST(queue_join_waits_until_all_items_are_done),
    MRT_TEST(queue_task_done_too_often_is_an_error),
    MRT_TEST(queue_join_sees_the_results_of_four_consumers),
    MRT_TEST(queue_task_done_wakes_all_who_join),
    MRT_TEST(queue_destroy_ends_join),
};

int main(int argc, char **argv)
{
    return suite_main("queue_end", tests, MRT_COUNT(tests), argc, argv);
}
