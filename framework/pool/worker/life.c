/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the lives of this process as a worker of pools that have a setup: in
 * which pools it has called the initializer, and how the functions of a user's
 * setup are called.
 *
 * They are called outside of any batch.  The thread stands in a slot of its own
 * meanwhile, as a task stands in one of a batch: so mr_task_fail finds it, and
 * a copy of the process that returns from the function is ended, see
 * pool/worker/misuse.c.
 *
 * The list is that of the one thread that is in the work loop.
 */
#include "pool/worker/life.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/operation.h"
#include "objects/kinds.h"
#include "pool/pool_ops.h"
#include "pool/worker/failure.h"
#include "runtime/job/identity.h"
#include "util/log.h"
#include "util/rank_local.h"

typedef struct life {
    struct life *next;
    mr_pool pool;
    bool ready; /* else the pool is broken */
    bool limited;
    uint64_t budget; /* if it is limited: tasks that it may still run */
} life;

static MRI_RANK_LOCAL life *lives_of_rank;
#define lives MRI_OWN(lives_of_rank)

static life **find(mr_pool pool)
{
    life **at = &lives;

    while (*at && memcmp(&(*at)->pool, &pool, sizeof pool) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static void take_out(life **at)
{
    life *old = *at;

    *at = old->next;
    free(old);
}

/* Of pools that were destroyed a rank hears nothing. */
static void take_out_the_stale(void)
{
    life **at = &lives;
    size_t workers;

    while (*at) {
        if (mr_pool_size((*at)->pool, &workers) == MR_OK) {
            at = &(*at)->next;
        } else {
            take_out(at);
        }
    }
}

static mr_error operate(mr_pool pool, unsigned int operation, mri_call *call)
{
    return mri_operate(&mri_pool_ops, pool.handle, operation, call, 0);
}

static void lives_on_as(mr_pool pool, unsigned int number, uint64_t what)
{
    mri_call call = {.argument = number, .result = what};

    (void)!operate(pool, MRI_POOL_LIVES, &call);
}

/* ---- calling a function of the user's ------------------------------------ */

typedef struct visit {
    mr_pool pool;
    unsigned int number;
    bool is_first; /* it is the initializer */
    const mri_function_ref *function;
    void *argument;
    size_t size;
    mri_slot *slot;
    mr_task_error error; /* how it failed; of the code MR_OK: it did not */
} visit;

static void describe(visit *v, mr_error code)
{
    char text[MR_TEXT_SIZE];

    mri_batch_describe_failure(mri_self(), MR_NO_TASK, code, &v->error);
    memcpy(text, v->error.text, sizeof text);
    snprintf(v->error.text, sizeof v->error.text,
             "the %s of worker %u failed: %.200s",
             v->is_first ? "initializer" : "finalizer", v->number, text);
}

/* What the pool is told: that nobody waits for this in vain. */
static void tell(visit *v)
{
    if (v->error.code && v->is_first) {
        mri_call call = {.in = &v->error, .in_size = sizeof v->error};

        (void)!operate(v->pool, MRI_POOL_BREAK, &call);
    } else if (v->error.code) {
        mri_log(MR_LOG_WARNING, "%s", v->error.text);
    }
    lives_on_as(v->pool, v->number,
                !v->is_first    ? MRI_LIFE_ENDED
                : v->error.code ? MRI_LIFE_NEW
                                : MRI_LIFE_READY);
}

static void leave(visit *v)
{
    mri_inside_task = false;
    mri_task_leave();
    munmap(v->slot, sizeof *v->slot);
    free(v->argument);
}

/* By pthread_exit() or a cancellation: as after a task, the work goes on in
 * another thread. */
static void thread_ends(void *of)
{
    visit *v = of;

    (void)mr_task_fail(MR_ERR_WORKER_DIED,
                       "it ended the thread of its worker, by pthread_exit() "
                       "or a cancellation");
    describe(v, MR_ERR_WORKER_DIED);
    leave(v);
    tell(v);
    mri_self_leave();
    mri_work_in_another_thread();
}

static mr_error call_function(visit *v)
{
    mr_worker_function *function =
        (mr_worker_function *)mri_function_decode(v->function);
    mr_error error;

    if (!function) {
        return MR_ERR_FUNCTION;
    }
    pthread_cleanup_push(thread_ends, v);
    error = function(v->argument, v->size);
    pthread_cleanup_pop(0);
    mri_batch_stop_copy(v->slot);
    return error;
}

static mr_error fetch_argument(visit *v, const mri_pool_setup *setup)
{
    mr_error error;

    v->size = setup->argument_size;
    if (!v->size) {
        return MR_OK;
    }
    v->argument = malloc(v->size);
    if (!v->argument) {
        return MR_ERR_NO_MEMORY;
    }
    error = mr_array_get(setup->argument, 0, v->size, v->argument);
    return error ? mr_task_fail(error, "its argument cannot be had: %s",
                                mr_error_text(error))
                 : MR_OK;
}

/* False: it failed, as the pool is told. */
static bool make_visit(visit *v, const mri_pool_setup *setup)
{
    mr_error error;

    v->slot = mmap(NULL, sizeof *v->slot, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (v->slot == MAP_FAILED) {
        v->error = (mr_task_error){.code = MR_ERR_NO_MEMORY,
                                   .index = MR_NO_TASK,
                                   .rank = (int)mri_here.rank,
                                   .text = "no memory for a worker"};
        tell(v);
        return false;
    }
    mri_store(&v->slot->current, 1);
    mri_task_enter(v->slot);
    mri_inside_task = true;
    error = fetch_argument(v, setup);
    error = error ? error : call_function(v);
    if (error) {
        describe(v, error);
    }
    leave(v);
    tell(v);
    return !error;
}

/* ---- begin and end ------------------------------------------------------- */

static bool begin(mr_pool pool, unsigned int number, life *l)
{
    mri_pool_setup setup;
    mri_call call = {
        .out = &setup, .out_size = sizeof setup, .argument = number};
    visit v = {.pool = pool,
               .number = number,
               .is_first = true,
               .function = &setup.initializer};

    if (operate(pool, MRI_POOL_PREPARE, &call)) {
        return false;
    }
    l->limited = setup.max_tasks > 0;
    l->budget = setup.max_tasks;
    return !setup.has_initializer || make_visit(&v, &setup);
}

/* Before tasks of the pool: call its initializer, if that was not done.  False:
 * no tasks can be run, as the pool is broken or gone. */
static bool prepare(mr_pool pool, unsigned int number)
{
    life *l = *find(pool);

    if (l) {
        return l->ready;
    }
    take_out_the_stale();
    l = malloc(sizeof *l);
    if (!l) {
        mri_log(MR_LOG_ERROR,
                "worker %u of a pool has no memory, and leaves the tasks to "
                "the others",
                number);
        return false;
    }
    *l = (life){.pool = pool, .next = lives};
    lives = l;
    l->ready = begin(pool, number, l);
    return l->ready;
}

/* There are no more tasks of the pool: call its finalizer, if it was begun.  A
 * child leaves its work loop. */
static void finalize(mr_pool pool, unsigned int number)
{
    life **at = find(pool);
    mri_pool_setup setup = {0};
    visit v = {.pool = pool, .number = number, .function = &setup.finalizer};

    if (!*at) {
        return;
    }
    if ((*at)->ready && mri_setup_of(pool, &setup) == MR_OK &&
        setup.has_finalizer) {
        take_out(at);
        (void)make_visit(&v, &setup);
    } else {
        take_out(at);
    }
    if (!mri_worker_is_rank(number)) {
        mri_work_stop();
    }
}

/* Of a life that has begun: the tasks that it may still run; NULL: any number.
 */
static uint64_t *budget_of(mr_pool pool)
{
    life *l = *find(pool);

    return l && l->limited ? &l->budget : NULL;
}

/* The life has run all its tasks.  A rank looks at the batch again, in another
 * life. */
static void begin_again(mr_pool pool, unsigned int number)
{
    finalize(pool, number);
    if (mri_worker_is_rank(number)) {
        mri_work_again();
    }
}

/* ---- work ---------------------------------------------------------------- */

void mri_worker_do(const mri_work *work, mr_pool pool)
{
    mri_record *self = mri_self();
    uint64_t *budget;
    mri_object *job;

    if (work->what == MRI_WORK_FINALIZE) {
        finalize((mr_pool){work->job}, work->worker);
        return;
    }
    job = prepare(pool, work->worker) ? mri_enter(self, work->job, MRI_BATCH)
                                      : NULL;
    if (!job) {
        return; /* it ended, or was cancelled, meanwhile */
    }
    budget = budget_of(pool);
    mri_store(&self->working, mri_ref_of(job));
    mri_leave(self);
    mri_batch_run(self, job, work->slot, work->worker, budget);
    if (budget && *budget == 0) {
        begin_again(pool, work->worker);
    }
}
