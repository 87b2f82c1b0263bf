/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the parts of `multirank run` work together.
 *
 *     multirank run                        where the user is
 *       |-- mpirun
 *             |-- multirank rank           the parent of rank 0
 *             |     |-- PROGRAM            rank 0
 *             |-- multirank rank           the parent of rank 1
 *                   |-- PROGRAM            rank 1
 *
 * Open MPI's mpirun ends a job as soon as one of its children is killed.  Its
 * children are the parents here, which are small and are not killed by what
 * kills a rank (a bug, a lack of memory, a test).  So mpirun does not notice,
 * the other ranks go on, and the runtime of the library handles the death.
 * The parents stay until the job is over, as mpirun would end it when the first
 * of them leaves without MPI_Finalize.
 *
 * Each parent is connected to `multirank run` (link.h) and reports how its
 * rank ended; `multirank run` judges (job.h) and says when all is over.
 *
 * What a rank says to its parent
 * ------------------------------
 * MULTIRANK_PARENT in the environment of a rank is the number of a descriptor,
 * the write end of a pipe to its parent.  The rank writes single bytes:
 *
 *     'r'  ready: this rank has passed mr_init.  From when all ranks have said
 *          so, the death of a rank other than 0 does not end the job.
 *     'e'  the end of this rank, which follows, is in order, whatever its
 *          status is.
 *
 * A program that never says 'r' gets what mpirun gives: the death of any rank,
 * also by a status other than 0, ends the job.  While some ranks are ready and
 * others not yet, a death ends the job too, as the others may wait in MPI_Init
 * for the dead one for ever.
 *
 * The descriptor is inherited.  A process that has taken it from the
 * environment sets FD_CLOEXEC and unsets the variable, so that programs that
 * the rank starts do not speak for it; processes that it forks may keep it
 * open.  The pipe takes these few bytes without anybody reading, and writing
 * can fail only when the parent is dead, upon which the rank dies too: the
 * result may be ignored, but SIGPIPE must not be deadly where that matters.
 *
 * The end
 * -------
 * The end of rank 0 is the end of the job, and its status is that of
 * `multirank run`.  The other ranks have --grace seconds for theirs, which may
 * be a mere _exit: without MPI_Finalize nobody waits for the dead.  Then their
 * parents kill them.  All parents leave together with status 0, and mpirun
 * ends as after a good job.  Where a host has vanished it would wait for it for
 * minutes, and is ended.
 *
 * Nothing outlives the job: a rank dies with its parent (PR_SET_PDEATHSIG), a
 * parent kills its rank when the connection to `multirank run` breaks, and
 * mpirun is terminated when `multirank run` dies.
 *
 * A rank leads a process group of its own.  mpirun sends its signals to the
 * group of the parent, which passes on to the rank's group those that can be
 * caught, so that each arrives once.
 *
 * Signals of the user
 * -------------------
 * SIGINT, SIGTERM and SIGHUP go to rank 0, if all ranks are ready: main may
 * catch them, save what there is and end with a status of its own.  A terminal,
 * timeout(1) and Slurm send them to mpirun, too, which would kill the ranks
 * after a second.  So SIGINT and SIGTERM are blocked in mpirun, and when it is
 * to end, it gets SIGHUP, which means the same to it.
 */
#ifndef MULTIRANK_APP_PARENT_H
#define MULTIRANK_APP_PARENT_H

/** The variable with the descriptor for a rank's bytes to its parent. */
#define PARENT_VARIABLE "MULTIRANK_PARENT"

enum parent_byte { PARENT_READY = 'r', PARENT_END = 'e' };

/** The variable that tells the parents how to reach `multirank run`.  It bears
 *  a secret: ranks do not inherit it, and no command line shows it. */
#define RUN_VARIABLE "MULTIRANK_RUN"

/** Ends mpirun, which has other signals blocked. */
#define MPIRUN_END_SIGNAL SIGHUP

/** As the first argument of `multirank rank`: each word of the program has one
 *  letter more in front, so that mpirun passes it on whatever it is. */
#define DISGUISED "--disguised"

#endif
