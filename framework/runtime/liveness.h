/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a rank learns that others are lost, and what it does then.
 *
 * On its own node the fork servers notice a death immediately (pidfd), repair
 * what the dead rank was changing, and write the loss into the node's table
 * (memory/liveness.h).  Between nodes rank 0 and every rank of another node
 * exchange a word each second; a rank that is silent for MR_PATIENCE seconds
 * is lost, and one that hears nothing of rank 0 ends.
 *
 * Each rank compares the table with the losses that it has handled: its calls
 * to a lost rank end with MR_ERR_OWNER_LOST, all ranks of a dead rank's node
 * tell rank 0, and rank 0 tells all other nodes.  So the word does not depend
 * on which server cleaned up, nor on any single rank but rank 0, whose end is
 * that of the job.
 *
 * While the user holds MPI (mr_mpi_lock) a rank cannot send.  It says so when
 * the mutex is taken, and is then given MRI_PATIENCE_WITH_USERS times as long.
 */
#ifndef MRI_RUNTIME_LIVENESS_H
#define MRI_RUNTIME_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include <multirank/base.h>

enum { MRI_PATIENCE_WITH_USERS = 60 };

/* Name the host of each rank, for messages: on rank 0 `hosts` of all ranks,
 * else NULL.  Before the service thread starts.  MR_ERR_NO_MEMORY. */
typedef struct mri_host_name {
    char text[64];
} mri_host_name;
mr_error mri_liveness_begin(const mri_host_name *hosts);
void mri_liveness_end(void);

/* By the service thread, often. */
void mri_liveness_tick(int64_t now);

/* By a thread that never calls MPI, about once a second: MPI may not return
 * from a call that the service thread has made, as to a host that crashed.
 * The others take this rank for lost long before it ends here. */
void mri_liveness_watch(void);

/* MPI has returned, where no service thread says so any more. */
void mri_liveness_moves(void);

/* The user takes MPI, or gives it back; under the lock of messages. */
void mri_liveness_user_holds(bool holds);

#endif
