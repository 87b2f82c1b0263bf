/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns channels, and the side that producers use.
 *
 * A large item is copied into a block in owned slot 0 before any latch is
 * taken.  mri_intent ties the slot to the store that moves the item.
 *
 * Latches: put_latch or get_latch first, then those of the allocator.
 */
#include "engine/channel.h"

#include <assert.h>
#include <string.h>

#include "engine/channel_cells.h"
#include "engine/lent.h"

static unsigned int segment_of(const mri_channel *channel)
{
    return mri_segment_of(mri_ref_of(channel));
}

/* A block in an owned slot: what was in the memory before is no ticket. */
static mr_error allocate_block(mri_record *self, mri_channel *channel,
                               unsigned int slot)
{
    mr_error error =
        mri_allocate(self, segment_of(channel), (mri_pool)channel->pool,
                     sizeof(mri_cells), slot);

    if (!error) {
        memset(mri_at(mri_peek(&self->owned[slot].block)), 0,
               sizeof(mri_cells));
    }
    return error;
}

mr_error mri_channel_format(mri_record *self, mri_channel *channel,
                            uint64_t maxsize, mri_pool pool)
{
    mr_error error;

    assert(!mri_peek(&channel->get_block) && !mri_peek(&self->owned[0].block));
    channel->maxsize = maxsize == MRI_CHANNEL_CLOSED ? 0 : maxsize;
    mri_store(&channel->limit, channel->maxsize);
    channel->pool = pool;
    error = allocate_block(self, channel, 0);
    if (error) {
        return error;
    }
    mri_latch(self, &channel->get_latch);
    mri_set(self, &channel->put_block, mri_peek(&self->owned[0].block));
    mri_owned_move(self, 0, &channel->get_block);
    mri_commit(self);
    mri_unlatch(self, &channel->get_latch);
    return MR_OK;
}

void mri_channel_tell_count(const mri_channel *channel, mri_call *call)
{
    uint64_t head = mri_load(&channel->head);

    call->result = mri_items_between(head, mri_load(&channel->tail));
    if (call->result == 0 && !mri_channel_empty(channel)) {
        call->result = 1;
    }
    call->argument = channel->maxsize;
}

/* ---- put ----------------------------------------------------------------- */

static uint64_t items_seen(const mri_channel *channel)
{
    return mri_items_between(mri_peek(&channel->head_seen),
                             mri_peek(&channel->tail));
}

/* Looks at the consumers' cache line only when it must. */
static bool is_at_limit(mri_channel *channel, uint64_t limit)
{
    if (items_seen(channel) < limit && limit != MRI_CHANNEL_CLOSED) {
        return false;
    }
    mri_store(&channel->head_seen, mri_load(&channel->head));
    return items_seen(channel) >= limit || limit == MRI_CHANNEL_CLOSED;
}

static inline bool is_full(mri_channel *channel)
{
    uint64_t limit = mri_peek(&channel->limit);

    return limit && is_at_limit(channel, limit);
}

/* Without a maxsize, or with a large one, nothing else tells the user why a
 * put waits.  Once for each rank. */
__attribute__((noinline)) static void
tell_that_it_is_full(const mri_channel *channel)
{
    mri_segment *segment = mri_segment_at(segment_of(channel));

    if (mri_rest(segment, (mri_pool)channel->pool) &&
        mri_swap(&segment->told_full, 1) == 0) {
        mri_log(MR_LOG_WARNING,
                "the items of queues and pipes fill the shared memory of rank "
                "%u, %llu bytes: a put waits until items are taken; "
                "set a maxsize for queues, or MR_MEMORY to more",
                (unsigned int)segment->rank,
                (unsigned long long)segment->budget);
    }
}

static __attribute__((noinline)) mr_error
no_memory(const mri_channel *channel, mri_call *call, mr_error error)
{
    if (error != MR_ERR_NO_MEMORY) {
        return error;
    }
    tell_that_it_is_full(channel);
    call->list = MRI_WAIT_MEMORY;
    return MRI_WOULD_BLOCK;
}

/* Copy a large item into owned slot 0. */
static inline __attribute__((always_inline)) mr_error
prepare(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error;

    if (call->in_size <= MRI_CELL_BYTES || call->keeps_block) {
        return MR_OK;
    }
    error = mri_allocate(self, segment_of(channel), (mri_pool)channel->pool,
                         call->in_size, 0);
    if (error) {
        return no_memory(channel, call, error);
    }
    memcpy(mri_at(mri_peek(&self->owned[0].block)), call->in, call->in_size);
    call->keeps_block = true;
    return MR_OK;
}

/* Chain one more block, as the last is full.  An empty last block is a state
 * like any other, so this is a change of its own. */
static __attribute__((noinline)) mr_error add_block(mri_record *self,
                                                    mri_channel *channel)
{
    mri_cells *last = mri_at(mri_peek(&channel->put_block));
    mr_error error = allocate_block(self, channel, 1);

    assert(!mri_load(&last->next));
    if (error) {
        return error;
    }
    mri_set(self, &channel->put_base, mri_peek(&channel->put_base) + MRI_CELLS);
    mri_set(self, &channel->put_block, mri_peek(&self->owned[1].block));
    mri_owned_move(self, 1, &last->next);
    mri_commit(self);
    return MR_OK;
}

static inline mri_cell *last_cell(mri_channel *channel)
{
    mri_cells *last = mri_at(mri_peek(&channel->put_block));

    return &last->cells[mri_peek(&channel->tail) -
                        mri_peek(&channel->put_base)];
}

/* The latch is held.  A producer that was killed may have put without
 * counting. */
static inline __attribute__((always_inline)) void
count_last(mri_channel *channel)
{
    uint64_t tail = mri_peek(&channel->tail);

    while (tail - mri_peek(&channel->put_base) < MRI_CELLS &&
           mri_cell_is_for(mri_load(&last_cell(channel)->ticket), tail)) {
        mri_store(&channel->tail, ++tail);
    }
}

/* Is there room for one more item?  Begins a put; the latch is held. */
static inline __attribute__((always_inline)) mr_error
make_room(mri_record *self, mri_channel *channel, mri_call *call)
{
    count_last(channel);
    call->list = MRI_CHANNEL_ROOM;
    if (is_full(channel)) {
        return MRI_WOULD_BLOCK;
    }
    if (mri_peek(&channel->tail) - mri_peek(&channel->put_base) < MRI_CELLS) {
        return MR_OK;
    }
    return no_memory(channel, call, add_block(self, channel));
}

static inline __attribute__((always_inline)) void
link_item(mri_record *self, mri_channel *channel, mri_call *call)
{
    uint64_t tail = mri_peek(&channel->tail);
    mri_cell *at = last_cell(channel);
    uint64_t new = mri_cell_ticket(tail, call->in_size);

    assert(tail - mri_peek(&channel->put_base) < MRI_CELLS);
    assert(call->in_size <= MRI_CELL_BYTES || mri_peek(&self->owned[0].block));
    __builtin_prefetch(at + MRI_CELLS_AHEAD, 1); /* maybe behind the block */
    if (call->in_size <= MRI_CELL_BYTES) {
        mri_cell_copy(at->bytes, call->in, call->in_size);
        mri_store(&at->ticket, new);
    } else {
        mri_store(&at->block, mri_peek(&self->owned[0].block));
        mri_store(&at->size, call->in_size);
        mri_store(&at->capacity, mri_peek(&self->owned[0].size));
        mri_intent(self, &at->ticket, new, 0, 0);
        mri_store(&at->ticket, new);
        mri_intent_done(self);
        call->keeps_block = false;
    }
    mri_store(&channel->tail, tail + 1);
}

mr_error mri_channel_put(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error;

    call->list = MRI_CHANNEL_ROOM;
    if (is_full(channel)) {
        return MRI_WOULD_BLOCK;
    }
    error = prepare(self, channel, call);
    if (error) {
        return error;
    }
    mri_latch(self, &channel->put_latch);
    error = make_room(self, channel, call);
    if (!error) {
        link_item(self, channel, call);
    }
    mri_unlatch(self, &channel->put_latch);
    return error;
}

/* ---- lent items ---------------------------------------------------------- */

mr_error mri_channel_reserve(mri_record *self, mri_channel *channel,
                             mri_call *call)
{
    mr_error error;

    if (mri_channel_is_closed(channel)) {
        call->list = MRI_CHANNEL_ROOM;
        return MRI_WOULD_BLOCK;
    }
    error = mri_allocate(self, segment_of(channel), (mri_pool)channel->pool,
                         call->in_size ? call->in_size : 1, 0);
    return error ? no_memory(channel, call, error) : MR_OK;
}

/* The block stays where it is lent until there is room for it. */
mr_error mri_channel_commit(mri_record *self, mri_channel *channel,
                            mri_call *call)
{
    mri_ref row = call->argument;
    bool is_large = call->in_size > MRI_CELL_BYTES;
    mr_error error;

    mri_latch(self, &channel->put_latch);
    error = make_room(self, channel, call);
    if (!error && is_large && !mri_lent_return(self, row, call->in)) {
        error = MR_ERR_ARGUMENT; /* another thread was faster */
    }
    if (!error) {
        link_item(self, channel, call);
    }
    mri_unlatch(self, &channel->put_latch);
    if (!error && !is_large) {
        mri_lent_free(self, row, call->in);
    }
    return error;
}

/* ---- many items ---------------------------------------------------------- */

static uint64_t smaller(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

/* Put items into the cells that are left in the last block, one at least. */
static uint64_t link_run(mri_channel *channel, const mri_call *call,
                         const unsigned char *items, uint64_t count)
{
    uint64_t tail = mri_peek(&channel->tail);
    uint64_t free_cells = MRI_CELLS - (tail - mri_peek(&channel->put_base));
    uint64_t limit = mri_peek(&channel->limit);
    uint64_t free_items = limit ? limit - items_seen(channel) : free_cells;
    mri_cell *at = last_cell(channel);
    size_t size = call->argument;

    count = smaller(count, smaller(free_cells, free_items));
    assert(count > 0);
    for (uint64_t i = 0; i < count; i++) {
        mri_cell_copy(at[i].bytes, items + i * size, size);
        mri_store(&at[i].ticket, mri_cell_ticket(tail + i, size));
    }
    mri_store(&channel->tail, tail + count);
    return count;
}

static mr_error put_run(mri_record *self, mri_channel *channel, mri_call *call,
                        const unsigned char *items, uint64_t *count)
{
    mr_error error;

    mri_latch(self, &channel->put_latch);
    error = make_room(self, channel, call);
    if (!error) {
        *count = link_run(channel, call, items, *count);
    }
    mri_unlatch(self, &channel->put_latch);
    return error;
}

/* A large item, whose block lies in owned slot 0 while it waits for room. */
static mr_error put_one(mri_record *self, mri_channel *channel, mri_call *call,
                        const unsigned char *item)
{
    mri_call one = *call;
    mr_error error;

    one.in = item;
    one.in_size = call->argument;
    error = mri_channel_put(self, channel, &one);
    call->keeps_block = one.keeps_block;
    call->list = one.list;
    return error;
}

mr_error mri_channel_put_many(mri_record *self, mri_channel *channel,
                              mri_call *call, mri_object *object,
                              mri_channel_wake *wake)
{
    size_t size = call->argument;
    uint64_t all = call->in_size / size;
    mr_error error = MR_OK;

    while (!error && call->result < all) {
        const unsigned char *items =
            (const unsigned char *)call->in + call->result * size;
        uint64_t count = 1;

        if (size <= MRI_CELL_BYTES) {
            count = all - call->result;
            error = put_run(self, channel, call, items, &count);
        } else {
            error = put_one(self, channel, call, items);
        }
        if (!error) {
            call->result += count;
            wake(self, object, count);
        }
    }
    return error;
}

/* ---- close --------------------------------------------------------------- */

void mri_channel_close(mri_record *self, mri_channel *channel)
{
    mri_latch(self, &channel->put_latch);
    mri_store(&channel->limit, MRI_CHANNEL_CLOSED);
    mri_unlatch(self, &channel->put_latch);
}

uint64_t mri_channel_put_ever(mri_record *self, mri_channel *channel)
{
    uint64_t tail;

    mri_latch(self, &channel->put_latch);
    count_last(channel);
    tail = mri_peek(&channel->tail);
    mri_unlatch(self, &channel->put_latch);
    return tail;
}

void mri_channel_repair(mri_record *self, mri_channel *channel)
{
    if (mri_peek(&channel->put_block)) {
        (void)mri_channel_put_ever(self, channel);
    }
}
