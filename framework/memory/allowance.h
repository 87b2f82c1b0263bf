/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much memory a rank may take for its segment.
 */
#ifndef MRI_MEMORY_ALLOWANCE_H
#define MRI_MEMORY_ALLOWANCE_H

#include <stdint.h>

/* Bytes that the calling process can still take, as the machine and each
 * control group above the process allow.  `root` stands before the names of all
 * files: "" for those of the machine, a folder in tests. */
int64_t mri_memory_available(const char *root);

/* The bytes that each of `ranks` may use for its arenas: MR_MEMORY, or half of
 * what is available divided by the ranks. */
int64_t mri_segment_allowance(unsigned int ranks);

#endif
