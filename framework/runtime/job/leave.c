/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the end that all ranks have in common.  Each host says to rank 0 that
 * it has left, and still serves its objects until rank 0 says to all to go.
 */
#include "runtime/job/leave.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/mailbox.h"
#include "memory/liveness.h"
#include "runtime/job/identity.h"
#include "runtime/work_loop.h"
#include "util/log.h"

/* Seconds between looks at who is lost. */
#define LOOK 0.2

atomic_bool mri_job_leaving;

_Noreturn void mri_job_await_end(void)
{
    for (;;) {
        pause();
    }
}

void mri_job_stop_hosts(void)
{
    static const unsigned int rows[] = {MRI_ROW_STOP, MRI_ROW_MAILBOX};
    mri_work stop = {.what = MRI_WORK_STOP};

    for (unsigned int rank = 1; rank < mri_here.size; rank++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            mr_error error = mri_mailbox_put(mri_mailbox_at(rank, rows[i]),
                                             &stop, sizeof stop, MR_FOREVER);

            if (error && error != MR_ERR_OWNER_LOST) {
                mri_log(MR_LOG_ERROR,
                        "rank %u cannot be told to stop: %s; if the job hangs "
                        "now, end its launcher",
                        rank, mr_error_text(error));
            }
        }
    }
}

static bool all_left(const bool *left)
{
    for (unsigned int rank = 1; rank < mri_here.size; rank++) {
        if (!left[rank] && !mri_rank_is_lost(rank)) {
            return false;
        }
    }
    return true;
}

/* Tell those who left to go: `worker` is not 0 when some rank is lost. */
static void let_go(bool lost)
{
    mri_work go = {.what = MRI_WORK_STOP, .worker = lost};

    for (unsigned int rank = 1; rank < mri_here.size; rank++) {
        (void)!mri_mailbox_put(mri_mailbox_at(rank, MRI_ROW_GO), &go, sizeof go,
                               MR_FOREVER);
    }
}

static bool leave_as_rank_0(void)
{
    bool *left = calloc(mri_here.size, sizeof *left);
    mr_handle mailbox = mri_mailbox_at(0, MRI_ROW_LEFT);
    bool lost;

    while (left && !all_left(left)) {
        uint32_t rank;
        size_t size;

        if (mri_mailbox_get(mailbox, &rank, sizeof rank, &size, LOOK) ==
            MR_OK) {
            left[rank] = true;
        }
    }
    free(left);
    lost = mri_any_rank_is_lost();
    let_go(lost);
    return !lost;
}

static bool leave_as_host(void)
{
    uint32_t rank = mri_here.rank;
    mri_work go = {.worker = 1};
    size_t size;
    mr_error error = mri_mailbox_put(mri_mailbox_at(0, MRI_ROW_LEFT), &rank,
                                     sizeof rank, MR_FOREVER);

    if (!error) {
        error = mri_mailbox_get(mri_mailbox_at(rank, MRI_ROW_GO), &go,
                                sizeof go, &size, MR_FOREVER);
    }
    return !error && go.worker == 0;
}

bool mri_job_leave_together(void)
{
    return mri_here.rank == 0 ? leave_as_rank_0() : leave_as_host();
}
