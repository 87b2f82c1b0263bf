/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the life of a job: mr_init and mr_finalize on every rank.
 *
 * Each step of the start that can fail on one rank alone ends in an
 * agreement of all, so that no rank waits for one that gave up.
 */
#include <multirank/job.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/elsewhere.h"
#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "engine/object.h"
#include "engine/wait_set.h"
#include "far/exchange.h"
#include "far/far.h"
#include "memory/liveness.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "memory/window.h"
#include "message/message.h"
#include "message/mpi_transport.h"
#include "message/world.h"
#include "runtime/background.h"
#include "runtime/code/binary.h"
#include "runtime/job/far_arrays.h"
#include "runtime/job/identity.h"
#include "runtime/job/job.h"
#include "runtime/job/launch.h"
#include "runtime/job/leave.h"
#include "runtime/job/map_segments.h"
#include "runtime/job/mpi_files.h"
#include "runtime/job/parent.h"
#include "runtime/job/place_ranks.h"
#include "runtime/job/standard_streams.h"
#include "runtime/liveness.h"
#include "runtime/output.h"
#include "runtime/server/child.h"
#include "runtime/server/server.h"
#include "runtime/service.h"
#include "runtime/work_loop.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/settings.h"
#include "util/thread.h"

/* Nanoseconds between two tries to take the lock of messages. */
#define NAP 1000000

typedef struct job {
    bool started;  /* mr_init was called, once for ever */
    bool running;  /* its start has succeeded */
    bool finalize; /* also MPI that the user started */
} job;

static job this_job;

/* ---- the fork server ----------------------------------------------------- */

static mr_error set_up_server(void)
{
    char files[4096];
    mri_server_setup setup = {
        .rank = mri_here.rank,
        .size = mri_here.size,
        .allowance = mri_node.allowance,
        .placement = mri_my_placement,
    };

    setup.files_size = (uint32_t)mri_mpi_files_list(files, sizeof files);
    memcpy(setup.host, mri_here.host, sizeof setup.host);
    return mri_server_setup_send(&setup, files);
}

/* ---- messages ------------------------------------------------------------ */

/* The names of all hosts, at rank 0. */
static mr_error begin_liveness(void)
{
    mri_host_name mine;
    void *all;
    mr_error error;

    snprintf(mine.text, sizeof mine.text, "%s", mri_here.host);
    error = mri_world_gather(&mine, sizeof mine, &all);
    if (!error) {
        error = mri_liveness_begin(all);
    }
    free(all);
    return error;
}

static mr_error check_threads(void)
{
    if (mri_all.threads) {
        return MR_OK;
    }
    return mri_fail(
        MR_ERR_MPI, MR_LOG_ERROR,
        "a job on several nodes needs MPI_THREAD_SERIALIZED or more: start "
        "MPI by MPI_Init_thread, or let mr_init start it");
}

/* A job on one node needs none. */
static mr_error start_exchange(void)
{
    const mri_transport *transport = NULL;
    mr_error error;

    if (mri_node.count == mri_node.ranks) {
        return MR_OK;
    }
    error = mri_agree(check_threads());
    if (!error) {
        error = mri_agree(mri_mpi_begin(mri_all.communicator, &transport));
    }
    if (!error) {
        error = mri_agree(begin_liveness());
    }
    if (!error) {
        error = mri_message_begin(transport, mri_here.size);
    }
    if (!error) {
        mri_far_begin();
        error = mri_exchange_begin();
    }
    if (!error) {
        error = mri_service_start();
    }
    return mri_agree(error);
}

/* ---- the end ------------------------------------------------------------- */

/* From here on nobody minds our death. */
static void say_that_we_left(void)
{
    if (mri_node.base) {
        mri_life_leave(mri_here.rank);
    }
}

/* The service thread rests by then.  Open MPI 4.1 may take a minute for its
 * connections where many ranks share few processors, over TCP: a barrier that
 * takes so long is none that hangs. */
static bool poll_at_the_end(void)
{
    static int64_t since;
    int64_t now = mri_now();

    since = since ? since : now;
    if (now - since < 2 * 60 * (int64_t)1000000000) {
        mri_liveness_moves();
    }
    return mri_exchange_poll();
}

/* A task that is still running on this rank may call us, and through us MPI.
 * The lock of messages is taken for ever, so that its thread comes no further
 * than to that lock while messages and MPI end. */
static void end_messages(void)
{
    mri_exchange_enter();
    if (mri_exchange_on) {
        mri_exchange_end();
        mri_message_end();
        mri_mpi_end();
    }
    mri_window_free();
    mri_world_end(this_job.finalize);
}

/* What all ranks do when the job ends, and after a start that failed. */
static void leave_job(void)
{
    bool in_order = true;

    mri_wait_sets_end();
    mri_background_end();
    mri_server_quiet();
    if (mri_self_record) {
        mri_settle(mri_self_record);
    }
    if (this_job.running) {
        in_order = mri_job_leave_together();
    } else {
        mri_world_barrier(mri_exchange_poll);
    }
    say_that_we_left();
    mri_output_stop();
    mri_service_stop();
    if (in_order) {
        if (mri_exchange_on) {
            mri_world_barrier(poll_at_the_end); /* nobody sends any more */
        }
        end_messages();
    }
    mri_liveness_end();
    mri_server_stop();
    mri_self_leave();
    if (mri_here.rank == 0 && in_order) {
        mri_region_unmap(); /* another thread of a host may still use it */
    }
    mri_here.role = MRI_OUTSIDE;
    mri_parent_say(MRI_PARENT_END);
    if (!in_order && mri_here.rank != 0) {
        _exit(0); /* MPI would wait for the lost rank */
    }
}

mr_error mr_finalize(void)
{
    if (mri_here.role != MRI_RANK || mri_here.rank != 0 ||
        mri_here.pid != getpid()) {
        return MR_ERR_STATE;
    }
    mri_interrupts_off();
    if (mri_at_endpoint_end) {
        mri_at_endpoint_end();
    }
    mri_job_stop_hosts();
    leave_job();
    mri_interrupts_on();
    return mri_output_error();
}

/* Return from main, exit in the middle, and a child's exit all come here.  A
 * task that calls exit() ends its rank; under mpirun the job ends with it, as
 * the status is not 0. */
static void at_exit(int status, void *unused)
{
    (void)unused;
    if (mri_here.role == MRI_CHILD) {
        mri_child_at_exit();
    } else if (mri_here.role == MRI_RANK && mri_here.pid == getpid()) {
        if (mri_here.rank == 0) {
            mr_finalize();
        } else if (atomic_load(&mri_job_leaving)) {
            mri_job_await_end();
        } else {
            mri_log(MR_LOG_ERROR,
                    "a task called exit(%d), which ends this rank: let it "
                    "return",
                    status);
            fflush(NULL);
            _exit(status & 0xff ? status : 1);
        }
    }
}

/* ---- the start ----------------------------------------------------------- */

static sem_t standing_by;

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

/* A task whose map was given up may go on for ever.  When its rank shall stop
 * this thread waits for a while, and then leaves the job for it. */
static void *stand_by(void *unused)
{
    int64_t grace = mri_settings()->grace;
    struct timespec wait = {.tv_sec = grace / 1000,
                            .tv_nsec = grace % 1000 * 1000000};
    mri_work work;
    size_t size;

    mri_self();
    mri_interrupts_off();
    sem_post(&standing_by);
    if (mri_mailbox_get(mri_mailbox_at(mri_here.rank, MRI_ROW_STOP), &work,
                        sizeof work, &size, MR_FOREVER)) {
        return unused;
    }
    clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
    if (!atomic_exchange(&mri_job_leaving, true)) {
        if (!tasks_leave_mpi(grace)) {
            die_inside_mpi();
        }
        mri_log(MR_LOG_WARNING,
                "the job ends while this rank is inside a task of a map that "
                "was given up; the task is cut off");
        leave_job();
        _exit(0);
    }
    return unused;
}

/* Its record is there on return, so that a job has all its own from the
 * start. */
static mr_error start_stand_by(void)
{
    pthread_t thread;
    mr_error error;

    sem_init(&standing_by, 0, 0);
    error = mri_thread_start(&thread, stand_by);
    if (!error) {
        pthread_detach(thread);
        while (sem_wait(&standing_by) != 0) {
        }
    }
    return error;
}

_Noreturn static void end_of_host(void)
{
    fflush(NULL);
    if (atomic_exchange(&mri_job_leaving, true)) {
        mri_job_await_end();
    }
    leave_job();
    exit(0);
}

/* A rank that hosts: prints through rank 0, works until told to stop. */
_Noreturn static void host(void)
{
    static mri_word printed;
    mr_handle nobody = {.owner = mri_here.rank, .slot = UINT32_MAX};

    mri_output_redirect(nobody, &printed);
    /* Code of the user after mr_init, which might finalize an MPI of its
     * own, does not run here. */
    this_job.finalize = true;
    mri_work_end = end_of_host;
    mri_work_loop(mri_mailbox_at(mri_here.rank, MRI_ROW_MAILBOX));
    end_of_host();
}

/* References to functions mean the same in equal programs only; collective. */
static mr_error compare_binaries(const mri_binary *mine)
{
    void *all;
    mr_error error = mri_world_gather(mine, sizeof *mine, &all);

    if (!error) {
        error =
            mri_agree(all ? mri_binaries_compare(all, mri_here.size) : MR_OK);
    }
    free(all);
    return error;
}

/* With MR_MPI_THREADS=multiple the user calls MPI without asking first. */
static mr_error start_world(void)
{
    if (mri_launched() || mri_settings()->mpi_threads == MRI_THREADS_MULTIPLE) {
        return mri_world_start();
    }
    mri_world_alone();
    return MR_OK;
}

static mr_error start(void)
{
    mri_binary binary;
    unsigned int processors = 1;
    mr_error error;

    mri_binary_describe(&binary);
    error = mri_server_fork();
    if (!error) {
        error = start_world();
    }
    if (error) {
        return error; /* without MPI there is nobody to agree with */
    }
    mri_here.rank = mri_all.rank;
    mri_here.size = mri_all.size;
    mri_log_set_place("rank %u", mri_here.rank);
    error = compare_binaries(&binary);
    if (!error) {
        error = mri_nodes_find();
    }
    if (!error) {
        error = mri_place_ranks(&processors);
    }
    if (!error) {
        error = mri_segments_map(processors);
    }
    if (!error) {
        mri_far_arrays_begin();
        error = mri_agree(set_up_server());
    }
    if (!error) {
        error = start_exchange();
    }
    if (!error) {
        error = mri_agree(mri_here.rank == 0 ? mri_output_start()
                                             : start_stand_by());
    }
    return error;
}

mr_error mr_init(int *argc, char ***argv)
{
    mr_error error;

    (void)argc;
    (void)argv;
    if (this_job.started) {
        return mri_fail(MR_ERR_STATE, MR_LOG_INFO,
                        "mr_init: the job was started before: call it once");
    }
    this_job.started = true;
    error = mri_standard_streams_open();
    if (error) {
        return error;
    }
    mri_launch();
    mri_here.pid = getpid();
    gethostname(mri_here.host, sizeof mri_here.host - 1);
    mri_parent_find();
    mri_objects_begin();
    mri_objects_register();
    if (on_exit(at_exit, NULL) != 0) {
        return MR_ERR_SYSTEM;
    }
    error = start();
    if (error) {
        unsigned int rank = mri_here.rank;

        leave_job();
        if (rank != 0) {
            exit(0); /* rank 0 tells the user, and chooses the status */
        }
        return error;
    }
    mri_here.role = MRI_RANK;
    this_job.running = true;
    mri_parent_say(MRI_PARENT_READY);
    if (mri_here.rank != 0) {
        host();
    }
    mri_settings_check(mri_log);
    return MR_OK;
}
