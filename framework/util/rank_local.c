/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the copies of the section of rank-local variables; for tests alone.
 */
#include "util/rank_local.h"

#ifdef MRI_RANKS_ARE_THREADS

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 }; /* of the section, at most */

/* By the linker. */
extern unsigned char __start_mri_rank[] __attribute__((visibility("hidden")));
extern unsigned char __stop_mri_rank[] __attribute__((visibility("hidden")));

_Thread_local uintptr_t mri_rank_shift;

/* The section as it was before anything ran. */
static unsigned char *at_start;

static size_t section_size(void)
{
    size_t size = (size_t)(__stop_mri_rank - __start_mri_rank);

    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static unsigned char *copy_of(const unsigned char *bytes)
{
    unsigned char *copy = aligned_alloc(ALIGNMENT, section_size());

    if (copy) {
        memcpy(copy, bytes, (size_t)(__stop_mri_rank - __start_mri_rank));
    }
    return copy;
}

__attribute__((constructor)) static void keep_section(void)
{
    at_start = copy_of(__start_mri_rank);
}

/* The linker aligns the section as its variables want, so a copy that is
 * aligned as much serves them all. */
mri_rank_state *mri_rank_make(void)
{
    return at_start ? (mri_rank_state *)copy_of(at_start) : NULL;
}

void mri_rank_free(mri_rank_state *state)
{
    free(state);
}

mri_rank_state *mri_rank_entered(void)
{
    uintptr_t section = (uintptr_t)__start_mri_rank;

    return mri_rank_shift ? (mri_rank_state *)(section + mri_rank_shift) : NULL;
}

mri_rank_state *mri_rank_enter(mri_rank_state *state)
{
    uintptr_t section = (uintptr_t)__start_mri_rank;
    mri_rank_state *before = mri_rank_entered();

    mri_rank_shift = state ? (uintptr_t)state - section : 0;
    return before;
}

#else

/* ISO C forbids an empty translation unit. */
typedef int mri_rank_local_unused;

#endif
