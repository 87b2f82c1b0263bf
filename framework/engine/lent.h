/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lent blocks: memory that the user of an endpoint writes or reads where it
 * lies, while other calls go on.  A block in an owned slot belongs to one call
 * of one thread; a lent one belongs to the endpoint, so any thread may give it
 * back, and the end of the endpoint does.
 *
 * Each endpoint has a list of pages of rows, which stay until it ends.
 */
#ifndef MRI_ENGINE_LENT_H
#define MRI_ENGINE_LENT_H

#include "memory/record.h"

/* Take a free row of the calling endpoint; `row` names it.  MR_ERR_NO_MEMORY,
 * MR_ERR_LIMIT. */
mr_error mri_lent_claim(mri_record *self, mri_ref *row);

/* Is that a row of the calling endpoint that has the block at `data`? */
bool mri_lent_has(const mri_record *self, mri_ref row, const void *data);

/* The bytes of the block of a row. */
size_t mri_lent_capacity(mri_ref row);

/* Owned slot 0 becomes the block of a claimed row. */
void mri_lent_keep(mri_record *self, mri_ref row);

/* The block at `data` of a row goes to owned slot 0, and the row is free;
 * false: the row has it no more. */
bool mri_lent_return(mri_record *self, mri_ref row, const void *data);

/* Free a row with its block, unless another thread has done it. */
void mri_lent_free(mri_record *self, mri_ref row, const void *data);

/* Free a claimed row that has no block. */
void mri_lent_unclaim(mri_ref row);

/* Free all that an endpoint has, which is dead. */
void mri_lent_reap(mri_record *self, mri_endpoint *dead);

#endif
