/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues with many producers and consumers, in processes and threads: nothing
 * is lost or doubled, although processes are killed and the queue is destroyed.
 */
#include "mpi/queue_support.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Many at once */

enum { PRODUCERS = 4, CONSUMERS = 4, EACH = 500 };

typedef struct item {
    int32_t producer, number;
} item;

typedef struct crowd {
    mr_queue queue;
    mr_array seen; /* how often each item was taken */
    int32_t self;
} crowd;

static int produce(const void *argument, size_t size)
{
    const crowd *c = argument;

    (void)size;
    for (int32_t i = 0; i < EACH; i++) {
        const item next = {.producer = c->self, .number = i};

        CHILD_OK(mr_queue_put(c->queue, &next, sizeof next, GUARD));
    }
    return child_result();
}

/* Takes until the end mark; what comes from one producer has to rise. */
static int consume(const void *argument, size_t size)
{
    const crowd *c = argument;
    const int32_t one = 1;
    int32_t last[PRODUCERS] = {-1, -1, -1, -1};
    item next;
    size_t got;

    (void)size;
    while (CHILD_OK(mr_queue_get(c->queue, &next, sizeof next, &got, GUARD)) &&
           got > 0) {
        CHILD_CHECK(next.number > last[next.producer]);
        last[next.producer] = next.number;
        CHILD_OK(mr_array_add(
            c->seen, (size_t)(next.producer * EACH + next.number), &one, NULL));
    }
    return child_result();
}

static void check_each_seen_once(mr_array seen)
{
    int32_t counts[PRODUCERS * EACH];

    if (MRT_OK(mr_array_get(seen, 0, PRODUCERS * EACH, counts))) {
        for (int i = 0; i < PRODUCERS * EACH; i++) {
            MRT_EQUAL(counts[i], 1);
        }
    }
}

static void four_producers_and_consumers(int owner, size_t maxsize)
{
    mr_process producers[PRODUCERS], consumers[CONSUMERS];
    crowd c;

    if (!make(&c.queue, owner, maxsize) ||
        !MRT_OK(
            mr_array_create(&c.seen, MR_INT32, PRODUCERS * EACH, NULL, NULL))) {
        return;
    }
    for (int i = 0; i < CONSUMERS; i++) {
        START(&consumers[i], rank_of(i + 1), consume, &c, sizeof c);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        c.self = i;
        START(&producers[i], rank_of(i), produce, &c, sizeof c);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        END(producers[i], 0);
    }
    for (int i = 0; i < CONSUMERS; i++) {
        MRT_OK(mr_queue_put(c.queue, NULL, 0, GUARD));
    }
    for (int i = 0; i < CONSUMERS; i++) {
        END(consumers[i], 0);
    }
    check_each_seen_once(c.seen);
    MRT_OK(mr_array_destroy(c.seen));
    MRT_OK(mr_queue_destroy(c.queue));
}

static void queue_keeps_the_order_of_each_producer(void)
{
    four_producers_and_consumers(0, 0);
    four_producers_and_consumers(mr_size() - 1, 0);
}

static void queue_with_maxsize_keeps_the_order_of_each_producer(void)
{
    four_producers_and_consumers(mr_size() - 1, 2);
}

/* Without a time-out, so that puts may be pipelined. */
static int produce_and_return(const void *argument, size_t size)
{
    const mr_queue *queue = argument;

    (void)size;
    for (int64_t i = 0; i < EACH; i++) {
        if (mr_queue_put(*queue, &i, sizeof i, MR_FOREVER)) {
            return 1;
        }
    }
    return 0;
}

/* It ends when the last of them is in, and not before. */
static void queue_gets_all_items_of_a_process_that_returns(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        for (size_t maxsize = 0; maxsize < 20; maxsize += 9) {
            mr_process producer;
            mr_queue queue;

            if (!make(&queue, 0, maxsize)) {
                return;
            }
            START(&producer, rank, produce_and_return, &queue, sizeof queue);
            if (maxsize) {
                MRT_ERROR(mr_process_join(producer, 0.2), MR_ERR_TIMEOUT);
            }
            for (int64_t i = 0; i < EACH && get_number(queue, i); i++) {
            }
            END(producer, 0);
            MRT_OK(mr_queue_destroy(queue));
        }
    }
}

static void *produce_in_a_thread(void *argument)
{
    const crowd *c = argument;

    for (int32_t i = 0; i < EACH; i++) {
        const item next = {.producer = c->self, .number = i};

        MRT_OK(mr_queue_put(c->queue, &next, sizeof next, GUARD));
    }
    return NULL;
}

static void take_all_and_count(const crowd *c)
{
    int32_t last[PRODUCERS] = {-1, -1, -1, -1};
    const int32_t one = 1;

    for (int i = 0; i < PRODUCERS * EACH; i++) {
        item next;

        if (!MRT_OK(mr_queue_get(c->queue, &next, sizeof next, NULL, GUARD))) {
            return;
        }
        MRT_CHECK(next.number > last[next.producer]);
        last[next.producer] = next.number;
        MRT_OK(mr_array_add(
            c->seen, (size_t)(next.producer * EACH + next.number), &one, NULL));
    }
}

static void queue_serves_threads_beside_children(void)
{
    crowd c[PRODUCERS];
    pthread_t threads[2];
    mr_process children[2];
    mr_queue queue;
    mr_array seen;

    if (!make(&queue, 0, 10) ||
        !MRT_OK(
            mr_array_create(&seen, MR_INT32, PRODUCERS * EACH, NULL, NULL))) {
        return;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        c[i] = (crowd){.queue = queue, .seen = seen, .self = i};
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, produce_in_a_thread, &c[i]);
        START(&children[i], rank_of(i), produce, &c[2 + i], sizeof c[0]);
    }
    take_all_and_count(&c[0]);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        END(children[i], 0);
    }
    check_each_seen_once(seen);
    MRT_OK(mr_array_destroy(seen));
    MRT_OK(mr_queue_destroy(queue));
}

static void *get_in_a_thread(void *argument)
{
    const mr_queue *queue = argument;
    int64_t sum = 0, number = 0;

    while (MRT_OK(mr_queue_get(*queue, &number, sizeof number, NULL, GUARD)) &&
           number >= 0) {
        sum += number;
    }
    return (void *)(intptr_t)sum;
}

static void queue_shares_items_among_threads(void)
{
    pthread_t threads[4];
    mr_queue queue;
    int64_t sum = 0;

    if (!make(&queue, 0, 4)) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, get_in_a_thread, &queue);
    }
    for (int i = 0; i < 2000; i++) {
        put_number(queue, i);
    }
    for (int i = 0; i < 4; i++) {
        put_number(queue, -1);
    }
    for (int i = 0; i < 4; i++) {
        void *part;

        pthread_join(threads[i], &part);
        sum += (int64_t)(intptr_t)part;
    }
    MRT_EQUAL(sum, 2000 * 1999 / 2);
    MRT_OK(mr_queue_destroy(queue));
}

/* Handles that travel, and lives that end */

/* Two queues: orders come through the first, an answer goes to the second. */
typedef struct couple {
    mr_queue first, second;
} couple;

static bool make_couple(couple *c)
{
    return make(&c->first, 0, 0) && make(&c->second, mr_size() - 1, 0);
}

static void destroy_couple(couple c)
{
    MRT_OK(mr_queue_destroy(c.first));
    MRT_OK(mr_queue_destroy(c.second));
}

static int answer_where_told(const void *argument, size_t size)
{
    mr_queue orders = *(const mr_queue *)argument, answers;
    int64_t number = 42;

    (void)size;
    if (CHILD_OK(mr_queue_get(orders, &answers, sizeof answers, NULL, GUARD))) {
        CHILD_OK(mr_queue_put(answers, &number, sizeof number, GUARD));
    }
    return child_result();
}

static void queue_handle_works_after_a_way_through_a_queue(void)
{
    couple c;

    if (!make_couple(&c)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, answer_where_told, &c.first, sizeof c.first);
        MRT_OK(mr_queue_put(c.first, &c.second, sizeof c.second, GUARD));
        get_number(c.second, 42);
        END(child, 0);
    }
    destroy_couple(c);
}

static int create_and_send(const void *argument, size_t size)
{
    mr_queue answers = *(const mr_queue *)argument, mine;
    int64_t number = 8;

    (void)size;
    if (CHILD_OK(mr_queue_create(&mine, NULL))) {
        CHILD_OK(mr_queue_put(mine, &number, sizeof number, GUARD));
        CHILD_OK(mr_queue_put(answers, &mine, sizeof mine, GUARD));
    }
    return child_result();
}

static void queue_outlives_its_creator(void)
{
    mr_queue answers, theirs;

    if (!make(&answers, 0, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, create_and_send, &answers, sizeof answers);
        if (MRT_OK(mr_queue_get(answers, &theirs, sizeof theirs, NULL, 0))) {
            get_number(theirs, 8);
            put_number(theirs, 9);
            get_number(theirs, 9);
            MRT_OK(mr_queue_destroy(theirs));
        }
    }
    MRT_OK(mr_queue_destroy(answers));
}

static int put_and_die(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    int64_t number = 21;

    (void)size;
    CHILD_OK(mr_queue_put(queue, &number, sizeof number, GUARD));
    kill(getpid(), SIGKILL);
    return child_result();
}

static void queue_item_outlives_its_producer(void)
{
    mr_queue queue;
    mr_process child;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        START(&child, rank, put_and_die, &queue, sizeof queue);
        END(child, -SIGKILL);
        get_number(queue, 21);
    }
    MRT_OK(mr_queue_destroy(queue));
}

static int say_so_and_get(const void *argument, size_t size)
{
    const couple *c = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_put(c->first, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(c->second, &number, sizeof number, NULL, MR_FOREVER));
    return child_result();
}

static void queue_loses_nothing_to_a_waiter_that_was_killed(void)
{
    couple c;

    if (!make_couple(&c)) {
        return;
    }
    for (int i = 0; i < 10; i++) {
        mr_process child;

        if (!START(&child, rank_of(i), say_so_and_get, &c, sizeof c)) {
            break;
        }
        MRT_OK(mr_queue_get(c.first, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        put_number(c.second, i);
        get_number(c.second, i);
    }
    destroy_couple(c);
}

static int get_until_closed(const void *argument, size_t size)
{
    const couple *c = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_put(c->first, NULL, 0, GUARD));
    CHILD_ERROR(
        mr_queue_get(c->second, &number, sizeof number, NULL, MR_FOREVER),
        MR_ERR_CLOSED);
    CHILD_ERROR(
        mr_queue_get(c->second, &number, sizeof number, NULL, MR_FOREVER),
        MR_ERR_STALE);
    return child_result();
}

static int put_until_closed(const void *argument, size_t size)
{
    const couple *c = argument;
    int64_t number = 2;

    (void)size;
    CHILD_OK(mr_queue_put(c->first, NULL, 0, GUARD));
    CHILD_ERROR(mr_queue_put(c->second, &number, sizeof number, MR_FOREVER),
                MR_ERR_CLOSED);
    return child_result();
}

static void waiters_get_closed(mr_process_function *wait, bool full)
{
    enum { WAITERS = 3 };
    mr_process children[WAITERS];
    couple c;

    if (!make(&c.first, 0, 0) || !make(&c.second, mr_size() - 1, 1) ||
        (full && !put_number(c.second, 0))) {
        return;
    }
    for (int i = 0; i < WAITERS; i++) {
        START(&children[i], rank_of(i), wait, &c, sizeof c);
    }
    for (int i = 0; i < WAITERS; i++) {
        MRT_OK(mr_queue_get(c.first, NULL, 0, NULL, GUARD));
    }
    for (int i = 0; i < WAITERS; i++) {
        MRT_CHECK(child_sleeps(children[i]));
    }
    MRT_OK(mr_queue_destroy(c.second));
    for (int i = 0; i < WAITERS; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_queue_destroy(c.first));
}

static void queue_destroy_wakes_those_who_get(void)
{
    waiters_get_closed(get_until_closed, false);
}

static void queue_destroy_wakes_those_who_put(void)
{
    waiters_get_closed(put_until_closed, true);
}

typedef struct thread_waiter {
    mr_queue queue;
    pid_t volatile thread;
    mr_error result;
} thread_waiter;

static void *get_until_closed_in_a_thread(void *argument)
{
    thread_waiter *waiter = argument;
    int64_t number;

    __atomic_store_n(&waiter->thread, gettid(), __ATOMIC_RELEASE);
    waiter->result =
        mr_queue_get(waiter->queue, &number, sizeof number, NULL, MR_FOREVER);
    return NULL;
}

static void queue_destroy_wakes_threads(void)
{
    thread_waiter waiter = {.thread = 0};
    pthread_t thread;

    if (!make(&waiter.queue, 0, 0)) {
        return;
    }
    pthread_create(&thread, NULL, get_until_closed_in_a_thread, &waiter);
    while (__atomic_load_n(&waiter.thread, __ATOMIC_ACQUIRE) == 0) {
        mrt_pause();
    }
    MRT_CHECK(thread_sleeps(getpid(), waiter.thread));
    MRT_OK(mr_queue_destroy(waiter.queue));
    pthread_join(thread, NULL);
    MRT_EQUAL(waiter.result, MR_ERR_CLOSED);
}

static void queue_can_be_made_and_destroyed_many_times(void)
{
    for (int i = 0; i < often(5000); i++) {
        mr_queue queue;

        if (!make(&queue, rank_of(i), (size_t)(i % 3)) ||
            !put_number(queue, i) || !MRT_OK(mr_queue_destroy(queue))) {
            return;
        }
    }
}

static int bounce(const void *argument, size_t size)
{
    const couple *c = argument;

    (void)size;
    for (int64_t i = 0; i < 1000; i++) {
        int64_t number;

        CHILD_OK(mr_queue_get(c->first, &number, sizeof number, NULL, GUARD));
        CHILD_CHECK(number == i);
        CHILD_OK(mr_queue_put(c->second, &number, sizeof number, GUARD));
    }
    return child_result();
}

static void queue_goes_there_and_back_a_thousand_times(void)
{
    couple c;

    if (!make_couple(&c)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, bounce, &c, sizeof c);
        for (int i = 0; i < 1000; i++) {
            put_number(c.first, i);
            get_number(c.second, i);
        }
        END(child, 0);
    }
    destroy_couple(c);
}

static const mrt_test tests[] = {
    {"queue_keeps_the_order_of_each_producer",
     queue_keeps_the_order_of_each_producer, 60},
    {"queue_gets_all_items_of_a_process_that_returns",
     queue_gets_all_items_of_a_process_that_returns, 0},
    {"queue_with_maxsize_keeps_the_order_of_each_producer",
     queue_with_maxsize_keeps_the_order_of_each_producer, 60},
    {"queue_serves_threads_beside_children",
     queue_serves_threads_beside_children, 60},
    {"queue_shares_items_among_threads", queue_shares_items_among_threads, 0},
    {"queue_handle_works_after_a_way_through_a_queue",
     queue_handle_works_after_a_way_through_a_queue, 0},
    {"queue_outlives_its_creator", queue_outlives_its_creator, 0},
    {"queue_item_outlives_its_producer", queue_item_outlives_its_producer, 0},
    {"queue_loses_nothing_to_a_waiter_that_was_killed",
     queue_loses_nothing_to_a_waiter_that_was_killed, 0},
    {"queue_destroy_wakes_those_who_get", queue_destroy_wakes_those_who_get, 0},
    {"queue_destroy_wakes_those_who_put", queue_destroy_wakes_those_who_put, 0},
    {"queue_destroy_wakes_threads", queue_destroy_wakes_threads, 0},
    {"queue_can_be_made_and_destroyed_many_times",
     queue_can_be_made_and_destroyed_many_times, 0},
    {"queue_goes_there_and_back_a_thousand_times",
     queue_goes_there_and_back_a_thousand_times, 60},
};

int main(int argc, char **argv)
{
    return suite_main("queue_crowd", tests, MRT_COUNT(tests), argc, argv);
}
