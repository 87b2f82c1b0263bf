/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what becomes of the processes of an endpoint when that ends.
 */
#include "engine/interrupt.h"
#include "objects/process/calls.h"
#include "util/clock.h"
#include "util/settings.h"

/* Three passes over the processes that the caller made: all daemons are told
 * to end; those that have not by the deadline, which is one for all, are
 * killed; then all are waited for. */
typedef struct ending {
    enum { TERMINATE, KILL, WAIT } pass;
    int64_t deadline;
} ending;

static void end_daemon(mr_process process, const ending *e)
{
    double grace = (double)mri_settings()->grace / 1000;

    if (e->pass == TERMINATE) {
        (void)!mr_process_terminate(process);
    } else if (e->pass == KILL &&
               mr_process_join(process, mri_timeout_left(grace, e->deadline)) !=
                   MR_OK) {
        (void)!mr_process_kill(process);
    }
}

static void end_one(mr_process process, const ending *e)
{
    mri_process_look look;

    if (mri_process_look_at(process, &look) || look.state == MRI_CREATED ||
        look.state >= MRI_ENDED) {
        return;
    }
    if (e->pass == WAIT) {
        (void)!mr_process_join(process, MR_FOREVER);
    } else if (look.daemon) {
        end_daemon(process, e);
    }
}

void mri_process_end_all(void)
{
    mr_process process;
    ending e = {.deadline = mri_now() + mri_settings()->grace * 1000000};

    mri_interrupts_off();
    for (e.pass = TERMINATE; e.pass <= WAIT; e.pass++) {
        /* Nothing is added any more. */
        for (size_t i = 0; mri_process_own(i, &process); i++) {
            end_one(process, &e);
        }
    }
    mri_interrupts_on();
}
