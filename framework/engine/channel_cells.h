/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a channel, for the files that own its two sides: channel.c and
 * channel_get.c.
 */
#ifndef MRI_ENGINE_CHANNEL_CELLS_H
#define MRI_ENGINE_CHANNEL_CELLS_H

#include <string.h>

#include "engine/channel.h"
#include "engine/operation.h"

enum {
    MRI_CELLS = 31,       /* of a block */
    MRI_CELL_BYTES = 56,  /* the largest item that lies in its cell */
    MRI_CELL_LARGE = 255, /* the size in the ticket of a larger one */
    MRI_CELLS_AHEAD = 4   /* how far ahead to fetch cells */
};

typedef struct mri_cell {
    mri_word ticket; /* of its item: index + 1, and the size */
    union {
        struct {
            mri_word block;
            mri_word size;
            mri_word capacity; /* of the block */
        };
        unsigned char bytes[MRI_CELL_BYTES];
    };
} mri_cell;

typedef struct mri_cells {
    _Alignas(64) mri_word next;
    _Alignas(64) mri_cell cells[MRI_CELLS];
} mri_cells;

_Static_assert(sizeof(mri_cells) == 2048, "a size class of the allocator");

/* One number takes a load and a store, and no call. */
static inline void mri_cell_copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t)) {
        memcpy(to, from, sizeof(uint64_t));
    } else if (size) {
        memcpy(to, from, size);
    }
}

static inline uint64_t mri_cell_ticket(uint64_t index, size_t size)
{
    return (index + 1) << 8 |
           (size <= MRI_CELL_BYTES ? size : (size_t)MRI_CELL_LARGE);
}

static inline bool mri_cell_is_for(uint64_t ticket, uint64_t index)
{
    return ticket >> 8 == index + 1;
}

/* A consumer may be ahead of a producer that has not counted its item yet. */
static inline uint64_t mri_items_between(uint64_t head, uint64_t tail)
{
    return tail > head ? tail - head : 0;
}

#endif
