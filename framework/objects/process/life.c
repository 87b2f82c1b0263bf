/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns what is done with a process once it is started: wait for its end, send
 * it a signal, forget it.
 */
#include <signal.h>

#include "objects/process/calls.h"
#include "util/log.h"

mr_error mr_process_join(mr_process process, double timeout)
{
    mri_call call = {0};

    return mri_process_operate(process, MRI_PROCESS_JOIN, &call, timeout);
}

static mr_error send_signal(const char *function, mr_process process,
                            int number)
{
    mri_process_look look;
    mr_error error = mri_process_look_at(process, &look);

    if (error) {
        return error;
    }
    if (look.is_main) {
        return mri_fail(
            MR_ERR_STATE, MR_LOG_INFO,
            "%s: the process is the main of a rank, which is not signalled",
            function);
    }
    if (look.state >= MRI_ENDING) {
        return MR_OK;
    }
    return look.state == MRI_CREATED
               ? MR_ERR_STATE
               : mri_process_request(process.handle, number);
}

mr_error mr_process_terminate(mr_process process)
{
    return send_signal("mr_process_terminate", process, SIGTERM);
}

mr_error mr_process_kill(mr_process process)
{
    return send_signal("mr_process_kill", process, SIGKILL);
}

mr_error mr_process_interrupt(mr_process process)
{
    return send_signal("mr_process_interrupt", process, SIGINT);
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
