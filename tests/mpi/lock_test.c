/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_lock: one holder at a time, also after deaths.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static bool make(mr_lock *lock, int rank)
{
    const mr_lock_options options = {.place = MR_ON_RANK(rank)};

    return MRT_OK(mr_lock_create(lock, &options));
}

/* What it refuses */

static void lock_create_refuses_null(void)
{
    MRT_ERROR(mr_lock_create(NULL, NULL), MR_ERR_ARGUMENT);
}

static void lock_create_refuses_ranks_that_do_not_exist(void)
{
    const int places[] = {MR_ON_RANK(mr_size()), -1, INT32_MAX, INT32_MIN};
    mr_lock lock;

    for (size_t i = 0; i < MRT_COUNT(places); i++) {
        const mr_lock_options options = {.place = places[i]};

        MRT_ERROR(mr_lock_create(&lock, &options), MR_ERR_ARGUMENT);
    }
}

static void lock_acquire_refuses_nan(void)
{
    mr_lock lock;

    if (make(&lock, 0)) {
        MRT_ERROR(mr_lock_acquire(lock, NOT_A_NUMBER), MR_ERR_ARGUMENT);
        MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
        MRT_OK(mr_lock_destroy(lock));
    }
}

static void everything_is_stale(mr_lock lock)
{
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_STALE);
    MRT_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_STALE);
    MRT_ERROR(mr_lock_release(lock), MR_ERR_STALE);
    MRT_ERROR(mr_lock_destroy(lock), MR_ERR_STALE);
}

static void lock_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_lock lock, next;

        if (!make(&lock, rank)) {
            return;
        }
        MRT_OK(mr_lock_destroy(lock));
        everything_is_stale(lock);
        if (make(&next, rank)) {
            everything_is_stale(lock);
            MRT_OK(mr_lock_destroy(next));
        }
    }
}

static void lock_can_be_destroyed_while_held(void)
{
    mr_lock lock;

    if (make(&lock, mr_size() - 1)) {
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_OK(mr_lock_destroy(lock));
        everything_is_stale(lock);
    }
}

static void lock_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_queue queue;
    mr_lock lock;

    if (!make(&lock, mr_size() - 1)) {
        return;
    }
    strange_handles(lock.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_lock){strange[i]});
    }
    if (MRT_OK(mr_queue_create(&queue, NULL))) {
        everything_is_stale((mr_lock){queue.handle});
        MRT_OK(mr_queue_destroy(queue));
    }
    MRT_OK(mr_lock_destroy(lock));
}

/* One holder at a time */

static void lock_has_one_holder(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_lock lock;

        if (!make(&lock, rank)) {
            return;
        }
        for (int i = 0; i < 3; i++) {
            MRT_OK(mr_lock_acquire(lock, 0));
            MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_TIMEOUT);
            MRT_OK(mr_lock_release(lock));
        }
        MRT_OK(mr_lock_acquire(lock, MR_FOREVER));
        MRT_OK(mr_lock_release(lock));
        MRT_OK(mr_lock_destroy(lock));
    }
}

static void lock_acquire_times_out_while_held(void)
{
    mr_lock lock;
    double started;

    if (!make(&lock, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_lock_acquire(lock, 0));
    started = mrt_now();
    MRT_ERROR(mr_lock_acquire(lock, SHORT), MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_lock_acquire(lock, SHORT));
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_lock_destroy(lock));
}

static void lock_release_of_a_free_lock_is_an_error(void)
{
    mr_lock lock;

    if (!make(&lock, mr_size() - 1)) {
        return;
    }
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_release(lock));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_lock_destroy(lock));
}

static int release_it(const void *argument, size_t size)
{
    (void)size;
    CHILD_OK(mr_lock_release(*(const mr_lock *)argument));
    return child_result();
}

static void lock_may_be_released_by_anybody(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_lock lock;

        if (!make(&lock, rank_of(rank + 1))) {
            return;
        }
        MRT_OK(mr_lock_acquire(lock, 0));
        RUN(rank, release_it, &lock, sizeof lock);
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_OK(mr_lock_release(lock));
        MRT_OK(mr_lock_destroy(lock));
    }
}

/* Mutual exclusion: a counter that only the lock protects */

enum { CHILDREN = 4, TIMES = 1000 };

typedef struct counting {
    mr_lock lock;
    mr_array counter; /* [0] the counter, [1] those inside */
} counting;

/* Widens the window between the load and the store. */
static bool count_in_memory(volatile int64_t *cells)
{
    bool alone = ++cells[1] == 1;
    int64_t number = cells[0];

    for (volatile int i = 0; i < 20; i++) {
    }
    cells[0] = number + 1;
    return --cells[1] == 0 && alone;
}

/* The same where the cells lie on another node. */
static bool count_by_calls(mr_array cells)
{
    const int64_t enter = 1, leave = -1;
    int64_t before = -1, number = -1, after = -1;
    bool done = mr_array_add(cells, 1, &enter, &before) == MR_OK &&
                mr_array_get(cells, 0, 1, &number) == MR_OK;

    number++;
    return done && mr_array_set(cells, 0, 1, &number) == MR_OK &&
           mr_array_add(cells, 1, &leave, &after) == MR_OK && before == 0 &&
           after == 1;
}

static bool count_once(const counting *c)
{
    void *cells;
    mr_error error = mr_array_data(c->counter, &cells);

    if (error == MR_ERR_FAR) {
        return count_by_calls(c->counter);
    }
    return error == MR_OK && count_in_memory(cells);
}

static int count_under_the_lock(const void *argument, size_t size)
{
    const counting *c = argument;

    (void)size;
    for (int i = 0; i < often(TIMES); i++) {
        CHILD_OK(mr_lock_acquire(c->lock, GUARD));
        CHILD_CHECK(count_once(c));
        CHILD_OK(mr_lock_release(c->lock));
    }
    return child_result();
}

static void *count_in_a_thread(void *argument)
{
    const counting *c = argument;

    for (int i = 0; i < often(TIMES); i++) {
        MRT_OK(mr_lock_acquire(c->lock, GUARD));
        MRT_CHECK(count_once(c));
        MRT_OK(mr_lock_release(c->lock));
    }
    return NULL;
}

static bool make_counting(counting *c, int rank)
{
    return make(&c->lock, rank) &&
           MRT_OK(mr_array_create(&c->counter, MR_INT64, 2, NULL, NULL));
}

static void end_counting(const counting *c, int64_t expected)
{
    int64_t cells[2] = {-1, -1};

    MRT_OK(mr_array_get(c->counter, 0, 2, cells));
    MRT_EQUAL(cells[0], expected);
    MRT_EQUAL(cells[1], 0);
    MRT_OK(mr_array_destroy(c->counter));
    MRT_OK(mr_lock_destroy(c->lock));
}

static void lock_excludes_processes(void)
{
    for (int owner = 0; owner < mr_size(); owner += mr_size() / 2 + 1) {
        mr_process children[CHILDREN];
        counting c;

        if (!make_counting(&c, owner)) {
            return;
        }
        for (int i = 0; i < CHILDREN; i++) {
            START(&children[i], rank_of(i), count_under_the_lock, &c, sizeof c);
        }
        for (int i = 0; i < CHILDREN; i++) {
            END(children[i], 0);
        }
        end_counting(&c, CHILDREN * often(TIMES));
    }
}

static void lock_excludes_threads_and_children(void)
{
    mr_process children[2];
    pthread_t threads[2];
    counting c;

    if (!make_counting(&c, 0)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        START(&children[i], rank_of(i), count_under_the_lock, &c, sizeof c);
        pthread_create(&threads[i], NULL, count_in_a_thread, &c);
    }
    for (int i = 0; i < 2; i++) {
        END(children[i], 0);
        pthread_join(threads[i], NULL);
    }
    end_counting(&c, 4 * often(TIMES));
}

static mr_error count_in_a_task(const void *input, void *output,
                                const mr_task *task)
{
    const counting *c = task->context;
    mr_error error = mr_lock_acquire(c->lock, GUARD);

    (void)input;
    (void)output;
    if (error != MR_OK) {
        return error;
    }
    count_once(c);
    return mr_lock_release(c->lock);
}

static void lock_excludes_the_tasks_of_a_pool(void)
{
    mr_pool pool;
    counting c;

    if (!make_counting(&c, mr_size() - 1) ||
        !MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, count_in_a_task, &c, sizeof c, NULL, 0, NULL, 0,
                       (size_t)often(2000), NULL));
    MRT_OK(mr_pool_destroy(pool));
    end_counting(&c, often(2000));
}

/* Gives up again and again; it must not leave a lock that is lost. */
static int count_impatiently(const void *argument, size_t size)
{
    const counting *c = argument;
    int done = 0;

    (void)size;
    while (done < often(TIMES)) {
        mr_error error = mr_lock_acquire(c->lock, done % 3 * 20e-6);

        if (error == MR_OK) {
            CHILD_CHECK(count_once(c));
            CHILD_OK(mr_lock_release(c->lock));
            done++;
        } else if (!CHILD_ERROR(error, MR_ERR_TIMEOUT)) {
            break;
        }
    }
    return child_result();
}

static void lock_survives_waiters_that_give_up(void)
{
    mr_process children[CHILDREN];
    counting c;

    if (!make_counting(&c, mr_size() - 1)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i),
              i < 2 ? count_impatiently : count_under_the_lock, &c, sizeof c);
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    end_counting(&c, CHILDREN * often(TIMES));
}

/* Death of a holder, death of a waiter */

typedef struct scene {
    mr_lock lock;
    mr_queue ready, go;
} scene;

static bool make_scene(scene *s)
{
    return make(&s->lock, mr_size() - 1) &&
           MRT_OK(mr_queue_create(&s->ready, NULL)) &&
           MRT_OK(mr_queue_create(&s->go, NULL));
}

static void destroy_scene(const scene *s)
{
    MRT_OK(mr_lock_destroy(s->lock));
    MRT_OK(mr_queue_destroy(s->ready));
    MRT_OK(mr_queue_destroy(s->go));
}

static bool await_ready(const scene *s)
{
    return MRT_OK(mr_queue_get(s->ready, NULL, 0, NULL, GUARD));
}

static int hold_until_told(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

static void is_a_normal_lock(mr_lock lock)
{
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(lock));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
}

static void lock_of_a_killed_holder_is_passed_on(void)
{
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, hold_until_told, &s, sizeof s);
        await_ready(&s);
        MRT_ERROR(mr_lock_acquire(s.lock, 0), MR_ERR_TIMEOUT);
        MRT_OK(mr_process_kill(child));
        MRT_ERROR(mr_lock_acquire(s.lock, GUARD), MR_ERR_HOLDER_DIED);
        MRT_ERROR(mr_lock_acquire(s.lock, 0), MR_ERR_TIMEOUT);
        MRT_OK(mr_lock_release(s.lock));
        is_a_normal_lock(s.lock);
        END(child, -SIGKILL);
        is_a_normal_lock(s.lock);
    }
    destroy_scene(&s);
}

static void lock_of_a_holder_that_ended_is_passed_on(void)
{
    mr_process child;
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    START(&child, ANYWHERE, hold_until_told, &s, sizeof s);
    await_ready(&s);
    MRT_OK(mr_queue_put(s.go, NULL, 0, GUARD));
    END(child, 0);
    MRT_ERROR(mr_lock_acquire(s.lock, GUARD), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(s.lock));
    is_a_normal_lock(s.lock);
    destroy_scene(&s);
}

static int expect_a_dead_holder(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_ERROR(mr_lock_acquire(s->lock, MR_FOREVER), MR_ERR_HOLDER_DIED);
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

static void lock_of_a_killed_holder_wakes_a_waiter(void)
{
    mr_process holder, waiter;
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    START(&holder, rank_of(0), hold_until_told, &s, sizeof s);
    await_ready(&s);
    START(&waiter, rank_of(1), expect_a_dead_holder, &s, sizeof s);
    await_ready(&s);
    MRT_CHECK(child_sleeps(waiter));
    MRT_OK(mr_process_kill(holder));
    END(waiter, 0);
    END(holder, -SIGKILL);
    is_a_normal_lock(s.lock);
    destroy_scene(&s);
}

/* Exit code 1 tells that the last holder died, 0 that it did not. */
static int take_and_tell(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error;

    (void)size;
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    error = mr_lock_acquire(s->lock, MR_FOREVER);
    if (error != MR_OK && error != MR_ERR_HOLDER_DIED) {
        return 2;
    }
    if (mr_lock_release(s->lock) != MR_OK) {
        return 3;
    }
    return error == MR_ERR_HOLDER_DIED;
}

static void lock_tells_one_waiter_that_its_holder_died(void)
{
    mr_process holder, waiters[CHILDREN];
    int told = 0;
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    START(&holder, rank_of(1), hold_until_told, &s, sizeof s);
    await_ready(&s);
    for (int i = 0; i < CHILDREN; i++) {
        START(&waiters[i], rank_of(i), take_and_tell, &s, sizeof s);
        await_ready(&s);
    }
    for (int i = 0; i < CHILDREN; i++) {
        MRT_CHECK(child_sleeps(waiters[i]));
    }
    MRT_OK(mr_process_kill(holder));
    END(holder, -SIGKILL);
    for (int i = 0; i < CHILDREN; i++) {
        int code = -1;

        MRT_OK(mr_process_join(waiters[i], GUARD));
        MRT_OK(mr_process_exit_code(waiters[i], &code));
        MRT_CHECK(code == 0 || code == 1);
        told += code == 1;
        MRT_OK(mr_process_destroy(waiters[i]));
    }
    MRT_EQUAL(told, 1);
    destroy_scene(&s);
}

static int wait_for_the_lock(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_OK(mr_lock_acquire(s->lock, MR_FOREVER));
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

static void lock_forgets_a_waiter_that_was_killed(void)
{
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    for (int i = 0; i < 10; i++) {
        mr_process killed, other;

        MRT_OK(mr_lock_acquire(s.lock, 0));
        START(&killed, rank_of(i), wait_for_the_lock, &s, sizeof s);
        await_ready(&s);
        MRT_CHECK(child_sleeps(killed));
        START(&other, rank_of(i + 1), wait_for_the_lock, &s, sizeof s);
        await_ready(&s);
        MRT_CHECK(child_sleeps(other));
        MRT_OK(mr_process_kill(killed));
        END(killed, -SIGKILL);
        MRT_OK(mr_lock_release(s.lock));
        END(other, 0);
        is_a_normal_lock(s.lock);
    }
    destroy_scene(&s);
}

static void lock_release_wakes_a_waiter(void)
{
    mr_process child;
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    MRT_OK(mr_lock_acquire(s.lock, 0));
    START(&child, ANYWHERE, wait_for_the_lock, &s, sizeof s);
    await_ready(&s);
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_lock_release(s.lock));
    END(child, 0);
    destroy_scene(&s);
}

static int wait_until_closed(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_ERROR(mr_lock_acquire(s->lock, MR_FOREVER), MR_ERR_CLOSED);
    CHILD_ERROR(mr_lock_acquire(s->lock, MR_FOREVER), MR_ERR_STALE);
    return child_result();
}

static void lock_destroy_wakes_those_who_wait(void)
{
    mr_process children[CHILDREN];
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    MRT_OK(mr_lock_acquire(s.lock, 0));
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), wait_until_closed, &s, sizeof s);
        await_ready(&s);
    }
    for (int i = 0; i < CHILDREN; i++) {
        MRT_CHECK(child_sleeps(children[i]));
    }
    MRT_OK(mr_lock_destroy(s.lock));
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_queue_destroy(s.ready));
    MRT_OK(mr_queue_destroy(s.go));
}

static int take_the_lock_that_comes(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    mr_lock lock;

    (void)size;
    if (CHILD_OK(mr_queue_get(queue, &lock, sizeof lock, NULL, GUARD))) {
        CHILD_OK(mr_lock_release(lock));
    }
    return child_result();
}

static void lock_handle_works_after_a_way_through_a_queue(void)
{
    mr_process child;
    scene s;

    if (!make_scene(&s)) {
        return;
    }
    MRT_OK(mr_lock_acquire(s.lock, 0));
    START(&child, ANYWHERE, take_the_lock_that_comes, &s.go, sizeof s.go);
    MRT_OK(mr_queue_put(s.go, &s.lock, sizeof s.lock, GUARD));
    MRT_OK(mr_lock_acquire(s.lock, GUARD));
    MRT_OK(mr_lock_release(s.lock));
    END(child, 0);
    destroy_scene(&s);
}

static const mrt_test tests[] = {
    {"lock_create_refuses_null", lock_create_refuses_null, 0},
    {"lock_create_refuses_ranks_that_do_not_exist",
     lock_create_refuses_ranks_that_do_not_exist, 0},
    {"lock_acquire_refuses_nan", lock_acquire_refuses_nan, 0},
    {"lock_is_stale_after_destroy", lock_is_stale_after_destroy, 0},
    {"lock_can_be_destroyed_while_held", lock_can_be_destroyed_while_held, 0},
    {"lock_handles_that_name_nothing_are_stale",
     lock_handles_that_name_nothing_are_stale, 0},
    {"lock_has_one_holder", lock_has_one_holder, 0},
    {"lock_acquire_times_out_while_held", lock_acquire_times_out_while_held, 0},
    {"lock_release_of_a_free_lock_is_an_error",
     lock_release_of_a_free_lock_is_an_error, 0},
    {"lock_may_be_released_by_anybody", lock_may_be_released_by_anybody, 0},
    {"lock_excludes_processes", lock_excludes_processes, 60},
    {"lock_excludes_threads_and_children", lock_excludes_threads_and_children,
     60},
    {"lock_excludes_the_tasks_of_a_pool", lock_excludes_the_tasks_of_a_pool,
     60},
    {"lock_survives_waiters_that_give_up", lock_survives_waiters_that_give_up,
     60},
    {"lock_of_a_killed_holder_is_passed_on",
     lock_of_a_killed_holder_is_passed_on, 0},
    {"lock_of_a_holder_that_ended_is_passed_on",
     lock_of_a_holder_that_ended_is_passed_on, 0},
    {"lock_of_a_killed_holder_wakes_a_waiter",
     lock_of_a_killed_holder_wakes_a_waiter, 0},
    {"lock_tells_one_waiter_that_its_holder_died",
     lock_tells_one_waiter_that_its_holder_died, 0},
    {"lock_forgets_a_waiter_that_was_killed",
     lock_forgets_a_waiter_that_was_killed, 0},
    {"lock_release_wakes_a_waiter", lock_release_wakes_a_waiter, 0},
    {"lock_destroy_wakes_those_who_wait", lock_destroy_wakes_those_who_wait, 0},
    {"lock_handle_works_after_a_way_through_a_queue",
     lock_handle_works_after_a_way_through_a_queue, 0},
};

int main(int argc, char **argv)
{
    return suite_main("lock", tests, MRT_COUNT(tests), argc, argv);
}
