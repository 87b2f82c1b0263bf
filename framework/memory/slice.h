/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slices: many elements of an Array at once, none of which is ever torn.
 */
#ifndef MRI_MEMORY_SLICE_H
#define MRI_MEMORY_SLICE_H

#include <stddef.h>

/* Copy elements of `size` bytes, `bytes` in all.  `elements` are aligned to
 * their size, and others may load and store them meanwhile; `out` and `in` are
 * the caller's alone, at any address.  Elements of other sizes than 1, 2, 4 and
 * 8 may be torn. */
void mri_slice_load(void *out, void *elements, size_t size, size_t bytes);
void mri_slice_store(void *elements, const void *in, size_t size, size_t bytes);

#endif
