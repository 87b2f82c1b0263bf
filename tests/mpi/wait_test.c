/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_wait: which objects are ready, and that a waiter wakes
 * whatever happens to them.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* One object of each kind that can be waited for. */
typedef struct objects {
    mr_queue queue;
    mr_lock lock;
    mr_pipe_end first, second;
    mr_queue go; /* ends the child */
    mr_process child;
} objects;

enum { QUEUE, LOCK, PIPE, PROCESS, KINDS };

static int end_when_told(const void *argument, size_t size)
{
    const objects *o = argument;

    (void)size;
    CHILD_OK(mr_queue_get(o->go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

static bool make(objects *o)
{
    const mr_queue_options there = {.place = MR_ON_RANK(mr_size() - 1)};

    return MRT_OK(mr_queue_create(&o->queue, &there)) &&
           MRT_OK(mr_queue_create(&o->go, NULL)) &&
           MRT_OK(mr_lock_create(&o->lock, NULL)) &&
           MRT_OK(mr_lock_acquire(o->lock, 0)) &&
           MRT_OK(mr_pipe_create(&o->first, &o->second, false)) &&
           START(&o->child, ANYWHERE, end_when_told, o, sizeof *o);
}

static void destroy(objects *o)
{
    MRT_OK(mr_queue_put(o->go, NULL, 0, GUARD));
    END(o->child, 0);
    MRT_OK(mr_queue_destroy(o->queue));
    MRT_OK(mr_queue_destroy(o->go));
    MRT_OK(mr_lock_destroy(o->lock));
    MRT_OK(mr_pipe_close(o->first));
    mr_pipe_close(o->second);
}

static void handles_of(const objects *o, mr_handle handles[KINDS])
{
    handles[QUEUE] = o->queue.handle;
    handles[LOCK] = o->lock.handle;
    handles[PIPE] = o->first.handle;
    handles[PROCESS] = o->child.handle;
}

static void make_ready(const objects *o, int kind)
{
    switch (kind) {
    case QUEUE:
        MRT_OK(mr_queue_put(o->queue, NULL, 0, GUARD));
        break;
    case LOCK:
        MRT_OK(mr_lock_release(o->lock));
        break;
    case PIPE:
        MRT_OK(mr_pipe_send(o->second, NULL, 0, GUARD));
        break;
    default:
        MRT_OK(mr_queue_put(o->go, NULL, 0, GUARD));
    }
}

static void wait_refuses_bad_arguments(void)
{
    mr_handle handles[KINDS];
    bool ready[KINDS];
    objects o;

    if (!make(&o)) {
        return;
    }
    handles_of(&o, handles);
    MRT_ERROR(mr_wait(NULL, KINDS, 0, ready), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait(handles, KINDS, 0, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait(handles, 0, 0, ready), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait(handles, SIZE_MAX, 0, ready), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait(handles, KINDS, NOT_A_NUMBER, ready), MR_ERR_ARGUMENT);
    destroy(&o);
}

static void wait_refuses_kinds_that_are_never_ready(void)
{
    mr_handle handles[2];
    bool ready[2] = {true, true};
    mr_pool pool;
    objects o;

    if (!make(&o) || !MRT_OK(mr_pool_create(&pool, NULL))) {
        return;
    }
    handles[0] = o.queue.handle;
    handles[1] = pool.handle;
    make_ready(&o, QUEUE);
    MRT_ERROR(mr_wait(handles, 2, 0, ready), MR_ERR_ARGUMENT);
    MRT_CHECK(ready[0] && ready[1]);
    MRT_OK(mr_pool_destroy(pool));
    destroy(&o);
}

static void wait_times_out_when_nothing_is_ready(void)
{
    bool ready[KINDS] = {true, true, true, true};
    mr_handle handles[KINDS];
    double started;
    objects o;

    if (!make(&o)) {
        return;
    }
    handles_of(&o, handles);
    MRT_ERROR(mr_wait(handles, KINDS, 0, ready), MR_ERR_TIMEOUT);
    started = mrt_now();
    MRT_ERROR(mr_wait(handles, KINDS, SHORT, ready), MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    for (int i = 0; i < KINDS; i++) {
        MRT_CHECK(ready[i]);
    }
    destroy(&o);
}

static void wait_tells_which_is_ready(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        mr_handle handles[KINDS];
        bool ready[KINDS];
        objects o;

        if (!make(&o)) {
            return;
        }
        handles_of(&o, handles);
        make_ready(&o, kind);
        MRT_OK(mr_wait(handles, KINDS, GUARD, ready));
        for (int i = 0; i < KINDS; i++) {
            MRT_EQUAL(ready[i], i == kind);
        }
        /* It takes nothing: the next call finds the same. */
        MRT_OK(mr_wait(handles, KINDS, 0, ready));
        MRT_CHECK(ready[kind]);
        destroy(&o);
    }
}

static void wait_tells_all_that_are_ready(void)
{
    mr_handle handles[KINDS];
    bool ready[KINDS];
    objects o;

    if (!make(&o)) {
        return;
    }
    handles_of(&o, handles);
    for (int kind = 0; kind < KINDS; kind++) {
        make_ready(&o, kind);
    }
    MRT_OK(mr_process_join(o.child, GUARD));
    MRT_OK(mr_wait(handles, KINDS, GUARD, ready));
    for (int i = 0; i < KINDS; i++) {
        MRT_CHECK(ready[i]);
    }
    destroy(&o);
}

static void wait_finds_a_free_lock_ready(void)
{
    mr_value value;
    mr_lock lock, own;
    bool ready[2];

    if (!MRT_OK(mr_lock_create(&lock, NULL)) ||
        !MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL)) ||
        !MRT_OK(mr_value_get_lock(value, &own))) {
        return;
    }
    const mr_handle handles[2] = {lock.handle, own.handle};

    MRT_OK(mr_wait(handles, 2, 0, ready));
    MRT_CHECK(ready[0] && ready[1]);
    MRT_OK(mr_lock_destroy(lock));
    MRT_OK(mr_value_destroy(value));
}

static void wait_finds_the_end_of_file_ready(void)
{
    mr_pipe_end first, second;
    bool ready = false;

    if (!MRT_OK(mr_pipe_create(&first, &second, true))) {
        return;
    }
    MRT_ERROR(mr_wait(&first.handle, 1, 0, &ready), MR_ERR_TIMEOUT);
    MRT_OK(mr_pipe_close(second));
    MRT_OK(mr_wait(&first.handle, 1, MR_FOREVER, &ready));
    MRT_CHECK(ready);
    MRT_OK(mr_pipe_close(first));
}

static void wait_looks_at_the_right_end_of_a_pipe(void)
{
    mr_pipe_end ends[2];
    bool ready[2];

    if (!MRT_OK(mr_pipe_create(&ends[0], &ends[1], true))) {
        return;
    }
    const mr_handle handles[2] = {ends[0].handle, ends[1].handle};

    MRT_OK(mr_pipe_send(ends[0], NULL, 0, GUARD));
    MRT_OK(mr_wait(handles, 2, 0, ready));
    MRT_CHECK(!ready[0] && ready[1]);
    MRT_OK(mr_pipe_close(ends[0]));
    MRT_OK(mr_pipe_close(ends[1]));
}

/* Waking */

typedef struct waiter {
    objects *o;
    pid_t volatile thread;
    mr_error result;
    bool ready[KINDS];
} waiter;

static void *wait_in_a_thread(void *argument)
{
    waiter *w = argument;
    mr_handle handles[KINDS];

    handles_of(w->o, handles);
    __atomic_store_n(&w->thread, gettid(), __ATOMIC_RELEASE);
    w->result = mr_wait(handles, KINDS, MR_FOREVER, w->ready);
    return NULL;
}

static bool start_waiter(pthread_t *thread, waiter *w)
{
    pthread_create(thread, NULL, wait_in_a_thread, w);
    while (__atomic_load_n(&w->thread, __ATOMIC_ACQUIRE) == 0) {
        mrt_pause();
    }
    return MRT_CHECK(thread_sleeps(getpid(), w->thread));
}

static void wait_wakes_when_one_becomes_ready(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        pthread_t thread;
        objects o;
        waiter w = {.o = &o};

        if (!make(&o)) {
            return;
        }
        start_waiter(&thread, &w);
        make_ready(&o, kind);
        pthread_join(thread, NULL);
        MRT_EQUAL(w.result, MR_OK);
        for (int i = 0; i < KINDS; i++) {
            MRT_EQUAL(w.ready[i], i == kind);
        }
        destroy(&o);
    }
}

static void wait_wakes_when_a_process_is_killed(void)
{
    pthread_t thread;
    objects o;
    waiter w = {.o = &o};

    if (!make(&o)) {
        return;
    }
    start_waiter(&thread, &w);
    MRT_OK(mr_process_kill(o.child));
    pthread_join(thread, NULL);
    MRT_EQUAL(w.result, MR_OK);
    MRT_CHECK(w.ready[PROCESS]);
    END(o.child, -SIGKILL);
    START(&o.child, ANYWHERE, end_when_told, &o, sizeof o);
    destroy(&o);
}

static void wait_wakes_when_one_is_destroyed(void)
{
    pthread_t thread;
    objects o;
    waiter w = {.o = &o};

    if (!make(&o)) {
        return;
    }
    start_waiter(&thread, &w);
    MRT_OK(mr_queue_destroy(o.queue));
    pthread_join(thread, NULL);
    MRT_EQUAL(w.result, MR_ERR_CLOSED);
    MRT_OK(mr_queue_create(&o.queue, NULL));
    destroy(&o);
}

static void wait_refuses_stale_handles(void)
{
    mr_handle handles[KINDS], strange[STRANGE_HANDLES];
    bool ready[KINDS];
    const mr_queue_options there = {.place = MR_ON_RANK(mr_size() - 1)};
    mr_queue gone;
    objects o;

    if (!make(&o) || !MRT_OK(mr_queue_create(&gone, &there))) {
        return;
    }
    handles_of(&o, handles);
    MRT_OK(mr_queue_destroy(gone));
    handles[LOCK] = gone.handle;
    MRT_ERROR(mr_wait(handles, KINDS, MR_FOREVER, ready), MR_ERR_STALE);
    MRT_ERROR(mr_wait(handles, KINDS, 0, ready), MR_ERR_STALE);
    strange_handles(o.queue.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        mr_error error;

        /* A kind that is none may also be one that cannot be waited for. */
        handles[LOCK] = strange[i];
        error = mr_wait(handles, KINDS, MR_FOREVER, ready);
        MRT_CHECK(error == MR_ERR_STALE || error == MR_ERR_ARGUMENT);
    }
    destroy(&o);
}

static int wait_in_a_child(const void *argument, size_t size)
{
    const objects *o = argument;
    const mr_handle handles[2] = {o->queue.handle, o->first.handle};
    bool ready[2];

    (void)size;
    CHILD_OK(mr_queue_put(o->go, NULL, 0, GUARD));
    CHILD_OK(mr_wait(handles, 2, GUARD, ready));
    CHILD_CHECK(!ready[0] && ready[1]);
    return child_result();
}

static void wait_works_in_children(void)
{
    objects o;

    if (!MRT_OK(mr_queue_create(&o.queue, NULL)) ||
        !MRT_OK(mr_queue_create(&o.go, NULL)) ||
        !MRT_OK(mr_pipe_create(&o.first, &o.second, false))) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, wait_in_a_child, &o, sizeof o);
        MRT_OK(mr_queue_get(o.go, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_pipe_send(o.second, NULL, 0, GUARD));
        END(child, 0);
        MRT_OK(mr_pipe_recv(o.first, NULL, 0, NULL, 0));
    }
    MRT_OK(mr_queue_destroy(o.queue));
    MRT_OK(mr_queue_destroy(o.go));
    MRT_OK(mr_pipe_close(o.first));
    MRT_OK(mr_pipe_close(o.second));
}

/* Many objects, on all ranks in turn; NULL when they could not be made. */
enum { MANY = 10000 };

static mr_queue *make_many(mr_handle *handles)
{
    mr_queue *queues = malloc(MANY * sizeof *queues);
    bool made = MRT_CHECK(queues);

    for (int i = 0; made && i < MANY; i++) {
        const mr_queue_options options = {.place = MR_ON_RANK(rank_of(i))};

        made = MRT_OK(mr_queue_create(&queues[i], &options));
        handles[i] = queues[i].handle;
    }
    return made ? queues : NULL;
}

static void destroy_many(mr_queue *queues)
{
    for (int i = 0; i < MANY; i++) {
        MRT_OK(mr_queue_destroy(queues[i]));
    }
    free(queues);
}

static void check_ready(const bool *ready, int first, int second)
{
    int wrong = 0;

    for (int i = 0; i < MANY; i++) {
        wrong += ready[i] != (i == first || i == second);
    }
    MRT_EQUAL(wrong, 0);
}

static int wait_for_many(const void *argument, size_t size)
{
    const mr_handle *handles = argument;
    bool *ready = calloc(MANY + 1, sizeof *ready);
    const mr_queue go = {handles[MANY]};

    (void)size;
    CHILD_OK(mr_wait(handles, MANY + 1, GUARD, ready));
    CHILD_CHECK(ready[MANY] && !ready[0] && !ready[MANY - 1]);
    CHILD_OK(mr_queue_get(go, NULL, 0, NULL, 0));
    free(ready);
    return child_result();
}

static void wait_takes_ten_thousand_objects(void)
{
    static mr_handle handles[MANY + 1];
    static bool ready[MANY];
    mr_queue *queues = make_many(handles);
    mr_process child;
    mr_queue go;

    if (!queues || !MRT_OK(mr_queue_create(&go, NULL))) {
        return;
    }
    MRT_ERROR(mr_wait(handles, MANY, 0, ready), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_wait(handles, MANY, SHORT, ready), MR_ERR_TIMEOUT);
    handles[MANY] = go.handle;
    START(&child, ANYWHERE, wait_for_many, handles, sizeof handles);
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_queue_put(go, NULL, 0, GUARD));
    END(child, 0);
    MRT_OK(mr_queue_put(queues[MANY - 1], NULL, 0, GUARD));
    MRT_OK(mr_queue_put(queues[100], NULL, 0, GUARD));
    MRT_OK(mr_wait(handles, MANY, GUARD, ready));
    check_ready(ready, 100, MANY - 1);
    MRT_OK(mr_wait(handles, MANY, 0, ready));
    check_ready(ready, 100, MANY - 1);
    MRT_OK(mr_queue_destroy(go));
    MRT_ERROR(mr_wait(handles, MANY + 1, 0, (bool[MANY + 1]){0}), MR_ERR_STALE);
    destroy_many(queues);
}

static void wait_takes_the_same_object_twice(void)
{
    mr_queue queue;
    bool ready[2] = {false, false};

    if (!MRT_OK(mr_queue_create(&queue, NULL))) {
        return;
    }
    const mr_handle handles[2] = {queue.handle, queue.handle};

    MRT_ERROR(mr_wait(handles, 2, SHORT, ready), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_put(queue, NULL, 0, GUARD));
    MRT_OK(mr_wait(handles, 2, GUARD, ready));
    MRT_CHECK(ready[0] && ready[1]);
    MRT_OK(mr_queue_destroy(queue));
}

/* Exit codes 0 to 19, in an order that the children settle. */
static int end_at_once(const void *argument, size_t size)
{
    (void)size;
    return *(const int *)argument;
}

static void wait_collects_processes_as_they_end(void)
{
    enum { COUNT = 20 };
    mr_process children[COUNT];
    mr_handle handles[COUNT];
    bool ready[COUNT];
    size_t left = COUNT;
    int sum = 0;

    for (int i = 0; i < COUNT; i++) {
        START(&children[i], ANYWHERE, end_at_once, &i, sizeof i);
        handles[i] = children[i].handle;
    }
    while (left > 0 && MRT_OK(mr_wait(handles, left, GUARD, ready))) {
        for (size_t i = left; i-- > 0;) {
            const mr_process child = {handles[i]};
            int code = -1;

            if (ready[i]) {
                MRT_OK(mr_process_join(child, 0));
                MRT_OK(mr_process_exit_code(child, &code));
                sum += code;
                MRT_OK(mr_process_destroy(child));
                handles[i] = handles[--left];
            }
        }
    }
    MRT_EQUAL(sum, COUNT * (COUNT - 1) / 2);
}

/* Several consumers wait for the same two queues; nothing is lost. */
typedef struct two {
    mr_queue queues[2];
} two;

static int take_what_is_ready(const void *argument, size_t size)
{
    const two *t = argument;
    const mr_handle handles[2] = {t->queues[0].handle, t->queues[1].handle};
    int taken = 0;
    bool ready[2];

    (void)size;
    while (CHILD_OK(mr_wait(handles, 2, GUARD, ready))) {
        for (int i = 0; i < 2; i++) {
            int64_t number;
            mr_error error;

            if (!ready[i]) {
                continue;
            }
            error = mr_queue_get(t->queues[i], &number, sizeof number, NULL, 0);
            if (error == MR_OK && number < 0) {
                return child_failures > 0 ? 255 : taken;
            }
            CHILD_CHECK(error == MR_OK || error == MR_ERR_TIMEOUT);
            taken += error == MR_OK;
        }
    }
    return 255;
}

static void wait_shares_items_among_waiters(void)
{
    enum { WAITERS = 3, ITEMS = 200 };
    mr_process children[WAITERS];
    int sum = 0;
    two t;

    for (int i = 0; i < 2; i++) {
        const mr_queue_options options = {.place = MR_ON_RANK(rank_of(i))};

        if (!MRT_OK(mr_queue_create(&t.queues[i], &options))) {
            return;
        }
    }
    for (int i = 0; i < WAITERS; i++) {
        START(&children[i], rank_of(i), take_what_is_ready, &t, sizeof t);
    }
    for (int64_t i = 0; i < ITEMS; i++) {
        MRT_OK(mr_queue_put(t.queues[i % 2], &i, sizeof i, GUARD));
    }
    for (int i = 0; i < WAITERS; i++) {
        const int64_t end = -1;

        MRT_OK(mr_queue_put(t.queues[0], &end, sizeof end, GUARD));
    }
    for (int i = 0; i < WAITERS; i++) {
        int code = -1;

        MRT_OK(mr_process_join(children[i], GUARD));
        MRT_OK(mr_process_exit_code(children[i], &code));
        MRT_CHECK(code >= 0 && code <= ITEMS);
        sum += code;
        MRT_OK(mr_process_destroy(children[i]));
    }
    /* A waiter may meet its end mark while items are in the other queue. */
    for (int64_t number;
         mr_queue_get(t.queues[1], &number, sizeof number, NULL, 0) == MR_OK;) {
        sum++;
    }
    MRT_EQUAL(sum, ITEMS);
    MRT_OK(mr_queue_destroy(t.queues[0]));
    MRT_OK(mr_queue_destroy(t.queues[1]));
}

static const mrt_test tests[] = {
    {"wait_refuses_bad_arguments", wait_refuses_bad_arguments, 0},
    {"wait_refuses_kinds_that_are_never_ready",
     wait_refuses_kinds_that_are_never_ready, 0},
    {"wait_times_out_when_nothing_is_ready",
     wait_times_out_when_nothing_is_ready, 0},
    {"wait_tells_which_is_ready", wait_tells_which_is_ready, 0},
    {"wait_tells_all_that_are_ready", wait_tells_all_that_are_ready, 0},
    {"wait_finds_a_free_lock_ready", wait_finds_a_free_lock_ready, 0},
    {"wait_finds_the_end_of_file_ready", wait_finds_the_end_of_file_ready, 0},
    {"wait_looks_at_the_right_end_of_a_pipe",
     wait_looks_at_the_right_end_of_a_pipe, 0},
    {"wait_wakes_when_one_becomes_ready", wait_wakes_when_one_becomes_ready, 0},
    {"wait_wakes_when_a_process_is_killed", wait_wakes_when_a_process_is_killed,
     0},
    {"wait_wakes_when_one_is_destroyed", wait_wakes_when_one_is_destroyed, 0},
    {"wait_refuses_stale_handles", wait_refuses_stale_handles, 0},
    {"wait_works_in_children", wait_works_in_children, 0},
    {"wait_takes_ten_thousand_objects", wait_takes_ten_thousand_objects, 0},
    {"wait_takes_the_same_object_twice", wait_takes_the_same_object_twice, 0},
    {"wait_collects_processes_as_they_end", wait_collects_processes_as_they_end,
     0},
    {"wait_shares_items_among_waiters", wait_shares_items_among_waiters, 0},
};

int main(int argc, char **argv)
{
    return suite_main("wait", tests, MRT_COUNT(tests), argc, argv);
}
