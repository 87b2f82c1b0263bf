/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The judgement of `multirank run`: what became of each rank, what that means
 * for the job, and what its status is.
 *
 * It does not wait.  The code that does (serve.h) tells what happened and calls
 * job_tick in between, at the latest at job_deadline.
 */
#ifndef MULTIRANK_APP_JOB_H
#define MULTIRANK_APP_JOB_H

#include "link.h"

#include <sys/types.h>

/* A job passes from phase to phase in this order, each for some seconds, and
 * leaves some out. */
enum phase {
    RUNNING,
    GRACE,       /* the others end by themselves, as rank 0 has ended */
    TERMINATING, /* they have got SIGTERM, or the signal of the user */
    KILLING,     /* they have got SIGKILL */
    LEAVING,     /* the parents leave, and mpirun ends by itself */
    STOPPING,    /* it does not: it has got SIGTERM */
    DROPPING,    /* it has got SIGKILL */
    OVER
};

struct rank {
    struct link *link; /* NULL: not joined yet, or lost */
    int pid;           /* 0: not started yet */
    char host[HOST_SIZE];
    bool joined;
    bool ready;
    bool ended;    /* wait_status says how */
    bool lost;     /* nobody will say how */
    bool in_doubt; /* it died, others are not known to be ready */
    int wait_status;
};

struct job {
    struct rank *ranks;
    int size; /* 0 until the first rank has joined */
    pid_t mpirun;
    double grace;
    enum phase phase;
    double deadline;  /* of the phase */
    double doubt_end; /* 0: no rank is in doubt */
    bool mpirun_ended;
    int mpirun_status; /* a wait status */
    bool decided;      /* status counts */
    int status;
    int interrupted; /* a signal, or 0 */
    bool obeyed;     /* rank 0 ended in its own way upon it */
    double interrupted_at;
    char last_words[256];
};

void job_begin(struct job *job, pid_t mpirun, double grace);

/** A parent introduced itself: answers, and returns its rank, or -1 when it is
 *  not wanted. */
int job_joined(struct job *job, struct link *link, const struct message *hello);

/** Each rank has started, so no parent comes again. */
bool job_all_started(const struct job *job);

void job_told(struct job *job, int rank, const struct message *message);

/** The link of a rank broke; error is 0 or an errno. */
void job_lost(struct job *job, int rank, int error);

void job_mpirun_ended(struct job *job, int wait_status);

/** The user wants the end. */
void job_interrupted(struct job *job, int signal);

void job_tick(struct job *job);

/** When job_tick is due; infinite when time changes nothing. */
double job_deadline(const struct job *job);

/** Says the last words, and returns the status for exit. */
int job_end(const struct job *job);

#endif
