/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether MPI can do without a network, asked before MPI_Init.
 */
#ifndef MRI_MESSAGE_ONE_NODE_H
#define MRI_MESSAGE_ONE_NODE_H

#include <stdbool.h>

/** True if the launcher has started all ranks of the job beside this one, and
 *  this one sees the same files as its launcher, so that MPI's shared memory
 *  works.  False if that cannot be told. */
bool mri_on_one_node(void);

#endif
