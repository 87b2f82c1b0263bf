/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On which processors a rank may run, before this library plans anything: as
 * the user, the batch system and the control group have it.
 */
#ifndef MRI_TOPOLOGY_ALLOWED_H
#define MRI_TOPOLOGY_ALLOWED_H

#include "topology/processors.h"

typedef struct mri_allowed {
    mri_processors allowed;
    bool unbound; /* the user told the launcher to bind nothing */
    bool missed;  /* MR_BIND lists no processor that is allowed here */
} mri_allowed;

/* What the launcher was asked for, as bits; the second never comes alone. */
enum { MRI_ASKED = 1, MRI_ASKED_UNBOUND = 2 };

/* What this rank knows of that.  A rank that was started from another host may
 * know nothing: what all know together holds. */
unsigned int mri_allowed_asked(void);

/* Find the allowed set of the calling rank; it is empty if it cannot be known.
 */
void mri_allowed_find(mri_allowed *found, unsigned int asked);

#endif
