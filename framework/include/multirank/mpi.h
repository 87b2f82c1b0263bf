/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For programs that call MPI themselves.
 *
 * Such a program may call MPI_Init_thread before mr_init, which then uses that
 * MPI; it must ask for MPI_THREAD_SERIALIZED in a job of several nodes.
 * mr_init returns on rank 0 only, so collective calls over MPI_COMM_WORLD are
 * possible before mr_init, but not afterwards.  With mr_init_with the other
 * ranks return, too, at the end of the job, and all go on with MPI.
 *
 * If no launcher has started the program and it has one rank, mr_init does not
 * start MPI.  The first mr_mpi_lock does, and mr_finalize ends it then.  With
 * MR_MPI_THREADS=multiple, or if the ranks return, mr_init starts it.  Or the
 * program starts MPI itself, before or after mr_init, and ends it itself.
 *
 * A task may call MPI if its worker is a rank, and must not if its worker is a
 * child process.  The worker beside rank 0 is a child, and so are workers
 * beyond the number of ranks.  In a child mr_mpi_lock gives MR_ERR_STATE.
 */
#ifndef MULTIRANK_MPI_H
#define MULTIRANK_MPI_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Lock the mutex under which the library calls MPI.  In a job of several nodes
 * the service thread of each rank may call MPI at any time, and MPI is at
 * MPI_THREAD_SERIALIZED.  So hold this mutex around each MPI call of your own.
 * With MR_MPI_THREADS=multiple MPI is at MPI_THREAD_MULTIPLE, and the mutex is
 * not needed.
 *
 * While you hold the mutex call nothing else of this library: it would
 * deadlock.  In a pool task printf is such a call.  No message of the library
 * arrives at this rank meanwhile, so use short calls (MPI_Isend, MPI_Irecv,
 * MPI_Test) instead of one that waits.
 *
 * You may hold the mutex for longer than MR_PATIENCE seconds: the rank warns
 * once and does not end.  Other nodes have been told, and take the rank for
 * lost when they hear nothing of it for 60 times MR_PATIENCE.
 *
 * A task whose map was given up may still run when the job ends.  Then this
 * call does not return in that task.  If the task holds the mutex at that time,
 * MPI cannot be finalized, and the rank ends with status 1.
 *
 * Callers:   threads of ranks: main, and pool tasks that run in a rank.
 * Blocks:    until no other thread is inside MPI; the first call in a job that
 *            has no MPI yet also until MPI has started.
 * Ownership: the calling thread holds the mutex until it calls mr_mpi_unlock.
 * Errors:    MR_ERR_STATE - there is no job, or the caller is a process, which
 *            cannot call MPI;
 *            MR_ERR_MPI - MPI does not start, or the program has ended it.
 * Differs:   Python has no MPI.
 */
MR_CHECKED mr_error mr_mpi_lock(void);

/**
 * Unlock the mutex.  The call is undefined in a thread that does not hold it.
 *
 * Callers:   the thread that holds the mutex.
 * Blocks:    never.
 * Errors:    MR_ERR_STATE - as for mr_mpi_lock.
 * Differs:   Python has no MPI.
 */
MR_API mr_error mr_mpi_unlock(void);

#ifdef __cplusplus
}
#endif

#endif
