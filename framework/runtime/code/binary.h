/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The comparison of the program that the ranks of a job run: references to
 * functions, and the layout of what is shared, mean the same in equal builds
 * only.
 */
#ifndef MRI_RUNTIME_CODE_BINARY_H
#define MRI_RUNTIME_CODE_BINARY_H

#include <stdint.h>

#include <multirank/base.h>

/* A module by its id, and the end of its path. */
typedef struct mri_build {
    uint64_t id;
    char path[216];
} mri_build;

/* What a rank runs; of fixed size and without pointers, so that it travels. */
typedef struct mri_binary {
    mri_build program;
    mri_build library; /* this one; again the program when linked into it */
    char host[64];
} mri_binary;

/* What this process runs.  To be called before the fork server is forked: a
 * program without build-id is known by its file, which may change later. */
void mri_binary_describe(mri_binary *binary);

/* Do all ranks run what rank 0 runs?  MR_ERR_FUNCTION: no; the log names the
 * ranks, hosts and paths.  For one rank to call, with those of all. */
mr_error mri_binaries_compare(const mri_binary *of_ranks, unsigned int count);

#endif
