/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The transport over MPI.
 */
#ifndef MRI_MESSAGE_MPI_TRANSPORT_H
#define MRI_MESSAGE_MPI_TRANSPORT_H

#include <mpi.h>

#include "message/transport.h"

/* Make it, over communicators of its own; collective.  There is one in a
 * process.  MR_ERR_NO_MEMORY, MR_ERR_MPI: then there is none at this rank, but
 * maybe at others, so that all should agree and end. */
mr_error mri_mpi_begin(MPI_Comm communicator, const mri_transport **transport);

/* Take it down; collective.  Short messages that have arrived and were not
 * taken are gone, so all should have agreed before that none is under way. */
void mri_mpi_end(void);

/* Log that a call of MPI failed, and return MR_ERR_MPI. */
mr_error mri_mpi_error(const char *call, int code);

#endif
