/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Serving: far calls as their owner sees them.
 *
 * Each far thread has a *proxy* here: a record in this rank's segment whose
 * owner is the far endpoint.  The thread that receives its call becomes the
 * proxy and runs the try function, so that locks, notes, owned slots, lists of
 * waiters and the reaper work for far callers as they do for near ones.  A call
 * that would block stands in the lists by its proxy, whose bell rings the
 * service thread, and is parked.
 *
 * Calls of one thread are served in order, one after the other.  All of this
 * happens inside the exchange.
 */
#ifndef MRI_FAR_SERVE_H
#define MRI_FAR_SERVE_H

#include "far/wire.h"

/* A call has arrived.  What it brings is valid until the return. */
void mri_serve_call(unsigned int from, const mri_head *head, const void *body);

/* The window has carried bulk: MRI_MOVED. */
void mri_serve_moved(const mri_head *head);

/* MRI_CANCEL and MRI_GONE. */
void mri_serve_cancel(const mri_head *head);
void mri_serve_gone(unsigned int from, const mri_head *head,
                    const mri_gone *gone);

/* Try parked calls again whose bell has rung, or whose time is up; INT64_MIN
 * asks for no clock.  True: one has ended. */
bool mri_serve_parked(int64_t now);

/* The time of the first that has one, or MRI_NEVER. */
int64_t mri_serve_next_deadline(void);

/* A rank is lost, and all its endpoints with it. */
void mri_serve_lost(unsigned int rank);

/* Forget everything: the job ends. */
void mri_serve_end(void);

#endif
