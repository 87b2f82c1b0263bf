/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the workers of a pool start and end.
 *
 * A worker is a mailbox: that of a hosting rank, or of a daemon child that was
 * made for the pool.  Worker 0 is a child beside rank 0, workers 1 to size - 1
 * are the ranks, the others are children, in turn on all ranks.  The mailbox
 * of a child is on the rank of the child, so that work is near for it.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/mailbox.h"
#include "engine/operation.h"
#include "objects/process/process.h"
#include "pool/pool.h"
#include "runtime/job/identity.h"
#include "runtime/work_loop.h"

/* Seconds that a child has to end by itself. */
static const double LEAVE = 1;

unsigned int mri_workers_on(unsigned int rank, size_t workers)
{
    return (unsigned int)((workers + mri_here.size - 1 - rank) / mri_here.size);
}

/* What a child of a pool runs. */
static int child_main(const void *argument, size_t size)
{
    mr_handle mailbox;

    (void)size;
    memcpy(&mailbox, argument, sizeof mailbox);
    mri_work_loop(mailbox);
    return 0;
}

static mr_error create_child(unsigned int number, size_t workers,
                             unsigned int home, mri_pool_worker *worker)
{
    unsigned int rank = number % mri_here.size;
    mri_process_role role = {
        .holds = mri_ranks_bit(home), /* its end has to be told to the pool */
        .workers = mri_workers_on(rank, workers)};

    char name[MR_NAME_SIZE];
    mr_process_options options = {
        .name = name, .daemon = true, .place = MR_ON_RANK((int)rank)};

    assert(number < workers && worker->mailbox.kind == MRI_MAILBOX);
    snprintf(name, sizeof name, "PoolWorker-%u", number);
    return mri_process_create(&worker->process, child_main, &worker->mailbox,
                              sizeof worker->mailbox, &options, &role);
}

/* The others are children. */
bool mri_worker_is_rank(unsigned int number)
{
    return number > 0 && number < mri_here.size;
}

mr_error mri_worker_create(unsigned int number, size_t workers,
                           unsigned int home, mri_pool_worker *worker)
{
    unsigned int rank = number % mri_here.size;
    mri_mailbox_spec spec = {.maxsize = 0};
    mri_call call = {.in = &spec, .in_size = sizeof spec};
    mr_error error;

    if (mri_worker_is_rank(number)) {
        worker->mailbox = mri_mailbox_at(number, MRI_ROW_MAILBOX);
        return MR_OK;
    }
    error = mri_create(&mri_mailbox_ops, rank, &call, &worker->mailbox);
    return error ? error : create_child(number, workers, home, worker);
}

static bool is_child(const mri_pool_worker *worker)
{
    return worker->process.handle.kind == MRI_PROCESS;
}

mr_error mri_worker_start(const mri_pool_worker *worker)
{
    return is_child(worker) ? mr_process_start(worker->process) : MR_OK;
}

/* Its handles may be stale by now: then it has ended. */
mr_pool_worker_info mri_worker_describe(const mri_pool_worker *worker,
                                        unsigned int number)
{
    mr_pool_worker_info info = {.rank = (int)(number % mri_here.size)};
    mr_error error = MR_ERR_STALE;

    if (is_child(worker) && !mri_peek(&worker->lost)) {
        error = mr_process_is_alive(worker->process, &info.alive);
        if (!error && info.alive) {
            error = mr_process_pid(worker->process, &info.pid);
        }
    } else if (mri_worker_is_rank(number) &&
               worker->mailbox.kind == MRI_MAILBOX) {
        error = mri_mailbox_rank_process(worker->mailbox, &info.pid);
        info.alive = true;
    }
    info.alive = info.alive && !error;
    return info;
}

/* One that has called its finalizer leaves by itself, and writes out what it
 * has printed. */
static void await_exit(const mri_pool_worker *worker)
{
    if (is_child(worker) && mri_peek(&worker->life) == MRI_LIFE_ENDED) {
        (void)!mr_process_join(worker->process, LEAVE);
    }
}

static void end_worker(const mri_pool_worker *worker)
{
    if (is_child(worker)) {
        if (mr_process_kill(worker->process) == MR_OK) {
            (void)!mr_process_join(worker->process, MR_FOREVER);
        }
        mr_process_destroy(worker->process);
    }
    if (worker->mailbox.slot != MRI_ROW_MAILBOX &&
        worker->mailbox.kind == MRI_MAILBOX) {
        (void)!mri_destroy(&mri_mailbox_ops, worker->mailbox);
    }
}

/* All are told first, so that they end at the same time. */
void mri_workers_end(mri_pool_worker *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        await_exit(&workers[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_child(&workers[i])) {
            (void)!mr_process_kill(workers[i].process);
        }
    }
    for (size_t i = 0; i < count; i++) {
        end_worker(&workers[i]);
        workers[i].mailbox.kind = MRI_NONE;
        workers[i].process.handle.kind = MRI_NONE;
    }
}
