/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What programs share whose ranks are killed: a rank is killed by a process
 * below its fork server, or by the script that started the job.
 */
#ifndef JOB_VICTIMS_H
#define JOB_VICTIMS_H

#include <multirank.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    LIMIT = 30,     /* seconds: then it is a hang */
    MOMENT = 200000 /* microseconds: those who wait are waiting */
};

static inline void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "the test: %s: %s\n", what, mr_error_name(error));
        _exit(99);
    }
}

#define NEED(call) need((call), #call)

static inline double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline int rank_above(void)
{
    char path[64];
    int rank = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)getppid());
    file = fopen(path, "r");
    if (!file || fscanf(file, "%*d (%*[^)]) %*c %d", &rank) != 1) {
        _exit(98);
    }
    fclose(file);
    return rank;
}

/* On the victim, below its fork server. */
static inline int murder(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    usleep(MOMENT);
    kill(rank_above(), SIGKILL);
    pause();
    return 0;
}

/* In a moment, and meanwhile the caller goes on.  With `by_others` it is the
 * script that kills, and then makes this file. */
static inline void kill_victim(int rank, const char *by_others)
{
    const mr_process_options there = {.place = MR_ON_RANK(rank)};
    mr_process murderer;
    mr_error error;

    printf("ready\n");
    fflush(stdout);
    if (by_others) {
        while (access(by_others, F_OK) != 0) {
            usleep(1000);
        }
        return;
    }
    NEED(mr_process_create(&murderer, murder, NULL, 0, &there));
    /* It may be quicker than the reply to its start. */
    error = mr_process_start(murderer);
    NEED(error == MR_ERR_OWNER_LOST ? MR_OK : error);
}

#endif
