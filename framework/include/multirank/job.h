/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a job: rank 0 runs main, the other ranks serve.
 */
#ifndef MULTIRANK_JOB_H
#define MULTIRANK_JOB_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Start the job.  Returns on rank 0 alone: the other ranks stay inside, run
 * tasks and host processes, and exit when the job ends.  They may lie on one
 * node or on many; those of a node share memory, the others use messages.
 * A program that no launcher has started becomes mpirun here, which starts it
 * anew with a rank for each core, or in all slots of a batch job's allocation;
 * MR_LAUNCH=never makes it a job of one rank, and so does, with a warning, a
 * missing mpirun.
 * A fork server is started first, then MPI (MPI_THREAD_SERIALIZED, or see
 * MR_MPI_THREADS), then the shared segments.
 * An MPI that the caller has started is used, and on rank 0 left for the
 * caller to finalize after mr_finalize (the other ranks finalize it
 * themselves); processes are then forked after MPI_Init and must not call it.
 * The ranks of a node are bound to shares of its cores, or as the user told
 * the launcher; see MR_BIND.  OpenMP, OpenBLAS and MKL are told to use as many
 * threads as a rank has cores, unless the user has said how many; see
 * MR_TASK_THREADS.
 * Code before mr_init runs on every rank, and where the job was started from;
 * processes see global variables as they were at this call.
 *
 * Callers:   the main thread of every rank, once, with the same build of
 *            the program and before other threads are started.
 * Blocks:    until all ranks of the job have called it.
 * Ownership: argc and argv may be NULL and stay the caller's.
 * Units:     none.
 * Errors:    MR_ERR_STATE - called twice, or in a child;
 *            MR_ERR_SYSTEM - no process, pipe or memory to be had;
 *            MR_ERR_NO_MEMORY - the segments do not fit, see MR_MEMORY;
 *            MR_ERR_FUNCTION - the ranks run different builds of the program
 *            or of this library, the log names them;
 *            MR_ERR_MPI - MPI does not start, or was started by the caller
 *            below MPI_THREAD_SERIALIZED in a job on several nodes.
 * Differs:   Python's module needs no start; its `if __name__` guard is this
 *            call.
 */
MR_CHECKED mr_error mr_init(int *argc, char ***argv);

/**
 * End the job: join the processes that this endpoint started, terminate the
 * daemons and the pools, write all output, then end MPI if mr_init started
 * it.  Return from main, or exit(), does the same by itself and keeps the
 * exit status.  When a rank was lost MPI is left as it is, since it would wait
 * for that rank: then do not call MPI_Finalize either.
 *
 * Callers:   the main thread of rank 0.
 * Blocks:    until all non-daemon processes have ended and every rank that
 *            lives has left.
 * Ownership: all objects of the job are gone afterwards.
 * Units:     none.
 * Errors:    MR_ERR_STATE - there is no job, or not called on rank 0.
 * Differs:   Python does this in an exit handler only.
 */
MR_API mr_error mr_finalize(void);

/**
 * The rank on which the caller runs; a process has that of its host.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: none.
 * Units:     0 to mr_size() - 1.
 * Errors:    -1 outside a job.
 * Differs:   Python has no ranks.
 */
MR_API int mr_rank(void);

/**
 * The number of ranks of the job.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: none.
 * Units:     ranks, at least 1.
 * Errors:    0 outside a job.
 * Differs:   Python has os.cpu_count().
 */
MR_API int mr_size(void);

/**
 * The number of processors that the job may use on this node, as the user,
 * the batch system and control groups have it.  What mpirun binds ranks to
 * when nobody has asked it to does not count.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: none.
 * Units:     processors (hwloc PUs), at least 1.
 * Errors:    0 outside a job.
 * Differs:   like os.process_cpu_count().
 */
MR_API int mr_processors(void);

/**
 * The name of the host on which the caller runs.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: the text is static.
 * Units:     none.
 * Errors:    "" outside a job.
 * Differs:   like socket.gethostname().
 */
MR_API const char *mr_host(void);

/**
 * The version of the library that is in use, e.g. "0.1.0".
 *
 * Callers:   anybody, also before mr_init.
 * Blocks:    never.
 * Ownership: the text is static.
 * Units:     none.
 * Errors:    none.
 * Differs:   Python's module has no version of its own.
 */
MR_API const char *mr_version(void);

#ifdef __cplusplus
}
#endif

#endif
