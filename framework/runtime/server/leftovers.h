/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files that a launcher of Open MPI 4.1 removes when a job ends, and that stay
 * when the launcher is killed: the folder of the job's processes, and the
 * shared memory of a rank that was killed while MPI started.
 *
 * Not covered: Open MPI 5, whose launcher (PRRTE) names its folder otherwise;
 * srun without mpirun; a folder for shared memory that is named in a file of
 * parameters and not in the environment; and a launcher that is killed before a
 * rank has its fork server, or after the last one has ended it.
 */
#ifndef MRI_RUNTIME_SERVER_LEFTOVERS_H
#define MRI_RUNTIME_SERVER_LEFTOVERS_H

/* Keep what the environment says about the job.  To be called before
 * mri_server_clean(), which takes the launcher's variables away. */
void mri_leftovers_read(void);

/* Remove the files of this job on this host if its launcher is dead; while it
 * lives, it does that itself.  Files of other jobs are not touched.  To be
 * called when the rank is dead; servers of several ranks may do it at the same
 * time, and the last of them finds what the ranks made until they ended. */
void mri_leftovers_remove(void);

#endif
