/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asynchronous maps: futures tell how they end, work goes on by itself, and
 * nothing hangs or is left when they are cancelled, or their endpoint dies.
 */
#include "mpi/iterate_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { MANY = 500 };

static int64_t in[MANY], out[MANY];

static void prepare(void)
{
    for (int i = 0; i < MANY; i++) {
        in[i] = i;
        out[i] = -1;
    }
}

static bool begin(mr_future *future, mr_pool pool, mr_task_function *function,
                  const gate *g, size_t count, const mr_async_options *options)
{
    return MRT_OK(mr_pool_map_async(future, pool, function, g,
                                    g ? sizeof *g : 0, in, sizeof *in, out,
                                    sizeof *out, count, options));
}

static void check_squares(const int64_t *outputs, int64_t first, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        int64_t n = first + (int64_t)i;

        wrong += outputs[i] != n * n;
    }
    MRT_EQUAL(wrong, 0);
}

/* Counts itself and waits at the gate. */
static mr_error wait_at_the_gate(const void *input, void *output,
                                 const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = count_oneself(g);

    error = error ? error : mr_queue_get(g->open, NULL, 0, NULL, GUARD);
    return error ? error : square(input, output, task);
}

static void open_gate(const gate *g, int count)
{
    for (int i = 0; i < count; i++) {
        MRT_OK(mr_queue_put(g->open, NULL, 0, GUARD));
    }
}

static void await_begun(const gate *g, int64_t count)
{
    double end = mrt_now() + GUARD;

    while (begun(g) < count && mrt_now() < end) {
        mrt_pause();
    }
    MRT_CHECK(begun(g) >= count);
}

/* ---- how it ends --------------------------------------------------------- */

static void future_gives_the_outputs_of_a_map(void)
{
    mr_task_error first = {.code = MR_ERR_USER};
    mr_future future;
    mr_pool pool;

    prepare();
    if (!make(&pool, 0)) {
        return;
    }
    for (size_t count = 0; count < MANY; count = 3 * count + 1) {
        if (begin(&future, pool, square, NULL, count, NULL)) {
            MRT_OK(mr_future_get(future, GUARD, &first));
            MRT_EQUAL(first.code, MR_OK);
            check_squares(out, 0, count);
            MRT_OK(mr_future_get(future, 0, NULL));
            MRT_OK(mr_future_destroy(future));
            MRT_ERROR(mr_future_get(future, 0, NULL), MR_ERR_STALE);
        }
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void many_futures_are_under_way_at_a_time(void)
{
    static mr_future futures[MANY];
    mr_pool pool;

    prepare();
    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    for (int i = 0; i < MANY; i++) {
        MRT_OK(mr_pool_apply_async(&futures[i], pool, square, NULL, 0, &in[i],
                                   sizeof in[i], &out[i], sizeof out[i], NULL));
    }
    squares(pool, 20, 0);
    for (int i = MANY; i-- > 0;) {
        MRT_OK(mr_future_get(futures[i], GUARD, NULL));
        MRT_OK(mr_future_destroy(futures[i]));
    }
    check_squares(out, 0, MANY);
    MRT_OK(mr_pool_destroy(pool));
}

static void future_is_not_ready_before_the_end(void)
{
    bool ready = true, successful = false;
    mr_future future;
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 0) || !make_gate(&g) ||
        !begin(&future, pool, wait_at_the_gate, &g, 1, NULL)) {
        return;
    }
    MRT_ERROR(mr_future_get(future, 0, NULL), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_future_wait(future, SHORT), MR_ERR_TIMEOUT);
    MRT_OK(mr_future_ready(future, &ready));
    MRT_CHECK(!ready);
    MRT_ERROR(mr_future_successful(future, &successful), MR_ERR_STATE);
    open_gate(&g, 1);
    MRT_OK(mr_future_wait(future, GUARD));
    MRT_OK(mr_future_ready(future, &ready));
    MRT_CHECK(ready);
    MRT_OK(mr_future_successful(future, &successful));
    MRT_CHECK(successful);
    MRT_OK(mr_future_get(future, 0, NULL));
    MRT_OK(mr_future_destroy(future));
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error fail_in_the_middle(const void *input, void *output,
                                   const mr_task *task)
{
    return task->index == 7 ? mr_task_fail(MR_ERR_USER + 3, "row %d", 7)
                            : square(input, output, task);
}

static void future_tells_the_first_failure(void)
{
    mr_task_error first;
    bool successful = true;
    mr_future future;
    mr_pool pool;

    prepare();
    if (!make(&pool, 0) ||
        !begin(&future, pool, fail_in_the_middle, NULL, 20, NULL)) {
        return;
    }
    MRT_ERROR(mr_future_get(future, GUARD, &first), MR_ERR_USER + 3);
    MRT_EQUAL(first.code, MR_ERR_USER + 3);
    MRT_EQUAL(first.index, 7);
    MRT_TEXT(first.text, "row 7");
    MRT_OK(mr_future_successful(future, &successful));
    MRT_CHECK(!successful);
    check_squares(out, 0, 7);
    MRT_OK(mr_future_destroy(future));
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error die_in_a_child(const void *input, void *output,
                               const mr_task *task)
{
    if (task->index % 20 == 7 && in_child()) {
        raise(SIGSEGV);
    }
    return square(input, output, task);
}

static void future_survives_the_death_of_workers(void)
{
    mr_future future;
    mr_pool pool;

    prepare();
    if (!make(&pool, (size_t)mr_size() + 2)) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        const mr_async_options options = {.chunk = 1};

        if (begin(&future, pool, die_in_a_child, NULL, 60, &options)) {
            mr_error error = mr_future_get(future, GUARD, NULL);

            MRT_CHECK(error == MR_OK || error == MR_ERR_WORKER_DIED);
            check_squares(out, 0, 7);
            check_squares(out + 8, 8, 19);
            MRT_OK(mr_future_destroy(future));
        }
    }
    squares(pool, 50, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_ends_at_its_time_out_though_nobody_waits(void)
{
    const mr_async_options options = {.timeout = SHORT, .chunk = 1};
    double end = mrt_now() + GUARD;
    bool ready = false;
    mr_future future;
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 1) || !make_gate(&g) ||
        !begin(&future, pool, wait_at_the_gate, &g, 10, &options)) {
        return;
    }
    while (!ready && mrt_now() < end &&
           MRT_OK(mr_future_ready(future, &ready))) {
        mrt_pause();
    }
    MRT_CHECK(ready);
    MRT_ERROR(mr_future_get(future, GUARD, NULL), MR_ERR_TIMEOUT);
    open_gate(&g, 1);
    MRT_OK(mr_future_destroy(future));
    squares(pool, 10, 1);
    MRT_CHECK(begun(&g) <= 1); /* none, if the worker came too late */
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- callbacks ----------------------------------------------------------- */

typedef struct called {
    atomic_int times;
    atomic_int failures;
    mr_future future;
    bool was_ready;
    pthread_t thread;
} called;

static void note_call(mr_error error, const mr_task_error *first, void *user)
{
    called *c = user;

    c->thread = pthread_self();
    atomic_fetch_add(&c->failures, error != MR_OK && first->index == 7);
    atomic_fetch_add(&c->times, 1);
}

static void callback_is_called_once_by_one_thread(void)
{
    enum { FUTURES = 20 };
    static called c[FUTURES];
    mr_future futures[FUTURES];
    mr_pool pool;

    prepare();
    if (!make(&pool, 0)) {
        return;
    }
    for (int i = 0; i < FUTURES; i++) {
        const mr_async_options options = {.callback = note_call, .user = &c[i]};

        c[i] = (called){.times = 0};
        begin(&futures[i], pool, i % 2 ? fail_in_the_middle : square, NULL, 20,
              &options);
    }
    for (int i = 0; i < FUTURES; i++) {
        mr_error error = mr_future_get(futures[i], GUARD, NULL);

        MRT_EQUAL(error, i % 2 ? MR_ERR_USER + 3 : MR_OK);
        MRT_EQUAL(atomic_load(&c[i].times), 1); /* before it was ready */
        MRT_EQUAL(atomic_load(&c[i].failures), i % 2);
        MRT_CHECK(pthread_equal(c[i].thread, c[0].thread));
        MRT_CHECK(!pthread_equal(c[i].thread, pthread_self()));
        MRT_OK(mr_future_destroy(futures[i]));
    }
    MRT_OK(mr_pool_destroy(pool));
}

typedef struct chain {
    mr_pool pool;
    atomic_int left;
    atomic_int errors;
    mr_queue over;
} chain;

/* Begins the next map from inside the callback. */
static void go_on_with_chain(mr_error error, const mr_task_error *first,
                             void *user)
{
    const mr_async_options options = {.callback = go_on_with_chain,
                                      .user = user};
    chain *c = user;
    mr_future next;

    (void)first;
    atomic_fetch_add(&c->errors, error != MR_OK);
    if (atomic_fetch_sub(&c->left, 1) > 1) {
        error = mr_pool_map_async(&next, c->pool, square, NULL, 0, in, 8, out,
                                  8, 10, &options);
    } else {
        error = mr_queue_put(c->over, NULL, 0, GUARD);
    }
    atomic_fetch_add(&c->errors, error != MR_OK);
}

static void callback_may_begin_other_maps(void)
{
    chain c = {.left = 20};

    prepare();
    if (!make(&c.pool, 0) || !MRT_OK(mr_queue_create(&c.over, NULL))) {
        return;
    }
    go_on_with_chain(MR_OK, NULL, &c);
    MRT_OK(mr_queue_get(c.over, NULL, 0, NULL, GUARD));
    MRT_EQUAL(atomic_load(&c.errors), 0);
    MRT_OK(mr_pool_destroy(c.pool));
    MRT_OK(mr_queue_destroy(c.over));
}

/* ---- it goes on by itself ------------------------------------------------ */

static mr_error count_and_square(const void *input, void *output,
                                 const mr_task *task)
{
    mr_error error = count_oneself(task->context);

    return error ? error : square(input, output, task);
}

/* The inputs are copied in several batches, and those of other nodes get less
 * and less: all this happens while the caller does not call the library. */
static void work_goes_on_while_the_caller_does_something_else(void)
{
    const mr_async_options options = {.chunk = 1};
    mr_future future;
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 0) || !make_gate(&g) ||
        !begin(&future, pool, count_and_square, &g, MANY, &options)) {
        return;
    }
    await_begun(&g, MANY); /* asks nothing of the future */
    MRT_OK(mr_future_get(future, GUARD, NULL));
    check_squares(out, 0, MANY);
    MRT_OK(mr_future_destroy(future));
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

static void progress_tells_how_far_a_map_has_come(void)
{
    const mr_async_options options = {.chunk = 1};
    mr_progress progress = {.ended = 99};
    double end = mrt_now() + GUARD;
    mr_future future;
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 1) || !make_gate(&g) ||
        !begin(&future, pool, wait_at_the_gate, &g, 10, &options)) {
        return;
    }
    MRT_OK(mr_future_progress(future, &progress));
    MRT_EQUAL(progress.tasks, 10);
    MRT_EQUAL(progress.ended, 0);
    open_gate(&g, 4);
    while (progress.ended < 4 && mrt_now() < end) {
        MRT_OK(mr_future_progress(future, &progress));
        mrt_pause();
    }
    MRT_EQUAL(progress.ended, 4);
    open_gate(&g, 6);
    MRT_OK(mr_future_get(future, GUARD, NULL));
    MRT_OK(mr_future_progress(future, &progress));
    MRT_EQUAL(progress.ended, 10);
    MRT_OK(mr_future_destroy(future));
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

static void mr_wait_waits_for_futures(void)
{
    mr_future futures[2];
    bool ready[2];
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 2 * (size_t)mr_size()) || !make_gate(&g) ||
        !begin(&futures[0], pool, wait_at_the_gate, &g, 1, NULL) ||
        !MRT_OK(mr_pool_apply_async(&futures[1], pool, square, NULL, 0, in, 8,
                                    out, 8, NULL))) {
        return;
    }
    const mr_handle handles[] = {futures[0].handle, futures[1].handle};

    MRT_OK(mr_wait(handles, 2, GUARD, ready));
    MRT_CHECK(!ready[0] && ready[1]);
    MRT_ERROR(mr_wait(handles, 1, SHORT, ready), MR_ERR_TIMEOUT);
    open_gate(&g, 1);
    MRT_OK(mr_wait(handles, 1, GUARD, ready));
    MRT_OK(mr_future_destroy(futures[0]));
    MRT_OK(mr_future_destroy(futures[1]));
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- cancelling ---------------------------------------------------------- */

static void cancelled_map_begins_no_more_tasks(void)
{
    const mr_async_options options = {.chunk = 1};
    mr_future future;
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 1) || !make_gate(&g) ||
        !begin(&future, pool, wait_at_the_gate, &g, 50, &options)) {
        return;
    }
    await_begun(&g, 1);
    MRT_OK(mr_future_cancel(future));
    MRT_ERROR(mr_future_get(future, GUARD, NULL), MR_ERR_CANCELLED);
    MRT_OK(mr_future_cancel(future));
    open_gate(&g, 1);
    squares(pool, 10, 1);
    MRT_EQUAL(begun(&g), 1);
    MRT_OK(mr_future_destroy(future));
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* Also those whose turn has not come. */
static void futures_end_with_their_pool(void)
{
    enum { FUTURES = 30 };
    mr_future futures[FUTURES];
    mr_pool pool, other;
    gate g;

    prepare();
    if (!make(&pool, 1) || !make(&other, 1) || !make_gate(&g)) {
        return;
    }
    for (int i = 0; i < FUTURES; i++) {
        begin(&futures[i], pool, wait_at_the_gate, &g, 1, NULL);
    }
    MRT_OK(mr_future_cancel(futures[FUTURES - 1]));
    MRT_ERROR(mr_future_get(futures[FUTURES - 1], GUARD, NULL),
              MR_ERR_CANCELLED);
    MRT_OK(mr_future_destroy(futures[FUTURES - 2]));
    await_begun(&g, 1);
    MRT_OK(mr_pool_destroy(pool));
    for (int i = 0; i < FUTURES; i++) {
        if (i != FUTURES - 2) {
            MRT_ERROR(mr_future_get(futures[i], 0, NULL), MR_ERR_CANCELLED);
            MRT_OK(mr_future_destroy(futures[i]));
        }
    }
    squares(other, 10, 0);
    MRT_OK(mr_pool_destroy(other));
    destroy_gate(&g);
}

/* ---- other endpoints ----------------------------------------------------- */

static int get_future(const void *argument, size_t size)
{
    const mr_future *future = argument;
    mr_task_error first;
    mr_progress progress;

    (void)size;
    CHILD_OK(mr_future_get(*future, GUARD, &first));
    CHILD_OK(mr_future_progress(*future, &progress));
    CHILD_CHECK(progress.ended == 5 && first.code == MR_OK);
    return child_result();
}

static void endpoints_of_each_rank_wait_for_a_future(void)
{
    mr_process children[3];
    mr_future future;
    mr_pool pool;
    gate g;

    prepare();
    if (!make(&pool, 2 * (size_t)mr_size()) || !make_gate(&g) ||
        !begin(&future, pool, wait_at_the_gate, &g, 5, NULL)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        START(&children[i], rank_of(i), get_future, &future, sizeof future);
    }
    open_gate(&g, 5);
    for (int i = 0; i < 3; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_future_destroy(future));
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

typedef struct given {
    mr_pool pool;
    gate g;
    mr_queue futures;
} given;

static bool make_given(given *it)
{
    prepare();
    return make(&it->pool, 1) && make_gate(&it->g) &&
           MRT_OK(mr_queue_create(&it->futures, NULL));
}

static void destroy_given(const given *it)
{
    MRT_OK(mr_pool_destroy(it->pool));
    destroy_gate(&it->g);
    MRT_OK(mr_queue_destroy(it->futures));
}

static int begin_and_be_killed(const void *argument, size_t size)
{
    const given *it = argument;
    mr_future future;

    (void)size;
    CHILD_OK(mr_pool_map_async(&future, it->pool, wait_at_the_gate, &it->g,
                               sizeof it->g, in, 8, out, 8, 3, NULL));
    CHILD_OK(mr_queue_put(it->futures, &future, sizeof future, GUARD));
    pause();
    return child_result();
}

static void future_of_a_killed_endpoint_is_cancelled(void)
{
    mr_future future;
    given it;

    if (!make_given(&it)) {
        return;
    }
    for (int i = 0; i < often(5); i++) {
        mr_process child;

        START(&child, rank_of(i), begin_and_be_killed, &it, sizeof it);
        MRT_OK(mr_queue_get(it.futures, &future, sizeof future, NULL, GUARD));
        MRT_ERROR(mr_future_destroy(future), MR_ERR_STATE);
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        MRT_ERROR(mr_future_get(future, GUARD, NULL), MR_ERR_CANCELLED);
        MRT_OK(mr_future_destroy(future));
        open_gate(&it.g, 1); /* for the task that may have begun */
    }
    destroy_given(&it);
}

static int end_with_open_futures(const void *argument, size_t size)
{
    const given *it = argument;
    mr_future future;

    (void)size;
    for (int i = 0; i < 12; i++) {
        CHILD_OK(mr_pool_map_async(&future, it->pool, wait_at_the_gate, &it->g,
                                   sizeof it->g, in, 8, out, 8, 3, NULL));
    }
    CHILD_OK(mr_queue_put(it->futures, &future, sizeof future, GUARD));
    return child_result();
}

static void endpoint_may_end_with_open_futures(void)
{
    mr_future future;
    given it;

    if (!make_given(&it)) {
        return;
    }
    for (int i = 0; i < mr_size(); i++) {
        RUN(i, end_with_open_futures, &it, sizeof it);
        MRT_OK(mr_queue_get(it.futures, &future, sizeof future, NULL, GUARD));
        MRT_ERROR(mr_future_get(future, GUARD, NULL), MR_ERR_CANCELLED);
        open_gate(&it.g, 12);
    }
    destroy_given(&it);
}

/* ---- arguments, and what is left ----------------------------------------- */

static void asynchronous_maps_refuse_bad_arguments(void)
{
    const mr_async_options bad = {.timeout = NOT_A_NUMBER};
    mr_future future = {{0}};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(
        mr_pool_map_async(NULL, pool, square, NULL, 0, in, 8, out, 8, 1, NULL),
        MR_ERR_ARGUMENT);
    MRT_ERROR(
        mr_pool_map_async(&future, pool, NULL, NULL, 0, in, 8, out, 8, 1, NULL),
        MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map_async(&future, pool, square, NULL, 0, NULL, 8, out, 8,
                                1, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map_async(&future, pool, square, NULL, 0, in, 8, out, 8,
                                1, &bad),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_apply_async(&future, pool, square, NULL, 0, NULL, 8, out,
                                  8, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_future_get(future, 0, NULL), MR_ERR_STALE);
    MRT_ERROR(mr_future_destroy(future), MR_ERR_STALE);
    MRT_ERROR(mr_future_ready(future, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_future_successful(future, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_future_progress(future, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_future_get(future, NOT_A_NUMBER, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_pool_destroy(pool));
    MRT_ERROR(mr_pool_map_async(&future, pool, square, NULL, 0, in, 8, out, 8,
                                1, NULL),
              MR_ERR_STALE);
}

static void ten_thousand_futures_leave_nothing(void)
{
    uint64_t before;
    mr_pool pool;

    prepare();
    if (!make(&pool, 0)) {
        return;
    }
    squares(pool, 10, 0);
    before = objects_in_use();
    for (int i = 0; i < often(several_nodes() ? 1000 : 10000); i++) {
        mr_future future;

        if (!begin(&future, pool, square, NULL, 3, NULL) ||
            !MRT_OK(mr_future_get(future, GUARD, NULL)) ||
            !MRT_OK(mr_future_destroy(future))) {
            break;
        }
    }
    await_objects_in_use(before);
    MRT_OK(mr_pool_destroy(pool));
}

static const mrt_test tests[] = {
    {"future_gives_the_outputs_of_a_map", future_gives_the_outputs_of_a_map, 0},
    {"many_futures_are_under_way_at_a_time",
     many_futures_are_under_way_at_a_time, 60},
    {"future_is_not_ready_before_the_end", future_is_not_ready_before_the_end,
     0},
    {"future_tells_the_first_failure", future_tells_the_first_failure, 0},
    {"future_survives_the_death_of_workers",
     future_survives_the_death_of_workers, 60},
    {"map_ends_at_its_time_out_though_nobody_waits",
     map_ends_at_its_time_out_though_nobody_waits, 0},
    {"callback_is_called_once_by_one_thread",
     callback_is_called_once_by_one_thread, 0},
    {"callback_may_begin_other_maps", callback_may_begin_other_maps, 0},
    {"work_goes_on_while_the_caller_does_something_else",
     work_goes_on_while_the_caller_does_something_else, 0},
    {"progress_tells_how_far_a_map_has_come",
     progress_tells_how_far_a_map_has_come, 0},
    {"mr_wait_waits_for_futures", mr_wait_waits_for_futures, 0},
    {"cancelled_map_begins_no_more_tasks", cancelled_map_begins_no_more_tasks,
     0},
    {"futures_end_with_their_pool", futures_end_with_their_pool, 0},
    {"endpoints_of_each_rank_wait_for_a_future",
     endpoints_of_each_rank_wait_for_a_future, 0},
    {"future_of_a_killed_endpoint_is_cancelled",
     future_of_a_killed_endpoint_is_cancelled, 60},
    {"endpoint_may_end_with_open_futures", endpoint_may_end_with_open_futures,
     60},
    {"asynchronous_maps_refuse_bad_arguments",
     asynchronous_maps_refuse_bad_arguments, 0},
    {"ten_thousand_futures_leave_nothing", ten_thousand_futures_leave_nothing,
     60},
};

int main(int argc, char **argv)
{
    return suite_main("pool_async", tests, MRT_COUNT(tests), argc, argv);
}
