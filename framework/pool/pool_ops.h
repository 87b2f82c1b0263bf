/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations of a pool, which its files share.
 */
#ifndef MRI_POOL_POOL_OPS_H
#define MRI_POOL_POOL_OPS_H

#include "pool/pool.h"

enum {
    MRI_POOL_LOOK = 0,
    MRI_POOL_BEGIN,
    MRI_POOL_END,
    MRI_POOL_ATTEND,
    MRI_POOL_TABLE,
    MRI_POOL_CLAIM,
    MRI_POOL_REPLACE,
    MRI_POOL_SETTLE,
    MRI_POOL_LOSE_RANK,
    MRI_POOL_CLOSE,
    MRI_POOL_JOIN,
    MRI_POOL_DESTROY,
    MRI_POOL_TRIES
};

/* What MRI_POOL_LOOK gives: workers, whether the pool was closed, and changes
 * of the table. */
enum { MRI_POOL_LOOKS_CLOSED = 1 << 15 };

static inline uint64_t mri_pool_looks(uint64_t workers, bool closed,
                                      uint64_t changes)
{
    return workers | (closed ? MRI_POOL_LOOKS_CLOSED : 0) | changes << 16;
}

static inline size_t mri_pool_looks_workers(uint64_t looks)
{
    return looks & (MRI_POOL_LOOKS_CLOSED - 1);
}

static inline uint64_t mri_pool_looks_changes(uint64_t looks)
{
    return looks >> 16;
}

/* What MRI_POOL_BEGIN gives. */
static inline uint64_t mri_pool_entry(uint64_t driver, uint64_t shared,
                                      bool creator)
{
    return driver | shared << 16 | (uint64_t)creator << 32;
}

static inline uint16_t mri_pool_entry_driver(uint64_t entry)
{
    return (uint16_t)entry;
}

static inline unsigned int mri_pool_entry_shared(uint64_t entry)
{
    return entry >> 16 & 0xffff;
}

static inline bool mri_pool_entry_is_creator(uint64_t entry)
{
    return entry >> 32;
}

/* Workers that one MRI_POOL_TABLE gives. */
enum { MRI_POOL_TABLE_CHUNK = 256 };

/* What goes with MRI_POOL_REPLACE and MRI_POOL_SETTLE. */
typedef struct mri_pool_replacement {
    uint64_t number;
    mri_pool_worker worker;
    uint64_t failed; /* no worker could be started */
    uint64_t lost;   /* but perhaps one can later */
} mri_pool_replacement;

#endif
