/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the first and the last moments of a child.  It was forked by a
 * single-threaded fork server that MPI never saw.
 */
#include "runtime/server/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "engine/elsewhere.h"
#include "engine/operation.h"
#include "engine/wait_set.h"
#include "memory/record.h"
#include "runtime/job/identity.h"
#include "runtime/output.h"
#include "runtime/server/hooks.h"
#include "runtime/server/process_state.h"
#include "util/log.h"

void (*mri_at_endpoint_end)(void);

/* exit() of the user, or our own after the function returned.  What was put
 * and printed has arrived before anybody learns of the end: a call that is
 * still under way then, as a queue is full, would be dropped. */
void mri_child_at_exit(void)
{
    if (mri_here.role == MRI_CHILD && mri_here.pid == getpid()) {
        mri_hooks_end();
        if (mri_at_endpoint_end) {
            mri_at_endpoint_end();
        }
        mri_wait_sets_end();
        fflush(NULL);
        if (mri_self_record) {
            mri_settle(mri_self_record);
        }
    }
}

/* The actions are the default ones already, as the server's are. */
static void unblock_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The death signal is for the end of the thread that forked us; the server
 * has but one.  It may have died before we asked. */
static void die_with(pid_t server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server) {
        _exit(128 + SIGKILL);
    }
}

static void become(mri_object *process, uint64_t endpoint)
{
    unsigned int rank = mri_endpoint_rank(endpoint);

    mri_here.role = MRI_CHILD;
    mri_here.pid = getpid();
    mri_stalled = NULL;
    mri_become(endpoint, false);
    mri_log_set_place("rank %u, %.16s", rank, mri_process_name_of(process));
}

void mri_child_run(mri_object *process, uint64_t endpoint,
                   mr_process_function *function, const int output[2])
{
    mri_process_body *body = mri_process_of(process);
    int code;

    die_with((pid_t)mri_load(
        &mri_segment_at(mri_segment_of(mri_ref_of(process)))->server_pid));
    unblock_signals();
    dup2(output[0], STDOUT_FILENO);
    dup2(output[1], STDERR_FILENO);
    close(output[0]);
    close(output[1]);
    become(process, endpoint);
    mri_output_redirect(mri_handle_of(process), &body->printed);
    mri_hooks_begin();
    code = function((const char *)mri_process_detail_of(process) +
                        mri_process_argument_at(body),
                    body->argument_size);
    mri_child_at_exit();
    _exit(code & 0xff);
}
