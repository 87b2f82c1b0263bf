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
    MRI_POOL_SETUP,   /* out: the setup */
    MRI_POOL_PREPARE, /* argument: a worker, which begins to work; out: the
                         setup.  MR_ERR_BROKEN */
    MRI_POOL_LIVES,   /* argument: a worker; result: what its life is now */
    MRI_POOL_BREAK,   /* in: how the initializer of a worker failed */
    MRI_POOL_BREACH,  /* out: that */
    MRI_POOL_FINAL,   /* wait until no worker has a finalizer to call */
    MRI_POOL_DESTROY,
    MRI_POOL_TRIES
};

/* The try functions of pool/life.c. */
mri_try mri_pool_try_setup;
mri_try mri_pool_try_prepare;
mri_try mri_pool_try_lives;
mri_try mri_pool_try_break;
mri_try mri_pool_try_breach;
mri_try mri_pool_try_final;

/* Has a worker prepared itself, so that the finalizer is to be called?  Those
 * that are being started have not. */
static inline bool mri_has_to_finalize(const mri_pool_worker *worker)
{
    uint64_t life = mri_load(&worker->life);

    return mri_load(&worker->lost) == 0 && worker->mailbox.kind != MRI_NONE &&
           (life == MRI_LIFE_BEGINNING || life == MRI_LIFE_READY);
}

/* What MRI_POOL_LOOK gives: workers, what has become of the pool, and changes
 * of the table. */
enum { MRI_POOL_LOOKS_CLOSED = 1 << 15, MRI_POOL_LOOKS_BROKEN = 1 << 14 };

static inline uint64_t mri_pool_looks(uint64_t workers, bool closed,
                                      bool broken, uint64_t changes)
{
    return workers | (closed ? MRI_POOL_LOOKS_CLOSED : 0) |
           (broken ? MRI_POOL_LOOKS_BROKEN : 0) | changes << 16;
}

static inline size_t mri_pool_looks_workers(uint64_t looks)
{
    return looks & (MRI_POOL_LOOKS_BROKEN - 1);
}

static inline uint64_t mri_pool_looks_changes(uint64_t looks)
{
    return looks >> 16;
}

/* What MRI_POOL_BEGIN gives. */
static inline uint64_t mri_pool_entry(uint64_t driver, uint64_t shared,
                                      bool creator, bool setup)
{
    return driver | shared << 16 | (uint64_t)creator << 32 |
           (uint64_t)setup << 33;
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
    return entry >> 32 & 1;
}

static inline bool mri_pool_entry_has_setup(uint64_t entry)
{
    return entry >> 33 & 1;
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
