/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of pools: what a closed pool refuses and what goes on, what a join
 * waits for, and that neither a death nor thousands of waiting maps delay it.
 */
#include "mpi/iterate_support.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MANY = 30 };

static int64_t in[MANY], out[MANY];

static bool begin(mr_future *future, mr_pool pool, mr_task_function *function,
                  const gate *g, int i)
{
    in[i] = i;
    out[i] = -1;
    return MRT_OK(mr_pool_apply_async(future, pool, function, g,
                                      g ? sizeof *g : 0, &in[i], sizeof in[i],
                                      &out[i], sizeof out[i], NULL));
}

static mr_error wait_at_the_gate(const void *input, void *output,
                                 const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = mr_queue_get(g->open, NULL, 0, NULL, GUARD);

    return error ? error : square(input, output, task);
}

static void open_gate(const gate *g, int count)
{
    for (int i = 0; i < count; i++) {
        MRT_OK(mr_queue_put(g->open, NULL, 0, GUARD));
    }
}

static void begins_nothing(mr_pool pool)
{
    int64_t number = 3, result = 0;
    mr_future future;

    MRT_ERROR(
        mr_pool_apply(pool, square, NULL, 0, &number, 8, &result, 8, NULL),
        MR_ERR_CLOSED);
    MRT_ERROR(mr_pool_apply_async(&future, pool, square, NULL, 0, &number, 8,
                                  &result, 8, NULL),
              MR_ERR_CLOSED);
    for (int i = 0; i < 2; i++) {
        mr_iterator *iterator;

        MRT_ERROR(
            both[i](&iterator, pool, square, NULL, 0, &number, 8, 1, NULL),
            MR_ERR_CLOSED);
    }
    MRT_EQUAL(result, 0);
}

/* ---- close and join ------------------------------------------------------ */

static void closed_pool_begins_nothing_new(void)
{
    mr_pool pool;

    for (int i = 0; i < 2; i++) { /* before the first map, and after it */
        if (!make(&pool, (size_t)mr_size() + 1)) {
            return;
        }
        if (i) {
            squares(pool, 100, 0);
        }
        MRT_OK(mr_pool_close(pool));
        begins_nothing(pool);
        MRT_OK(mr_pool_close(pool));
        MRT_OK(mr_pool_join(pool, GUARD));
        begins_nothing(pool);
        MRT_OK(mr_pool_join(pool, 0));
        MRT_OK(mr_pool_destroy(pool));
        MRT_ERROR(mr_pool_close(pool), MR_ERR_STALE);
        MRT_ERROR(mr_pool_join(pool, 0), MR_ERR_STALE);
    }
}

static void join_of_an_open_pool_is_refused(void)
{
    mr_pool pool;

    if (make(&pool, 0)) {
        MRT_ERROR(mr_pool_join(pool, GUARD), MR_ERR_STATE);
        squares(pool, 10, 0);
        MRT_ERROR(mr_pool_join(pool, NAN), MR_ERR_ARGUMENT);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* Thirty are more than begin at a time. */
static void maps_that_wait_when_a_pool_is_closed_go_on(void)
{
    mr_future futures[MANY];
    mr_pool pool;
    gate g;

    if (!make(&pool, 1) || !make_gate(&g)) {
        return;
    }
    for (int i = 0; i < MANY; i++) {
        begin(&futures[i], pool, wait_at_the_gate, &g, i);
    }
    MRT_OK(mr_pool_close(pool));
    begins_nothing(pool);
    MRT_ERROR(mr_pool_join(pool, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_pool_join(pool, 0.01), MR_ERR_TIMEOUT);
    open_gate(&g, MANY);
    MRT_OK(mr_pool_join(pool, GUARD));
    for (int i = 0; i < MANY; i++) {
        MRT_OK(mr_future_get(futures[i], 0, NULL));
        MRT_EQUAL(out[i], (int64_t)i * i);
        MRT_OK(mr_future_destroy(futures[i]));
    }
    MRT_OK(mr_pool_destroy(pool));
    destroy_gate(&g);
}

static void iterator_of_a_closed_pool_gives_all_results(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;

    if (!make(&pool, 0) ||
        !iterate(&iterator, pool, mr_pool_imap, pattern, NULL, 0, 100, 5)) {
        return;
    }
    MRT_OK(mr_pool_close(pool));
    for (int i = 0; i < 100; i++) {
        if (MRT_OK(mr_iterator_next(iterator, &result, GUARD))) {
            is_pattern(&result);
        }
    }
    MRT_ERROR(mr_pool_join(pool, 0), MR_ERR_TIMEOUT);
    ends(iterator);
    MRT_OK(mr_pool_join(pool, GUARD));
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error tell_process(const void *input, void *output,
                             const mr_task *task)
{
    (void)input;
    (void)task;
    *(int64_t *)output = getpid();
    return MR_OK;
}

static void join_ends_the_child_workers(void)
{
    int64_t process = 0;
    mr_pool pool;

    if (!make(&pool, 1)) {
        return;
    }
    MRT_OK(mr_pool_apply(pool, tell_process, NULL, 0, NULL, 0, &process,
                         sizeof process, NULL));
    MRT_OK(mr_pool_close(pool));
    MRT_CHECK(process > 0 && kill((pid_t)process, 0) == 0);
    MRT_OK(mr_pool_join(pool, GUARD));
    MRT_CHECK(kill((pid_t)process, 0) != 0 && errno == ESRCH);
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error join_from_inside(const void *input, void *output,
                                 const mr_task *task)
{
    (void)output;
    (void)task;
    return mr_pool_join(*(const mr_pool *)input, GUARD);
}

static void task_cannot_join_its_pool(void)
{
    mr_pool pool;

    if (make(&pool, 0)) {
        MRT_ERROR(mr_pool_apply(pool, join_from_inside, NULL, 0, &pool,
                                sizeof pool, NULL, 0, NULL),
                  MR_ERR_STATE);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static atomic_int called;

static void be_called(mr_error error, const mr_task_error *first, void *user)
{
    (void)first;
    (void)user;
    sched_yield();
    MRT_EQUAL(error, MR_OK);
    called++;
}

static void join_waits_for_callbacks_and_futures(void)
{
    const mr_async_options options = {.callback = be_called};
    const int64_t number = 7;

    for (int round = 0; round < often(20); round++) {
        mr_future futures[MANY];
        mr_pool pool;

        called = 0;
        if (!make(&pool, 1)) {
            return;
        }
        for (int i = 0; i < MANY; i++) {
            MRT_OK(mr_pool_apply_async(&futures[i], pool, square, NULL, 0,
                                       &number, 8, &out[i], 8,
                                       i % 2 ? &options : NULL));
        }
        MRT_OK(mr_pool_close(pool));
        MRT_OK(mr_pool_join(pool, GUARD));
        MRT_EQUAL(called, MANY / 2);
        for (int i = 0; i < MANY; i++) {
            MRT_OK(mr_future_get(futures[i], 0, NULL));
            MRT_OK(mr_future_destroy(futures[i]));
        }
        MRT_OK(mr_pool_destroy(pool));
    }
}

typedef struct inside {
    mr_pool pool;
    mr_error joined;
    mr_error destroyed;
} inside;

static void join_and_destroy(mr_error error, const mr_task_error *first,
                             void *user)
{
    inside *it = user;

    (void)first;
    MRT_EQUAL(error, MR_OK);
    it->joined = mr_pool_join(it->pool, GUARD);
    it->destroyed = mr_pool_destroy(it->pool);
}

static void callback_can_neither_join_nor_destroy_its_pool(void)
{
    inside it = {.joined = MR_OK};
    const mr_async_options options = {.callback = join_and_destroy,
                                      .user = &it};
    const int64_t number = 7;
    mr_future future;

    if (!make(&it.pool, 1)) {
        return;
    }
    MRT_OK(mr_pool_apply_async(&future, it.pool, square, NULL, 0, &number, 8,
                               &out[0], 8, &options));
    MRT_OK(mr_pool_close(it.pool));
    MRT_OK(mr_future_get(future, GUARD, NULL));
    MRT_EQUAL(it.joined, MR_ERR_STATE);
    MRT_EQUAL(it.destroyed, MR_ERR_STATE);
    MRT_OK(mr_pool_join(it.pool, GUARD));
    MRT_OK(mr_future_destroy(future));
    MRT_OK(mr_pool_destroy(it.pool));
}

/* ---- what a pool tells about its workers --------------------------------- */

static mr_error tell_worker(const void *input, void *output,
                            const mr_task *task)
{
    int64_t *told = output;

    (void)input;
    told[0] = getpid();
    told[1] = task->worker;
    return MR_OK;
}

static void workers_are_the_processes_that_run_tasks(void)
{
    enum { TASKS = 200 };
    size_t workers = 2 * (size_t)mr_size();
    static int64_t told[TASKS][2];
    mr_pool pool;

    if (!make(&pool, workers)) {
        return;
    }
    MRT_OK(mr_pool_map(pool, tell_worker, NULL, 0, NULL, 0, told,
                       sizeof told[0], TASKS, NULL));
    for (size_t i = 0; i < TASKS; i++) {
        mr_pool_worker_info info = {.rank = -1};

        MRT_OK(mr_pool_worker(pool, (size_t)told[i][1], &info));
        MRT_EQUAL(info.pid, told[i][0]);
        MRT_EQUAL(info.rank, told[i][1] % mr_size());
        MRT_CHECK(info.alive);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void worker_that_was_killed_is_not_alive_until_it_is_replaced(void)
{
    mr_pool_worker_info before, after = {.alive = true};
    double end = mrt_now() + GUARD;
    mr_pool pool;

    if (!make(&pool, 1) || !MRT_OK(mr_pool_worker(pool, 0, &before))) {
        return;
    }
    MRT_CHECK(before.alive && kill((pid_t)before.pid, SIGKILL) == 0);
    while (after.alive && mrt_now() < end) {
        MRT_OK(mr_pool_worker(pool, 0, &after));
    }
    MRT_CHECK(!after.alive && after.pid == 0);
    squares(pool, 10, 0);
    MRT_OK(mr_pool_worker(pool, 0, &after));
    MRT_CHECK(after.alive && after.pid != before.pid);
    MRT_OK(mr_pool_close(pool));
    MRT_OK(mr_pool_join(pool, GUARD));
    MRT_OK(mr_pool_worker(pool, 0, &after));
    MRT_CHECK(!after.alive && after.rank == 0);
    MRT_ERROR(mr_pool_worker(pool, 1, &after), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_worker(pool, 0, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_pool_destroy(pool));
    MRT_ERROR(mr_pool_worker(pool, 0, &after), MR_ERR_STALE);
}

/* ---- destroy ------------------------------------------------------------- */

static void destroy_does_not_wait_for_ten_thousand_maps(void)
{
    enum { QUEUED = 10000 };
    static mr_future futures[QUEUED];
    int64_t number = 3, result;
    mr_pool pool;
    int made = 0;
    gate g;

    if (!make(&pool, 1) || !make_gate(&g)) {
        return;
    }
    while (made < QUEUED && MRT_OK(mr_pool_apply_async(
                                &futures[made], pool, wait_at_the_gate, &g,
                                sizeof g, &number, 8, &result, 8, NULL))) {
        made++;
    }
    MRT_OK(mr_pool_destroy(pool)); /* though nobody opens the gate */
    for (int i = 0; i < made; i++) {
        MRT_ERROR(mr_future_get(futures[i], 0, NULL), MR_ERR_CANCELLED);
        MRT_OK(mr_future_destroy(futures[i]));
    }
    destroy_gate(&g);
}

static void closed_pools_leave_nothing(void)
{
    uint64_t before = objects_in_use();

    for (int i = 0; i < often(20); i++) {
        mr_future future;
        mr_pool pool;

        if (!make(&pool, 1)) {
            break;
        }
        begin(&future, pool, square, NULL, 0);
        MRT_OK(mr_pool_close(pool));
        if (i % 2) {
            MRT_OK(mr_pool_join(pool, GUARD));
        }
        MRT_OK(mr_pool_destroy(pool));
        MRT_OK(mr_future_destroy(future));
    }
    await_objects_in_use(before);
}

/* ---- other endpoints ----------------------------------------------------- */

typedef struct given {
    mr_pool pool;
    gate g;
    mr_queue ready;
} given;

static bool make_given(given *it)
{
    return make(&it->pool, 1) && make_gate(&it->g) &&
           MRT_OK(mr_queue_create(&it->ready, NULL));
}

static void destroy_given(given *it)
{
    MRT_OK(mr_pool_destroy(it->pool));
    destroy_gate(&it->g);
    MRT_OK(mr_queue_destroy(it->ready));
}

static int close_with_maps_under_way(const void *argument, size_t size)
{
    const given *it = argument;
    mr_future future;

    (void)size;
    for (int i = 0; i < 12; i++) {
        CHILD_OK(mr_pool_apply_async(&future, it->pool, wait_at_the_gate,
                                     &it->g, sizeof it->g, in, 8, out, 8,
                                     NULL));
    }
    CHILD_OK(mr_pool_close(it->pool));
    CHILD_OK(mr_queue_put(it->ready, NULL, 0, GUARD));
    pause();
    return child_result();
}

static void death_between_close_and_join_hangs_nobody(void)
{
    for (int i = 0; i < 3; i++) {
        mr_process child;
        given it;

        if (!make_given(&it)) {
            return;
        }
        START(&child, rank_of(i), close_with_maps_under_way, &it, sizeof it);
        MRT_OK(mr_queue_get(it.ready, NULL, 0, NULL, GUARD));
        begins_nothing(it.pool);
        MRT_ERROR(mr_pool_join(it.pool, 0.01), MR_ERR_TIMEOUT);
        MRT_OK(mr_process_kill(child));
        MRT_OK(mr_pool_join(it.pool, GUARD));
        END(child, -SIGKILL);
        destroy_given(&it);
    }
}

static int join_it(const void *argument, size_t size)
{
    const given *it = argument;

    (void)size;
    CHILD_OK(mr_queue_put(it->ready, NULL, 0, GUARD));
    CHILD_OK(mr_pool_join(it->pool, GUARD));
    return child_result();
}

/* One of those that join is killed. */
static void endpoints_of_each_rank_join(void)
{
    enum { CHILDREN = 4 };
    mr_process children[CHILDREN];
    mr_future future;
    given it;

    if (!make_given(&it)) {
        return;
    }
    begin(&future, it.pool, wait_at_the_gate, &it.g, 0);
    MRT_OK(mr_pool_close(it.pool));
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), join_it, &it, sizeof it);
    }
    for (int i = 0; i < CHILDREN; i++) {
        MRT_OK(mr_queue_get(it.ready, NULL, 0, NULL, GUARD));
    }
    MRT_OK(mr_process_kill(children[0]));
    END(children[0], -SIGKILL);
    open_gate(&it.g, 1);
    for (int i = 1; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_future_get(future, 0, NULL));
    MRT_OK(mr_future_destroy(future));
    destroy_given(&it);
}

static int map_until_closed(const void *argument, size_t size)
{
    const given *it = argument;
    int64_t number = 3, result;
    mr_error error = MR_OK;

    (void)size;
    CHILD_OK(mr_queue_put(it->ready, NULL, 0, GUARD));
    while (!error) {
        error = mr_pool_apply(it->pool, square, NULL, 0, &number, 8, &result, 8,
                              NULL);
    }
    while (error == MR_ERR_CLOSED) {
        error = mr_pool_apply(it->pool, square, NULL, 0, &number, 8, &result, 8,
                              NULL);
    }
    CHILD_CHECK(error == MR_ERR_STALE);
    return child_result();
}

static void joined_pool_is_destroyed_while_others_ask_for_maps(void)
{
    enum { CHILDREN = 3 };

    for (int round = 0; round < often(20); round++) {
        mr_process children[CHILDREN];
        given it;

        if (!make_given(&it)) {
            return;
        }
        for (int i = 0; i < CHILDREN; i++) {
            START(&children[i], rank_of(i), map_until_closed, &it, sizeof it);
        }
        for (int i = 0; i < CHILDREN; i++) {
            MRT_OK(mr_queue_get(it.ready, NULL, 0, NULL, GUARD));
        }
        MRT_OK(mr_pool_close(it.pool));
        MRT_OK(mr_pool_join(it.pool, GUARD));
        destroy_given(&it);
        for (int i = 0; i < CHILDREN; i++) {
            END(children[i], 0);
        }
    }
}

/* More maps than begin at a time: so entries of the pool come and go. */
static int begin_many(const void *argument, size_t size)
{
    const given *it = argument;
    mr_future futures[MANY];

    (void)size;
    for (int i = 0; i < MANY; i++) {
        in[i] = i;
        CHILD_OK(mr_pool_apply_async(&futures[i], it->pool, square, NULL, 0,
                                     &in[i], 8, &out[i], 8, NULL));
    }
    CHILD_OK(mr_pool_close(it->pool));
    CHILD_OK(mr_queue_put(it->ready, NULL, 0, GUARD));
    for (int i = MANY; i-- > 0;) {
        CHILD_OK(mr_future_get(futures[i], GUARD, NULL));
        CHILD_CHECK(out[i] == (int64_t)i * i);
        CHILD_OK(mr_future_destroy(futures[i]));
    }
    return child_result();
}

static void join_misses_no_map_that_begins_meanwhile(void)
{
    for (int round = 0; round < often(100); round++) {
        mr_error error = MR_ERR_TIMEOUT;
        mr_process child;
        given it;

        if (!make_given(&it)) {
            return;
        }
        START(&child, rank_of(round), begin_many, &it, sizeof it);
        MRT_OK(mr_queue_get(it.ready, NULL, 0, NULL, GUARD));
        while (error == MR_ERR_TIMEOUT) {
            error = mr_pool_join(it.pool, 0);
        }
        MRT_OK(error);
        END(child, 0);
        destroy_given(&it);
    }
}

static const mrt_test tests[] = {
    {"closed_pool_begins_nothing_new", closed_pool_begins_nothing_new, 0},
    {"join_of_an_open_pool_is_refused", join_of_an_open_pool_is_refused, 0},
    {"maps_that_wait_when_a_pool_is_closed_go_on",
     maps_that_wait_when_a_pool_is_closed_go_on, 0},
    {"iterator_of_a_closed_pool_gives_all_results",
     iterator_of_a_closed_pool_gives_all_results, 0},
    {"join_ends_the_child_workers", join_ends_the_child_workers, 0},
    {"task_cannot_join_its_pool", task_cannot_join_its_pool, 0},
    {"join_waits_for_callbacks_and_futures",
     join_waits_for_callbacks_and_futures, 60},
    {"callback_can_neither_join_nor_destroy_its_pool",
     callback_can_neither_join_nor_destroy_its_pool, 0},
    {"workers_are_the_processes_that_run_tasks",
     workers_are_the_processes_that_run_tasks, 0},
    {"worker_that_was_killed_is_not_alive_until_it_is_replaced",
     worker_that_was_killed_is_not_alive_until_it_is_replaced, 0},
    {"destroy_does_not_wait_for_ten_thousand_maps",
     destroy_does_not_wait_for_ten_thousand_maps, 60},
    {"closed_pools_leave_nothing", closed_pools_leave_nothing, 60},
    {"death_between_close_and_join_hangs_nobody",
     death_between_close_and_join_hangs_nobody, 60},
    {"endpoints_of_each_rank_join", endpoints_of_each_rank_join, 0},
    {"joined_pool_is_destroyed_while_others_ask_for_maps",
     joined_pool_is_destroyed_while_others_ask_for_maps, 60},
    {"join_misses_no_map_that_begins_meanwhile",
     join_misses_no_map_that_begins_meanwhile, 60},
};

int main(int argc, char **argv)
{
    return suite_main("pool_life", tests, MRT_COUNT(tests), argc, argv);
}
