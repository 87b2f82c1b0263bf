/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The MPI window over array memory: its start and its end.  What goes through
 * it is in memory/onesided.h.
 */
#ifndef MRI_MEMORY_WINDOW_H
#define MRI_MEMORY_WINDOW_H

#include <stdbool.h>

#include <mpi.h>

#include <multirank/base.h>

extern MPI_Win mri_window;

/* Cover the arena of Arrays of this rank's segment; collective.  Values and
 * objects are not in it: they are reached by loads, stores and atomics, which
 * must not meet MPI's accumulate operations on one word.  MR_ERR_MPI: there
 * is none then. */
mr_error mri_window_create(MPI_Comm communicator, unsigned int index);

/* Find out whether the ranks of several nodes can read, and with `puts` write,
 * each other's memory through the window, by doing so once; collective.  It
 * takes a few seconds at most.  True: what was asked for works, between all
 * ranks, and onesided.h may be used. */
bool mri_window_prove(MPI_Comm communicator, unsigned int rank, bool puts);

/* Free it; collective. */
void mri_window_free(void);

#endif
