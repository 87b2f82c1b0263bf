/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batches: every task runs once, although workers steal, give up or die.
 */
#include "unit/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mailbox.h"
#include "pool/batch.h"
#include "pool/context.h"
#include "pool/pool.h"
#include "pool/results.h"
#include "pool/worker/run.h"

enum { MOST = 20000 };

static mri_word runs[MOST]; /* of each task */
static mri_word all_runs;

/* A map in one part, whose workers are called by the test itself. */
typedef struct job {
    mr_handle handle;
    const uint64_t *context; /* one word, or NULL */
    const uint64_t *inputs;  /* likewise one for each task */
    uint64_t *outputs;
    mr_handle results; /* where they come one by one, or none */
    size_t count;
} job;

/* ---- tasks --------------------------------------------------------------- */

static mr_error square(const void *input, void *output, const mr_task *task)
{
    const uint64_t *in = input;
    uint64_t *out = output;

    mri_add(&runs[task->index], 1);
    mri_add(&all_runs, 1);
    if (in) {
        *out = *in * *in;
    }
    return MR_OK;
}

/* The first task of slot 0 ends after all that others can steal from it. */
static mr_error wait_for_others(const void *input, void *output,
                                const mr_task *task)
{
    square(input, output, task);
    while (task->index == 0 && mri_load(&all_runs) < task->count) {
        mrt_pause();
    }
    return MR_OK;
}

static mr_error fail_at_ten(const void *input, void *output,
                            const mr_task *task)
{
    square(input, output, task);
    return task->index == 10 ? mr_task_fail(MR_ERR_USER + 3, "task %d", 10)
                             : MR_OK;
}

/* The context is the task that ends its worker. */
static mr_error die_at(const void *input, void *output, const mr_task *task)
{
    const uint64_t *fatal = task->context;

    square(input, output, task);
    if (task->index == *fatal) {
        fake_die();
    }
    return MR_OK;
}

/* ---- jobs ---------------------------------------------------------------- */

static void forget_runs(void)
{
    for (unsigned int i = 0; i < MOST; i++) {
        mri_store(&runs[i], 0);
    }
    mri_store(&all_runs, 0);
}

static mri_ref in_place(const uint64_t *memory, size_t count)
{
    return memory && mri_in_region(memory, count * sizeof *memory)
               ? mri_ref_of(memory)
               : 0;
}

static void fill(mri_batch_spec *spec, const job *j, mr_task_function *function)
{
    MRT_OK(mri_function_encode((mri_function *)function, &spec->function));
    if (j->context) {
        MRT_OK(mri_context_create(0, j->context, sizeof *j->context,
                                  &spec->context));
    }
    spec->input_size = j->inputs ? sizeof *j->inputs : 0;
    spec->output_size = j->outputs ? sizeof *j->outputs : 0;
    spec->inputs = in_place(j->inputs, j->count);
    spec->outputs = in_place(j->outputs, j->count);
    spec->results = j->results;
    spec->count = j->count;
    spec->total = j->count;
}

static void create(job *j, mr_task_function *function, size_t count,
                   size_t chunk, unsigned int workers)
{
    mri_batch_spec *spec = calloc(1, mri_batch_spec_size(workers));

    forget_runs();
    j->count = count;
    fill(spec, j, function);
    spec->chunk = chunk;
    spec->workers = workers;
    MRT_OK(mri_batch_create(0, spec, j->inputs,
                            spec->inputs ? 0 : count * spec->input_size,
                            &j->handle));
    if (j->context) {
        mri_context_release(spec->context);
    }
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

static mr_error done(const job *j, double timeout)
{
    uint64_t ended;

    return mri_batch_await(j->handle, timeout, &ended);
}

static mri_batch *map_of(const job *j)
{
    return mri_batch_of(mri_row(j->handle));
}

static void check_runs(const job *j)
{
    MRT_OK(done(j, 0));
    MRT_EQUAL(mri_batch_ended(map_of(j)), j->count);
    for (size_t i = 0; i < j->count; i++) {
        MRT_EQUAL(mri_load(&runs[i]), 1);
    }
}

static void end(const job *j)
{
    mri_batch_result result;

    check_runs(j);
    MRT_OK(mri_batch_end(j->handle, false, 0, j->outputs,
                         j->count * sizeof *j->outputs, &result));
    MRT_ERROR(mri_batch_end(j->handle, false, 0, NULL, 0, &result),
              MR_ERR_STALE);
}

/* ---- all tasks, once ----------------------------------------------------- */

static void map_runs_every_task_once(void)
{
    static const size_t counts[] = {1, 2, 3, 7, 100, 10007};
    static const size_t chunks[] = {0, 1, 3, 64, 1 << 20};
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < MRT_COUNT(counts) * MRT_COUNT(chunks); i++) {
        for (unsigned int workers = 1; workers <= 4; workers++) {
            job j = {0};

            create(&j, square, counts[i / MRT_COUNT(chunks)],
                   chunks[i % MRT_COUNT(chunks)], workers);
            MRT_ERROR(done(&j, 0), MR_ERR_TIMEOUT);
            fake_threads(workers, work, &j);
            end(&j);
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void map_copies_inputs_and_gathers_outputs(void)
{
    enum { COUNT = 5000 };
    static uint64_t in[COUNT];
    static uint64_t out[COUNT];
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(0);
    for (unsigned int i = 0; i < COUNT; i++) {
        in[i] = i;
    }
    for (unsigned int round = 0; round < 5; round++) {
        job j = {.inputs = in, .outputs = out};

        memset(out, 0xff, sizeof out);
        create(&j, square, COUNT, round, 3);
        fake_threads(3, work, &j);
        end(&j);
        for (uint64_t i = 0; i < COUNT; i++) {
            MRT_EQUAL(out[i], i * i);
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void map_uses_arrays_in_place(void)
{
    enum { COUNT = 1000 };
    job j = {0};
    mr_array array;
    void *data;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_array_create(&array, MR_INT64, COUNT, NULL, NULL));
    MRT_OK(mr_array_data(array, &data));
    for (uint64_t i = 0; i < COUNT; i++) {
        ((uint64_t *)data)[i] = i;
    }
    j.inputs = data;
    j.outputs = data;
    create(&j, square, COUNT, 0, 3);
    fake_threads(3, work, &j);
    end(&j);
    for (uint64_t i = 0; i < COUNT; i++) {
        MRT_EQUAL(((uint64_t *)data)[i], i * i);
    }
    MRT_OK(mr_array_destroy(array));
    fake_stop();
}

static void idle_workers_steal(void)
{
    for (size_t chunk = 0; chunk < 2; chunk++) {
        job j = {0};

        fake_start(2, FAKE_MEMORY);
        create(&j, wait_for_others, 3000, chunk, 3);
        fake_threads(3, work, &j);
        end(&j);
        fake_stop();
    }
}

/* Each theft brings one task, which is done at once. */
static void lone_worker_steals_from_many(void)
{
    job j = {0};

    fake_start(1, FAKE_MEMORY);
    create(&j, square, 1000, 0, 1000);
    work(0, &j);
    end(&j);
    fake_stop();
}

static void work_is_done_without_late_workers(void)
{
    job j = {0};

    fake_start(2, FAKE_MEMORY);
    create(&j, square, 1000, 0, 4);
    work(2, &j);
    check_runs(&j);
    work(0, &j);
    work(3, &j);
    end(&j);
    work(1, &j); /* the job is gone */
    fake_stop();
}

static void work_and_wait(unsigned int number, void *user)
{
    const job *j = user;

    if (number == 3) {
        MRT_OK(done(j, MR_FOREVER));
    } else {
        work(number, user);
    }
}

static void caller_is_woken_by_the_last_task(void)
{
    for (unsigned int i = 0; i < 100; i++) {
        job j = {0};

        fake_start(2, FAKE_MEMORY);
        create(&j, square, 1 + i * 7 % 50, i % 3, 3);
        fake_threads(4, work_and_wait, &j);
        end(&j);
        fake_stop();
    }
}

static void first_failure_is_kept_and_the_others_run(void)
{
    job j = {0};

    fake_start(2, FAKE_MEMORY);
    create(&j, fail_at_ten, 100, 0, 3);
    fake_threads(3, work, &j);
    MRT_EQUAL(mri_load(&map_of(&j)->error_state), MRI_ERROR_SET);
    MRT_EQUAL(map_of(&j)->error.code, MR_ERR_USER + 3);
    MRT_EQUAL(map_of(&j)->error.index, 10);
    MRT_TEXT(map_of(&j)->error.text, "task 10");
    MRT_TEXT(map_of(&j)->error.host, "fake");
    end(&j);
    fake_stop();
}

static void cancel(unsigned int number, void *user)
{
    const job *j = user;

    (void)number;
    mri_batch_cancel(j->handle);
}

/* ---- results one by one -------------------------------------------------- */

static mr_error always_fail(const void *input, void *output,
                            const mr_task *task)
{
    square(input, output, task);
    return mr_task_fail(MR_ERR_USER + 4, "task %zu", task->index);
}

/* No item fits any more that is larger than a few bytes. */
static void fill_up(mr_handle mailbox)
{
    static const unsigned char item[64 << 10];

    for (size_t size = sizeof item; size >= 64; size /= 2) {
        mr_error error = MR_OK;

        while (error == MR_OK) {
            error = mri_mailbox_put(mailbox, item, size, 0);
        }
        MRT_ERROR(error, MR_ERR_TIMEOUT);
    }
}

/* Thread 0 works; thread 1 is the creator. */
static void work_or_ask(unsigned int number, void *user)
{
    const job *j = user;
    size_t told = 0;

    if (number == 0) {
        work(number, user);
        return;
    }
    while (told < j->count) {
        mr_task_error failures[MRI_BATCH_FAILURES];
        size_t count = 0;

        MRT_OK(mri_batch_failures(j->handle, failures, &count));
        for (size_t i = 0; i < count; i++, told++) {
            char text[32];

            snprintf(text, sizeof text, "task %zu", told);
            MRT_EQUAL(failures[i].code, MR_ERR_USER + 4);
            MRT_EQUAL(failures[i].index, told);
            MRT_TEXT(failures[i].text, text);
        }
        mrt_pause();
    }
}

static void failures_are_told_although_there_is_no_memory(void)
{
    job j = {0};
    mr_handle memory;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mri_mailbox_build(mri_self(), 0, 0, MRI_HEAP, &j.results));
    create(&j, always_fail, 3, 1, 1);
    /* A queue of a user would leave some memory to others. */
    MRT_OK(mri_mailbox_build(mri_self(), 0, 0, MRI_HEAP, &memory));
    fill_up(memory);
    fill_up(j.results); /* it has room of its own for a few failures */
    fake_threads(2, work_or_ask, &j);
    check_runs(&j);
    cancel(0, &j);
    MRT_OK(mri_object_destroy(memory, MRI_MAILBOX));
    MRT_OK(mri_object_destroy(j.results, MRI_MAILBOX));
    fake_stop();
}

/* ---- cancelling ---------------------------------------------------------- */

/* Thread 0 cancels when the others are busy. */
static void work_or_cancel(unsigned int number, void *user)
{
    if (number == 0) {
        while (mri_load(&all_runs) < 3) {
            mrt_pause();
        }
        cancel(number, user);
    } else {
        work(number - 1, user);
    }
}

static void cancelled_map_ends_with_its_last_worker(void)
{
    for (unsigned int i = 0; i < 50; i++) {
        job j = {0};
        unsigned int objects;
        uint64_t before;

        fake_start(2, FAKE_MEMORY);
        objects = fake_objects();
        before = fake_used(0);
        create(&j, square, MOST, 1, 3);
        fake_threads(4, work_or_cancel, &j);
        for (unsigned int k = 0; k < MOST; k++) {
            MRT_CHECK(mri_load(&runs[k]) <= 1);
        }
        MRT_EQUAL(fake_objects(), objects);
        MRT_EQUAL(fake_used(0), before);
        fake_stop();
    }
}

static void cancelled_map_without_workers_ends_at_once(void)
{
    job j = {0};
    unsigned int objects;

    fake_start(1, FAKE_MEMORY);
    objects = fake_objects();
    create(&j, square, 10, 1, 2);
    cancel(0, &j);
    MRT_EQUAL(fake_objects(), objects);
    work(0, &j);
    MRT_EQUAL(mri_load(&all_runs), 0);
    fake_stop();
}

/* The last worker ends the map, and another takes its row. */
static job next_job;
static mri_record *canceller;

static void work_and_create(unsigned int number, void *user)
{
    if (mri_load(&canceller->active)) {
        return; /* ending it would wait for the canceller */
    }
    work(number, user);
    next_job = (job){0};
    create(&next_job, square, 10, 1, 1);
}

static void cancelling_never_ends_another_map(void)
{
    bool more = fake_has_points();

    for (int64_t k = 1; more; k++) {
        job j = {0};

        fake_start(1, FAKE_MEMORY);
        create(&j, square, 10, 1, 2);
        next_job.handle.kind = MRI_NONE;
        canceller = mri_self();
        more = fake_meets_at(k, cancel, work_and_create, &j);
        if (next_job.handle.kind == MRI_BATCH) {
            work(0, &next_job);
            end(&next_job);
        }
        fake_stop();
    }
}

/* ---- deaths -------------------------------------------------------------- */

static void check_death_in_task(uint64_t fatal, size_t count, size_t chunk)
{
    job j = {.context = &fatal};
    uint64_t endpoint;
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();

    create(&j, die_at, count, chunk, 2);
    endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    MRT_CHECK(fake_dies(work, 0, &j));
    fake_return(self, record);
    MRT_ERROR(done(&j, 0), MR_ERR_TIMEOUT);
    fake_reap(endpoint);
    work(1, &j);
    MRT_EQUAL(map_of(&j)->error.code, MR_ERR_WORKER_DIED);
    MRT_EQUAL(map_of(&j)->error.index, fatal);
    end(&j);
}

static void tasks_go_on_when_one_ends_its_worker(void)
{
    static const size_t chunks[] = {0, 1, 4, 100};
    enum { COUNT = 12 };
    uint64_t before;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < MRT_COUNT(chunks); i++) {
        for (uint64_t fatal = 0; fatal < COUNT; fatal++) {
            check_death_in_task(fatal, COUNT, chunks[i]);
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* Thread 3 reaps whichever of the workers meets the fatal task. */
static void work_or_reap(unsigned int number, void *user)
{
    const job *j = user;
    unsigned int dead;

    if (number < 3) {
        work(number, user);
        return;
    }
    dead = fake_await_any_death(3);
    fake_reap(fake_endpoint_of(dead));
    work(dead, user); /* the child in its place */
    MRT_OK(done(j, GUARD));
}

static void others_finish_for_a_worker_that_died(void)
{
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t fatal = i * 37 % 200;
        job j = {.context = &fatal};

        fake_start(2, FAKE_MEMORY);
        create(&j, die_at, 200, i % 4, 3);
        fake_threads(4, work_or_reap, &j);
        MRT_EQUAL(map_of(&j)->error.index, fatal);
        end(&j);
        fake_stop();
    }
}

/* All that a worker can do: its own tasks, then those of another. */
static bool die_between_steps(int64_t k, size_t count, size_t chunk)
{
    job j = {0};
    uint64_t endpoint;
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();
    unsigned int lost = 0;
    bool died;

    create(&j, square, count, chunk, 3);
    endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    died = fake_dies_at(k, work, 0, &j);
    mri_self_leave();
    fake_return(self, record);
    fake_reap(endpoint);
    work(1, &j);
    MRT_OK(done(&j, 0));
    MRT_EQUAL(mri_batch_ended(map_of(&j)), count);
    for (size_t i = 0; i < count; i++) {
        MRT_CHECK(mri_load(&runs[i]) <= 1);
        lost += mri_load(&runs[i]) == 0;
    }
    MRT_CHECK(lost <= (mri_load(&map_of(&j)->error_state) != 0));
    MRT_CHECK(died || lost == 0);
    MRT_OK(mri_object_destroy(j.handle, MRI_BATCH));
    return died;
}

static void no_task_is_lost_or_repeated_by_a_death_at_any_point(void)
{
    static const size_t chunks[] = {1, 2, 5};
    uint64_t before;

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t i = 0; i < MRT_COUNT(chunks); i++) {
        for (int64_t k = 1; die_between_steps(k, 9, chunks[i]); k++) {
        }
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* Thieves wait for one another, here that would be for ever. */
static void work_unless_stealing(unsigned int number, void *user)
{
    if (!mri_load(&map_of(user)->slots[0].victim)) {
        work(number, user);
    }
}

/* At any point of one worker another does all that it can. */
static void tasks_run_once_whenever_another_worker_comes(void)
{
    static const size_t chunks[] = {1, 2, 5};

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    for (size_t i = 0; i < MRT_COUNT(chunks); i++) {
        bool more = true;

        for (int64_t k = 1; more; k++) {
            job j = {0};

            create(&j, square, 9, chunks[i], 3);
            more = fake_meets_at(k, work, work_unless_stealing, &j);
            end(&j);
        }
    }
    fake_stop();
}

/* A rank was lost with task 49, the next in order, while all but one of the
 * places of those behind it had been filled. */
static void lost_task_is_scheduled_although_little_else_fits(void)
{
    mri_results r = {.ordered = true, .ahead = 40, .total = 500, .taken = 49};
    mri_schedule_range lost = {.first = 49, .count = 1, .again = true};
    const mri_map_request request = {.input_size = 0};
    mri_scheduler d = {.sink = &mri_results_sink,
                       .results = &r,
                       .request = &request,
                       .workers = 4,
                       .nodes_count = 2,
                       .left = 412,
                       .again = &lost,
                       .again_count = 1};
    mri_schedule_node n = {.workers = 2};

    MRT_EQUAL(mri_results_sink.size(&d, &n, 0), 1);
    d.again_count = 0; /* then it waits until a part of some size fits */
    MRT_EQUAL(mri_results_sink.size(&d, &n, 0), 0);
    r.taken = 60;
    MRT_EQUAL(mri_results_sink.size(&d, &n, 0), 2);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"lost_task_is_scheduled_although_little_else_fits",
         lost_task_is_scheduled_although_little_else_fits, 0},
        {"map_runs_every_task_once", map_runs_every_task_once, 0},
        {"map_copies_inputs_and_gathers_outputs",
         map_copies_inputs_and_gathers_outputs, 0},
        {"map_uses_arrays_in_place", map_uses_arrays_in_place, 0},
        {"idle_workers_steal", idle_workers_steal, 0},
        {"lone_worker_steals_from_many", lone_worker_steals_from_many, 0},
        {"work_is_done_without_late_workers", work_is_done_without_late_workers,
         0},
        {"caller_is_woken_by_the_last_task", caller_is_woken_by_the_last_task,
         0},
        {"first_failure_is_kept_and_the_others_run",
         first_failure_is_kept_and_the_others_run, 0},
        {"failures_are_told_although_there_is_no_memory",
         failures_are_told_although_there_is_no_memory, 0},
        {"cancelled_map_ends_with_its_last_worker",
         cancelled_map_ends_with_its_last_worker, 0},
        {"cancelled_map_without_workers_ends_at_once",
         cancelled_map_without_workers_ends_at_once, 0},
        {"cancelling_never_ends_another_map", cancelling_never_ends_another_map,
         0},
        {"tasks_go_on_when_one_ends_its_worker",
         tasks_go_on_when_one_ends_its_worker, 0},
        {"others_finish_for_a_worker_that_died",
         others_finish_for_a_worker_that_died, 0},
        {"no_task_is_lost_or_repeated_by_a_death_at_any_point",
         no_task_is_lost_or_repeated_by_a_death_at_any_point, 0},
        {"tasks_run_once_whenever_another_worker_comes",
         tasks_run_once_whenever_another_worker_comes, 0},
    };

    return mrt_main("map", tests, MRT_COUNT(tests), argc, argv);
}
