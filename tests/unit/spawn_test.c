/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spawned tasks: each runs once, although workers steal, wait or die, and all
 * their memory comes back.
 *
 * style: long because all tests share the trees and the jobs
 */
#include "unit/fake.h"

#include <multirank/spawn.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pool/batch.h"
#include "pool/pool.h"
#include "pool/worker/spawned.h"
#include "util/fault.h"

enum { MOST = 1 << 16 };

static mri_word runs[MOST]; /* of each node of a tree, from 1 */
static mri_word all_runs;

typedef struct job {
    mr_handle handle;
    uint64_t *outputs; /* of each task, or NULL */
    size_t count;
} job;

/* A node of a binary tree: its children are 2 n and 2 n + 1. */
typedef struct node {
    uint64_t number;
    uint64_t end;   /* numbers from here on are no nodes */
    uint64_t fatal; /* this one ends its worker, or fails */
} node;

static void note(uint64_t number)
{
    if (number < MOST) {
        mri_add(&runs[number], 1);
    }
    mri_add(&all_runs, 1);
}

/* ---- tasks --------------------------------------------------------------- */

static mr_error count_nodes(const void *input, void *output,
                            const mr_task *task)
{
    const node *n = input;
    uint64_t sums[2] = {0, 0}, sum;
    mr_error error = MR_OK;

    (void)task;
    note(n->number);
    for (uint64_t i = 0; !error && i < 2; i++) {
        node child = {2 * n->number + i, n->end, n->fatal};

        if (child.number < n->end) {
            error = mr_task_spawn(count_nodes, &child, sizeof child, &sums[i],
                                  sizeof sums[i]);
        }
    }
    if (!error) {
        error = mr_task_wait(NULL);
    }
    if (n->number == n->fatal) {
        fake_die();
    }
    sum = 1 + sums[0] + sums[1];
    memcpy(output, &sum, sizeof sum);
    return error;
}

/* A task that makes children does not wait for them. */
static mr_error make_children(const node *n, mr_task_function *function,
                              bool add)
{
    mr_error error = MR_OK;

    note(n->number);
    for (uint64_t i = 0; !error && i < 2; i++) {
        node child = {2 * n->number + i, n->end, n->fatal};

        if (child.number < n->end) {
            error =
                add ? mr_task_add(function, &child, sizeof child)
                    : mr_task_spawn(function, &child, sizeof child, NULL, 0);
        }
    }
    if (n->number == n->fatal) {
        fake_die();
    }
    return error;
}

/* Children without a parent. */
static mr_error visit_nodes(const void *input, void *output,
                            const mr_task *task)
{
    (void)output;
    (void)task;
    return make_children(input, visit_nodes, true);
}

/* Children with a parent that does not wait. */
static mr_error leave_nodes(const void *input, void *output,
                            const mr_task *task)
{
    (void)output;
    (void)task;
    return make_children(input, leave_nodes, false);
}

/* ---- jobs ---------------------------------------------------------------- */

static void create(job *j, mr_task_function *function, const node *roots,
                   size_t count, unsigned int workers)
{
    mri_batch_spec *spec = calloc(1, mri_batch_spec_size(workers));

    for (unsigned int i = 0; i < MOST; i++) {
        mri_store(&runs[i], 0);
    }
    mri_store(&all_runs, 0);
    j->count = count;
    MRT_OK(mri_function_encode((mri_function *)function, &spec->function));
    spec->input_size = sizeof *roots;
    spec->output_size = sizeof(uint64_t);
    spec->count = count;
    spec->total = count;
    spec->chunk = 1;
    spec->workers = workers;
    MRT_OK(mri_batch_create(0, spec, roots, count * sizeof *roots, &j->handle));
    free(spec);
}

static void work(unsigned int number, void *user)
{
    const job *j = user;
    mri_work work = {.what = MRI_WORK_BATCH,
                     .worker = number,
                     .job = j->handle,
                     .slot = number};

    mri_pool_work(&work);
}

/* A worker leaves when it finds nothing for a while; here nobody calls it. */
static void work_to_the_end(unsigned int number, void *user)
{
    const job *j = user;
    uint64_t ended;

    while (mri_batch_await(j->handle, 0, &ended) == MR_ERR_TIMEOUT) {
        work(number, user);
    }
}

static mr_task_error end(const job *j, uint64_t *outputs)
{
    mri_batch_result result = {.error = {.code = MR_OK}};

    MRT_OK(mri_batch_end(j->handle, false, 0, outputs,
                         j->count * sizeof *outputs, &result));
    return result.error;
}

static void check_runs(uint64_t first, uint64_t end_of_nodes)
{
    for (uint64_t i = first; i < end_of_nodes; i++) {
        MRT_EQUAL(mri_load(&runs[i]), 1);
    }
}

/* ---- all tasks, once ----------------------------------------------------- */

static void tasks_that_wait_get_all_outputs(void)
{
    static const uint64_t ends[] = {2, 3, 4, 100, 4096, 30000};
    uint64_t before;

    fake_start(2, 4 * FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < MRT_COUNT(ends); i++) {
        for (unsigned int workers = 1; workers <= 4; workers++) {
            node root = {1, ends[i], 0};
            uint64_t sum = 0;
            job j = {0};

            create(&j, count_nodes, &root, 1, workers);
            fake_threads(workers, work_to_the_end, &j);
            MRT_EQUAL(end(&j, &sum).code, MR_OK);
            MRT_EQUAL(sum, ends[i] - 1);
            check_runs(1, ends[i]);
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void trees_end(mr_task_function *function)
{
    enum { ROOTS = 5, END = 20000 };
    uint64_t before;

    fake_start(2, 4 * FAKE_MEMORY);
    before = fake_used(0);
    for (unsigned int workers = 1; workers <= 4; workers++) {
        node roots[ROOTS];
        uint64_t outputs[ROOTS];
        job j = {0};

        for (uint64_t i = 0; i < ROOTS; i++) {
            roots[i] = (node){ROOTS + i, END, 0};
        }
        create(&j, function, roots, ROOTS, workers);
        fake_threads(workers, work_to_the_end, &j);
        MRT_EQUAL(end(&j, outputs).code, MR_OK);
        check_runs(ROOTS, END);
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void map_ends_with_the_last_task_that_was_added(void)
{
    trees_end(visit_nodes);
}

static void map_ends_with_children_that_nobody_waits_for(void)
{
    trees_end(leave_nodes);
}

/* A long series of tasks, each of which adds the next. */
static mr_error add_next(const void *input, void *output, const mr_task *task)
{
    const node *n = input;
    node next = {n->number + 1, n->end, 0};

    (void)output;
    (void)task;
    mri_add(&all_runs, 1);
    return next.number < n->end ? mr_task_add(add_next, &next, sizeof next)
                                : MR_OK;
}

/* A task of these dies some steps after so many have begun; 0: none. */
static uint64_t doomed_run;
static int64_t doomed_step;

/* The same, each with two leaves that are added before. */
static mr_error add_leaves_and_next(const void *input, void *output,
                                    const mr_task *task)
{
    const node *n = input;
    node leaf = {n->end, n->end, 0};
    node next = {n->number + 1, n->end, n->fatal};
    mr_error error = MR_OK;

    (void)output;
    (void)task;
    if (mri_add(&all_runs, 1) + 1 == doomed_run) {
        fake_die_later(doomed_step);
    }
    if (n->number >= n->end) {
        return MR_OK;
    }
    for (int i = 0; !error && i < 2; i++) {
        error = mr_task_add(add_leaves_and_next, &leaf, sizeof leaf);
    }
    return error ? error : mr_task_add(add_leaves_and_next, &next, sizeof next);
}

/* A search goes deep, and more tasks wait than a deque holds. */
static void long_path_of_added_tasks_needs_no_stack(void)
{
    enum { LENGTH = 100000 };
    uint64_t before;

    fake_start(2, 64 * FAKE_MEMORY);
    before = fake_used(0);
    for (unsigned int workers = 1; workers <= 3; workers++) {
        node root = {0, LENGTH, 0};
        uint64_t output;
        job j = {0};

        create(&j, add_leaves_and_next, &root, 1, workers);
        fake_threads(workers, work_to_the_end, &j);
        MRT_EQUAL(end(&j, &output).code, MR_OK);
        MRT_EQUAL(mri_load(&all_runs), 3 * LENGTH + 1);
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void series_of_tasks_needs_no_memory(void)
{
    node root = {0, 300000, 0};
    uint64_t output;
    job j = {0};

    fake_start(1, FAKE_MEMORY);
    create(&j, add_next, &root, 1, 2);
    fake_threads(2, work_to_the_end, &j);
    MRT_EQUAL(end(&j, &output).code, MR_OK);
    MRT_EQUAL(mri_load(&all_runs), root.end);
    fake_stop();
}

/* Many children of one task: most are run inside the spawns. */
static mr_error spawn_many(const void *input, void *output, const mr_task *task)
{
    static uint64_t sums[20000];
    const node *n = input;
    mr_error error = MR_OK;
    uint64_t sum = 0;

    (void)task;
    for (uint64_t i = 0; !error && i < n->end; i++) {
        node child = {i, 0, UINT64_MAX};

        error = mr_task_spawn(count_nodes, &child, sizeof child, &sums[i],
                              sizeof sums[i]);
    }
    error = error ? error : mr_task_wait(NULL);
    for (uint64_t i = 0; i < n->end; i++) {
        sum += sums[i];
    }
    memcpy(output, &sum, sizeof sum);
    return error;
}

static void task_with_many_children_gets_all_outputs(void)
{
    node root = {0, 20000, UINT64_MAX};
    uint64_t sum = 0;
    job j = {0};

    fake_start(1, 4 * FAKE_MEMORY);
    create(&j, spawn_many, &root, 1, 2);
    fake_threads(2, work_to_the_end, &j);
    MRT_EQUAL(end(&j, &sum).code, MR_OK);
    MRT_EQUAL(sum, root.end);
    fake_stop();
}

/* ---- failures ------------------------------------------------------------ */

static mr_error fail(const void *input, void *output, const mr_task *task)
{
    const node *n = input;

    (void)output;
    (void)task;
    note(n->number);
    return n->number == n->fatal ? mr_task_fail(MR_ERR_USER + 7, "node %d", 7)
                                 : MR_OK;
}

static mr_error handle_failures(const void *input, void *output,
                                const mr_task *task)
{
    mr_task_error failure;

    (void)output;
    for (uint64_t i = 0; i < 10; i++) {
        node child = {i, 0, 7};

        MRT_OK(mr_task_spawn(fail, &child, sizeof child, NULL, 0));
    }
    MRT_ERROR(mr_task_wait(&failure), MR_ERR_USER + 7);
    MRT_EQUAL(failure.code, MR_ERR_USER + 7);
    MRT_EQUAL(failure.index, task->index);
    MRT_TEXT(failure.text, "node 7");
    MRT_OK(mr_task_wait(&failure));
    MRT_EQUAL(failure.code, MR_OK);
    (void)input;
    return MR_OK;
}

static mr_error ignore_failures(const void *input, void *output,
                                const mr_task *task)
{
    (void)output;
    (void)task;
    for (uint64_t i = 0; i < 10; i++) {
        node child = {i, 0, 7};

        MRT_OK(mr_task_spawn(fail, &child, sizeof child, NULL, 0));
    }
    (void)input;
    return MR_OK;
}

static mr_error add_failing(const void *input, void *output,
                            const mr_task *task)
{
    node child = {7, 0, 7};

    (void)input;
    (void)output;
    (void)task;
    return mr_task_add(fail, &child, sizeof child);
}

static void check_failure(mr_task_function *function, mr_error code)
{
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(0);
    for (unsigned int workers = 1; workers <= 3; workers++) {
        node roots[3] = {{0}};
        uint64_t outputs[3];
        mr_task_error error;
        job j = {0};

        create(&j, function, roots, 3, workers);
        fake_threads(workers, work_to_the_end, &j);
        error = end(&j, outputs);
        MRT_EQUAL(error.code, code);
        if (code) {
            MRT_TEXT(error.text, "node 7");
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void parent_that_waits_handles_failures(void)
{
    check_failure(handle_failures, MR_OK);
}

static void failure_that_nobody_waits_for_is_the_map_s(void)
{
    check_failure(ignore_failures, MR_ERR_USER + 7);
    check_failure(add_failing, MR_ERR_USER + 7);
}

/* ---- bad calls ----------------------------------------------------------- */

static mr_error call_badly(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    MRT_ERROR(mr_task_spawn(NULL, NULL, 0, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_task_spawn(fail, NULL, 1, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_task_spawn(fail, NULL, 0, NULL, 1), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_task_add(fail, NULL, SIZE_MAX), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_task_add(fail, &task, SIZE_MAX / 2), MR_ERR_TOO_LARGE);
    MRT_ERROR(mr_task_add(fail, &task, (size_t)1 << 40), MR_ERR_NO_MEMORY);
    return mr_task_wait(NULL);
}

static void bad_calls_get_errors(void)
{
    node root = {0};
    uint64_t output;
    job j = {0};

    fake_start(1, FAKE_MEMORY);
    MRT_ERROR(mr_task_spawn(fail, NULL, 0, NULL, 0), MR_ERR_STATE);
    MRT_ERROR(mr_task_add(fail, NULL, 0), MR_ERR_STATE);
    MRT_ERROR(mr_task_wait(NULL), MR_ERR_STATE);
    create(&j, call_badly, &root, 1, 1);
    work(0, &j);
    MRT_EQUAL(end(&j, &output).code, MR_OK);
    fake_stop();
}

/* ---- cancelling ---------------------------------------------------------- */

static void work_or_cancel(unsigned int number, void *user)
{
    const job *j = user;

    if (number > 0) {
        work(number - 1, user);
        return;
    }
    while (mri_load(&all_runs) < 100) {
        mrt_pause();
    }
    mri_batch_cancel(j->handle);
}

static void cancelled_trees_end_with_their_last_worker(void)
{
    mr_task_function *const functions[] = {count_nodes, visit_nodes,
                                           leave_nodes};

    for (unsigned int i = 0; i < 30; i++) {
        node root = {1, (uint64_t)1 << 62, 0};
        unsigned int objects;
        uint64_t before;
        job j = {0};

        fake_start(2, FAKE_MEMORY);
        objects = fake_objects();
        before = fake_used(0);
        create(&j, functions[i % 3], &root, 1, 3);
        fake_threads(4, work_or_cancel, &j);
        MRT_EQUAL(fake_objects(), objects);
        MRT_EQUAL(fake_used(0), before);
        fake_stop();
    }
}

/* ---- deaths -------------------------------------------------------------- */

/* Those that can be missing are below one that failed. */
static void check_after_death(const job *j, uint64_t nodes, bool died)
{
    uint64_t outputs[4] = {0};
    uint64_t lost = 0;
    mr_task_error error;

    for (uint64_t i = 1; i < nodes; i++) {
        MRT_CHECK(mri_load(&runs[i]) <= 1);
        lost += mri_load(&runs[i]) == 0;
    }
    error = end(j, outputs);
    MRT_CHECK(error.code == MR_OK || error.code == MR_ERR_WORKER_DIED);
    MRT_CHECK(died || error.code == MR_OK);
    if (error.code == MR_OK) {
        MRT_EQUAL(lost, 0);
    }
}

static bool die_between_steps(int64_t k, mr_task_function *function,
                              uint64_t nodes)
{
    node root = {1, nodes, 0};
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();
    uint64_t endpoint;
    bool died;
    job j = {0};

    create(&j, function, &root, 1, 3);
    endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    died = fake_dies_at(k, work, 0, &j);
    mri_self_leave();
    fake_return(self, record);
    fake_reap(endpoint);
    work(1, &j);
    check_after_death(&j, nodes, died);
    return died;
}

/* What was not written before it is read is a number that breaks something. */
static void fill_free_memory(size_t size)
{
    mri_record *self = mri_self();

    MRT_OK(mri_allocate(self, 0, MRI_HEAP, size, 0));
    memset(mri_at(mri_peek(&self->owned[0].block)), 0x5a, size);
    mri_owned_free(self, 0);
}

static void map_ends_right_after_a_death_at_any_point(void)
{
    mr_task_function *const functions[] = {count_nodes, visit_nodes,
                                           leave_nodes};
    uint64_t before;

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < MRT_COUNT(functions); i++) {
        bool died = true;

        for (int64_t k = 1; died; k++) {
            fill_free_memory(FAKE_MEMORY / 2);
            died = die_between_steps(k, functions[i], 8);
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* Others take what it has spilled, and each task that had not begun runs. */
static bool die_on_long_path(uint64_t run, int64_t step)
{
    enum { LENGTH = 580 };
    node root = {0, LENGTH, 0};
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();
    uint64_t endpoint, output;
    mr_error error;
    bool died;
    job j = {0};

    create(&j, add_leaves_and_next, &root, 1, 3);
    endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    doomed_run = run;
    doomed_step = step;
    died = fake_dies_at(INT64_MAX, work, 0, &j);
    doomed_run = 0;
    mri_self_leave();
    fake_return(self, record);
    fake_reap(endpoint);
    work(1, &j);
    error = end(&j, &output).code;
    MRT_CHECK(error == MR_OK || (died && error == MR_ERR_WORKER_DIED));
    MRT_CHECK(mri_load(&all_runs) <= 3 * LENGTH + 1);
    MRT_CHECK(error || mri_load(&all_runs) == 3 * LENGTH + 1);
    return died;
}

/* After 700 runs the first are spilled, and after 1,726 the first comes back.
 */
static void path_ends_right_after_a_death_at_any_point(void)
{
    static const uint64_t begun[] = {700, 1720};
    uint64_t before;

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, 16 * FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < MRT_COUNT(begun); i++) {
        for (int64_t k = 1; k < 400 && die_on_long_path(begun[i], k); k++) {
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* The second worker comes when the first has run a while, steals what the first
 * has spawned, and dies at some point of that. */
static int64_t kill_at;
static bool thief_died;

static mr_error spawn_and_let_steal(const void *input, void *output,
                                    const mr_task *task)
{
    uint64_t sums[6], sum = 1;
    mr_error error = MR_OK;
    bool lets = false;

    (void)input;
    (void)task;
    note(1);
    for (uint64_t i = 0; !error && i < 6; i++) {
        node child = {2 + i, 0, 0};

        error = mr_task_spawn(count_nodes, &child, sizeof child, &sums[i],
                              sizeof sums[i]);
    }
    lets = mri_load(&all_runs) < 100;
    mri_add(&all_runs, 100);
    while (lets && mri_load(&all_runs) < 200) {
        mrt_pause();
    }
    error = error ? error : mr_task_wait(NULL);
    for (uint64_t i = 0; i < 6; i++) {
        sum += sums[i];
    }
    memcpy(output, &sum, sizeof sum);
    return error;
}

static void steal_and_die(unsigned int number, void *user)
{
    uint64_t endpoint;

    if (number == 0) {
        work_to_the_end(0, user);
        return;
    }
    while (mri_load(&all_runs) < 100) {
        mrt_pause();
    }
    endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 7);
    thief_died = fake_dies_at(kill_at, work, 1, user);
    if (!thief_died) {
        mri_self_leave();
    }
    fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 8);
    fake_reap(endpoint);
    mri_add(&all_runs, 100);
}

static void death_of_a_thief_at_any_point_is_told_to_the_parent(void)
{
    node root = {1, 0, 0};

    if (!fake_has_points()) {
        return;
    }
    thief_died = true;
    for (kill_at = 1; thief_died; kill_at++) {
        uint64_t sum = 0;
        mr_task_error error;
        job j = {0};

        fake_start(1, FAKE_MEMORY);
        create(&j, spawn_and_let_steal, &root, 1, 2);
        fake_threads(2, steal_and_die, &j);
        error = end(&j, &sum);
        MRT_CHECK(error.code == MR_OK || error.code == MR_ERR_WORKER_DIED);
        for (unsigned int i = 1; i < 8; i++) {
            MRT_CHECK(mri_load(&runs[i]) <= 1);
        }
        if (error.code == MR_OK) {
            MRT_EQUAL(sum, 7);
        }
        fake_stop();
    }
}

/* Thread 3 reaps whichever of the workers meets the fatal task. */
static void work_or_reap(unsigned int number, void *user)
{
    unsigned int dead;

    if (number < 3) {
        work_to_the_end(number, user);
        return;
    }
    dead = fake_await_any_death(3);
    fake_reap(fake_endpoint_of(dead));
    work_to_the_end(dead, user); /* the child in its place */
}

static void others_finish_for_a_worker_that_died(void)
{
    mr_task_function *const functions[] = {count_nodes, visit_nodes,
                                           leave_nodes};

    for (uint64_t i = 0; i < 60; i++) {
        node root = {1, 2000, 1 + i * 37 % 1999};
        uint64_t output;
        mr_task_error error;
        job j = {0};

        fake_start(2, FAKE_MEMORY);
        create(&j, functions[i % 3], &root, 1, 3);
        fake_threads(4, work_or_reap, &j);
        error = end(&j, &output);
        MRT_EQUAL(error.code, MR_ERR_WORKER_DIED);
        for (unsigned int k = 1; k < 2000; k++) {
            MRT_CHECK(mri_load(&runs[k]) <= 1);
        }
        if (functions[i % 3] != count_nodes) {
            check_runs(1, 2000);
        }
        fake_stop();
    }
}

/* In a thread of its own, as a thread knows in which batch it works. */
static void *work_as_another(void *user)
{
    fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 9);
    work(1, user);
    mri_self_leave();
    return NULL;
}

/* A thief would wait for it. */
static bool is_stealing(const job *j)
{
    mri_batch *batch = mri_batch_of(mri_row(j->handle));
    mri_spawned *spawned = mri_spawned_of(batch);

    return mri_load(&batch->slots[0].victim) ||
           (spawned && mri_load(&spawned->deques[0].victim));
}

/* At any point of one worker another does all that it can. */
static void let_another_work(unsigned int number, void *user)
{
    pthread_t thread;

    (void)number;
    if (!is_stealing(user) &&
        MRT_EQUAL(pthread_create(&thread, NULL, work_as_another, user), 0)) {
        pthread_join(thread, NULL);
    }
}

static void tasks_run_once_whenever_another_worker_comes(void)
{
    bool more = fake_has_points();

    fake_start(1, FAKE_MEMORY);
    for (int64_t k = 1; more; k++) {
        node root = {1, 8, 0};
        uint64_t output;
        job j = {0};

        create(&j, k % 2 ? visit_nodes : leave_nodes, &root, 1, 3);
        more = fake_meets_at(k, work, let_another_work, &j);
        work(2, &j);
        MRT_EQUAL(end(&j, &output).code, MR_OK);
        check_runs(1, 8);
    }
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"tasks_that_wait_get_all_outputs", tasks_that_wait_get_all_outputs, 0},
        {"map_ends_with_the_last_task_that_was_added",
         map_ends_with_the_last_task_that_was_added, 0},
        {"map_ends_with_children_that_nobody_waits_for",
         map_ends_with_children_that_nobody_waits_for, 0},
        {"series_of_tasks_needs_no_memory", series_of_tasks_needs_no_memory, 0},
        {"long_path_of_added_tasks_needs_no_stack",
         long_path_of_added_tasks_needs_no_stack, 0},
        {"task_with_many_children_gets_all_outputs",
         task_with_many_children_gets_all_outputs, 0},
        {"parent_that_waits_handles_failures",
         parent_that_waits_handles_failures, 0},
        {"failure_that_nobody_waits_for_is_the_map_s",
         failure_that_nobody_waits_for_is_the_map_s, 0},
        {"bad_calls_get_errors", bad_calls_get_errors, 0},
        {"cancelled_trees_end_with_their_last_worker",
         cancelled_trees_end_with_their_last_worker, 0},
        {"map_ends_right_after_a_death_at_any_point",
         map_ends_right_after_a_death_at_any_point, 0},
        {"path_ends_right_after_a_death_at_any_point",
         path_ends_right_after_a_death_at_any_point, 0},
        {"death_of_a_thief_at_any_point_is_told_to_the_parent",
         death_of_a_thief_at_any_point_is_told_to_the_parent, 0},
        {"others_finish_for_a_worker_that_died",
         others_finish_for_a_worker_that_died, 0},
        {"tasks_run_once_whenever_another_worker_comes",
         tasks_run_once_whenever_another_worker_comes, 0},
    };

    return mrt_main("spawn", tests, MRT_COUNT(tests), argc, argv);
}
