/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_set_interrupt: a signal ends a blocked call, near and far,
 * nothing is taken, and what was interrupted can be used afterwards.
 *
 * The hook says yes once for each signal, as that of an interpreter does.
 */
#include "mpi/pool_support.h"

#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t rung;

static void note(int number)
{
    (void)number;
    rung = 1;
}

static bool ask(void *argument)
{
    bool yes = rung != 0;

    (void)argument;
    rung = 0;
    return yes;
}

/* A signal comes soon: before or while the next call sleeps. */
static void signal_soon(void)
{
    const struct sigaction action = {.sa_handler = note};
    const struct itimerval soon = {.it_value = {.tv_usec = 30000}};

    rung = 0;
    mr_set_interrupt(ask, NULL);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void queue_of_each_rank(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_queue_options there = {.place = MR_ON_RANK(rank)};
        mr_queue queue;
        char item[8] = "";

        if (!MRT_OK(mr_queue_create(&queue, &there))) {
            return;
        }
        signal_soon();
        MRT_ERROR(mr_queue_get(queue, item, sizeof item, NULL, MR_FOREVER),
                  MR_ERR_INTERRUPTED);
        MRT_OK(mr_queue_put(queue, "kept", 5, GUARD));
        MRT_OK(mr_queue_get(queue, item, sizeof item, NULL, GUARD));
        MRT_TEXT(item, "kept");
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void signal_ends_a_get_on_each_rank(void)
{
    queue_of_each_rank();
}

static void lock_of_each_rank(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_lock_options there = {.place = MR_ON_RANK(rank)};
        mr_lock lock;

        if (!MRT_OK(mr_lock_create(&lock, &there))) {
            return;
        }
        MRT_OK(mr_lock_acquire(lock, GUARD));
        signal_soon();
        MRT_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_INTERRUPTED);
        MRT_OK(mr_lock_release(lock));
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_OK(mr_lock_destroy(lock));
    }
}

static void signal_ends_an_acquire_on_each_rank(void)
{
    lock_of_each_rank();
}

static int end_when_told(const void *argument, size_t size)
{
    const mr_queue *go = argument;

    (void)size;
    CHILD_OK(mr_queue_get(*go, NULL, 0, NULL, GUARD));
    return child_result();
}

static void signal_ends_a_join_and_a_wait(void)
{
    mr_process process;
    mr_queue go;
    bool ready;

    MRT_OK(mr_queue_create(&go, NULL));
    if (START(&process, ANYWHERE, end_when_told, &go, sizeof go)) {
        signal_soon();
        MRT_ERROR(mr_process_join(process, MR_FOREVER), MR_ERR_INTERRUPTED);
        signal_soon();
        MRT_ERROR(mr_wait(&process.handle, 1, MR_FOREVER, &ready),
                  MR_ERR_INTERRUPTED);
        MRT_OK(mr_queue_put(go, NULL, 0, GUARD));
        END(process, 0);
    }
    MRT_OK(mr_queue_destroy(go));
}

/* In a process a far call goes through its host rank. */
static int get_and_be_interrupted(const void *argument, size_t size)
{
    const mr_queue *queue = argument;
    char item[8];

    (void)size;
    signal_soon();
    CHILD_ERROR(mr_queue_get(*queue, item, sizeof item, NULL, MR_FOREVER),
                MR_ERR_INTERRUPTED);
    CHILD_OK(mr_queue_put(*queue, "kept", 5, GUARD));
    CHILD_OK(mr_queue_get(*queue, item, sizeof item, NULL, GUARD));
    return child_result();
}

static void signal_ends_a_call_of_a_process_on_any_rank(void)
{
    const mr_queue_options there = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_process process;
    mr_queue queue;

    MRT_OK(mr_queue_create(&queue, &there));
    if (START(&process, 0, get_and_be_interrupted, &queue, sizeof queue)) {
        END(process, 0);
    }
    MRT_OK(mr_queue_destroy(queue));
}

static mr_error wait_for_go(const void *input, void *output,
                            const mr_task *task)
{
    (void)output;
    (void)task;
    return mr_queue_get(*(const mr_queue *)input, NULL, 0, NULL, GUARD);
}

static void signal_ends_a_map_and_the_pool_goes_on(void)
{
    mr_queue inputs[4];
    mr_pool pool;

    MRT_OK(mr_queue_create(&inputs[0], NULL));
    inputs[1] = inputs[2] = inputs[3] = inputs[0];
    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    signal_soon();
    MRT_ERROR(mr_pool_map(pool, wait_for_go, NULL, 0, inputs, sizeof *inputs,
                          NULL, 0, 4, NULL),
              MR_ERR_INTERRUPTED);
    for (int i = 0; i < 4; i++) {
        MRT_OK(mr_queue_put(inputs[0], NULL, 0, GUARD));
    }
    squares(pool, 1000, 0);
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_queue_destroy(inputs[0]));
}

static void signal_ends_next_and_the_iterator_goes_on(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_queue go;
    mr_pool pool;

    MRT_OK(mr_queue_create(&go, NULL));
    if (!MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    MRT_OK(mr_pool_imap(&iterator, pool, wait_for_go, NULL, 0, &go, sizeof go,
                        1, NULL));
    signal_soon();
    MRT_ERROR(mr_iterator_next(iterator, &result, MR_FOREVER),
              MR_ERR_INTERRUPTED);
    MRT_OK(mr_queue_put(go, NULL, 0, GUARD));
    MRT_OK(mr_iterator_next(iterator, &result, GUARD));
    MRT_OK(mr_iterator_destroy(iterator));
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_queue_destroy(go));
}

static const mrt_test tests[] = {
    {"signal_ends_a_get_on_each_rank", signal_ends_a_get_on_each_rank, 0},
    {"signal_ends_an_acquire_on_each_rank", signal_ends_an_acquire_on_each_rank,
     0},
    {"signal_ends_a_join_and_a_wait", signal_ends_a_join_and_a_wait, 0},
    {"signal_ends_a_call_of_a_process_on_any_rank",
     signal_ends_a_call_of_a_process_on_any_rank, 0},
    {"signal_ends_a_map_and_the_pool_goes_on",
     signal_ends_a_map_and_the_pool_goes_on, 0},
    {"signal_ends_next_and_the_iterator_goes_on",
     signal_ends_next_and_the_iterator_goes_on, 0},
};

int main(int argc, char **argv)
{
    return suite_main("interrupt", tests, MRT_COUNT(tests), argc, argv);
}
