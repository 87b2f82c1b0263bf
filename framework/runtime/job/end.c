/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the end of a job on every rank: mr_finalize, and what ranks do at
 * exit().
 */
#include <stdio.h>
#include <unistd.h>

#include <multirank/job.h>

#include "engine/elsewhere.h"
#include "engine/interrupt.h"
#include "engine/wait_set.h"
#include "far/exchange.h"
#include "memory/liveness.h"
#include "memory/record.h"
#include "memory/segment.h"
#include "memory/window.h"
#include "message/message.h"
#include "message/mpi_transport.h"
#include "message/world.h"
#include "runtime/background.h"
#include "runtime/job/identity.h"
#include "runtime/job/leave.h"
#include "runtime/job/parent.h"
#include "runtime/job/state.h"
#include "runtime/liveness.h"
#include "runtime/output.h"
#include "runtime/server/child.h"
#include "runtime/server/process_state.h"
#include "runtime/server/server.h"
#include "runtime/service.h"
#include "util/clock.h"
#include "util/log.h"

mri_job mri_this_job;

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
    mri_world_end(!mri_this_job.returns, mri_this_job.finalize);
}

bool mri_job_leave(void)
{
    bool in_order = true;

    mri_wait_sets_end();
    mri_background_end();
    mri_server_quiet();
    if (mri_self_record) {
        mri_settle(mri_self_record);
    }
    if (mri_this_job.running) {
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
    /* Another thread of a host may still use it, unless all were joined. */
    if (in_order && !mri_this_job.in_use &&
        (mri_here.rank == 0 ||
         (mri_this_job.returns && mri_this_job.running))) {
        mri_region_unmap();
    }
    mri_here.role = MRI_OUTSIDE;
    mri_parent_say(MRI_PARENT_END);
    if (!in_order && mri_here.rank != 0 && !mri_this_job.returns) {
        _exit(0); /* MPI would wait for the lost rank */
    }
    return in_order;
}

mr_error mri_job_say_lost(void)
{
    return mri_fail(MR_ERR_OWNER_LOST, MR_LOG_ERROR,
                    "a rank was lost during the job: MPI would wait for it, so "
                    "call neither its collective calls nor MPI_Finalize, and "
                    "end the program");
}

mr_error mr_finalize(void)
{
    bool in_order;

    if (mri_here.role != MRI_RANK || mri_here.rank != 0 ||
        mri_here.pid != getpid()) {
        return MR_ERR_STATE;
    }
    mri_interrupts_off();
    mri_main_end();
    if (mri_at_endpoint_end) {
        mri_at_endpoint_end();
    }
    mri_job_stop_hosts();
    in_order = mri_job_leave();
    mri_interrupts_on();
    return mri_this_job.returns && !in_order ? mri_job_say_lost()
                                             : mri_output_error();
}

/* Return from main, exit in the middle, and a child's exit all come here.  A
 * task that calls exit() ends its rank; under mpirun the job ends with it, as
 * the status is not 0. */
void mri_job_at_exit(int status, void *unused)
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
