/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The allocator of shared memory.  It survives a kill at any store: its
 * changes are noted in the caller's record, and a block is either free, in a
 * hand of somebody's record, or in an object.
 *
 * Up to 32 KiB blocks come from size classes, powers of two with a free list
 * each; larger ones are runs of pages, kept in a list by address and merged
 * with their neighbours (first fit; Knuth, The Art of Computer Programming
 * volume 1, section 2.5).
 */
#ifndef MRI_MEMORY_ALLOCATOR_H
#define MRI_MEMORY_ALLOCATOR_H

#include <stddef.h>

#include <multirank/base.h>

#include "memory/word.h"

enum { MRI_CLASSES = 10, MRI_CLASS_MIN = 64, MRI_PAGE = 4096 };

typedef struct mri_class {
    _Alignas(64) mri_word latch;
    mri_word free; /* list */
    mri_word bump; /* the part of the last slab that was never used */
    mri_word bump_end;
} mri_class;

typedef struct mri_arena {
    _Alignas(64) mri_word latch;
    mri_word runs;   /* free runs by address */
    mri_word top;    /* all above is free */
    mri_word backed; /* all below has memory behind it */
    mri_ref start;
    mri_ref end;
    mri_class classes[MRI_CLASSES];
} mri_arena;

struct mri_record;
struct mri_segment;

/* Which arena: objects and items, or the elements of Arrays (the window). */
typedef enum mri_pool { MRI_HEAP, MRI_ARRAYS } mri_pool;

void mri_arena_format(mri_arena *arena, mri_ref start, mri_ref end);

/* Put a block of at least `size` bytes into hand `hand` of `self`, which is
 * empty.  Its bytes are undefined.  MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE. */
mr_error mri_allocate(struct mri_record *self, unsigned int segment,
                      mri_pool pool, size_t size, unsigned int hand);

/* Free the block in a hand, if there is one. */
void mri_release(struct mri_record *self, unsigned int hand);

/* Inside a noted change: the block goes from the hand to an object's word,
 * or from there to the empty hand. */
void mri_hand_over(struct mri_record *self, unsigned int hand, mri_word *word);
void mri_take_back(struct mri_record *self, unsigned int hand, mri_word *word,
                   size_t size);

/* Bytes of an arena in use, small blocks counted by the slab. */
uint64_t mri_arena_used(const mri_arena *arena);

#endif
