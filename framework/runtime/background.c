/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the threads of background jobs.  Lock: that of the list of jobs that no
 * thread has taken yet, and of the number of those that have not ended.
 */
#include "runtime/background.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/interrupt.h"
#include "memory/record.h"
#include "util/rank_local.h"
#include "util/thread.h"

typedef struct background_job {
    struct background_job *next;
    mri_background_job *function;
    unsigned char argument[];
} background_job;

typedef struct background {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    background_job *first;
    size_t running; /* or about to */
} background;

static MRI_RANK_LOCAL background background_of_rank = {
    .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
#define own MRI_OWN(background_of_rank)

/* While the table of records is full the job waits: it could not even say that
 * it has failed. */
static void await_record(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    while (!mri_self()) {
        nanosleep(&pause, NULL);
    }
}

/* Any thread takes any job: there are as many of both. */
static void *run(void *unused)
{
    background_job *job;

    (void)unused;
    pthread_mutex_lock(&own.lock);
    job = own.first;
    own.first = job->next;
    pthread_mutex_unlock(&own.lock);
    mri_interrupts_off();
    await_record();
    job->function(job->argument);
    free(job);
    mri_self_leave();
    pthread_mutex_lock(&own.lock);
    own.running--;
    pthread_cond_broadcast(&own.ended);
    pthread_mutex_unlock(&own.lock);
    return NULL;
}

mr_error mri_background_start(mri_background_job *function,
                              const void *argument, size_t size)
{
    background_job *job = malloc(sizeof *job + size);
    pthread_t thread;
    mr_error error;

    if (!job) {
        return MR_ERR_NO_MEMORY;
    }
    job->function = function;
    memcpy(job->argument, argument, size);
    pthread_mutex_lock(&own.lock);
    job->next = own.first;
    own.first = job;
    error = mri_thread_start(&thread, run);
    if (error) {
        own.first = job->next;
    } else {
        own.running++;
    }
    pthread_mutex_unlock(&own.lock);
    if (error) {
        free(job);
        return error;
    }
    pthread_detach(thread);
    return MR_OK;
}

void mri_background_end(void)
{
    pthread_mutex_lock(&own.lock);
    while (own.running) {
        pthread_cond_wait(&own.ended, &own.lock);
    }
    pthread_mutex_unlock(&own.lock);
}
