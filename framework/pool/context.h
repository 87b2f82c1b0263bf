/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Context: the shared argument of a map's tasks, once on each node.
 *
 * It lives as long as its creator keeps it, and then as long as a batch of the
 * map uses it: tasks of a map that was given up may still read it.
 */
#ifndef MRI_POOL_CONTEXT_H
#define MRI_POOL_CONTEXT_H

#include "engine/object.h"

/* Make one on a rank, with a copy of the bytes.  Errors as mri_create. */
mr_error mri_context_create(unsigned int rank, const void *bytes, size_t size,
                            mr_handle *handle);

/* The creator keeps it no longer: a handle of this kind. */
void mri_context_release(mr_handle handle);

/* From now on `use`, a word in an object of the same rank, keeps it.
 * MR_ERR_STALE. */
mr_error mri_context_use(mri_record *self, mr_handle handle, mri_word *use);

/* The end of a use that there is; may be called again after a kill in the
 * middle. */
void mri_context_drop(mri_record *self, mri_word *use);

/* The bytes that a use keeps; 0 if there is none. */
mri_ref mri_context_bytes(const mri_word *use, uint64_t *size);

#endif
