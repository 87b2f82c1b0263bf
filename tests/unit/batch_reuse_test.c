/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batches that are used again: each task of each use runs once, although
 * workers come late from an earlier one, or die.
 */
#include "unit/fake.h"

#include <stdlib.h>
#include <string.h>

#include "pool/batch.h"
#include "pool/pool.h"
#include "pool/worker/run.h"

enum { WORKERS = 3, MOST = 60, LIVES = 60 };

static mri_word runs[MOST]; /* of each task */

typedef struct stage {
    mr_handle part;
    mri_batch_spec *spec;
    uint64_t inputs[MOST];
    uint64_t outputs[MOST];
    mri_word end; /* of the workers */
} stage;

static mr_error square(const void *input, void *output, const mr_task *task)
{
    const uint64_t *in = input;
    uint64_t *out = output;

    mri_add(&runs[task->index], 1);
    MRT_EQUAL(*out, 0);
    *out = *in * *in;
    return MR_OK;
}

/* ---- the stage ----------------------------------------------------------- */

static void describe(stage *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        s->inputs[i] = count + i;
        mri_store(&runs[i], 0);
    }
    s->spec->count = count;
    s->spec->total = count;
}

static void create(stage *s, size_t count)
{
    memset(s, 0, sizeof *s);
    s->spec = calloc(1, mri_batch_spec_size(WORKERS));
    s->spec->workers = WORKERS; /* without mailboxes: the test calls them */
    s->spec->chunk = 1;
    s->spec->input_size = sizeof *s->inputs;
    s->spec->output_size = sizeof *s->outputs;
    MRT_OK(mri_function_encode((mri_function *)square, &s->spec->function));
    describe(s, count);
    MRT_OK(mri_batch_create(0, s->spec, s->inputs, count * sizeof *s->inputs,
                            &s->part));
}

static mr_error restart(const stage *s)
{
    return mri_batch_refill(s->part, s->spec, s->inputs,
                            s->spec->count * sizeof *s->inputs);
}

static void work(unsigned int number, void *user)
{
    const stage *s = user;
    mri_work work = {.what = MRI_WORK_BATCH,
                     .worker = number,
                     .job = s->part,
                     .slot = number};

    mri_pool_work(&work);
}

/* All have run, once. */
static void gather(stage *s, double timeout)
{
    mri_batch_result result;
    size_t count = s->spec->count;

    MRT_OK(mri_batch_end(s->part, true, timeout, s->outputs,
                         count * sizeof *s->outputs, &result));
    MRT_EQUAL(result.error.code, MR_OK);
    for (size_t i = 0; i < count; i++) {
        MRT_EQUAL(mri_load(&runs[i]), 1);
        MRT_EQUAL(s->outputs[i], s->inputs[i] * s->inputs[i]);
    }
}

static void destroy(stage *s)
{
    mri_batch_cancel(s->part);
    free(s->spec);
}

/* ---- tests --------------------------------------------------------------- */

static void part_is_used_for_other_tasks(void)
{
    uint64_t before;
    stage s;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    create(&s, MOST);
    work(0, &s);
    gather(&s, 0);
    for (size_t count = 1; count <= MOST; count += 7) {
        describe(&s, count);
        MRT_OK(restart(&s));
        work(count % WORKERS, &s);
        gather(&s, 0);
    }
    destroy(&s);
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* Refused, with a reason for each, and left as it was. */
static void what_does_not_fit_is_refused(void)
{
    enum { FIRST = 10 };
    mri_slot *slot;
    stage s;

    fake_start(1, FAKE_MEMORY);
    create(&s, FIRST);
    work(0, &s);
    gather(&s, 0);
    describe(&s, MOST);
    MRT_ERROR(restart(&s), MR_ERR_STATE);
    s.spec->input_size = 0;
    MRT_ERROR(mri_batch_refill(s.part, s.spec, NULL, 0), MR_ERR_STATE);
    s.spec->input_size = sizeof *s.inputs;
    describe(&s, FIRST);
    s.spec->workers--;
    MRT_ERROR(restart(&s), MR_ERR_STATE);
    s.spec->workers++;
    slot = &mri_batch_of(mri_row(s.part))->slots[1];
    mri_store(&slot->worker, mri_ref_of(mri_self())); /* somebody */
    MRT_ERROR(restart(&s), MR_ERR_STATE);
    mri_store(&slot->worker, 0);
    MRT_OK(restart(&s));
    work(1, &s);
    gather(&s, 0);
    destroy(&s);
    fake_stop();
}

static void fill_again_and_again(stage *s)
{
    uint64_t state = 1;

    for (unsigned int life = 0; life < LIVES; life++) {
        double end = mrt_now() + GUARD;
        mr_error error;

        gather(s, GUARD);
        describe(s, 1 + fake_random(&state) % MOST);
        do {
            error = restart(s);
        } while (error == MR_ERR_STATE && mrt_now() < end);
        MRT_OK(error);
    }
    gather(s, GUARD);
    mri_store(&s->end, 1);
}

/* The workers come all the time, and not only when there is something to do. */
static void fill_or_work(unsigned int number, void *user)
{
    stage *s = user;

    if (number == 0) {
        fill_again_and_again(s);
        return;
    }
    while (!mri_load(&s->end)) {
        work(number - 1, s);
    }
}

static void tasks_run_once_although_workers_come_late(void)
{
    stage s;

    fake_start(1, FAKE_MEMORY);
    create(&s, MOST);
    fake_threads(1 + WORKERS, fill_or_work, &s);
    destroy(&s);
    fake_stop();
}

static void restart_it(unsigned int number, void *user)
{
    (void)number;
    MRT_OK(restart(user));
}

static void all_work(unsigned int number, void *user)
{
    (void)number;
    for (unsigned int i = 0; i < WORKERS; i++) {
        work(i, user);
    }
}

/* At each point of the filler all workers come. */
static void tasks_run_once_whenever_workers_come(void)
{
    bool more = fake_has_points();

    for (int64_t k = 1; more; k++) {
        stage s;

        fake_start(1, FAKE_MEMORY);
        create(&s, MOST);
        work(0, &s);
        gather(&s, 0);
        describe(&s, 20);
        more = fake_meets_at(k, restart_it, all_work, &s);
        all_work(0, &s);
        gather(&s, 0);
        destroy(&s);
        fake_stop();
    }
}

/* The filler made it, so that it ends with him, even if a worker is inside. */
static bool die_while_filling(int64_t k)
{
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();
    uint64_t filler = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    stage s;
    bool died;

    /* As the creator of a pool has. */
    mri_store(&mri_endpoint_at(filler)->children, 1);
    create(&s, MOST);
    all_work(0, &s);
    gather(&s, 0);
    describe(&s, 20);
    died = fake_dies_at(k, restart_it, 0, &s);
    mri_self_leave();
    fake_return(self, record);
    fake_reap(filler);
    all_work(0, &s);
    for (size_t i = 0; i < MOST; i++) {
        MRT_CHECK(mri_load(&runs[i]) <= 1);
    }
    MRT_ERROR(restart(&s), MR_ERR_STALE);
    free(s.spec);
    return died;
}

static void nothing_leaks_when_the_filler_dies(void)
{
    uint64_t before;

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (int64_t k = 1; die_while_filling(k); k++) {
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"part_is_used_for_other_tasks", part_is_used_for_other_tasks, 0},
        {"what_does_not_fit_is_refused", what_does_not_fit_is_refused, 0},
        {"tasks_run_once_although_workers_come_late",
         tasks_run_once_although_workers_come_late, 0},
        {"tasks_run_once_whenever_workers_come",
         tasks_run_once_whenever_workers_come, 0},
        {"nothing_leaks_when_the_filler_dies",
         nothing_leaks_when_the_filler_dies, 0},
    };

    return mrt_main("part", tests, MRT_COUNT(tests), argc, argv);
}
