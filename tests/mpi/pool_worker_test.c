/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The workers of a pool: how many there are, that they share uneven tasks, and
 * who may use the pool when.
 */
#include "mpi/pool_support.h"

#include <pthread.h>

/* Uneven tasks */

static mr_error spin(const void *input, void *output, const mr_task *task)
{
    int64_t turns = *(const int64_t *)input;
    volatile int64_t sum = 0;

    (void)task;
    for (int64_t i = 0; i < turns; i++) {
        sum = sum + i;
    }
    *(int64_t *)output = sum;
    return MR_OK;
}

static void map_balances_uneven_tasks(void)
{
    static const size_t chunks[] = {0, 1, 100};
    enum { COUNT = 2000 };
    static int64_t in[COUNT], out[COUNT];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t k = 0; k < MRT_COUNT(chunks); k++) {
        const mr_map_options options = {.chunk = chunks[k]};

        for (int i = 0; i < COUNT; i++) {
            in[i] = i == (int)k * 999 ? 1000000 : 1000;
            out[i] = -1;
        }
        MRT_OK(mr_pool_map(pool, spin, NULL, 0, in, sizeof in[0], out,
                           sizeof out[0], COUNT, &options));
        for (int i = 0; i < COUNT; i++) {
            MRT_EQUAL(out[i], in[i] * (in[i] - 1) / 2);
        }
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Workers */

static void pool_has_as_many_workers_as_ranks(void)
{
    size_t workers = 0;
    mr_pool pool;

    if (MRT_OK(mr_pool_create(&pool, NULL))) {
        MRT_OK(mr_pool_size(pool, &workers));
        MRT_EQUAL(workers, mr_size());
        squares(pool, 100, 0);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* All workers meet: each task waits until as many have begun. */
typedef struct meeting {
    mr_value begun;
    mr_queue tokens;
} meeting;

typedef struct visitor {
    unsigned int worker;
    int rank;
} visitor;

static mr_error meet(const void *input, void *output, const mr_task *task)
{
    const meeting *m = task->context;
    const int64_t one = 1;
    visitor *me = output;
    int64_t before = -1;
    mr_error error = mr_value_add(m->begun, &one, &before);

    (void)input;
    me->worker = task->worker;
    me->rank = mr_rank();
    if (before + 1 == (int64_t)task->workers) {
        for (unsigned int i = 0; i < task->workers && error == MR_OK; i++) {
            error = mr_queue_put(m->tokens, NULL, 0, GUARD);
        }
    }
    if (error == MR_OK) {
        error = mr_queue_get(m->tokens, NULL, 0, NULL, GUARD);
    }
    return error;
}

static void all_workers_meet(size_t workers)
{
    const mr_map_options options = {.chunk = 1, .timeout = GUARD};
    visitor visitors[32];
    unsigned int seen = 0, ranks = 0;
    size_t size = 0;
    meeting m;
    mr_pool pool;

    if (!make(&pool, workers) ||
        !MRT_OK(mr_value_create(&m.begun, MR_INT64, NULL, NULL)) ||
        !MRT_OK(mr_queue_create(&m.tokens, NULL))) {
        return;
    }
    MRT_OK(mr_pool_size(pool, &size));
    MRT_EQUAL(size, workers);
    MRT_OK(mr_pool_map(pool, meet, &m, sizeof m, NULL, 0, visitors,
                       sizeof visitors[0], workers, &options));
    for (size_t i = 0; i < workers; i++) {
        seen |= 1u << visitors[i].worker;
        ranks |= 1u << visitors[i].rank;
    }
    MRT_EQUAL(seen, (1u << workers) - 1);
    if (workers >= (size_t)mr_size()) {
        MRT_EQUAL(ranks, (1u << mr_size()) - 1);
    }
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_value_destroy(m.begun));
    MRT_OK(mr_queue_destroy(m.tokens));
}

static void pool_uses_all_its_workers_at_once(void)
{
    all_workers_meet((size_t)mr_size());
}

static void pool_may_have_more_workers_than_ranks(void)
{
    all_workers_meet((size_t)mr_size() + 1);
    all_workers_meet(2 * (size_t)mr_size() + 3);
}

static void pool_may_have_fewer_workers_than_ranks(void)
{
    for (size_t workers = 1; workers < (size_t)mr_size(); workers++) {
        all_workers_meet(workers);
    }
}

static void two_pools_take_turns(void)
{
    mr_pool first, second;

    if (!make(&first, 0) || !make(&second, (size_t)mr_size() + 2)) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        squares(first, 100, 0);
        squares(second, 100, 1);
    }
    MRT_OK(mr_pool_destroy(first));
    squares(second, 100, 0);
    MRT_OK(mr_pool_destroy(second));
}

static void *map_in_a_thread(void *argument)
{
    mr_pool pool = *(const mr_pool *)argument;

    for (int i = 0; i < 50; i++) {
        squares(pool, 200, (size_t)(i % 3));
    }
    return NULL;
}

static void two_pools_work_at_the_same_time(void)
{
    pthread_t threads[2];
    mr_pool pools[2];

    if (!make(&pools[0], 0) || !make(&pools[1], 0)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, map_in_a_thread, &pools[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        MRT_OK(mr_pool_destroy(pools[i]));
    }
}

static void pool_can_be_made_and_destroyed_many_times(void)
{
    for (size_t i = 0; i < 50; i++) {
        mr_pool pool;

        if (!make(&pool, 1 + i % 5)) {
            return;
        }
        squares(pool, 10, 0);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static int map_in_a_child(const void *argument, size_t size)
{
    const mr_pool_options options = {.workers = 2};
    int64_t in[100], out[100];
    mr_pool pool;

    for (int i = 0; i < 100; i++) {
        in[i] = i;
    }
    if (CHILD_OK(mr_pool_create(&pool, &options))) {
        CHILD_OK(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 100, NULL));
        for (int i = 0; i < 100; i++) {
            CHILD_CHECK(out[i] == i * i);
        }
        /* Whether it is destroyed is the caller's choice. */
        if (size == 0) {
            CHILD_OK(mr_pool_destroy(pool));
        }
    }
    (void)argument;
    return child_result();
}

static void pool_works_in_a_child(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, map_in_a_child, NULL, 0);
    }
}

static void pool_ends_with_its_creator(void)
{
    mr_pool pool;

    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, map_in_a_child, "keep", 4);
    }
    if (make(&pool, 0)) {
        squares(pool, 100, 1);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static int do_nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static mr_error create_in_a_task(const void *input, void *output,
                                 const mr_task *task)
{
    mr_pool pool;
    mr_process process;

    (void)input;
    (void)output;
    (void)task;
    if (mr_pool_create(&pool, NULL) != MR_ERR_STATE) {
        return mr_task_fail(MR_ERR_USER, "a pool in a task");
    }
    if (mr_process_create(&process, do_nothing, NULL, 0, NULL) !=
        MR_ERR_STATE) {
        return mr_task_fail(MR_ERR_USER, "a process in a task");
    }
    return MR_OK;
}

static void tasks_cannot_create_pools_and_processes(void)
{
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.chunk = 1, .error = &error};
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    if (!MRT_OK(mr_pool_map(pool, create_in_a_task, NULL, 0, NULL, 0, NULL, 0,
                            100, &options))) {
        MRT_TEXT(error.text, "");
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Threads of the creator: no destroy while one of them maps */

typedef struct gate {
    mr_queue begun, open;
} gate;

static mr_error wait_at_the_gate(const void *input, void *output,
                                 const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = mr_queue_put(g->begun, NULL, 0, GUARD);

    (void)input;
    if (error == MR_OK) {
        error = mr_queue_get(g->open, NULL, 0, NULL, GUARD);
    }
    if (output) {
        *(int64_t *)output = (int64_t)task->index;
    }
    return error;
}

typedef struct under_way {
    mr_pool pool;
    size_t count;
    gate g;
    mr_error result;
} under_way;

static void *map_at_the_gate(void *argument)
{
    const mr_map_options options = {.chunk = 1};
    under_way *u = argument;

    u->result = mr_pool_map(u->pool, wait_at_the_gate, &u->g, sizeof u->g, NULL,
                            0, NULL, 0, u->count, &options);
    return NULL;
}

static bool make_gate(gate *g)
{
    return MRT_OK(mr_queue_create(&g->begun, NULL)) &&
           MRT_OK(mr_queue_create(&g->open, NULL));
}

static void destroy_gate(const gate *g)
{
    MRT_OK(mr_queue_destroy(g->begun));
    MRT_OK(mr_queue_destroy(g->open));
}

static void pool_is_not_destroyed_while_it_maps(void)
{
    pthread_t thread;
    under_way u = {.count = 1};

    if (!make(&u.pool, 0) || !make_gate(&u.g)) {
        return;
    }
    pthread_create(&thread, NULL, map_at_the_gate, &u);
    MRT_OK(mr_queue_get(u.g.begun, NULL, 0, NULL, GUARD));
    MRT_ERROR(mr_pool_destroy(u.pool), MR_ERR_STATE);
    MRT_OK(mr_queue_put(u.g.open, NULL, 0, GUARD));
    pthread_join(thread, NULL);
    MRT_EQUAL(u.result, MR_OK);
    squares(u.pool, 100, 0);
    MRT_OK(mr_pool_destroy(u.pool));
    destroy_gate(&u.g);
}

/* A rank works for all pools, rank 0's child for one: so one worker of the
 * second is free. */
static void one_task_does_not_wait_for_those_of_another_pool(void)
{
    pthread_t thread;
    under_way u = {0};
    mr_pool other;

    if (!make(&u.pool, 0) || !make(&other, 0) || !make_gate(&u.g) ||
        !MRT_OK(mr_pool_size(u.pool, &u.count))) {
        return;
    }
    pthread_create(&thread, NULL, map_at_the_gate, &u);
    for (size_t i = 0; i < u.count; i++) {
        MRT_OK(mr_queue_get(u.g.begun, NULL, 0, NULL, GUARD));
    }
    squares(other, 1, 0);
    for (size_t i = 0; i < u.count; i++) {
        MRT_OK(mr_queue_put(u.g.open, NULL, 0, GUARD));
    }
    pthread_join(thread, NULL);
    MRT_EQUAL(u.result, MR_OK);
    MRT_OK(mr_pool_destroy(u.pool));
    MRT_OK(mr_pool_destroy(other));
    destroy_gate(&u.g);
}

/* Inputs so large that a node gets the map in several parts. */
enum { PART = 64, PARTS = 6, LARGE_INPUT = 64 << 10 };

typedef struct long_tasks {
    mr_value begun;
    mr_queue open;
} long_tasks;

/* Every PARTth task waits until all such have begun. */
static mr_error wait_for_others(const void *input, void *output,
                                const mr_task *task)
{
    const long_tasks *m = task->context;
    int64_t one = 1, before = 0;
    mr_error error;

    (void)input;
    (void)output;
    if (task->index % PART) {
        return MR_OK;
    }
    error = mr_value_add(m->begun, &one, &before);
    for (int i = 0; !error && before == PARTS - 1 && i < PARTS; i++) {
        error = mr_queue_put(m->open, NULL, 0, GUARD);
    }
    return error ? error : mr_queue_get(m->open, NULL, 0, NULL, GUARD);
}

static void long_tasks_of_all_parts_run_at_once(void)
{
    char *inputs = calloc(PART * PARTS, LARGE_INPUT);
    const mr_map_options options = {.chunk = 1};
    long_tasks m;
    mr_pool pool;

    if (several_nodes()) {
        mrt_skip("a node that others share tasks with has two parts at once");
        free(inputs);
        return;
    }
    if (!make(&pool, PARTS + 2) ||
        !MRT_OK(mr_value_create(&m.begun, MR_INT64, NULL, NULL)) ||
        !MRT_OK(mr_queue_create(&m.open, NULL))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, wait_for_others, &m, sizeof m, inputs, LARGE_INPUT,
                       NULL, 0, PART * PARTS, &options));
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_value_destroy(m.begun));
    MRT_OK(mr_queue_destroy(m.open));
    free(inputs);
}

static void map_times_out(void)
{
    enum { COUNT = 100 };
    const mr_map_options options = {.chunk = 1, .timeout = 4 * SHORT};
    int64_t out[COUNT];
    size_t begun = 0, workers = 0;
    double started;
    mr_pool pool;
    gate g;

    if (!make(&pool, 0) || !make_gate(&g)) {
        return;
    }
    MRT_OK(mr_pool_size(pool, &workers));
    started = mrt_now();
    MRT_ERROR(mr_pool_map(pool, wait_at_the_gate, &g, sizeof g, NULL, 0, out,
                          sizeof out[0], COUNT, &options),
              MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= 4 * SHORT);
    for (int i = 0; i < COUNT; i++) {
        MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    }
    /* Those that had begun end now; the others never begin. */
    squares(pool, 1000, 1);
    MRT_OK(mr_queue_qsize(g.begun, &begun));
    MRT_CHECK(begun >= 1 && begun <= workers);
    MRT_OK(mr_pool_destroy(pool));
    destroy_gate(&g);
}

static void map_without_timeout_waits(void)
{
    static const double timeouts[] = {0, MR_FOREVER, 1e300};
    int64_t in = 100000, out;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(timeouts); i++) {
        const mr_map_options options = {.timeout = timeouts[i]};

        MRT_OK(mr_pool_map(pool, spin, NULL, 0, &in, 8, &out, 8, 1, &options));
    }
    MRT_OK(mr_pool_destroy(pool));
}

static const mrt_test tests[] = {
    {"map_balances_uneven_tasks", map_balances_uneven_tasks, 60},
    {"pool_has_as_many_workers_as_ranks", pool_has_as_many_workers_as_ranks, 0},
    {"pool_uses_all_its_workers_at_once", pool_uses_all_its_workers_at_once, 0},
    {"pool_may_have_more_workers_than_ranks",
     pool_may_have_more_workers_than_ranks, 0},
    {"pool_may_have_fewer_workers_than_ranks",
     pool_may_have_fewer_workers_than_ranks, 0},
    {"two_pools_take_turns", two_pools_take_turns, 0},
    {"two_pools_work_at_the_same_time", two_pools_work_at_the_same_time, 60},
    {"pool_can_be_made_and_destroyed_many_times",
     pool_can_be_made_and_destroyed_many_times, 60},
    {"pool_works_in_a_child", pool_works_in_a_child, 0},
    {"pool_ends_with_its_creator", pool_ends_with_its_creator, 0},
    {"tasks_cannot_create_pools_and_processes",
     tasks_cannot_create_pools_and_processes, 0},
    {"pool_is_not_destroyed_while_it_maps", pool_is_not_destroyed_while_it_maps,
     0},
    {"one_task_does_not_wait_for_those_of_another_pool",
     one_task_does_not_wait_for_those_of_another_pool, 0},
    {"long_tasks_of_all_parts_run_at_once", long_tasks_of_all_parts_run_at_once,
     0},
    {"map_times_out", map_times_out, 0},
    {"map_without_timeout_waits", map_without_timeout_waits, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pool_worker", tests, MRT_COUNT(tests), argc, argv);
}
