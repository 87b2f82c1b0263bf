/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channel: the first-in first-out list of items inside a Queue, and inside
 * each direction of a Pipe.
 *
 * Cells lie in blocks that are chained.  Producers and consumers have a
 * latch each and never wait for one another (two-lock queue; Michael and
 * Scott, PODC 1996).  The ticket of a cell says whether its item is there, so
 * that a consumer waits on the very cache line that brings the item.
 *
 * One store, of a ticket or of `head`, is what puts or gets an item; all else
 * is prepared before or can be repeated after.
 */
#ifndef MRI_ENGINE_CHANNEL_H
#define MRI_ENGINE_CHANNEL_H

#include "engine/object.h"

typedef struct mri_channel {
    /* Under put_latch, but for head_seen. */
    mri_word put_latch;
    mri_word tail;      /* items ever put; one less after a kill, see repair */
    mri_word put_block; /* the last block */
    mri_word put_base;  /* the index of its first cell */
    mri_word head_seen; /* head is this or more */
    uint64_t maxsize;   /* 0: none */
    uint64_t pool;      /* where its memory comes from, an mri_pool */
    /* Under get_latch, but for head, which producers read. */
    _Alignas(64) mri_word get_latch;
    mri_word head;      /* items ever got */
    mri_word get_block; /* the first block */
    mri_word get_base;
    uint64_t bounded; /* maxsize again, where consumers look */
} mri_channel;

/* Make a channel of zeroed memory in a segment.  MR_ERR_NO_MEMORY. */
mr_error mri_channel_format(mri_record *self, mri_channel *channel,
                            uint64_t maxsize, mri_pool pool);

/*
 * The body of a try function: put call->in at the end, or get the first item
 * into call->out; call->result is its size.  MRI_WOULD_BLOCK with call->list
 * 1 (for room) or MRI_WAIT_MEMORY from put, unchanged from get.  A
 * blocked put keeps its item in owned slot 0.  The caller wakes.
 */
mr_error mri_channel_put(mri_record *self, mri_channel *channel,
                         mri_call *call);
mr_error mri_channel_get(mri_record *self, mri_channel *channel,
                         mri_call *call);

/* Items in it at some moment. */
uint64_t mri_channel_count(const mri_channel *channel);

/* True only if it was empty at some moment of the call. */
bool mri_channel_empty(const mri_channel *channel);

/* After a producer's death: count what it put last. */
void mri_channel_repair(mri_record *self, mri_channel *channel);

/* Free all items and blocks; nobody uses the channel. */
void mri_channel_dispose(mri_record *self, mri_channel *channel);

#endif
