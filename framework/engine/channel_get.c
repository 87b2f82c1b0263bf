/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the side of a channel that consumers use, and its end.
 *
 * A run is read where it lies, under the latch.  A block is copied out of
 * owned slot 0 after the latch was freed; mri_intent ties the slot to the store
 * that moves the item.
 */
#include "engine/channel.h"

#include <assert.h>
#include <string.h>

#include "engine/channel_cells.h"

/* Its items were all got; it goes to owned slot 1. */
static void leave_block(mri_record *self, mri_channel *channel)
{
    uint64_t head = mri_peek(&channel->head);
    mri_cells *first = mri_at(mri_peek(&channel->get_block));

    assert(mri_load(&first->next) && !mri_peek(&self->owned[1].block));
    mri_owned_take(self, 1, &channel->get_block, mri_cells_bytes(first));
    mri_set(self, &channel->head, head - mri_place_cell(head));
    mri_set(self, &channel->get_block, mri_load(&first->next));
    mri_commit(self);
}

/* Is the item of that index in the cell, or in the run that begins there? */
static inline __attribute__((always_inline)) bool has(const mri_cell *at,
                                                      uint64_t index)
{
    uint64_t ticket = mri_load(&at->ticket);

    return mri_cell_is_for(ticket, index) ||
           (mri_cell_shape(ticket) == MRI_CELL_RUN &&
            index + 1 - (ticket >> 8) < mri_peek(&at->count));
}

static inline __attribute__((always_inline)) const mri_cell *
first_cell(const mri_channel *channel)
{
    const mri_cells *first = mri_at(mri_peek(&channel->get_block));

    return &first->cells[mri_place_cell(mri_peek(&channel->head))];
}

/* Were all items of the first block got?  Producers have left it if it has a
 * next one, or are about to: see is_used_up. */
static inline __attribute__((always_inline)) bool
seems_used_up(const mri_channel *channel)
{
    const mri_cells *first = mri_at(mri_peek(&channel->get_block));

    return mri_load(&first->next) &&
           !has(first_cell(channel), mri_place_index(mri_peek(&channel->head)));
}

/* Does the first item lie in a block behind the first?  A link that was undone
 * leads to memory that may be anybody's: then it is gone afterwards. */
static bool is_ahead(const mri_channel *channel)
{
    uint64_t index = mri_place_index(mri_peek(&channel->head));
    const mri_cells *block = mri_at(mri_peek(&channel->get_block));
    mri_ref next;

    while ((next = mri_load(&block->next)) != 0) {
        const mri_cells *behind = mri_at(next);

        if (has(behind->cells, index)) {
            return mri_load(&block->next) == next;
        }
        block = behind;
    }
    return false;
}

/* A producer that chains a block may die before the change is valid, and the
 * link is undone.  It is valid if an item lies behind it, or if it is still
 * there when no producer is at work. */
static bool is_used_up(const mri_channel *channel)
{
    const mri_cells *first = mri_at(mri_peek(&channel->get_block));

    return seems_used_up(channel) &&
           (is_ahead(channel) ||
            (!mri_load(&channel->put_latch) && mri_load(&first->next)));
}

/* The latch is held, but for moments: leave blocks that are used up.  The last
 * one stays in owned slot 1. */
static __attribute__((noinline)) void leave_used_up(mri_record *self,
                                                    mri_channel *channel)
{
    while (is_used_up(channel)) {
        if (mri_peek(&self->owned[1].block)) {
            mri_unlatch(self, &channel->get_latch);
            mri_give_back(self, 1);
            mri_latch(self, &channel->get_latch);
        } else {
            leave_block(self, channel);
        }
    }
}

static inline __attribute__((always_inline)) void
leave_if_used_up(mri_record *self, mri_channel *channel)
{
    if (__builtin_expect(seems_used_up(channel), 0)) {
        leave_used_up(self, channel);
    }
}

/* The first item is not in the cell where it would be. */
static __attribute__((noinline)) const mri_cell *
find_behind(mri_record *self, mri_channel *channel)
{
    const mri_cell *at;

    leave_used_up(self, channel);
    at = first_cell(channel);
    return has(at, mri_place_index(mri_peek(&channel->head))) ? at : NULL;
}

/* The cell of the first item, or of its run; NULL: there is none.  The latch is
 * held. */
static inline __attribute__((always_inline)) const mri_cell *
find(mri_record *self, mri_channel *channel)
{
    const mri_cell *at = first_cell(channel);
    uint64_t index = mri_place_index(mri_peek(&channel->head));

    return __builtin_expect(has(at, index), 1) ? at
                                               : find_behind(self, channel);
}

/* Without the latch, and so that ThreadSanitizer does not see it. */
__attribute__((always_inline, no_sanitize("thread"))) static inline uint64_t
glance(const mri_word *word)
{
    return atomic_load_explicit(word, memory_order_acquire);
}

__attribute__((always_inline, no_sanitize("thread"))) static inline bool
has_moved(const mri_channel *channel, uint64_t head, mri_ref first)
{
    return glance(&channel->head) != head ||
           glance(&channel->get_block) != first;
}

__attribute__((always_inline, no_sanitize("thread"))) static inline bool
seems_to_have(const mri_cell *at, uint64_t index)
{
    uint64_t ticket = glance(&at->ticket);

    return mri_cell_is_for(ticket, index) ||
           (mri_cell_shape(ticket) == MRI_CELL_RUN &&
            index + 1 - (ticket >> 8) < glance(&at->count));
}

/* In the middle of a run, or where a block may end.  The next block is freed
 * after the first, so `next` is one as long as nobody has moved. */
__attribute__((noinline, no_sanitize("thread"))) static bool
is_empty_there(const mri_channel *channel, uint64_t head, mri_ref ref)
{
    const mri_cells *block = mri_at(ref);
    const mri_cell *at = &block->cells[mri_place_cell(head)];
    mri_ref next;

    do {
        bool there = seems_to_have(at, mri_place_index(head));

        next = glance(&block->next);
        if (there || has_moved(channel, head, ref)) {
            return false;
        }
        block = mri_at(next);
        at = block->cells;
    } while (next);
    return true;
}

/*
 * Other consumers may move on meanwhile, and the block may be somebody else's
 * memory by now, which is mapped and only read here.  `head` never comes
 * again and get_block is 0 while it changes, so when both are as before, what
 * was read was true at that moment; else it is for the latch to decide.
 */
__attribute__((no_sanitize("thread"))) bool
mri_channel_empty(const mri_channel *channel)
{
    mri_ref ref = glance(&channel->get_block);
    uint64_t head = glance(&channel->head);
    const mri_cells *first = mri_at(ref);
    uint64_t ticket;

    /* So `head` is a place in this block. */
    if (!ref || glance(&channel->get_block) != ref) {
        return false;
    }
    ticket = glance(&first->cells[mri_place_cell(head)].ticket);
    if (mri_cell_is_for(ticket, mri_place_index(head))) {
        return false;
    }
    if (mri_cell_shape(ticket) == MRI_CELL_RUN || glance(&first->next)) {
        return is_empty_there(channel, head, ref);
    }
    return !has_moved(channel, head, ref);
}

static inline uint64_t size_of(const mri_cell *at)
{
    uint64_t shape = mri_cell_shape(mri_peek(&at->ticket));

    return shape <= MRI_CELL_BYTES ? shape : mri_peek(&at->size);
}

static inline bool is_block(const mri_cell *at)
{
    return mri_cell_shape(mri_peek(&at->ticket)) == MRI_CELL_BLOCK;
}

static inline bool is_run(const mri_cell *at)
{
    return mri_cell_shape(mri_peek(&at->ticket)) == MRI_CELL_RUN;
}

/* Of a cell, items from `head` on: how many are left, ... */
static uint64_t left_of(const mri_cell *at, uint64_t head)
{
    uint64_t first = (mri_peek(&at->ticket) >> 8) - 1;

    return is_run(at) ? mri_peek(&at->count) - (mri_place_index(head) - first)
                      : 1;
}

/* ... where they lie, ... */
static const void *items_of(const mri_cell *at, uint64_t head)
{
    uint64_t done = is_run(at) ? mri_peek(&at->count) - left_of(at, head) : 0;

    return is_run(at) ? (const unsigned char *)at + MRI_RUN_HEADER +
                            done * mri_peek(&at->size)
                      : at->bytes;
}

/* ... and the place behind some of them. */
static uint64_t behind(const mri_cell *at, uint64_t head, uint64_t items)
{
    uint64_t cells = 1;

    if (is_run(at)) {
        cells = items == left_of(at, head)
                    ? mri_run_cells(mri_peek(&at->size), mri_peek(&at->count))
                    : 0;
    }
    return mri_place_behind(head, items, cells);
}

/* The item's block goes to owned slot 0. */
static void unlink_block(mri_record *self, mri_channel *channel,
                         const mri_cell *at)
{
    uint64_t head = mri_place_behind(mri_peek(&channel->head), 1, 1);

    assert(mri_peek(&at->block) && !mri_peek(&self->owned[0].block));
    mri_intent(self, &channel->head, head, mri_peek(&at->block),
               mri_peek(&at->capacity));
    mri_store(&channel->head, head);
    mri_intent_done(self);
}

/* Copy the first of the items that are left, and some behind it. */
static void take_copies(mri_channel *channel, const mri_cell *at, void *to,
                        uint64_t items)
{
    uint64_t head = mri_peek(&channel->head);

    mri_cell_copy(to, items_of(at, head), items * size_of(at));
    mri_store(&channel->head, behind(at, head, items));
}

/* One that does not lie in one cell alone. */
static __attribute__((noinline)) mr_error take_large(mri_record *self,
                                                     mri_channel *channel,
                                                     mri_call *call,
                                                     const mri_cell *at)
{
    call->result = size_of(at);
    if (call->result > call->out_size) {
        return MR_ERR_TRUNCATED;
    }
    if (is_block(at)) {
        unlink_block(self, channel, at);
    } else {
        take_copies(channel, at, call->out, 1);
    }
    leave_if_used_up(self, channel);
    return MR_OK;
}

/* What is called under the latch, with the cell of the first item.  It leaves
 * a block that it has used up. */
typedef mr_error taker(mri_record *self, mri_channel *channel, mri_call *call,
                       const mri_cell *at);

static inline __attribute__((always_inline)) mr_error
take_item(mri_record *self, mri_channel *channel, mri_call *call,
          const mri_cell *at)
{
    uint64_t size = mri_cell_shape(mri_peek(&at->ticket));

    if (__builtin_expect(size > MRI_CELL_BYTES, 0)) {
        return take_large(self, channel, call, at);
    }
    __builtin_prefetch(at + MRI_CELLS_AHEAD); /* maybe behind the block */
    call->result = size;
    if (size > call->out_size) {
        return MR_ERR_TRUNCATED;
    }
    mri_cell_copy(call->out, at->bytes, size);
    mri_store(&channel->head, mri_place_behind(mri_peek(&channel->head), 1, 1));
    if (mri_load(&at[1].ticket) == 0) {
        leave_if_used_up(self, channel);
    }
    return MR_OK;
}

/* A block, from owned slot 0. */
static void deliver(mri_record *self, mri_call *call)
{
    void *item = mri_at(mri_peek(&self->owned[0].block));

    assert(mri_peek(&self->owned[0].size) >= call->result);
    if (mri_lends(call, call->result)) {
        call->out = item;
        return;
    }
    memcpy(call->out, item, call->result);
    mri_give_back(self, 0);
}

static __attribute__((noinline)) void tell_starved(mri_record *self,
                                                   mri_channel *channel)
{
    if (mri_channel_empty(channel)) {
        mri_store(&channel->starved, 0);
        mri_wake_for_memory(self, mri_segment_of(mri_ref_of(channel)));
    }
}

/* A put that waits for memory goes on when no item is left, see begin_again of
 * the producers.  It looks again after it has said that it waits, and we look
 * after a full barrier, so one sees the other. */
static inline __attribute__((always_inline)) void
tell_if_starved(mri_record *self, mri_channel *channel)
{
    if (__builtin_expect(mri_load(&channel->starved) != 0, 0)) {
        tell_starved(self, channel);
    }
}

static inline __attribute__((always_inline)) mr_error
get_by(mri_record *self, mri_channel *channel, mri_call *call, taker *take)
{
    mr_error error = MRI_WOULD_BLOCK;
    const mri_cell *at;

    if (mri_channel_empty(channel)) {
        return MRI_WOULD_BLOCK;
    }
    mri_latch(self, &channel->get_latch);
    at = find(self, channel);
    if (at) {
        error = take(self, channel, call, at);
    }
    mri_unlatch(self, &channel->get_latch);
    if (mri_peek(&self->owned[1].block)) {
        mri_give_back(self, 1);
    }
    tell_if_starved(self, channel);
    return error;
}

mr_error mri_channel_get(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error = get_by(self, channel, call, take_item);

    if (error) {
        return error;
    }
    call->out_size = call->result;
    if (mri_peek(&self->owned[0].block)) {
        deliver(self, call);
    }
    return MR_OK;
}

/* ---- lent items ---------------------------------------------------------- */

/* The item's block goes to owned slot 0.  One without a block gets it. */
static mr_error take_block(mri_record *self, mri_channel *channel,
                           mri_call *call, const mri_cell *at)
{
    mr_error error;

    call->result = size_of(at);
    if (is_block(at)) {
        unlink_block(self, channel, at);
        leave_if_used_up(self, channel);
        return MR_OK;
    }
    error = mri_allocate(self, mri_segment_of(mri_ref_of(channel)),
                         (mri_pool)channel->pool,
                         call->result ? call->result : 1, 0);
    if (error) {
        call->list = MRI_WAIT_MEMORY;
        return error == MR_ERR_NO_MEMORY ? MRI_WOULD_BLOCK : error;
    }
    take_copies(channel, at, mri_at(mri_peek(&self->owned[0].block)), 1);
    leave_if_used_up(self, channel);
    return MR_OK;
}

mr_error mri_channel_take(mri_record *self, mri_channel *channel,
                          mri_call *call)
{
    return get_by(self, channel, call, take_block);
}

/* ---- many items ---------------------------------------------------------- */

static uint64_t smaller(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* What a call has got so far. */
typedef struct run {
    uint64_t count;
    uint64_t max;
    uint64_t size; /* of each item */
    size_t room;   /* bytes of call->out that are left */
} run;

/* The latch is held: take what is left of a cell or a run, or one block, which
 * goes to owned slot 0. */
static mr_error take_some(mri_record *self, mri_channel *channel,
                          unsigned char *to, run *r)
{
    const mri_cell *at = r->count < r->max ? find(self, channel) : NULL;
    uint64_t head = mri_peek(&channel->head);
    uint64_t items;

    if (!at || (r->count && size_of(at) != r->size)) {
        return MRI_WOULD_BLOCK;
    }
    r->size = size_of(at);
    if (r->size > r->room) {
        return MR_ERR_TRUNCATED;
    }
    if (is_block(at)) {
        unlink_block(self, channel, at);
        return MR_OK;
    }
    items = smaller(left_of(at, head), r->max - r->count);
    if (r->size) {
        items = smaller(items, r->room / r->size);
    }
    take_copies(channel, at, to + r->count * r->size, items);
    r->count += items;
    r->room -= items * r->size;
    return MR_OK;
}

/* The latch is freed after each block, of cells or of an item. */
static mr_error get_some(mri_record *self, mri_channel *channel,
                         unsigned char *to, run *r)
{
    mr_error error;

    mri_latch(self, &channel->get_latch);
    do {
        error = take_some(self, channel, to, r);
    } while (!error && !mri_peek(&self->owned[0].block) &&
             !mri_peek(&self->owned[1].block));
    leave_if_used_up(self, channel);
    mri_unlatch(self, &channel->get_latch);
    mri_give_back(self, 1);
    tell_if_starved(self, channel);
    if (mri_peek(&self->owned[0].block)) {
        memcpy(to + r->count * r->size, mri_at(mri_peek(&self->owned[0].block)),
               r->size);
        mri_give_back(self, 0);
        r->count++;
        r->room -= r->size;
    }
    return error;
}

mr_error mri_channel_get_many(mri_record *self, mri_channel *channel,
                              mri_call *call)
{
    run r = {.max = call->argument, .room = call->out_size};
    mr_error error = MRI_WOULD_BLOCK;

    if (mri_channel_empty(channel)) {
        return error;
    }
    if (call->may_lend && r.room > MRI_OUT_MAX) {
        r.room = MRI_OUT_MAX; /* nothing is lent here */
    }
    do {
        error = get_some(self, channel, call->out, &r);
    } while (!error);
    if (!r.count) {
        call->result = r.size;
        return error;
    }
    call->result = r.count;
    call->argument = r.size;
    call->out_size = r.count * r.size;
    return MR_OK;
}

/* ---- end ----------------------------------------------------------------- */

/* Throw away what is left of a cell or a run; false: nothing is. */
static bool drop_some(mri_record *self, mri_channel *channel)
{
    const mri_cell *at;

    mri_latch(self, &channel->get_latch);
    at = find(self, channel);
    if (at && is_block(at)) {
        unlink_block(self, channel, at);
    } else if (at) {
        uint64_t head = mri_peek(&channel->head);

        mri_store(&channel->head, behind(at, head, left_of(at, head)));
    }
    mri_unlatch(self, &channel->get_latch);
    mri_give_back(self, 1);
    mri_give_back(self, 0);
    return at != NULL;
}

void mri_channel_dispose(mri_record *self, mri_channel *channel)
{
    if (!mri_peek(&channel->get_block)) {
        return;
    }
    while (drop_some(self, channel)) {
    }
    /* The last block, or the last but one and an empty one. */
    while (mri_peek(&channel->get_block)) {
        mri_cells *first = mri_at(mri_peek(&channel->get_block));
        bool last =
            mri_peek(&channel->get_block) == mri_peek(&channel->put_block);

        mri_latch(self, &channel->get_latch);
        mri_owned_take(self, 1, &channel->get_block, mri_cells_bytes(first));
        if (!last) {
            mri_set(self, &channel->get_block, mri_load(&first->next));
        }
        mri_commit(self);
        mri_unlatch(self, &channel->get_latch);
        mri_give_back(self, 1);
    }
}
