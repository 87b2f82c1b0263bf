/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For programs that call MPI themselves, from main or from pool tasks.
 */
#ifndef MULTIRANK_MPI_H
#define MULTIRANK_MPI_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Take the mutex under which the library calls MPI.  In a job of several
 * nodes its service thread does so at any time, and MPI is initialised at
 * MPI_THREAD_SERIALIZED: hold the mutex around each of your own calls of MPI,
 * and around no other call of this library, which would wait for ever.
 * Nothing arrives at this rank meanwhile, so prefer many short calls
 * (MPI_Isend, MPI_Irecv, MPI_Test) to one that waits.  With
 * MR_MPI_THREADS=multiple MPI is started at MPI_THREAD_MULTIPLE, and the mutex
 * is not needed.
 *
 * Callers:   threads of ranks: main, and pool tasks that run in a rank.
 * Blocks:    until no other thread is inside MPI.
 * Ownership: the caller's until mr_mpi_unlock, by the same thread.
 * Units:     none.
 * Errors:    MR_ERR_STATE - no job, or the caller is a process: those cannot
 *            call MPI.
 * Differs:   Python has no MPI.
 */
MR_CHECKED mr_error mr_mpi_lock(void);

/**
 * Give the mutex back.
 *
 * Callers:   the thread that has it.
 * Blocks:    never.
 * Ownership: the library's again.
 * Units:     none.
 * Errors:    MR_ERR_STATE - as mr_mpi_lock.  Not to hold it is undefined.
 * Differs:   Python has no MPI.
 */
MR_API mr_error mr_mpi_unlock(void);

#ifdef __cplusplus
}
#endif

#endif
