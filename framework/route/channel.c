/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns channels.
 *
 * A large item is copied into a block in the producer's hand before any
 * latch is taken, and out of a block in the consumer's hand after its latch
 * was freed.  mri_promise ties the hand to the store that moves the item.
 *
 * Latches: put_latch or get_latch first, then those of the allocator.
 */
#include "route/channel.h"

#include <string.h>

#include "route/operation.h"

enum { CELLS = 31, INLINE = 56, ROOM = 1 };

typedef struct cell {
    mri_word size;
    union {
        mri_word block; /* size > INLINE */
        unsigned char bytes[INLINE];
    };
} cell;

typedef struct block {
    _Alignas(64) mri_word next;
    _Alignas(64) cell cells[CELLS];
} block;

_Static_assert(sizeof(block) == 2048, "a size class of the allocator");

static unsigned int segment_of(const mri_channel *channel)
{
    return mri_segment_of(mri_ref_of(channel));
}

mr_error mri_channel_format(mri_record *self, mri_channel *channel,
                            uint64_t maxsize)
{
    mr_error error = mri_allocate(self, segment_of(channel), MRI_HEAP,
                                  sizeof(block), 0);

    if (error) {
        return error;
    }
    channel->maxsize = maxsize;
    mri_latch(self, &channel->get_latch);
    mri_set(self, &channel->put_block, mri_peek(&self->hands[0].block));
    mri_hand_over(self, 0, &channel->get_block);
    mri_commit(self);
    mri_unlatch(self, &channel->get_latch);
    return MR_OK;
}

uint64_t mri_channel_count(const mri_channel *channel)
{
    uint64_t head = mri_load(&channel->head);
    uint64_t tail = mri_load(&channel->tail);

    return tail - head;
}

/* ---- put ----------------------------------------------------------------- */

/* Looks at the consumers' cache line only when it must. */
static bool is_full(mri_channel *channel)
{
    uint64_t tail = mri_peek(&channel->tail);

    if (!channel->maxsize ||
        tail - mri_peek(&channel->head_seen) < channel->maxsize) {
        return false;
    }
    mri_store(&channel->head_seen, mri_load(&channel->head));
    return tail - mri_peek(&channel->head_seen) >= channel->maxsize;
}

static mr_error no_memory(mri_call *call, mr_error error)
{
    if (error != MR_ERR_NO_MEMORY) {
        return error;
    }
    call->list = MRI_LISTS;
    return MRI_WOULD_BLOCK;
}

/* Copy a large item into hand 0. */
static mr_error prepare(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error;

    if (call->in_size <= INLINE || call->keeps_hand) {
        return MR_OK;
    }
    error = mri_allocate(self, segment_of(channel), MRI_HEAP, call->in_size,
                         0);
    if (error) {
        return no_memory(call, error);
    }
    memcpy(mri_at(mri_peek(&self->hands[0].block)), call->in, call->in_size);
    call->keeps_hand = true;
    return MR_OK;
}

/* Chain one more block when the last is full.  An empty last block is a
 * state like any other, so this is a change of its own. */
static mr_error extend(mri_record *self, mri_channel *channel)
{
    uint64_t base = mri_peek(&channel->put_base);
    block *last = mri_at(mri_peek(&channel->put_block));
    mr_error error;

    if (mri_peek(&channel->tail) - base < CELLS) {
        return MR_OK;
    }
    error = mri_allocate(self, segment_of(channel), MRI_HEAP, sizeof(block),
                         1);
    if (error) {
        return error;
    }
    mri_set(self, &channel->put_base, base + CELLS);
    mri_set(self, &channel->put_block, mri_peek(&self->hands[1].block));
    mri_hand_over(self, 1, &last->next);
    mri_commit(self);
    return MR_OK;
}

static void link_item(mri_record *self, mri_channel *channel, mri_call *call)
{
    uint64_t tail = mri_peek(&channel->tail);
    block *last = mri_at(mri_peek(&channel->put_block));
    cell *at = &last->cells[tail - mri_peek(&channel->put_base)];

    mri_store(&at->size, call->in_size);
    if (call->in_size <= INLINE) {
        if (call->in_size) {
            memcpy(at->bytes, call->in, call->in_size);
        }
        mri_store(&channel->tail, tail + 1);
    } else {
        mri_store(&at->block, mri_peek(&self->hands[0].block));
        mri_promise(self, &channel->tail, tail + 1, 0, 0);
        mri_store(&channel->tail, tail + 1);
        mri_promise_kept(self);
        call->keeps_hand = false;
    }
}

mr_error mri_channel_put(mri_record *self, mri_channel *channel,
                         mri_call *call)
{
    mr_error error;

    call->list = ROOM;
    if (is_full(channel)) {
        return MRI_WOULD_BLOCK;
    }
    error = prepare(self, channel, call);
    if (error) {
        return error;
    }
    mri_latch(self, &channel->put_latch);
    if (is_full(channel)) {
        error = MRI_WOULD_BLOCK;
    } else {
        error = no_memory(call, extend(self, channel));
    }
    if (!error) {
        link_item(self, channel, call);
    }
    mri_unlatch(self, &channel->put_latch);
    return error;
}

/* ---- get ----------------------------------------------------------------- */

/* Leave a block whose cells were all got; it goes to hand 1. */
static void advance(mri_record *self, mri_channel *channel)
{
    uint64_t base = mri_peek(&channel->get_base);
    block *first = mri_at(mri_peek(&channel->get_block));

    if (mri_peek(&channel->head) - base < CELLS) {
        return;
    }
    mri_take_back(self, 1, &channel->get_block, sizeof(block));
    mri_set(self, &channel->get_block, mri_load(&first->next));
    mri_set(self, &channel->get_base, base + CELLS);
    mri_commit(self);
}

static cell *first_cell(mri_channel *channel)
{
    block *first = mri_at(mri_peek(&channel->get_block));

    return &first->cells[mri_peek(&channel->head) -
                         mri_peek(&channel->get_base)];
}

/* The item's block, if it has one, goes to hand 0. */
static void unlink_item(mri_record *self, mri_channel *channel)
{
    uint64_t head = mri_peek(&channel->head);
    cell *at = first_cell(channel);
    uint64_t size = mri_peek(&at->size);

    if (size <= INLINE) {
        mri_store(&channel->head, head + 1);
        return;
    }
    mri_promise(self, &channel->head, head + 1, mri_peek(&at->block), size);
    mri_store(&channel->head, head + 1);
    mri_promise_kept(self);
}

/* The latch is held and there is an item. */
static mr_error take_item(mri_record *self, mri_channel *channel,
                          mri_call *call)
{
    cell *at;

    advance(self, channel);
    at = first_cell(channel);
    call->result = mri_peek(&at->size);
    if (call->result > call->out_size) {
        return MR_ERR_TRUNCATED;
    }
    if (call->result && call->result <= INLINE) {
        memcpy(call->out, at->bytes, call->result);
    }
    unlink_item(self, channel);
    return MR_OK;
}

mr_error mri_channel_get(mri_record *self, mri_channel *channel,
                         mri_call *call)
{
    mr_error error = MRI_WOULD_BLOCK;

    if (mri_channel_count(channel) == 0) {
        return MRI_WOULD_BLOCK;
    }
    mri_latch(self, &channel->get_latch);
    if (mri_channel_count(channel) > 0) {
        error = take_item(self, channel, call);
    }
    mri_unlatch(self, &channel->get_latch);
    mri_give_back(self, 1);
    if (error) {
        return error;
    }
    if (mri_peek(&self->hands[0].block)) {
        memcpy(call->out, mri_at(mri_peek(&self->hands[0].block)),
               call->result);
        mri_give_back(self, 0);
    }
    return MR_OK;
}

/* ---- end ----------------------------------------------------------------- */

void mri_channel_dispose(mri_record *self, mri_channel *channel)
{
    if (!mri_peek(&channel->get_block)) {
        return;
    }
    while (mri_channel_count(channel) > 0) {
        mri_latch(self, &channel->get_latch);
        advance(self, channel);
        unlink_item(self, channel);
        mri_unlatch(self, &channel->get_latch);
        mri_give_back(self, 1);
        mri_give_back(self, 0);
    }
    /* The last block, or the last but one and an empty one. */
    while (mri_peek(&channel->get_block)) {
        block *first = mri_at(mri_peek(&channel->get_block));
        bool last = mri_peek(&channel->get_block) ==
                    mri_peek(&channel->put_block);

        mri_latch(self, &channel->get_latch);
        mri_take_back(self, 1, &channel->get_block, sizeof(block));
        if (!last) {
            mri_set(self, &channel->get_block, mri_load(&first->next));
        }
        mri_commit(self);
        mri_unlatch(self, &channel->get_latch);
        mri_give_back(self, 1);
    }
}
