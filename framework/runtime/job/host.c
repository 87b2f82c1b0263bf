/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what the ranks other than 0 do during the job: they work, and a second
 * thread of each stands by to leave the job for it.
 */
#include <multirank/job.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "memory/record.h"
#include "message/message.h"
#include "runtime/job/identity.h"
#include "runtime/job/leave.h"
#include "runtime/job/state.h"
#include "runtime/output.h"
#include "runtime/work_loop.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/settings.h"
#include "util/thread.h"

/* Nanoseconds between two tries to take the lock of messages. */
#define NAP 1000000

static sem_t standing_by;
static pthread_t second;

/* ---- the second thread --------------------------------------------------- */

/* Wait until no task is inside MPI.  From then on mr_mpi_lock lets none in. */
static bool tasks_leave_mpi(int64_t grace)
{
    const struct timespec nap = {.tv_nsec = NAP};
    int64_t until = mri_now() + grace * 1000000;

    while (!mri_message_try_lock()) {
        if (mri_now() > until) {
            return false;
        }
        nanosleep(&nap, NULL);
    }
    mri_message_unlock();
    return true;
}

/* Without MPI_Finalize, as other threads may be inside MPI.  The other ranks
 * see that this one has died. */
_Noreturn static void die_inside_mpi(void)
{
    mri_log(MR_LOG_ERROR,
            "rank %u cannot end MPI: a task of a map that was given up has "
            "taken mr_mpi_lock; let tasks call mr_mpi_unlock",
            mri_here.rank);
    _exit(1);
}

static void wait_for_main(int64_t grace)
{
    const struct timespec nap = {.tv_nsec = NAP};
    int64_t until = mri_now() + grace * 1000000;

    while (!atomic_load(&mri_job_leaving) && mri_now() < until) {
        nanosleep(&nap, NULL);
    }
}

/* A task whose map was given up may go on for ever.  When its rank shall stop
 * this thread waits for a while, and then leaves the job for it. */
static void *stand_by(void *unused)
{
    int64_t grace = mri_settings()->grace;
    mri_work work;
    size_t size;

    mri_self();
    mri_interrupts_off();
    sem_post(&standing_by);
    if (mri_mailbox_get(mri_mailbox_at(mri_here.rank, MRI_ROW_STOP), &work,
                        sizeof work, &size, MR_FOREVER)) {
        return unused;
    }
    wait_for_main(grace);
    if (!atomic_exchange(&mri_job_leaving, true)) {
        if (!tasks_leave_mpi(grace)) {
            die_inside_mpi();
        }
        mri_log(MR_LOG_WARNING,
                "the job ends while this rank is inside a task of a map that "
                "was given up; the task is cut off%s",
                mri_this_job.returns
                    ? ", and the rank ends, as it cannot return from mr_init"
                    : "");
        mri_this_job.in_use = true;
        (void)!mri_job_leave();
        _exit(mri_this_job.returns ? 1 : 0);
    }
    return unused;
}

/* Its record is there on return, so that a job has all its own from the
 * start. */
mr_error mri_host_prepare(void)
{
    mr_error error;

    sem_init(&standing_by, 0, 0);
    error = mri_thread_start(&second, stand_by);
    if (!error && !mri_this_job.returns) {
        pthread_detach(second); /* nobody will join it */
    }
    while (!error && sem_wait(&standing_by) != 0) {
    }
    return error;
}

/* ---- main ---------------------------------------------------------------- */

/* Memory is unmapped when a rank returns, so no thread may be left. */
static void join_second(void)
{
    mri_work stop = {.what = MRI_WORK_STOP};

    if (mri_mailbox_put(mri_mailbox_at(mri_here.rank, MRI_ROW_STOP), &stop,
                        sizeof stop, MR_FOREVER) == MR_OK) {
        pthread_join(second, NULL);
    }
}

static bool leave(void)
{
    fflush(NULL);
    if (atomic_exchange(&mri_job_leaving, true)) {
        mri_job_await_end();
    }
    if (mri_this_job.returns) {
        join_second();
    }
    return mri_job_leave();
}

/* In another thread than main, if a task has ended that one. */
static void end_elsewhere(void)
{
    (void)!leave();
    if (mri_this_job.returns) {
        mri_log(MR_LOG_ERROR,
                "a task has ended the main thread of this rank, which cannot "
                "return from mr_init: the rank ends; let tasks return");
        fflush(NULL);
        _exit(1);
    }
    exit(0);
}

/* Prints through rank 0, works until told to stop. */
mr_error mri_host(void)
{
    static mri_word printed;
    mr_handle nobody = {.owner = mri_here.rank, .slot = UINT32_MAX};
    bool in_order;

    mri_output_redirect(nobody, &printed);
    /* Code of the user after mr_init, which might finalize an MPI of its
     * own, does not run here, unless the job returns. */
    mri_this_job.finalize = true;
    mri_work_end = end_elsewhere;
    mri_work_loop(mri_mailbox_at(mri_here.rank, MRI_ROW_MAILBOX));
    in_order = leave();
    if (!mri_this_job.returns) {
        exit(0);
    }
    mri_output_restore();
    return in_order ? MR_OK : mri_job_say_lost();
}
