/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the library starts threads.
 */
#include "util/thread.h"

#include <errno.h>
#include <signal.h>

#include "util/log.h"

mr_error mri_thread_start(pthread_t *thread, void *(*function)(void *))
{
    sigset_t all;
    sigset_t before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(thread, NULL, function, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        errno = error;
        return mri_system_error("pthread_create");
    }
    return MR_OK;
}
