/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files of MPI that have to be removed if the rank does not live to do so.
 */
#ifndef MRI_RUNTIME_JOB_MPI_FILES_H
#define MRI_RUNTIME_JOB_MPI_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* Write the paths of the files in /dev/shm that MPI has mapped into this
 * process, each ended by a zero; the result is their size together. */
size_t mri_mpi_files_list(char *list, size_t capacity);

#endif
