/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the ranks of a node get the descriptors of each other's segments.
 */
#ifndef MRI_RUNTIME_JOB_EXCHANGE_SEGMENTS_H
#define MRI_RUNTIME_JOB_EXCHANGE_SEGMENTS_H

#include <stdbool.h>

#include <multirank/base.h>

/* Give the descriptor of this rank's segment to all others of the node and
 * write theirs, -1 for each that cannot be had; the own one is copied.
 * Collective over the node.  MR_ERR_NO_MEMORY, MR_ERR_SYSTEM. */
mr_error mri_segments_exchange(int mine, int *descriptors);

/* After that: must this rank be a node of its own, as it and one of a lower
 * number cannot share memory?  Collective over the node; all get the same
 * `alone`, by the order of their numbers.  MR_ERR_NO_MEMORY. */
mr_error mri_segments_who_is_alone(const int *descriptors, bool *alone);

#endif
