/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start and the end of a job.  Rank 0 runs main, the other ranks work.
 */
#ifndef MULTIRANK_JOB_H
#define MULTIRANK_JOB_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Start the job.  The call returns on rank 0 only.  The other ranks stay
 * inside it, run tasks and host processes, and exit when the job ends.  Ranks
 * may lie on one node or on many.  The ranks of a node share memory, others
 * use messages.
 *
 * A program that was started without a launcher becomes mpirun here.  mpirun
 * then starts the program with one rank for each core, or with one for each
 * slot of a batch job.  With MR_LAUNCH=never the job has one rank.  If there
 * is no mpirun the job has one rank, too, and the log has a warning.
 *
 * One rank that no launcher has started needs no MPI.  It starts within some
 * milliseconds, also where MPI cannot start.  Processes and pools work as ever.
 * MPI starts when the program asks for it; see multirank/mpi.h.
 *
 * The call first starts a fork server, then MPI, then the shared segments.
 * MPI is at MPI_THREAD_SERIALIZED, or as MR_MPI_THREADS says.  If the caller
 * has started MPI already, that MPI is used.  Then rank 0 calls MPI_Finalize
 * itself, after mr_finalize; the other ranks finalize MPI inside this call;
 * and processes are forked after MPI_Init and must not call MPI.
 *
 * The ranks of a node are bound to shares of its cores, or as the user told
 * the launcher; see MR_BIND.  OpenMP, OpenBLAS and MKL are told to use as many
 * threads as a rank has cores, unless the user has set their number; see
 * MR_TASK_THREADS.
 *
 * mr_init_with is this call with options.
 *
 * Code before mr_init runs on every rank, and once before mpirun takes over.
 * Processes see global variables as they were at this call.
 *
 * Callers:   the main thread of every rank, once, with the same build of the
 *            program and before other threads are started.
 * Blocks:    until all ranks of the job have called it.
 * Ownership: argc and argv may be NULL and stay the caller's.
 * Errors:    MR_ERR_STATE - it was called before, as a program has one job; or
 *            the caller is a child;
 *            MR_ERR_SYSTEM - the system has no process, pipe or memory to
 *            give;
 *            MR_ERR_NO_MEMORY - the segments do not fit into memory: set
 *            MR_MEMORY;
 *            MR_ERR_FUNCTION - the ranks run different builds of the program
 *            or of this library: the log names them;
 *            MR_ERR_MPI - MPI does not start, or the caller has started it
 *            below MPI_THREAD_SERIALIZED in a job of several nodes.
 * Differs:   Python's module needs no start; its `if __name__` guard is this
 *            call.
 */
MR_CHECKED mr_error mr_init(int *argc, char ***argv);

/*
 * Zeroed means: as mr_init does.
 *
 * `command` and `ranks` are for a program that no launcher has started.  The
 * command is what mpirun shall start: words, of which the last is NULL; without
 * it the program with its arguments.  One rank needs neither mpirun nor MPI.
 * With MR_LAUNCH=never there is always one.
 */
typedef struct mr_init_options {
    const char *const *command;
    unsigned int ranks;       /* 0: one for each core or slot */
    const void *communicator; /* the address of an MPI_Comm, whose ranks are
                                 those of the job; NULL: MPI_COMM_WORLD */
    bool *served; /* not NULL: the other ranks return, too, at the end */
} mr_init_options;

/**
 * Start the job as mr_init does, with options.
 *
 * For a program that all ranks run, and that needs a pool in the middle, give
 * `served`.  Rank 0 returns first, with *served = false, and uses the job.
 * When it has called mr_finalize the other ranks return, with *served = true.
 * Then all of them go on with MPI.  MPI runs from this call on, and mr_finalize
 * does not end it: the program calls MPI_Finalize.  A rank keeps the processors
 * to which mr_init has bound it.  The death of any rank ends such a job, also
 * under `multirank run`, as it ends a program of MPI.
 *
 * With a `communicator` only its ranks call, after MPI_Init.  The other ranks
 * may compute and use MPI meanwhile.  mr_rank is the rank in the communicator.
 * The ranks stay on the processors to which the launcher has bound them.
 * Several groups of ranks may have a job each.
 *
 * Callers:   as for mr_init, with the same options at all ranks.
 * Blocks:    until all ranks of the job have called it; a rank that serves also
 *            until rank 0 has called mr_finalize.
 * Ownership: options may be NULL, as if all were zero, and stays the caller's.
 *            *served is written before the return.  With `served` all ranks
 *            get the errors of the start, else rank 0 alone.
 * Errors:    MR_ERR_ARGUMENT - the command has no words, or the communicator is
 *            MPI_COMM_NULL or an intercommunicator, or MPI is not started;
 *            MR_ERR_OWNER_LOST - this rank has served, but another rank was
 *            lost: MPI would wait for that one, so end the program;
 *            MR_ERR_STATE, MR_ERR_SYSTEM, MR_ERR_NO_MEMORY, MR_ERR_FUNCTION,
 *            MR_ERR_MPI - as for mr_init.
 * Differs:   Python's module needs no start.
 */
MR_CHECKED mr_error mr_init_with(const mr_init_options *options);

/**
 * End the job: join the processes that this endpoint started, terminate
 * daemons and pools, write all output, then end MPI if mr_init started it.
 * Return from main, or exit(), does the same and keeps the exit status.  If a
 * rank was lost MPI is not finalized, since it would wait for that rank; then
 * do not call MPI_Finalize either.  If this call gives an error, return a
 * status other than 0 from main, so that the lost output is noticed.
 *
 * Callers:   the main thread of rank 0.
 * Blocks:    until all processes that are not daemons have ended and every
 *            living rank has left.
 * Ownership: all objects of the job are gone afterwards.
 * Errors:    MR_ERR_STATE - there is no job, or the caller is not rank 0;
 *            MR_ERR_OWNER_LOST - the job has ended and the other ranks return
 *            from mr_init_with, but a rank was lost: end the program;
 *            MR_ERR_SYSTEM - the job has ended, but the log says that some of
 *            its output could not be written: the disk is full, or a reader is
 *            gone and SIGPIPE is ignored.
 * Differs:   Python does this in an exit handler only.
 */
MR_API mr_error mr_finalize(void);

/**
 * End the whole job now: all processes and all ranks, on all nodes, whatever
 * they do.  Nothing is joined, no exit handler runs, and MPI is not finalized.
 * What was printed before is shown, as far as that takes no time.  The exit
 * status is that of the job, as the launcher tells it.  The log says who has
 * called.
 *
 * In a job of some ranks of a communicator the launcher ends the other ranks,
 * too, unless it lets them outlive others.  Outside a job the call ends the
 * calling process.
 *
 * Callers:   any endpoint, any thread that does not hold mr_mpi_lock.
 * Blocks:    it does not return; the caller is ended within moments.
 * Units:     status is the exit status, modulo 256, as that of exit().
 * Differs:   Python has no such call; it is like MPI_Abort.
 */
MR_API void mr_job_abort(int status) __attribute__((noreturn));

/**
 * The rank on which the caller runs, 0 to mr_size() - 1; -1 outside a job.  A
 * process has the rank that hosts it.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Differs:   Python has no ranks.
 */
MR_API int mr_rank(void);

/**
 * The number of ranks of the job; 0 outside a job.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Differs:   Python has os.cpu_count().
 */
MR_API int mr_size(void);

/**
 * The number of processors (hwloc PUs) that the job may use on this node; 0
 * outside a job.  It respects limits of the user, the batch system and control
 * groups.  It ignores the binding that mpirun makes by default.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Differs:   like os.process_cpu_count().
 */
MR_API int mr_processors(void);

/**
 * The name of the host on which the caller runs; "" outside a job.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: the text is static.
 * Differs:   like socket.gethostname().
 */
MR_API const char *mr_host(void);

/**
 * The version of the library that is in use, e.g. "0.1.0".
 *
 * Callers:   any thread, also before mr_init.
 * Blocks:    never.
 * Ownership: the text is static.
 * Differs:   Python's module has no version of its own.
 */
MR_API const char *mr_version(void);

#ifdef __cplusplus
}
#endif

#endif
