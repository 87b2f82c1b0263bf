/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what a creator does with a process once it is made: start it, wait for
 * its end, send it a signal, forget it.
 */
#include <signal.h>

#include "engine/interrupt.h"
#include "objects/process/calls.h"

/* It is not interrupted: whether the process has started has to be known. */
mr_error mr_process_start(mr_process process)
{
    mri_call call = {0};
    mr_error error = mri_process_operate(process, MRI_PROCESS_BEGIN, &call, 0);

    if (!error) {
        error = mri_process_request(process.handle, 0);
    }
    if (!error) {
        mri_interrupts_off();
        error = mri_process_operate(process, MRI_PROCESS_STARTED, &call,
                                    MR_FOREVER);
        mri_interrupts_on();
    }
    return error;
}

mr_error mr_process_join(mr_process process, double timeout)
{
    mri_call call = {0};

    return mri_process_operate(process, MRI_PROCESS_JOIN, &call, timeout);
}

static mr_error send_signal(mr_process process, int number)
{
    mri_process_look look;
    mr_error error = mri_process_look_at(process, &look);

    if (error || look.state >= MRI_ENDING) {
        return error;
    }
    return look.state == MRI_CREATED
               ? MR_ERR_STATE
               : mri_process_request(process.handle, number);
}

mr_error mr_process_terminate(mr_process process)
{
    return send_signal(process, SIGTERM);
}

mr_error mr_process_kill(mr_process process)
{
    return send_signal(process, SIGKILL);
}

mr_error mr_process_interrupt(mr_process process)
{
    return send_signal(process, SIGINT);
}

mr_error mr_process_destroy(mr_process process)
{
    mri_call call = {0};
    mr_error error = mri_process_operate(process, MRI_PROCESS_FORGET, &call, 0);

    if (!error) {
        mri_process_no_longer_own(process);
    }
    return error;
}
