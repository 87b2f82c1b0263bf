/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Failures of ranks: noticing that one is lost, and telling all others.
 *
 * On its own node the fork servers notice a death at once (pidfd) and mend
 * what the dead rank was changing.  Between nodes rank 0 and every rank of
 * another node exchange a word each second; a rank that is silent for
 * MR_PATIENCE seconds is lost, and one that hears nothing of rank 0 ends.
 * Rank 0 tells all others.  Objects of a lost rank answer MR_ERR_OWNER_LOST.
 */
#ifndef MRI_RUNTIME_FAILURE_H
#define MRI_RUNTIME_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include <multirank/base.h>

/* Name the host of each rank, for messages: on rank 0 `hosts` of all ranks,
 * else NULL.  Before the service thread starts. */
typedef struct mri_host_name {
    char text[64];
} mri_host_name;
mr_error mri_failure_begin(const mri_host_name *hosts);
void mri_failure_end(void);

/* By the service thread, often. */
void mri_failure_tick(int64_t now);

/* By a thread that never calls MPI, about once a second: MPI may not return
 * from a call that the service thread has made, as to a host that crashed.
 * The others take this rank for lost long before it ends here. */
void mri_failure_watch(void);

/* MPI has returned, where no service thread says so any more. */
void mri_failure_moves(void);

/* Is, or was, that rank lost?  And any? */
bool mri_rank_is_lost(unsigned int rank);
bool mri_any_rank_is_lost(void);

/* A rank of this node has died: called by the errand of a fork server. */
void mri_failure_report(unsigned int rank);

#endif
