/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Leaving: how all ranks come to the end of a job together, also when some
 * are lost.  It needs no MPI: mailboxes do.
 */
#ifndef MRI_RUNTIME_JOB_LEAVE_H
#define MRI_RUNTIME_JOB_LEAVE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Rank 0: tell all others to come to their end. */
void mri_job_stop_hosts(void);

/* Wait until all ranks that live are here, and will send nothing to anybody
 * any more.  False: some rank is lost, so that MPI cannot be finalized. */
bool mri_job_leave_together(void);

/* Some thread of this host ends the process; all others stay out of MPI and
 * wait for that. */
extern atomic_bool mri_job_leaving;

/* Wait until another thread has ended the process. */
_Noreturn void mri_job_await_end(void);

#endif
