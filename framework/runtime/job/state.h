/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What job.c, host.c and end.c share: the state of the job in this process,
 * which end.c owns.
 */
#ifndef MRI_RUNTIME_JOB_STATE_H
#define MRI_RUNTIME_JOB_STATE_H

#include <stdbool.h>

#include <multirank/base.h>

typedef struct mri_job {
    bool started;  /* mr_init was called, once for ever */
    bool running;  /* its start has succeeded */
    bool finalize; /* also MPI that the user started */
    bool in_use;   /* a task that does not end may use the memory */
    bool returns;  /* hosts come back from mr_init, and MPI is left alone */
} mri_job;

extern mri_job mri_this_job;

/* What all ranks do when the job ends, and after a start that failed.  True:
 * all ranks came to the end, so MPI can be used further.  If a rank was lost a
 * host does not return from it, unless the job returns. */
bool mri_job_leave(void);

/* To be called at exit(). */
void mri_job_at_exit(int status, void *unused);

/* What the program is told then, if it goes on with MPI: MR_ERR_OWNER_LOST. */
mr_error mri_job_say_lost(void);

/* host.c: start the thread that leaves the job for a rank whose task does not
 * end.  MR_ERR_SYSTEM. */
mr_error mri_host_prepare(void);

/* Work until told to stop, and leave the job.  It returns if the job returns:
 * MR_ERR_OWNER_LOST if a rank was lost. */
mr_error mri_host(void);

#endif
