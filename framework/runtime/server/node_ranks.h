/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The other ranks of the node, as a fork server sees them: it notices the
 * death of one, and one of the servers repairs what it left behind.
 */
#ifndef MRI_RUNTIME_SERVER_NODE_RANKS_H
#define MRI_RUNTIME_SERVER_NODE_RANKS_H

#include "memory/record.h"

/* Call `watch` with a descriptor for each rank but the own, which becomes
 * readable when that dies. */
void mri_node_ranks_begin(unsigned int own, void (*watch)(int *descriptor));

/* Is that address one of those descriptors?  Then its rank has died. */
bool mri_node_ranks_died(const void *descriptor);

/* Do what is to be done about the dead.  True: call again soon. */
bool mri_node_ranks_run(mri_record *self);

/* The part of that which needs no latch: for a server that waits for one. */
void mri_node_ranks_repair(void);

/* The own rank has died: say so if it was alone on its node, where nobody else
 * can, and inside a task, which the launcher does not know. */
void mri_node_ranks_report_own_death(void);

/* In a new child: nothing of the server stays open. */
void mri_node_ranks_close(void);

#endif
