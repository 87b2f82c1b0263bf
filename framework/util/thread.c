/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the library starts threads.
 */
#include "util/thread.h"

#include <errno.h>
#include <signal.h>

#include "util/log.h"

static const void *processors;
static size_t processors_size;

void mri_threads_run_on(const void *set, size_t size)
{
    processors = set;
    processors_size = size;
}

mr_error mri_thread_start(pthread_t *thread, void *(*function)(void *))
{
    sigset_t all;
    sigset_t before;
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (!error && processors) {
        error = pthread_attr_setaffinity_np(&attributes, processors_size,
                                            processors);
    }
    if (!error) {
        error = pthread_create(thread, &attributes, function, NULL);
        pthread_attr_destroy(&attributes);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        errno = error;
        return mri_system_error("pthread_create");
    }
    return MR_OK;
}
