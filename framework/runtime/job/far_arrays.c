/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the choice how large slices of Arrays travel between nodes: through
 * the MPI window, or as messages.  It is made once, at the start.
 */
#include "runtime/job/far_arrays.h"

#include <stdio.h>

#include "memory/onesided.h"
#include "memory/segment.h"
#include "memory/window.h"
#include "message/world.h"
#include "runtime/job/identity.h"
#include "runtime/job/parent.h"
#include "util/log.h"
#include "util/settings.h"

static char choice[128];

const char *mri_far_arrays_choice(void)
{
    return choice;
}

/* Rank 0 says it for all, who have chosen alike. */
static void chosen(const char *why)
{
    snprintf(choice, sizeof choice, "%s%s",
             mri_onesided_puts   ? "MPI window"
             : mri_onesided_gets ? "MPI window to read, messages to write"
                                 : "messages, because ",
             mri_onesided_gets ? "" : why);
    if (mri_here.rank == 0) {
        mri_log(MR_LOG_INFO, "far Arrays: %s", choice);
    }
}

/* By messages all of it works, too; and only the flush that a put needs waits
 * inside MPI, for ever if its target dies meanwhile, so that puts must be
 * asked for. */
static void use_window(bool created)
{
    int64_t way = mri_settings()->far_arrays;
    bool puts = way == MRI_FAR_ARRAYS_WINDOW;

    if (way == MRI_FAR_ARRAYS_MESSAGES) {
        chosen("MR_FAR_ARRAYS says so");
    } else if (way == MRI_FAR_ARRAYS_AUTO && mri_parent_is_there()) {
        /* MPI_Rget of Open MPI 4.1 may never return when its target dies;
         * under plain mpirun that ends the job anyway. */
        chosen("the job is to outlive its ranks");
    } else if (!created) {
        chosen("MPI_Win_create failed");
    } else {
        mri_onesided_gets =
            mri_window_prove(mri_all.communicator, mri_here.rank, puts);
        mri_onesided_puts = mri_onesided_gets && puts;
        chosen("what went through the window did not arrive");
    }
}

/* A job whose MPI has no component for it (the user started MPI without our
 * settings) runs on. */
void mri_far_arrays_begin(void)
{
    mr_error error;
    bool created;

    if (mri_node.count == mri_node.ranks) {
        snprintf(choice, sizeof choice, "none, as all ranks share memory");
        return;
    }
    error =
        mri_window_create(mri_all.communicator, mri_index_of(mri_here.rank));
    created = mri_agree(error) == MR_OK;
    if (!created && error == MR_OK) {
        mri_window_free();
    }
    use_window(created);
}
