/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keeper: a record by which the rank itself acts inside the exchange, where
 * the thread that polls may be in the middle of something with its own.
 */
#ifndef MRI_FAR_KEEPER_H
#define MRI_FAR_KEEPER_H

#include "memory/record.h"

/* In a rank, by its main thread.  MR_ERR_NO_MEMORY. */
mr_error mri_keeper_begin(void);

mri_record *mri_keeper(void);

/* Free a block of shared memory that belongs to the rank; 0: none. */
void mri_keeper_free_block(mri_ref block, uint64_t size);

#endif
