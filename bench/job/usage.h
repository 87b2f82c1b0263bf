/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a job takes of this machine, as /proc tells it: the ranks, and all
 * processes that they have started.
 */
#ifndef BENCH_JOB_USAGE_H
#define BENCH_JOB_USAGE_H

typedef struct usage {
    int processes;
    double cpu;      /* seconds that their threads ran */
    double switches; /* of context, of all their threads */
    double memory;   /* KiB: what is shared by n of them counts 1/n in each */
} usage;

/* Of the job that the caller is a rank of, as far as it is on this machine. */
usage usage_of_job(void);

/* Of the other ranks alone: neither of the caller nor of what it started. */
usage usage_of_other_ranks(void);

#endif
