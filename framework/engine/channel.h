/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Channel: the first-in first-out list of items inside a Queue, and inside
 * each direction of a Pipe.
 *
 * Cells lie in blocks that are chained.  Producers and consumers have a
 * latch each and never wait for one another (two-lock queue; Michael and
 * Scott, PODC 1996).  The ticket of a cell says whether its items are there, so
 * that a consumer waits on the very cache line that brings the item.
 *
 * One store, of a ticket or of `head`, is what puts or gets an item; all else
 * is prepared before or can be repeated after.
 *
 * A get of the last item of a block gives the block back, unless producers are
 * still in it.  If no item is left, they begin that block again and need no
 * memory.
 */
#ifndef MRI_ENGINE_CHANNEL_H
#define MRI_ENGINE_CHANNEL_H

#include "engine/object.h"

#define MRI_CHANNEL_CLOSED UINT64_MAX

/* `head` and `tail` are places: the number of an item, shifted by this, and
 * that of a cell in its block. */
enum { MRI_PLACE_SHIFT = 8 };

typedef struct mri_channel {
    /* Under put_latch, but for head_seen. */
    mri_word put_latch;
    mri_word tail;      /* items ever put; fewer after a kill, see repair */
    mri_word put_block; /* the last block */
    mri_word writing;   /* not 0: a run, behind the tail */
    mri_word head_seen; /* so many were got, or more */
    mri_word limit;     /* maxsize, or MRI_CHANNEL_CLOSED */
    uint64_t pool;      /* where its memory comes from, an mri_pool */
    /* Under get_latch, but for head, which producers read. */
    _Alignas(64) mri_word get_latch;
    mri_word head;      /* items ever got */
    mri_word get_block; /* the first block */
    mri_word starved;   /* not 0: a put found no memory for cells */
    uint64_t maxsize;   /* 0: none */
} mri_channel;

/* Make a channel of zeroed memory in a segment.  MR_ERR_NO_MEMORY. */
mr_error mri_channel_format(mri_record *self, mri_channel *channel,
                            uint64_t maxsize, mri_pool pool);

/* Where a put waits that finds maxsize items, a list of the object. */
enum { MRI_CHANNEL_ROOM = 1 };

/*
 * The body of a try function: put call->in at the end, or get the first item
 * into call->out; call->result is its size.  MRI_WOULD_BLOCK with call->list
 * 1 (for room) or MRI_WAIT_MEMORY from put, unchanged from get.  A
 * blocked put keeps its item in owned slot 0.  The caller wakes.
 */
typedef mr_error mri_channel_getter(mri_record *self, mri_channel *channel,
                                    mri_call *call);
mr_error mri_channel_put(mri_record *self, mri_channel *channel,
                         mri_call *call);
mri_channel_getter mri_channel_get;

/*
 * Lent items, see engine/lent.h: put a new block of call->in_size bytes into
 * owned slot 0; put the block of row call->argument at the end, with the first
 * call->in_size bytes of it at call->in, and free the row; and leave the block
 * of the first item in owned slot 0, call->result bytes of it.  Take may wait
 * for memory, too.
 */
mr_error mri_channel_reserve(mri_record *self, mri_channel *channel,
                             mri_call *call);
mr_error mri_channel_commit(mri_record *self, mri_channel *channel,
                            mri_call *call);
mr_error mri_channel_take(mri_record *self, mri_channel *channel,
                          mri_call *call);

/*
 * Put items of call->argument bytes each, which call->in has side by side;
 * call->result counts those that are put, also before MRI_WOULD_BLOCK and
 * errors.  `put` is called after each latch, with the items that it brought.
 */
typedef void mri_channel_wake(mri_record *self, mri_object *object,
                              uint64_t count);
mr_error mri_channel_put_many(mri_record *self, mri_channel *channel,
                              mri_call *call, mri_object *object,
                              mri_channel_wake *wake);

/*
 * Get the first item and those behind it that have the same size, as many as
 * there are, at most call->argument, and as fit into call->out.  With MR_OK
 * call->result is their number and call->argument their size; with
 * MR_ERR_TRUNCATED call->result is the size of the first.
 */
mr_error mri_channel_get_many(mri_record *self, mri_channel *channel,
                              mri_call *call);

/* No more puts: they would block.  What is in it stays.  The caller wakes. */
void mri_channel_close(mri_record *self, mri_channel *channel);

static inline bool mri_channel_is_closed(const mri_channel *channel)
{
    return mri_load(&channel->limit) == MRI_CHANNEL_CLOSED;
}

/* call->result: items in it at some moment; call->argument: its maxsize. */
void mri_channel_tell_count(const mri_channel *channel, mri_call *call);

/* Items ever put, at a moment of the call; and the same without a latch, not
 * more than that. */
uint64_t mri_channel_put_ever(mri_record *self, mri_channel *channel);
static inline uint64_t mri_channel_put_so_far(const mri_channel *channel)
{
    return mri_load(&channel->tail) >> MRI_PLACE_SHIFT;
}

/* True only if it was empty at some moment of the call. */
bool mri_channel_empty(const mri_channel *channel);

/* After a producer's death: count what it put last. */
void mri_channel_repair(mri_record *self, mri_channel *channel);

/* Free all items and blocks; nobody uses the channel. */
void mri_channel_dispose(mri_record *self, mri_channel *channel);

#endif
