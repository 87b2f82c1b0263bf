/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers: the elements of Value and Array, and atomic access to one.
 */
#ifndef MRI_OBJECTS_DATA_ELEMENT_H
#define MRI_OBJECTS_DATA_ELEMENT_H

#include <multirank/value.h>

/* Bytes of an element; 0: no such type. */
size_t mri_element_size(mr_type type);

/* Atomic access to the element at `at`, which is aligned to its size. */
void mri_element_load(mr_type type, void *at, void *out);
void mri_element_store(mr_type type, void *at, const void *in);

/* Add; `before` may be NULL. */
void mri_element_add(mr_type type, void *at, const void *amount, void *before);

#endif
