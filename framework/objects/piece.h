/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocks of memory that belong to an object, beside its detail.
 */
#ifndef MRI_OBJECTS_PIECE_H
#define MRI_OBJECTS_PIECE_H

#include "route/object.h"

/* In the body of an object. */
typedef struct mri_piece {
    mri_word ref; /* 0: none */
    uint64_t size;
} mri_piece;

/* Give an object that is being made a block.  MR_ERR_NO_MEMORY,
 * MR_ERR_TOO_LARGE. */
mr_error mri_piece_allocate(mri_record *self, mri_object *object,
                            mri_piece *piece, size_t size);

/* The same with what call->more brings to ops->create; *bytes refers to it. */
mr_error mri_piece_keep_more(mri_record *self, mri_object *object,
                             mri_piece *piece, const mri_call *call,
                             mri_ref *bytes);

/* Free it, if there is one. */
void mri_piece_free(mri_record *self, mri_object *object, mri_piece *piece);

#endif
