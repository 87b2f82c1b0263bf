/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns mr_job_abort.
 *
 * The caller asks the fork servers of all ranks, by their mailboxes, which
 * works from every endpoint and to every node.  A server writes down in its
 * node's first segment that the job is aborted, kills the processes of its rank
 * and ends.  The rank has a thread that notices the end of its server: it ends
 * the rank with the status.  So nothing depends on what main or a task is
 * doing.
 */
#include "runtime/job/abort.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <multirank/job.h>

#include "engine/interrupt.h"
#include "engine/mailbox.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "message/world.h"
#include "runtime/job/identity.h"
#include "runtime/job/parent.h"
#include "runtime/output.h"
#include "runtime/server/process_state.h"
#include "util/log.h"
#include "util/thread.h"

/* Seconds for a server to take the request, and for this process to be ended.
 */
#define TELL_TIME 1.0
enum { END_TIME = 10 };

/* The launcher ends rank 0 with the first other rank that ends.  So these let
 * it say what there is to say. */
enum { LAST_WORDS_TIME = 1 };

void mri_job_note_abort(const mri_abort *abort)
{
    mri_segment *first = mri_segment_at(0);
    uint64_t nobody = 0;
    uint64_t none = 0;

    /* The second one also if another died between the two. */
    mri_cas(&first->aborted_by, &nobody, abort->by);
    mri_cas(&first->aborted, &none, abort->status_and_1);
}

bool mri_job_is_aborted(void)
{
    return mri_node.base && mri_load(&mri_segment_at(0)->aborted) != 0;
}

/* ---- in a rank ----------------------------------------------------------- */

static void say_who_called(int status)
{
    static atomic_bool said;
    uint64_t by = mri_load(&mri_segment_at(0)->aborted_by);

    if (atomic_exchange(&said, true)) {
        return;
    }
    mri_log(MR_LOG_ERROR, "%srank %u has called mr_job_abort(%d): the job ends",
            mri_endpoint_slot(by) == MRI_SLOT_RANK ? "" : "a process on ",
            mri_endpoint_rank(by), status);
}

/* mpirun of Open MPI 4.1 takes a rank that ends with 0 and without MPI_Finalize
 * for a failure, but not the status 0 of MPI_Abort. */
static void end_with_0(void)
{
    if (!mri_world_is_started() || mri_parent_is_there()) {
        return;
    }
    if (mri_here.rank == 0) {
        mri_world_abort(0);
    }
    sleep(END_TIME);
}

_Noreturn static void end_with(int status)
{
    if (status == 0) {
        end_with_0();
    }
    _exit(status);
}

static int status_of_job(void)
{
    return (int)mri_load(&mri_segment_at(0)->aborted) - 1;
}

/* A process that was killed may hold a latch for ever. */
static void *end_in_time(void *unused)
{
    (void)unused;
    sleep(LAST_WORDS_TIME);
    say_who_called(status_of_job());
    end_with(status_of_job());
}

void mri_job_end_by_abort(void)
{
    pthread_t thread;

    mri_parent_say(MRI_PARENT_END);
    if (mri_here.rank != 0) {
        sleep(LAST_WORDS_TIME);
    } else if (mri_thread_start(&thread, end_in_time) == MR_OK) {
        mri_output_end_soon();
        say_who_called(status_of_job());
    }
    end_with(status_of_job());
}

/* ---- the call ------------------------------------------------------------ */

static void tell_server(unsigned int rank, const mri_abort *abort)
{
    mri_request request = {.abort = *abort};
    mr_error error = mri_mailbox_put(mri_mailbox_at(rank, MRI_ROW_REQUESTS),
                                     &request, sizeof request, TELL_TIME);

    if (error) {
        mri_log(MR_LOG_DEBUG, "rank %u is not told of mr_job_abort: %s", rank,
                mr_error_text(error));
    }
}

/* Rank 0 after the others, as launchers end these with it; and our own last, as
 * its server ends this process. */
static void tell_servers(const mri_abort *abort)
{
    unsigned int own = mri_endpoint_rank(abort->by);

    for (unsigned int rank = mri_here.size; rank-- > 0;) {
        if (rank != own) {
            tell_server(rank, abort);
        }
    }
    tell_server(own, abort);
}

/* If there is no room for this thread, or nobody answers: our rank ends, and
 * the launcher ends the others. */
static void end_own_server(const mri_abort *abort)
{
    unsigned int index = mri_index_of(mri_endpoint_rank(abort->by));
    pid_t server = (pid_t)mri_load(&mri_segment_at(index)->server_pid);

    mri_job_note_abort(abort);
    if (server > 0) {
        kill(server, SIGKILL);
    }
    sleep(2 * LAST_WORDS_TIME);
}

/* What this process has printed is shown, unless another thread is printing. */
static void flush(FILE *file)
{
    if (ftrylockfile(file) == 0) {
        fflush_unlocked(file);
        funlockfile(file);
    }
}

void mr_job_abort(int status)
{
    mri_abort abort = {.by = mri_self_endpoint(),
                       .status_and_1 = (uint64_t)(status & 0xff) + 1};
    bool in_job = mri_node.base && mri_here.pid == getpid();

    mri_interrupts_off();
    flush(stdout);
    flush(stderr);
    if (in_job) {
        if (mri_self()) {
            tell_servers(&abort);
            sleep(END_TIME);
        }
        end_own_server(&abort);
    }
    _exit(status & 0xff);
}
