/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the loop in which hosting ranks and children work for pools.
 */
#include "runtime/work_loop.h"

#include <pthread.h>
#include <unistd.h>

#include "engine/mailbox.h"
#include "util/log.h"

void (*mri_do_work)(const mri_work *work);
void (*mri_work_end)(void);

/* Not on the stack, which is gone when a task has ended the thread. */
static _Thread_local struct {
    mr_handle mailbox;
    mri_work work;
} current;

void mri_work_loop(mr_handle mailbox)
{
    mr_error error;
    size_t size;

    current.mailbox = mailbox;
    for (;;) {
        error = mri_mailbox_get(mailbox, &current.work, sizeof current.work,
                                &size, MR_FOREVER);
        if (error == MR_ERR_INTERRUPTED) {
            continue; /* a signal of the user's is no reason to end */
        }
        if (error || current.work.what == MRI_WORK_STOP) {
            break;
        }
        mri_do_work(&current.work);
        if (current.work.what == MRI_WORK_STOP) {
            break;
        }
    }
    if (error && error != MR_ERR_CLOSED && error != MR_ERR_STALE) {
        mri_log(MR_LOG_ERROR, "this worker cannot receive work and ends: %s",
                mr_error_text(error));
    }
}

void mri_work_stop(void)
{
    current.work.what = MRI_WORK_STOP;
}

void mri_work_again(void)
{
    mr_error error = mri_mailbox_put(current.mailbox, &current.work,
                                     sizeof current.work, MR_FOREVER);

    if (error) {
        mri_log(MR_LOG_ERROR,
                "this worker leaves the rest of a map to the others: %s",
                mr_error_text(error));
    }
}

static void *go_on(void *mailbox)
{
    mri_work_loop(*(const mr_handle *)mailbox);
    mri_work_end();
    return NULL;
}

/* A new thread has what belongs to a thread whole; what this one had is partly
 * destroyed.  It waits, as its end would be taken for that of the process by
 * those who asked the kernel for a signal then. */
_Noreturn void mri_work_in_another_thread(void)
{
    static mr_handle mailbox;
    pthread_t thread;

    mailbox = current.mailbox;
    if (mri_work_end && pthread_create(&thread, NULL, go_on, &mailbox) == 0) {
        pthread_join(thread, NULL);
    }
    _exit(1);
}
