/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a pool knows of the lives of its workers: the setup that its user
 * gave, who has called the initializer or the finalizer, and the breach, which
 * is how an initializer failed.
 *
 * A worker, of any node, writes its life here before it calls the initializer:
 * so its death there is known for what it is.  The breach is written once, by
 * the thread whose endpoint is in `broken`, or by the reaper of that; a broken
 * pool starts no workers, and its drivers are told.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/wait.h"
#include "pool/pool_ops.h"
#include "runtime/job/identity.h"
#include "runtime/server/exit_status.h"
#include "util/log.h"

/* ---- the setup ----------------------------------------------------------- */

static mr_error encode(mr_worker_function *function, uint64_t *has,
                       mri_function_ref *ref)
{
    *has = function != NULL;
    return function ? mri_function_encode((mri_function *)function, ref)
                    : MR_OK;
}

mr_error mri_setup_create(mri_pool_setup *setup, const mr_pool_options *options,
                          bool *has_setup)
{
    const mr_array_options bytes = {.no_lock = true};
    mr_error error = MR_OK;

    *has_setup = options->initializer || options->finalizer ||
                 options->max_tasks_per_worker;
    setup->max_tasks = options->max_tasks_per_worker;
    if (options->argument_size && !options->argument) {
        return mri_bad_argument("mr_pool_create", "options->argument",
                                "is NULL");
    }
    error = encode(options->initializer, &setup->has_initializer,
                   &setup->initializer);
    if (!error) {
        error = encode(options->finalizer, &setup->has_finalizer,
                       &setup->finalizer);
    }
    if (!error && *has_setup && options->argument_size) {
        setup->argument_size = options->argument_size;
        error =
            mr_array_create(&setup->argument, MR_UINT8, options->argument_size,
                            options->argument, &bytes);
    }
    return error;
}

void mri_setup_destroy(mri_pool_setup *setup)
{
    if (setup->argument.handle.kind != MRI_NONE) {
        (void)!mr_array_destroy(setup->argument);
    }
}

mr_error mri_pool_try_setup(mri_record *self, mri_object *object,
                            mri_call *call)
{
    (void)self;
    memcpy(call->out, &mri_pool_facts_of(object)->setup,
           sizeof(mri_pool_setup));
    call->out_size = sizeof(mri_pool_setup);
    return MR_OK;
}

/* ---- lives --------------------------------------------------------------- */

static mri_pool_worker *worker_at(mri_object *object, uint64_t number)
{
    assert(number < mri_pool_body_of(object)->workers);
    return &mri_pool_workers_of(object)[number];
}

/* The worker writes its life and then looks whether the pool was joined; the
 * thread that joins it does it the other way round.  So a worker that comes
 * late either begins nothing, or is asked to call the finalizer. */
mr_error mri_pool_try_prepare(mri_record *self, mri_object *object,
                              mri_call *call)
{
    bool waits = mri_pool_facts_of(object)->setup.has_initializer;
    mri_word *life = &worker_at(object, call->argument)->life;

    if (mri_load(&mri_pool_body_of(object)->broken)) {
        return MR_ERR_BROKEN;
    }
    mri_swap(life, waits ? MRI_LIFE_BEGINNING : MRI_LIFE_READY);
    if (mri_load(&mri_pool_body_of(object)->joined)) {
        mri_swap(life, MRI_LIFE_NEW);
        mri_wake_all(self, object, 0);
        return MR_ERR_CLOSED;
    }
    return mri_pool_try_setup(self, object, call);
}

mr_error mri_pool_try_lives(mri_record *self, mri_object *object,
                            mri_call *call)
{
    mri_swap(&worker_at(object, call->argument)->life, call->result);
    mri_wake_all(self, object, 0);
    return MR_OK;
}

mr_error mri_pool_try_final(mri_record *self, mri_object *object,
                            mri_call *call)
{
    (void)self;
    call->list = 0;
    for (uint64_t i = 0; i < mri_pool_body_of(object)->workers; i++) {
        if (mri_has_to_finalize(worker_at(object, i))) {
            return MRI_WOULD_BLOCK;
        }
    }
    return MR_OK;
}

void mri_pool_call_attention(mri_record *self, mri_object *object)
{
    mri_pool_driver *drivers = mri_pool_drivers_of(object);

    mri_add(&mri_pool_body_of(object)->changes, 1);
    for (unsigned int i = 0; i < MRI_POOL_DRIVERS; i++) {
        if (mri_load(&drivers[i].endpoint)) {
            mri_swap(&drivers[i].attention, 1);
        }
    }
    mri_wake_all(self, object, 0);
}

/* ---- the breach ---------------------------------------------------------- */

static void is_broken(mri_record *self, mri_object *object)
{
    mri_swap(&mri_pool_body_of(object)->broken, MRI_POOL_BROKEN);
    mri_pool_call_attention(self, object);
}

static void break_pool(mri_record *self, mri_object *object,
                       const mr_task_error *breach)
{
    mri_word *broken = &mri_pool_body_of(object)->broken;
    uint64_t not = 0;

    if (mri_cas(broken, &not, mri_load(&self->owner))) {
        memcpy(&mri_pool_facts_of(object)->breach, breach, sizeof *breach);
        is_broken(self, object);
    }
}

mr_error mri_pool_try_break(mri_record *self, mri_object *object,
                            mri_call *call)
{
    break_pool(self, object, call->in);
    return MR_OK;
}

mr_error mri_pool_try_breach(mri_record *self, mri_object *object,
                             mri_call *call)
{
    (void)self;
    assert(mri_load(&mri_pool_body_of(object)->broken) == MRI_POOL_BROKEN);
    memcpy(call->out, &mri_pool_facts_of(object)->breach,
           sizeof(mr_task_error));
    call->out_size = sizeof(mr_task_error);
    return MR_OK;
}

static mr_task_error error_of_death(uint64_t number, const mri_gone *gone)
{
    bool by_signal = gone->status < 0 && gone->status != MRI_STATUS_UNKNOWN;
    mr_task_error error = {.code = MR_ERR_WORKER_DIED,
                           .index = MR_NO_TASK,
                           .rank = (int)(number % mri_here.size),
                           .signal = by_signal ? (int)-gone->status : 0};
    char how[128];

    mri_exit_status_text(gone->status, how, sizeof how);
    snprintf(error.text, sizeof error.text,
             "the initializer ended worker %llu of the pool, process %lld, %s",
             (unsigned long long)number, (long long)gone->pid, how);
    return error;
}

void mri_pool_worker_gone(mri_record *self, mri_object *object, uint64_t number,
                          const mri_gone *gone)
{
    if (mri_load(&worker_at(object, number)->life) == MRI_LIFE_BEGINNING) {
        const mr_task_error breach = error_of_death(number, gone);

        break_pool(self, object, &breach);
    }
}

void mri_pool_writer_gone(mri_record *self, mri_object *object,
                          const mri_gone *gone)
{
    if (mri_is_gone(gone, mri_load(&mri_pool_body_of(object)->broken))) {
        mri_pool_facts_of(object)->breach = (mr_task_error){
            .code = MR_ERR_WORKER_DIED,
            .index = MR_NO_TASK,
            .text = "an initializer failed, and its worker died then"};
        is_broken(self, object);
    }
}
