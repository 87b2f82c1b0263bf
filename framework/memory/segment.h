/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments: the memory that each rank shares with its node.
 *
 * A segment is one memfd without a name.  Every process of the node maps all
 * segments of the node side by side into one region, each at a multiple of
 * the same power of two, so a reference is an offset into the region: it
 * means the same everywhere on the node and costs one addition.
 */
#ifndef MRI_MEMORY_SEGMENT_H
#define MRI_MEMORY_SEGMENT_H

#include <stdatomic.h>
#include <stddef.h>

#include <multirank/base.h>

#include "memory/allocator.h"
#include "memory/word.h"
#include "util/rank_local.h"

/* Tables of a segment have a fixed place and size, and are backed by memory
 * as they fill. */
enum {
    MRI_RECORDS_MAX = 4096,
    MRI_ENDPOINTS_MAX = 2048,
    MRI_OBJECTS_MAX = 65536,
    MRI_OBJECT_SIZE = 256,
    MRI_RANKS_MAX = 32768, /* of a job: 15 bits of a holder (objects/pipe.c),
                              16 of an endpoint's id (memory/record.h) */
    MRI_RELAY_ROW = 4096,  /* bytes for each record, see far/relay.h */
    MRI_RESERVE_SIZE = 2 << 20 /* bytes of the runtime's own arena */
};

/* One table that grows under its latch; `backed` and `used` count rows. */
typedef struct mri_table {
    mri_ref rows;
    uint64_t row_size;
    uint64_t max;
    mri_word backed;
    mri_word used; /* rows that were ever handed out */
} mri_table;

/* The index of a rank's segment that is not mapped here, as the rank lies on
 * another node. */
#define MRI_FAR UINT32_MAX

/* The first bytes of each segment. */
typedef struct mri_segment {
    uint64_t rank;
    mri_word server_pid;
    mri_word losses;     /* that the node has learnt of: of the first segment */
    mri_word service;    /* record of the thread that serves far callers */
    mri_word rung;       /* how often one of their bells was */
    mri_word awake;      /* threads of this rank that do not sleep */
    uint64_t processors; /* that the node may use */
    mri_ref relay_rows;  /* one for each record */
    _Alignas(64) mri_word relay_asked; /* how often its rank was, to look at */
    mri_word relay_asking[MRI_RECORDS_MAX / 64]; /* these rows */
    mri_word relay_backed[MRI_RECORDS_MAX / 64]; /* rows that have memory */
    _Alignas(64) mri_word backing_latch;
    mri_word backed;           /* bytes in heap and arrays */
    mri_word unbacked;         /* how often some were given back */
    uint64_t first_generation; /* of objects in rows that were never used */
    mri_word told_full;        /* not 0: the log has said that items fill it */
    uint64_t budget;           /* bytes that may be */
    mri_word aborted;    /* 1 + the status of mr_job_abort: of the first one */
    mri_word aborted_by; /* the endpoint that called it: of the first one */
    _Alignas(64) mri_word objects_latch;
    mri_word objects_free; /* list of free rows */
    mri_table objects;
    mri_table records;
    mri_table endpoints;
    mri_arena heap;
    mri_arena arrays;
    mri_arena reserve;
} mri_segment;

/* What a rank knows of its node.  Written at attach, then constant. */
typedef struct mri_region {
    unsigned char *base; /* NULL before the job and after it */
    unsigned int shift;  /* log2 of the distance of two segments */
    unsigned int count;  /* segments, one for each rank of the node */
    unsigned int ranks;  /* of the job */
    uint32_t *leaders;   /* of each rank's node: the lowest rank on it */
    uint32_t *indices;   /* of each rank's segment, or MRI_FAR */
    int *descriptors;    /* of the memfds, for backing; -1: heap memory */
    mri_ref objects;     /* offset of the objects in each segment */
    mri_ref lives;     /* of all ranks, see liveness.h; in the first segment */
    int64_t allowance; /* bytes of each segment's arenas together */
} mri_region;

extern MRI_RANK_LOCAL mri_region mri_node_of_rank;
#define mri_node MRI_OWN(mri_node_of_rank)

static inline void *mri_at(mri_ref ref)
{
    return mri_node.base + ref;
}

static inline mri_ref mri_ref_of(const volatile void *address)
{
    return (mri_ref)((const volatile unsigned char *)address - mri_node.base);
}

static inline mri_segment *mri_segment_at(unsigned int index)
{
    return mri_at((mri_ref)index << mri_node.shift);
}

/* The segment of a rank, or MRI_FAR. */
static inline unsigned int mri_index_of(unsigned int rank)
{
    return rank < mri_node.ranks ? mri_node.indices[rank] : MRI_FAR;
}

/* Is that a rank of another node? */
static inline bool mri_is_far(unsigned int rank)
{
    return rank < mri_node.ranks && mri_node.indices[rank] == MRI_FAR;
}

/* The segment in which a reference lies. */
static inline unsigned int mri_segment_of(mri_ref ref)
{
    return (unsigned int)(ref >> mri_node.shift);
}

/* True when all bytes lie in the mapped region, e.g. are an Array's. */
bool mri_in_region(const void *address, size_t size);

/* Fewer bytes of arenas are of no use to a rank. */
#define MRI_ALLOWANCE_MIN ((int64_t)1 << 20)

/* As much of an allowance as fits into a file that this process may make: see
 * RLIMIT_FSIZE in setrlimit(2). */
int64_t mri_segment_fit(int64_t allowance);

/* Make this rank's segment, which only its user may open, and give its
 * descriptor.  MR_ERR_SYSTEM, MR_ERR_NO_MEMORY. */
mr_error mri_segment_create(int64_t allowance, int *descriptor);

/* Say which ranks share a node: `leaders` has the lowest rank on the node of
 * each rank, `mine` is that of this one.  Segments have the order of their
 * ranks.  MR_ERR_NO_MEMORY. */
mr_error mri_region_lay_out(const uint32_t *leaders, unsigned int ranks,
                            uint32_t mine);

/* Map the segments of the node, as many as it was laid out for; the
 * descriptors are kept.  MR_ERR_SYSTEM, MR_ERR_NO_MEMORY. */
mr_error mri_region_map(const int *descriptors, int64_t allowance);

/* Write the header and the first table rows of a mapped, zeroed segment. */
mr_error mri_segment_format(unsigned int index, unsigned int rank);

/* Map anonymous memory instead, for tests within one process. */
mr_error mri_region_fake(int64_t allowance);

/* Unmap all, close the descriptors, and forget the layout. */
void mri_region_unmap(void);

/* Make sure that there is memory behind a range, so that touching it can
 * never be a SIGBUS.  MR_ERR_NO_MEMORY. */
mr_error mri_segment_back(mri_ref start, uint64_t size);

/* For tests: called before each such system call, which may take seconds. */
extern void (*mri_before_backing)(uint64_t size);

/* Give the memory behind a range back to the system. */
void mri_segment_unback(mri_ref start, uint64_t size);

/* Back one more step of a table; the caller holds the table's latch or is
 * its only writer.  MR_ERR_LIMIT, MR_ERR_NO_MEMORY. */
mr_error mri_table_grow(mri_table *table);

/* The object in a row of a segment: at a constant place, since each call on an
 * object comes by here. */
static inline void *mri_object_row(unsigned int index, unsigned int row)
{
    return mri_node.base + ((mri_ref)index << mri_node.shift) +
           mri_node.objects + (mri_ref)row * MRI_OBJECT_SIZE;
}

static inline void *mri_table_row(const mri_table *table, uint64_t row)
{
    return mri_at(table->rows + row * table->row_size);
}

#endif
