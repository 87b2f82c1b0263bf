/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Coalescing: small pipelined calls to one object travel together.
 *
 * While a call of the thread is not acknowledged, the next ones are collected;
 * they leave together with the next acknowledgement, when they fill a short
 * message, or when the thread waits for them (Nagle, RFC 896).  So the first
 * call of many leaves at once, and the others cost little more than a copy.
 *
 * All of this happens inside the exchange.
 */
#ifndef MRI_FAR_COALESCE_H
#define MRI_FAR_COALESCE_H

#include "far/wire.h"

typedef struct mri_coalesced mri_coalesced;

/* Add a call that brings so much in `in` and nothing else.  False: it does not
 * fit to those before or beside them, and they are to be sent first; or there
 * is no memory. */
bool mri_coalesced_add(mri_coalesced **coalesced, const mri_head *head,
                       const void *in);

/* How many there are. */
uint32_t mri_coalesced_count(const mri_coalesced *coalesced);

/* The message that has them all: a head, and what it brings.  The batch is
 * empty then; what is returned is valid until the next call is added. */
const mri_head *mri_coalesced_close(mri_coalesced *coalesced, const void **in);

/* Forget them. */
void mri_coalesced_drop(mri_coalesced *coalesced);

/* Of such a message: the next call that it brings, as if it had come by
 * itself.  `at` is 0 at first.  False: there is none, or what is there is
 * broken. */
bool mri_coalesced_next(const mri_head *message, const void *body, size_t *at,
                        mri_head *head, const void **in);

void mri_coalesced_free(mri_coalesced *coalesced);

#endif
