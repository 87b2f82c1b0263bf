/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the questions that a process answers, and the one property that may be
 * set.
 */
#include <string.h>

#include "objects/process/calls.h"
#include "util/log.h"

mr_error mr_process_is_alive(mr_process process, bool *alive)
{
    mri_process_look look;
    mr_error error;

    if (!alive) {
        return mri_bad_argument("mr_process_is_alive", "alive", "is NULL");
    }
    error = mri_process_look_at(process, &look);
    if (!error) {
        *alive = look.state == MRI_STARTING || look.state == MRI_RUNNING;
    }
    return error;
}

mr_error mr_process_exit_code(mr_process process, int *code)
{
    mri_process_look look;
    mr_error error;

    if (!code) {
        return mri_bad_argument("mr_process_exit_code", "code", "is NULL");
    }
    error = mri_process_look_at(process, &look);
    if (!error &&
        (look.state < MRI_ENDING || look.status == MRI_STATUS_UNKNOWN)) {
        error = MR_ERR_STATE;
    }
    if (!error) {
        *code = (int)look.status;
    }
    return error;
}

mr_error mr_process_set_daemon(mr_process process, bool daemon)
{
    mri_call call = {.argument = daemon};

    return mri_process_operate(process, MRI_PROCESS_SET_DAEMON, &call, 0);
}

mr_error mr_process_daemon(mr_process process, bool *daemon)
{
    mri_process_look look;
    mr_error error;

    if (!daemon) {
        return mri_bad_argument("mr_process_daemon", "daemon", "is NULL");
    }
    error = mri_process_look_at(process, &look);
    if (!error) {
        *daemon = look.daemon;
    }
    return error;
}

mr_error mr_process_name(mr_process process, char *name, size_t size)
{
    char found[MR_NAME_SIZE];
    mri_call call = {.out = found, .out_size = sizeof found};
    mr_error error;

    if (!name) {
        return mri_bad_argument("mr_process_name", "name", "is NULL");
    }
    error = mri_process_operate(process, MRI_PROCESS_NAME, &call, 0);
    if (!error && call.result > size) {
        error = MR_ERR_TRUNCATED;
    }
    if (!error) {
        memcpy(name, found, call.result);
    }
    return error;
}

mr_error mr_process_pid(mr_process process, int64_t *pid)
{
    mri_process_look look;
    mr_error error;

    if (!pid) {
        return mri_bad_argument("mr_process_pid", "pid", "is NULL");
    }
    error = mri_process_look_at(process, &look);
    if (!error && look.state < MRI_RUNNING) {
        error = MR_ERR_STATE;
    }
    if (!error) {
        *pid = look.pid;
    }
    return error;
}
