/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sharing memory among the ranks of a node, at the start of a job.
 */
#ifndef MRI_RUNTIME_JOB_MAP_SEGMENTS_H
#define MRI_RUNTIME_JOB_MAP_SEGMENTS_H

#include <multirank/base.h>

/* Are there few enough ranks for the numbers of endpoints?  MR_ERR_LIMIT. */
mr_error mri_check_ranks(unsigned int ranks);

/* Find out which ranks share a node: those of a machine that can open each
 * other's segments, which are made here; collective.  MR_ERR_MPI,
 * MR_ERR_NO_MEMORY, MR_ERR_SYSTEM, MR_ERR_LIMIT. */
mr_error mri_nodes_find(void);

/* Map and fill the segments; collective.  The caller becomes
 * its rank.  `processors` are those of the machine.  MR_ERR_NO_MEMORY,
 * MR_ERR_SYSTEM, MR_ERR_LIMIT. */
mr_error mri_segments_map(unsigned int processors);

/* Fill the formatted segment of a rank, as that rank: its endpoints and the
 * rows that all expect.  MR_ERR_NO_MEMORY, MR_ERR_LIMIT. */
mr_error mri_rank_format(unsigned int rank, unsigned int processors);

#endif
