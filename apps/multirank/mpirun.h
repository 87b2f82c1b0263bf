/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All that the tool knows of Open MPI and of Slurm: the options of mpirun, and
 * the variables in which a launcher tells a rank its place.
 */
#ifndef MULTIRANK_APP_MPIRUN_H
#define MULTIRANK_APP_MPIRUN_H

#include "options.h"

#include <sys/types.h>

/** The launcher: the variable MPIRUN, else "mpirun". */
const char *mpirun_name(void);

/** The command line; ends with NULL. */
char **mpirun_command(const struct options *options);

/** Whether mpirun would refuse, as it is run by root without leave. */
bool mpirun_refuses_root(const struct options *options);
#define MPIRUN_ROOT_HINT \
    "OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"

/** The number of ranks when none was asked for; 0: mpirun knows. */
int mpirun_default_ranks(const struct options *options);

/** Whether all ranks will be on this machine. */
bool mpirun_is_local(const struct options *options);

/** Removes the files of an mpirun that was killed and could not do so. */
void mpirun_clean_up(pid_t mpirun);

/** Which rank this process is, and of how many; false: not of a job. */
bool mpirun_place(int *rank, int *size);

/** All ranks read their options before the job begins, and one speaks: whether
 *  it is this one. */
bool mpirun_speaks(void);

/** The exit status of a rank whose options are wrong. Only the one that speaks
 * fails: mpirun ends a job with the first rank that does, and would not wait
 * for what another has to say. */
int mpirun_misuse(void);

#endif
