/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The allocator of shared memory.  It survives a kill at any store: its
 * changes are noted in the caller's record, and a block is either free, in an
 * owned slot of a record, or in an object.
 *
 * Up to 16 KiB blocks come from slabs of one size class, powers of two, with
 * a free list in each slab (slab allocation; Bonwick, USENIX Summer 1994); an
 * empty slab goes back.  Larger blocks, and the slabs, are runs of pages, kept
 * in a list by address and merged with their neighbours (first fit; Knuth, The
 * Art of Computer Programming volume 1, section 2.5).
 */
#ifndef MRI_MEMORY_ALLOCATOR_H
#define MRI_MEMORY_ALLOCATOR_H

#include <stddef.h>

#include <multirank/base.h>

#include "memory/word.h"

enum { MRI_CLASSES = 9, MRI_CLASS_MIN = 64, MRI_PAGE = 4096 };

typedef struct mri_class {
    _Alignas(64) mri_word latch;
    mri_word open;   /* list of the slabs that have room */
    mri_word slabs;  /* how many there are, full ones too */
    mri_word blocks; /* how many are not free */
} mri_class;

typedef struct mri_arena {
    _Alignas(64) mri_word latch;
    mri_word runs;   /* free runs by address */
    mri_word top;    /* all above is free */
    mri_word backed; /* all below has memory behind it */
    mri_word taken;  /* bytes in runs that are not free */
    mri_ref start;
    mri_ref end;
    mri_class classes[MRI_CLASSES];
} mri_arena;

struct mri_record;
struct mri_segment;

/*
 * What memory is for, which decides the arena it comes from, and how much of
 * that it may take.  Items of Queues and Pipes stay as long as nobody gets
 * them: they leave a rest of the heap to all else (see mri_rest), so that maps,
 * objects and processes go on when users have filled their queues, and pipes
 * when only queues are full.
 */
typedef enum mri_pool {
    MRI_HEAP,        /* objects, batches, contexts, calls under way */
    MRI_ARRAYS,      /* the elements of Arrays (the window) */
    MRI_RESERVE,     /* the runtime's own messages */
    MRI_QUEUE_ITEMS, /* of the heap, but for a rest */
    MRI_PIPE_ITEMS   /* of the heap, but for half of that rest */
} mri_pool;

void mri_arena_format(mri_arena *arena, mri_ref start, mri_ref end);

/* The bytes of a segment that items leave to all else. */
uint64_t mri_rest(const struct mri_segment *segment, mri_pool pool);

/* Put a block of at least `size` bytes into hand `hand` of `self`, which is
 * empty.  Its bytes are undefined.  MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE. */
mr_error mri_allocate(struct mri_record *self, unsigned int segment,
                      mri_pool pool, size_t size, unsigned int slot);

/* Free the block in an owned slot, if there is one. */
void mri_owned_free(struct mri_record *self, unsigned int slot);

/* Inside a noted change: the block goes from the hand to an object's word,
 * or from there to the empty hand. */
void mri_owned_move(struct mri_record *self, unsigned int slot, mri_word *word);
void mri_owned_take(struct mri_record *self, unsigned int slot, mri_word *word,
                    size_t size);

/* Bytes in blocks that are not free.  Exact while nobody allocates. */
uint64_t mri_arena_used(const mri_arena *arena);

#endif
