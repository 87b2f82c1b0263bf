/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the user's way to MPI: the lock of messages, the word that this rank may
 * be silent for as long as the user has it, and the start of MPI in a job of
 * one rank, which has begun without.
 */
#include <multirank/mpi.h>

#include <unistd.h>

#include "message/message.h"
#include "message/world.h"
#include "runtime/job/identity.h"
#include "runtime/job/leave.h"
#include "runtime/liveness.h"

/* Only the ranks themselves may call MPI. */
static bool is_rank(void)
{
    return mri_here.role == MRI_RANK && mri_here.pid == getpid();
}

mr_error mr_mpi_lock(void)
{
    mr_error error;

    if (!is_rank()) {
        return MR_ERR_STATE;
    }
    mri_message_lock();
    if (atomic_load(&mri_job_leaving)) { /* a task that was given up */
        mri_message_unlock();
        mri_job_await_end();
    }
    error = mri_world_start_mpi(); /* one rank has begun without it */
    if (error) {
        mri_message_unlock();
        return error;
    }
    mri_liveness_user_holds(true);
    return MR_OK;
}

mr_error mr_mpi_unlock(void)
{
    if (!is_rank()) {
        return MR_ERR_STATE;
    }
    mri_liveness_user_holds(false);
    mri_message_unlock();
    return MR_OK;
}
