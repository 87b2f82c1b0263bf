/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bare start: a program that was started by its name alone becomes a job.
 */
#ifndef MRI_RUNTIME_JOB_LAUNCH_H
#define MRI_RUNTIME_JOB_LAUNCH_H

#include <stdbool.h>

#include <multirank/job.h>

/*
 * Become mpirun, which starts this program again with the same arguments, or
 * the command of `options`: with as many ranks as these ask for, or in the
 * slots of a batch job's allocation, else with a rank for each core that this
 * process may use.
 *
 * Returns if the program is to go on as it is: a launcher has started it, it
 * has started MPI itself, MR_LAUNCH=never, one rank is enough, or it cannot be
 * launched, which is warned about.  To be called before anything is started.
 */
void mri_launch(const mr_init_options *options);

/* Is this process a rank of a launcher, or has it started MPI itself?  If not,
 * it is the only rank of its job. */
bool mri_launched(void);

/* A pidfd of the process manager that has started this rank, and that takes
 * no notice if it dies by itself; -1: none has, or it is not to be known. */
int mri_launcher_open(void);

#endif
