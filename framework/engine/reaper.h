/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reaper: what the process that notices the end of an endpoint does about
 * it. There are two steps, as the latches of one dead endpoint may stand in the
 * way of the repair of another.
 */
#ifndef MRI_ENGINE_REAPER_H
#define MRI_ENGINE_REAPER_H

#include "engine/object.h"

/* Undo or complete what its threads were changing; free their latches.
 * Takes no latch. */
void mri_reap_repair(uint64_t endpoint);

/* For a message, what its threads were doing: words behind "has died", or
 * none.  Before the others. */
void mri_reap_describe(uint64_t endpoint, char *text, size_t size);

/* Free its memory, pass its locks on, wake everybody it kept waiting, free
 * its records. */
void mri_reap(mri_record *self, const mri_gone *gone);

/* The same for an endpoint of another node, of which there are proxies and
 * holdings in one segment of this one. */
void mri_reap_far(mri_record *self, unsigned int index, const mri_gone *gone);

/* A process will never run: drop what is held for it in the objects of this
 * node.  gone->endpoint is 0.  Any thread may call this. */
void mri_reap_unstarted(const mri_gone *gone);

/* For all endpoints of a lost rank that have proxies there. */
void mri_reap_rank(mri_record *self, unsigned int index, unsigned int rank);

#endif
