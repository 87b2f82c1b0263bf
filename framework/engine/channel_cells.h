/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a channel, for channel.c and the files that own its two sides,
 * channel_put.c and channel_get.c.
 *
 * An item of a few bytes lies in its cell.  A run lies in several cells side by
 * side: one item, or many of one size that were put together.  Of a larger item
 * the cell has the block.
 */
#ifndef MRI_ENGINE_CHANNEL_CELLS_H
#define MRI_ENGINE_CHANNEL_CELLS_H

#include <stddef.h>
#include <string.h>

#include "engine/channel.h"
#include "engine/operation.h"

enum {
    MRI_CELL_BYTES = 56,     /* the largest item that lies in one cell */
    MRI_RUN_ITEM_MAX = 2048, /* ... and in several */
    MRI_CELL_RUN = 254,      /* instead of the size in a ticket: a run */
    MRI_CELL_BLOCK = 255,    /* an item in a block */
    MRI_CELLS_AHEAD = 4,     /* how far ahead to fetch cells */
    MRI_CELLS_MIN_BYTES = 2048,
    MRI_CELLS_MAX_BYTES = 8192
};

typedef struct mri_cell {
    mri_word ticket; /* of its first item: index + 1, and the size */
    union {
        unsigned char bytes[MRI_CELL_BYTES];
        struct {
            mri_word size; /* of each item */
            union {
                mri_word count; /* of items in a run, which lie behind it */
                mri_word block;
            };
            mri_word capacity; /* of the block */
        };
    };
} mri_cell;

/* A block of cells.  Producers leave it when they have chained the next one.
 * The cell behind the last has never a ticket. */
typedef struct mri_cells {
    _Alignas(64) mri_word next;
    uint64_t count;
    _Alignas(64) mri_cell cells[];
} mri_cells;

enum {
    MRI_RUN_HEADER = offsetof(mri_cell, capacity),
    MRI_CELLS_OTHER = sizeof(mri_cells) + sizeof(mri_cell),
    MRI_CELLS_MAX = (MRI_CELLS_MAX_BYTES - MRI_CELLS_OTHER) / sizeof(mri_cell)
};

/* Into an empty owned slot.  MR_ERR_NO_MEMORY. */
mr_error mri_cells_allocate(mri_record *self, mri_channel *channel,
                            size_t bytes, unsigned int slot);

static inline size_t mri_cells_bytes(const mri_cells *cells)
{
    return MRI_CELLS_OTHER + cells->count * sizeof(mri_cell);
}

/* A place in a channel: the index of an item, and the cell of its block. */
static inline uint64_t mri_place_index(uint64_t place)
{
    return place >> MRI_PLACE_SHIFT;
}

static inline uint64_t mri_place_cell(uint64_t place)
{
    return place & (((uint64_t)1 << MRI_PLACE_SHIFT) - 1);
}

static inline uint64_t mri_place_behind(uint64_t place, uint64_t items,
                                        uint64_t cells)
{
    return place + (items << MRI_PLACE_SHIFT) + cells;
}

static inline uint64_t mri_run_cells(uint64_t size, uint64_t count)
{
    return (MRI_RUN_HEADER + size * count + sizeof(mri_cell) - 1) /
           sizeof(mri_cell);
}

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
    return (index + 1) << 8 | size;
}

/* The size, or what there is instead. */
static inline uint64_t mri_cell_shape(uint64_t ticket)
{
    return ticket & 0xff;
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
