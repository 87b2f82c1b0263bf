/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The MPI window over array memory.
 */
#ifndef MRI_MEMORY_WINDOW_H
#define MRI_MEMORY_WINDOW_H

#include <mpi.h>

#include <multirank/base.h>

/* Cover the arena of Arrays of this rank's segment; collective.  Values and
 * objects are not in it: they are reached by loads, stores and atomics, which
 * must not meet MPI's accumulate operations on one word.  MR_ERR_MPI: there
 * is none then. */
mr_error mri_window_create(MPI_Comm communicator, unsigned int index);

/* Free it; collective. */
void mri_window_free(void);

#endif
