/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool with several maps and iterators at the same time, from threads of its
 * creator and from other endpoints.
 */
#include "mpi/iterate_support.h"

#include <pthread.h>
#include <signal.h>

enum { THREADS = 4 };

static void *map_squares(void *argument)
{
    const mr_pool *pool = argument;

    for (int round = 0; round < often(40); round++) {
        squares(*pool, (size_t)(1 + round * 7), 0);
        squares(*pool, 2, 1);
    }
    return NULL;
}

static void threads_map_at_the_same_time(void)
{
    pthread_t threads[THREADS];
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, map_squares, &pool);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    squares(pool, 100, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static void pool_maps_while_iterators_are_open(void)
{
    mr_iterator *iterators[2] = {NULL, NULL};
    mr_result result;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(both); i++) {
        if (!iterate(&iterators[i], pool, both[i], pattern, NULL, 0, COUNT,
                     0)) {
            return;
        }
    }
    MRT_ERROR(mr_pool_destroy(pool), MR_ERR_STATE);
    for (int i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < MRT_COUNT(both); k++) {
            MRT_OK(mr_iterator_next(iterators[k], &result, GUARD));
            is_pattern(&result);
        }
        if (i % 30 == 0) {
            squares(pool, 50, 1);
        }
    }
    ends(iterators[0]);
    ends(iterators[1]);
    MRT_OK(mr_pool_destroy(pool));
}

/* A task that waits keeps one worker from the tasks of others, no more. */
static void late_map_does_not_keep_others_waiting(void)
{
    mr_iterator *late;
    mr_result result;
    mr_pool pool;
    gate g;

    if (!make(&pool, 2 * (size_t)mr_size()) || !make_gate(&g) ||
        !iterate(&late, pool, mr_pool_imap, first_waits, &g, sizeof g, 1, 0)) {
        return;
    }
    squares(pool, 200, 1);
    MRT_ERROR(mr_iterator_next(late, &result, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    MRT_OK(mr_iterator_next(late, &result, GUARD));
    ends(late);
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- other endpoints ----------------------------------------------------- */

static int child_maps(const void *argument, size_t size)
{
    const mr_pool *pool = argument;
    mr_iterator *iterator;
    mr_result result;

    (void)size;
    for (size_t count = 0; count < 40; count++) {
        int64_t in[40], out[40] = {0};

        for (size_t i = 0; i < 40; i++) {
            in[i] = (int64_t)i;
        }
        CHILD_OK(mr_pool_map(*pool, square, NULL, 0, in, sizeof *in, out,
                             sizeof *out, count, NULL));
        for (size_t i = 0; i < count; i++) {
            CHILD_CHECK(out[i] == (int64_t)(i * i));
        }
    }
    CHILD_OK(mr_pool_imap(&iterator, *pool, count_index, NULL, 0, NULL, 0, 50,
                          NULL));
    for (size_t i = 0; i < 50; i++) {
        CHILD_OK(mr_iterator_next(iterator, &result, GUARD));
        CHILD_CHECK(result.size == sizeof i && !memcmp(result.data, &i, 8));
    }
    CHILD_OK(mr_iterator_destroy(iterator));
    return child_result();
}

static void endpoints_of_each_rank_map_with_one_pool(void)
{
    mr_process children[8];
    int count = mr_size() < 4 ? 2 * mr_size() : 8;
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    for (int i = 0; i < count; i++) {
        START(&children[i], rank_of(i), child_maps, &pool, sizeof pool);
    }
    squares(pool, 100, 1);
    for (int i = 0; i < count; i++) {
        END(children[i], 0);
    }
    squares(pool, 100, 1);
    MRT_OK(mr_pool_destroy(pool));
}

static int map_until_killed(const void *argument, size_t size)
{
    const mr_pool *pool = argument;

    (void)size;
    while (child_result() == 0) {
        int64_t in[20] = {0}, out[20];

        CHILD_OK(mr_pool_map(*pool, square, NULL, 0, in, sizeof *in, out,
                             sizeof *out, 20, NULL));
    }
    return child_result();
}

/* Its entry among those that map is free again, so that the pool can end. */
static void endpoint_that_maps_may_be_killed(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int i = 0; i < often(20); i++) {
        mr_process child;

        START(&child, rank_of(i), map_until_killed, &pool, sizeof pool);
        squares(pool, 100, 1);
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
    }
    squares(pool, 100, 1);
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- workers that die ---------------------------------------------------- */

/* Kills children only: a rank's end would be that of the job. */
static mr_error die_now_and_then(const void *input, void *output,
                                 const mr_task *task)
{
    if (task->index % 10 == 7 && in_child()) {
        raise(SIGKILL);
    }
    return square(input, output, task);
}

typedef struct deadly {
    mr_pool pool;
    int failed;
} deadly;

static void *map_deadly(void *argument)
{
    deadly *d = argument;

    for (int round = 0; round < 3; round++) {
        int64_t in[20], out[20] = {0};
        mr_task_error first = {.code = MR_OK};
        const mr_map_options options = {.chunk = 1, .error = &first};
        mr_error error;

        for (int i = 0; i < 20; i++) {
            in[i] = i;
        }
        error = mr_pool_map(d->pool, die_now_and_then, NULL, 0, in, 8, out, 8,
                            20, &options);
        d->failed += error != MR_OK &&
                     (error != MR_ERR_WORKER_DIED || first.index % 10 != 7);
        for (int i = 0; i < 20; i++) {
            d->failed += i % 10 != 7 && out[i] != i * i;
        }
    }
    return NULL;
}

/* A map tells the failures of its own tasks alone.  The driver that sees a
 * death first starts another worker, and all maps use it. */
static void each_map_survives_the_deaths_of_workers_in_others(void)
{
    pthread_t threads[THREADS];
    deadly d[THREADS];
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 2)) {
        return;
    }
    for (int i = 0; i < THREADS; i++) {
        d[i] = (deadly){.pool = pool};
        pthread_create(&threads[i], NULL, map_deadly, &d[i]);
    }
    for (int i = 0; i < 10; i++) {
        squares(pool, 100, 1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        MRT_EQUAL(d[i].failed, 0);
    }
    squares(pool, 100, 1);
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- limits -------------------------------------------------------------- */

static void pool_has_at_most_128_requests_at_a_time(void)
{
    enum { MOST = 128 };
    mr_iterator *iterators[MOST], *more = NULL;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int i = 0; i < MOST; i++) {
        if (!iterate(&iterators[i], pool, both[i % 2], pattern, NULL, 0, 4,
                     0)) {
            return;
        }
    }
    MRT_ERROR(mr_pool_imap(&more, pool, pattern, NULL, 0, numbers, 8, 2, NULL),
              MR_ERR_LIMIT);
    MRT_CHECK(more == NULL);
    MRT_OK(mr_iterator_destroy(iterators[5]));
    squares(pool, 10, 0);
    for (int i = 0; i < MOST; i++) {
        if (i != 5) {
            MRT_OK(mr_iterator_destroy(iterators[i]));
        }
    }
    MRT_OK(mr_pool_destroy(pool));
}

static const mrt_test tests[] = {
    {"threads_map_at_the_same_time", threads_map_at_the_same_time, 60},
    {"pool_maps_while_iterators_are_open", pool_maps_while_iterators_are_open,
     60},
    {"late_map_does_not_keep_others_waiting",
     late_map_does_not_keep_others_waiting, 0},
    {"endpoints_of_each_rank_map_with_one_pool",
     endpoints_of_each_rank_map_with_one_pool, 60},
    {"endpoint_that_maps_may_be_killed", endpoint_that_maps_may_be_killed, 60},
    {"each_map_survives_the_deaths_of_workers_in_others",
     each_map_survives_the_deaths_of_workers_in_others, 60},
    {"pool_has_at_most_128_requests_at_a_time",
     pool_has_at_most_128_requests_at_a_time, 60},
};

int main(int argc, char **argv)
{
    return suite_main("pool_shared", tests, MRT_COUNT(tests), argc, argv);
}
