/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reaper: what is done about an endpoint that is gone, by whoever
 * noticed.  In two steps, as the latches of one dead endpoint may stand in
 * the way of mending another.
 */
#ifndef MRI_ROUTE_REAP_H
#define MRI_ROUTE_REAP_H

#include "memory/record.h"

/* Undo or complete what its threads were changing; free their latches.
 * Takes no latch. */
void mri_reap_mend(uint64_t endpoint);

/* Free its memory, pass its locks on, wake everybody it kept waiting, free
 * its records. */
void mri_reap(mri_record *self, uint64_t endpoint);

#endif
