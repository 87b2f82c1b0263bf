/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of memory that belong to an object, beside its detail.
 */
#ifndef MRI_ENGINE_OWNED_BLOCK_H
#define MRI_ENGINE_OWNED_BLOCK_H

#include "engine/object.h"

/* In the body of an object. */
typedef struct mri_owned_block {
    mri_word ref; /* 0: none */
    uint64_t size;
} mri_owned_block;

/* Give an object that is being made a block.  MR_ERR_NO_MEMORY,
 * MR_ERR_TOO_LARGE. */
mr_error mri_owned_block_allocate(mri_record *self, mri_object *object,
                                  mri_owned_block *block, size_t size);

/* The same with what call->more brings to ops->create; *bytes refers to it. */
mr_error mri_owned_block_keep_more(mri_record *self, mri_object *object,
                                   mri_owned_block *block, const mri_call *call,
                                   mri_ref *bytes);

/* Free it, if there is one. */
void mri_owned_block_free(mri_record *self, mri_object *object,
                          mri_owned_block *block);

#endif
