/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns how the library starts threads.
 */
#include "util/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "util/fault.h"
#include "util/log.h"
#include "util/rank_local.h"

typedef struct affinity {
    const void *processors; /* NULL: where its creator runs */
    size_t size;
} affinity;

static MRI_RANK_LOCAL affinity affinity_of_rank;
#define own MRI_OWN(affinity_of_rank)

/* What a new thread is given. */
typedef struct birth {
    void *(*function)(void *);
    mri_rank_state *rank;
    bool armed; /* see util/fault.h */
} birth;

void mri_threads_run_on(const void *set, size_t size)
{
    own.processors = set;
    own.size = size;
}

/* A thread is of the rank of its creator. */
static void *begin(void *user)
{
    birth given = *(birth *)user;

    free(user);
    mri_rank_enter(given.rank);
    mri_fault_join(given.armed);
    return given.function(NULL);
}

mr_error mri_thread_start(pthread_t *thread, void *(*function)(void *))
{
    birth *given = malloc(sizeof *given);
    sigset_t all;
    sigset_t before;
    pthread_attr_t attributes;
    int error = given ? pthread_attr_init(&attributes) : ENOMEM;

    if (given) {
        *given = (birth){.function = function,
                         .rank = mri_rank_entered(),
                         .armed = mri_fault_is_armed()};
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (!error && own.processors) {
        error =
            pthread_attr_setaffinity_np(&attributes, own.size, own.processors);
    }
    if (!error) {
        error = pthread_create(thread, &attributes, begin, given);
        pthread_attr_destroy(&attributes);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        free(given);
        errno = error;
        return mri_system_error("pthread_create");
    }
    return MR_OK;
}
