/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The identity of this process in the job, and where it is.
 */
#ifndef MRI_RUNTIME_JOB_IDENTITY_H
#define MRI_RUNTIME_JOB_IDENTITY_H

#include <sys/types.h>

#include <multirank/base.h>

#include "util/rank_local.h"

typedef enum mri_role {
    MRI_OUTSIDE = 0, /* no job, or after it */
    MRI_RANK,
    MRI_SERVER,
    MRI_CHILD
} mri_role;

typedef struct mri_job_identity {
    mri_role role;
    pid_t pid; /* of the process to which the rest applies */
    unsigned int rank;
    unsigned int size;
    char host[64];
} mri_job_identity;

/* Written at start and after each fork, then constant. */
extern MRI_RANK_LOCAL mri_job_identity mri_here_of_rank;
#define mri_here MRI_OWN(mri_here_of_rank)

/* True inside a pool task of the calling thread. */
extern _Thread_local bool mri_inside_task;

/* May the caller create processes and pools?  MR_ERR_STATE. */
mr_error mri_may_create_processes(const char *function);

/* The rank of a public `place`; by default that of the caller.
 * MR_ERR_ARGUMENT. */
mr_error mri_place_rank(const char *function, int place, unsigned int *rank);

#endif
