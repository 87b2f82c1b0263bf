/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A task that fails, or ends its worker, is told to the caller of map; the
 * other tasks run all the same, and the pool goes on.
 *
 * Only workers that are children die here.  There always is one: the share of
 * rank 0 is computed by a child.
 */
#include "mpi/pool_support.h"

#include <signal.h>
#include <unistd.h>

enum { COUNT = 200, LARGE_INPUT = 64 << 10 };

/* Tasks that fail */

enum { FAILING = 37 };

static mr_error fail_one(const void *input, void *output, const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    if (n == FAILING) {
        return mr_task_fail(MR_ERR_USER + 5, "row %d of %s on %s", FAILING,
                            (const char *)task->context, mr_host());
    }
    *(int64_t *)output = n + 1;
    return MR_OK;
}

static void map_tells_which_task_failed(void)
{
    int64_t in[COUNT], out[COUNT];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t chunk = 0; chunk < 3; chunk++) {
        mr_task_error error;
        const mr_map_options options = {.chunk = chunk, .error = &error};
        char text[MR_TEXT_SIZE];

        memset(&error, 0xee, sizeof error);
        for (int i = 0; i < COUNT; i++) {
            in[i] = i;
            out[i] = -1;
        }
        MRT_ERROR(mr_pool_map(pool, fail_one, "table", 6, in, 8, out, 8, COUNT,
                              &options),
                  MR_ERR_USER + 5);
        MRT_EQUAL(error.code, MR_ERR_USER + 5);
        MRT_EQUAL(error.index, FAILING);
        MRT_EQUAL(error.signal, 0);
        MRT_CHECK(error.rank >= 0 && error.rank < mr_size());
        snprintf(text, sizeof text, "row 37 of table on %s", error.host);
        MRT_TEXT(error.text, text);
        for (int i = 0; i < COUNT; i++) {
            if (i != FAILING) {
                MRT_EQUAL(out[i], i + 1);
            }
        }
    }
    squares(pool, 100, 0);
    MRT_OK(mr_pool_destroy(pool));
}

/* The last task, of the second part, opens the gate at which the first waits:
 * that task 1 failed is known by then, and its part ends later. */
static mr_error fail_early_and_late(const void *input, void *output,
                                    const mr_task *task)
{
    const mr_queue *gate = task->context;

    (void)input;
    (void)output;
    if (task->index == 0) {
        return mr_queue_get(*gate, NULL, 0, NULL, GUARD);
    }
    if (task->index == 1) {
        return mr_task_fail(MR_OK, "early");
    }
    if (task->index == task->count - 1) {
        mr_error error = mr_queue_put(*gate, NULL, 0, GUARD);

        return error ? error : mr_task_fail(MR_OK, "late");
    }
    return MR_OK;
}

static void first_failure_is_told_although_its_part_ends_last(void)
{
    enum { TASKS = 64 };
    char *inputs = calloc(TASKS, LARGE_INPUT);
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.chunk = 1, .error = &error};
    mr_queue gate;
    mr_pool pool;

    if (several_nodes()) {
        mrt_skip("failures on several nodes have no order");
        free(inputs);
        return;
    }
    if (!make(&pool, 2) || !MRT_OK(mr_queue_create(&gate, NULL))) {
        return;
    }
    MRT_ERROR(mr_pool_map(pool, fail_early_and_late, &gate, sizeof gate, inputs,
                          LARGE_INPUT, NULL, 0, TASKS, &options),
              MR_ERR_USER);
    MRT_EQUAL(error.index, 1);
    MRT_TEXT(error.text, "early");
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_queue_destroy(gate));
    free(inputs);
}

static mr_error fail_always(const void *input, void *output,
                            const mr_task *task)
{
    const mr_value *count = task->context;
    const int64_t one = 1;
    mr_error error = mr_value_add(*count, &one, NULL);

    (void)input;
    (void)output;
    if (error != MR_OK) {
        return error;
    }
    return (mr_error)(MR_ERR_USER + task->index);
}

static void map_runs_all_tasks_although_they_fail(void)
{
    mr_task_error error;
    const mr_map_options options = {.chunk = 1, .error = &error};
    int64_t count = 0;
    mr_value value;
    mr_pool pool;
    mr_error result;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        return;
    }
    memset(&error, 0xee, sizeof error);
    result = mr_pool_map(pool, fail_always, &value, sizeof value, NULL, 0, NULL,
                         0, 500, &options);
    MRT_EQUAL(result, error.code);
    MRT_CHECK(error.index < 500);
    MRT_EQUAL(error.code, MR_ERR_USER + error.index);
    MRT_EQUAL(error.signal, 0);
    MRT_CHECK(memchr(error.text, '\0', sizeof error.text) != NULL);
    MRT_OK(mr_value_get(value, &count));
    MRT_EQUAL(count, 500);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error fail_with_much_text(const void *input, void *output,
                                    const mr_task *task)
{
    char text[1000];

    (void)input;
    (void)output;
    (void)task;
    memset(text, 't', sizeof text);
    text[sizeof text - 1] = '\0';
    return mr_task_fail(MR_OK, "%s", text);
}

static void texts_of_failures_are_cut(void)
{
    mr_task_error error;
    const mr_map_options options = {.error = &error};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    memset(&error, 0xee, sizeof error);
    MRT_ERROR(mr_pool_map(pool, fail_with_much_text, NULL, 0, NULL, 0, NULL, 0,
                          3, &options),
              MR_ERR_USER);
    MRT_EQUAL(strnlen(error.text, sizeof error.text), MR_TEXT_SIZE - 1);
    MRT_EQUAL(error.text[0], 't');
    MRT_OK(mr_pool_destroy(pool));
}

/* A text that nobody returned is not told of another task. */
static mr_error speak_and_succeed(const void *input, void *output,
                                  const mr_task *task)
{
    (void)input;
    (void)output;
    if (task->index < 50) {
        mr_task_fail(MR_ERR_USER + 1, "forgotten");
        return MR_OK;
    }
    return task->index == 99 ? MR_ERR_USER + 2 : MR_OK;
}

static void text_of_a_task_that_succeeded_is_forgotten(void)
{
    mr_task_error error;
    const mr_map_options options = {.chunk = 1, .error = &error};
    mr_pool pool;

    if (!make(&pool, 1)) {
        return;
    }
    memset(&error, 0xee, sizeof error);
    MRT_ERROR(mr_pool_map(pool, speak_and_succeed, NULL, 0, NULL, 0, NULL, 0,
                          100, &options),
              MR_ERR_USER + 2);
    MRT_EQUAL(error.index, 99);
    MRT_CHECK(strstr(error.text, "forgotten") == NULL);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_needs_no_place_for_an_error(void)
{
    mr_pool pool;
    mr_value value;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        return;
    }
    MRT_ERROR(mr_pool_map(pool, fail_always, &value, sizeof value, NULL, 0,
                          NULL, 0, 1, NULL),
              MR_ERR_USER);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_pool_destroy(pool));
}

/* Tasks that end their worker */

typedef enum death { ABORT, EXIT, LEAVE, KILL, SEGFAULT } death;

/* What the tasks of one map share. */
typedef struct trap {
    mr_value claimed; /* how many tasks came to a child */
    mr_value victim;  /* the index of the first of them, or -1 */
    mr_value place;   /* the rank on which it ran */
    mr_queue fallen;  /* has its host when it is about to die */
    mr_lock lock;     /* taken by the victim, when hold is true */
    death how;
    bool always, hold; /* every task in a child dies */
} trap;

static bool in_child(void)
{
    mr_process parent;

    return mr_process_parent(&parent) == MR_OK;
}

static void die(death how)
{
    forbid_core();
    switch (how) {
    case ABORT:
        abort();
    case EXIT:
        exit(3);
    case LEAVE:
        _exit(0);
    case KILL:
        kill(getpid(), SIGKILL);
        break;
    case SEGFAULT:
        crash();
    }
}

static int signal_of(death how)
{
    static const int signals[] = {[ABORT] = SIGABRT,
                                  [KILL] = SIGKILL,
                                  [SEGFAULT] = SIGSEGV,
                                  [EXIT] = 0,
                                  [LEAVE] = 0};

    return signals[how];
}

static mr_error become_victim(const trap *t, size_t index)
{
    const int64_t self = (int64_t)index, rank = mr_rank();
    mr_error error = mr_value_set(t->victim, &self);

    if (error == MR_OK) {
        error = mr_value_set(t->place, &rank);
    }
    if (error == MR_OK && t->hold) {
        error = mr_lock_acquire(t->lock, GUARD);
    }
    if (error == MR_OK) {
        error =
            mr_queue_put(t->fallen, mr_host(), strlen(mr_host()) + 1, GUARD);
    }
    return error;
}

/* The first task in a child dies, also when it is tried again; tasks in ranks
 * wait until that has begun. */
static mr_error fall_or_double(const void *input, void *output,
                               const mr_task *task)
{
    const trap *t = task->context;
    const int64_t one = 1;
    int64_t before = 0, victim = -1;
    bool ready;
    mr_error error;

    (void)input;
    if (!in_child()) {
        error = mr_wait(&t->fallen.handle, 1, GUARD, &ready);
    } else {
        error = mr_value_add(t->claimed, &one, &before);
        if (error == MR_OK && before == 0) {
            error = become_victim(t, task->index);
        }
        if (error == MR_OK) {
            error = mr_value_get(t->victim, &victim);
        }
        if (error == MR_OK && (t->always || victim == (int64_t)task->index)) {
            die(t->how);
        }
    }
    *(int64_t *)output = 2 * (int64_t)task->index + 1;
    return error;
}

static bool make_trap(trap *t, death how)
{
    const int64_t nobody = -1;

    memset(t, 0, sizeof *t);
    t->how = how;
    return MRT_OK(mr_value_create(&t->claimed, MR_INT64, NULL, NULL)) &&
           MRT_OK(mr_value_create(&t->victim, MR_INT64, &nobody, NULL)) &&
           MRT_OK(mr_value_create(&t->place, MR_INT64, &nobody, NULL)) &&
           MRT_OK(mr_queue_create(&t->fallen, NULL)) &&
           MRT_OK(mr_lock_create(&t->lock, NULL));
}

static void destroy_trap(const trap *t)
{
    MRT_OK(mr_value_destroy(t->claimed));
    MRT_OK(mr_value_destroy(t->victim));
    MRT_OK(mr_value_destroy(t->place));
    MRT_OK(mr_queue_destroy(t->fallen));
    MRT_OK(mr_lock_destroy(t->lock));
}

static int64_t number_in(mr_value value)
{
    int64_t number = -1;

    MRT_OK(mr_value_get(value, &number));
    return number;
}

static mr_error triple(const void *input, void *output, const mr_task *task)
{
    (void)input;
    *(int64_t *)output = 3 * (int64_t)task->index;
    return MR_OK;
}

static void pool_works(mr_pool pool)
{
    int64_t out[COUNT] = {0};

    MRT_OK(mr_pool_map(pool, triple, NULL, 0, NULL, 0, out, sizeof out[0],
                       COUNT, NULL));
    for (int i = 0; i < COUNT; i++) {
        MRT_EQUAL(out[i], 3 * i);
    }
}

/* With large inputs a node gets its tasks in several parts. */
static void one_dies(mr_pool pool, death how, size_t chunk, size_t input_size)
{
    char *inputs = input_size ? calloc(COUNT, input_size) : NULL;
    mr_task_error error;
    const mr_map_options options = {.chunk = chunk, .error = &error};
    int64_t out[COUNT];
    char host[MR_HOST_SIZE] = "";
    int64_t victim;
    trap t;

    if (!make_trap(&t, how)) {
        return;
    }
    memset(out, 0, sizeof out);
    memset(&error, 0xee, sizeof error);
    MRT_ERROR(mr_pool_map(pool, fall_or_double, &t, sizeof t, inputs,
                          input_size, out, sizeof out[0], COUNT, &options),
              MR_ERR_WORKER_DIED);
    free(inputs);
    victim = number_in(t.victim);
    MRT_CHECK(victim >= 0);
    MRT_EQUAL(error.code, MR_ERR_WORKER_DIED);
    MRT_EQUAL(error.index, victim);
    MRT_EQUAL(error.signal, signal_of(how));
    MRT_EQUAL(error.rank, number_in(t.place));
    MRT_OK(mr_queue_get(t.fallen, host, sizeof host, NULL, GUARD));
    MRT_TEXT(error.host, host);
    MRT_CHECK(strnlen(error.text, sizeof error.text) > 0);
    MRT_CHECK(strnlen(error.text, sizeof error.text) < sizeof error.text);
    for (int i = 0; i < COUNT; i++) {
        if (i != victim) {
            MRT_EQUAL(out[i], 2 * i + 1);
        }
    }
    destroy_trap(&t);
    pool_works(pool);
}

static void every_chunk_and_size_of_pool(death how)
{
    static const size_t chunks[] = {1, 0, 7, 1000};
    const size_t workers[] = {0, (size_t)mr_size() + 2, 1};

    for (size_t i = 0; i < MRT_COUNT(workers); i++) {
        mr_pool pool;

        if (!make(&pool, workers[i])) {
            return;
        }
        for (size_t k = 0; k < MRT_COUNT(chunks); k++) {
            one_dies(pool, how, chunks[k], 0);
        }
        one_dies(pool, how, 1, several_nodes() ? 8 : LARGE_INPUT);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static void map_tells_of_a_task_that_aborts(void)
{
    every_chunk_and_size_of_pool(ABORT);
}

static void map_tells_of_a_task_that_exits(void)
{
    every_chunk_and_size_of_pool(EXIT);
}

static void map_tells_of_a_task_that_leaves_as_if_all_were_well(void)
{
    every_chunk_and_size_of_pool(LEAVE);
}

static void map_tells_of_a_task_that_is_killed(void)
{
    every_chunk_and_size_of_pool(KILL);
}

static void map_tells_of_a_task_that_crashes(void)
{
    every_chunk_and_size_of_pool(SEGFAULT);
}

static void pool_replaces_workers_again_and_again(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        one_dies(pool, KILL, 0, 0);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* All tasks that come to a child fail; each costs a worker. */
static void map_ends_although_every_child_dies(void)
{
    mr_task_error error;
    const mr_map_options options = {.chunk = 1, .error = &error};
    int64_t out[40];
    mr_pool pool;
    trap t;

    if (!make_trap(&t, KILL) || !make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    t.always = true;
    memset(out, 0, sizeof out);
    memset(&error, 0xee, sizeof error);
    MRT_ERROR(mr_pool_map(pool, fall_or_double, &t, sizeof t, NULL, 0, out,
                          sizeof out[0], 40, &options),
              MR_ERR_WORKER_DIED);
    MRT_EQUAL(error.code, MR_ERR_WORKER_DIED);
    MRT_CHECK(error.index < 40);
    pool_works(pool);
    MRT_OK(mr_pool_destroy(pool));
    destroy_trap(&t);
}

static void lock_of_a_task_that_died_is_passed_on(void)
{
    mr_task_error error;
    const mr_map_options options = {.chunk = 1, .error = &error};
    int64_t out[COUNT];
    mr_pool pool;
    trap t;

    if (!make_trap(&t, KILL) || !make(&pool, 0)) {
        return;
    }
    t.hold = true;
    MRT_ERROR(mr_pool_map(pool, fall_or_double, &t, sizeof t, NULL, 0, out,
                          sizeof out[0], COUNT, &options),
              MR_ERR_WORKER_DIED);
    MRT_ERROR(mr_lock_acquire(t.lock, GUARD), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(t.lock));
    MRT_OK(mr_pool_destroy(pool));
    destroy_trap(&t);
}

/* A worker that dies between two maps is replaced in silence. */
static mr_error tell_child(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int64_t *)output = in_child() ? (int64_t)getpid() : 0;
    return MR_OK;
}

static void pool_replaces_idle_workers(void)
{
    const mr_map_options options = {.chunk = 1};
    int64_t out[COUNT];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int again = 0; again < 5; again++) {
        MRT_OK(mr_pool_map(pool, tell_child, NULL, 0, NULL, 0, out,
                           sizeof out[0], COUNT, &options));
        for (int i = 0; i < COUNT; i++) {
            /* Later ones of the same worker find it dead already. */
            if (out[i] > 0) {
                kill((pid_t)out[i], SIGKILL);
            }
        }
        pool_works(pool);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* A pool whose creator is killed in the middle of a map. */
typedef struct gate {
    mr_queue begun, open, pools;
} gate;

static mr_error wait_at_the_gate(const void *input, void *output,
                                 const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = mr_queue_put(g->begun, NULL, 0, GUARD);

    (void)input;
    (void)output;
    return error == MR_OK ? mr_queue_get(g->open, NULL, 0, NULL, GUARD) : error;
}

static int map_until_killed(const void *argument, size_t size)
{
    const gate *g = argument;
    mr_pool pool;

    (void)size;
    CHILD_OK(mr_pool_create(&pool, NULL));
    CHILD_OK(mr_queue_put(g->pools, &pool, sizeof pool, GUARD));
    CHILD_OK(mr_pool_map(pool, wait_at_the_gate, g, sizeof *g, NULL, 0, NULL, 0,
                         1000, NULL));
    return child_result();
}

static void pool_of_a_killed_creator_frees_its_ranks(void)
{
    mr_process child;
    mr_pool pool;
    gate g;

    if (!MRT_OK(mr_queue_create(&g.begun, NULL)) ||
        !MRT_OK(mr_queue_create(&g.open, NULL)) ||
        !MRT_OK(mr_queue_create(&g.pools, NULL))) {
        return;
    }
    START(&child, ANYWHERE, map_until_killed, &g, sizeof g);
    MRT_OK(mr_queue_get(g.begun, NULL, 0, NULL, GUARD));
    MRT_OK(mr_process_kill(child));
    END(child, -SIGKILL);
    for (int i = 0; i < 1000; i++) {
        MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    }
    if (make(&pool, 0)) {
        pool_works(pool);
        MRT_OK(mr_pool_destroy(pool));
    }
    if (MRT_OK(mr_queue_get(g.pools, &pool, sizeof pool, NULL, GUARD))) {
        MRT_OK(mr_pool_destroy(pool));
        MRT_ERROR(mr_pool_destroy(pool), MR_ERR_STALE);
    }
    MRT_OK(mr_queue_destroy(g.begun));
    MRT_OK(mr_queue_destroy(g.open));
    MRT_OK(mr_queue_destroy(g.pools));
}

static const mrt_test tests[] = {
    {"map_tells_which_task_failed", map_tells_which_task_failed, 0},
    {"first_failure_is_told_although_its_part_ends_last",
     first_failure_is_told_although_its_part_ends_last, 0},
    {"map_runs_all_tasks_although_they_fail",
     map_runs_all_tasks_although_they_fail, 0},
    {"texts_of_failures_are_cut", texts_of_failures_are_cut, 0},
    {"text_of_a_task_that_succeeded_is_forgotten",
     text_of_a_task_that_succeeded_is_forgotten, 0},
    {"map_needs_no_place_for_an_error", map_needs_no_place_for_an_error, 0},
    {"map_tells_of_a_task_that_aborts", map_tells_of_a_task_that_aborts, 60},
    {"map_tells_of_a_task_that_exits", map_tells_of_a_task_that_exits, 60},
    {"map_tells_of_a_task_that_leaves_as_if_all_were_well",
     map_tells_of_a_task_that_leaves_as_if_all_were_well, 60},
    {"map_tells_of_a_task_that_is_killed", map_tells_of_a_task_that_is_killed,
     60},
    {"map_tells_of_a_task_that_crashes", map_tells_of_a_task_that_crashes, 60},
    {"pool_replaces_workers_again_and_again",
     pool_replaces_workers_again_and_again, 60},
    {"map_ends_although_every_child_dies", map_ends_although_every_child_dies,
     60},
    {"lock_of_a_task_that_died_is_passed_on",
     lock_of_a_task_that_died_is_passed_on, 0},
    {"pool_replaces_idle_workers", pool_replaces_idle_workers, 60},
    {"pool_of_a_killed_creator_frees_its_ranks",
     pool_of_a_killed_creator_frees_its_ranks, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pool_failure", tests, MRT_COUNT(tests), argc, argv);
}
