/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the side of a channel that producers use.
 *
 * A run is written where it will lie, under the latch.  A larger item is copied
 * into a block in owned slot 0 before any latch is taken; mri_intent ties the
 * slot to the store that moves the item.
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

static uint64_t items_seen(const mri_channel *channel)
{
    return mri_items_between(mri_peek(&channel->head_seen),
                             mri_place_index(mri_peek(&channel->tail)));
}

/* Looks at the consumers' cache line only when it must. */
static bool is_at_limit(mri_channel *channel, uint64_t limit)
{
    if (items_seen(channel) < limit && limit != MRI_CHANNEL_CLOSED) {
        return false;
    }
    mri_store(&channel->head_seen, mri_place_index(mri_load(&channel->head)));
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

static inline mri_cells *last_block(const mri_channel *channel)
{
    return mri_at(mri_peek(&channel->put_block));
}

static inline mri_cell *last_cell(const mri_channel *channel)
{
    return &last_block(channel)
                ->cells[mri_place_cell(mri_peek(&channel->tail))];
}

static inline uint64_t cells_left(const mri_channel *channel)
{
    return last_block(channel)->count -
           mri_place_cell(mri_peek(&channel->tail));
}

/* Of a block with so many cells, ... */
static size_t bytes_for(uint64_t cells)
{
    size_t bytes = MRI_CELLS_MIN_BYTES;

    assert(cells <= MRI_CELLS_MAX);
    while (bytes < MRI_CELLS_OTHER + cells * sizeof(mri_cell)) {
        bytes *= 2;
    }
    return bytes;
}

/* ... and of the next block.  One for runs is twice as large as the last. */
static size_t bytes_of_next(const mri_channel *channel, uint64_t cells)
{
    size_t bytes = bytes_for(cells);
    size_t wanted = cells > 1 ? 2 * mri_cells_bytes(last_block(channel)) : 0;

    while (bytes < wanted && bytes < MRI_CELLS_MAX_BYTES) {
        bytes *= 2;
    }
    return bytes;
}

/* A smaller block will do when there is no memory for the one wanted. */
static mr_error allocate_next(mri_record *self, mri_channel *channel,
                              uint64_t cells)
{
    size_t bytes = bytes_of_next(channel, cells);
    mr_error error = mri_cells_allocate(self, channel, bytes, 1);

    while (error == MR_ERR_NO_MEMORY && bytes > bytes_for(cells)) {
        bytes /= 2;
        error = mri_cells_allocate(self, channel, bytes, 1);
    }
    return error;
}

/* Chain one more block, as the last has no room for so many cells.  An empty
 * last block is a state like any other, so this is a change of its own. */
static mr_error add_block(mri_record *self, mri_channel *channel,
                          uint64_t cells)
{
    mri_cells *last = last_block(channel);
    uint64_t tail = mri_peek(&channel->tail);
    mr_error error = allocate_next(self, channel, cells);

    assert(!mri_load(&last->next));
    if (error) {
        return error;
    }
    mri_set(self, &channel->tail, tail - mri_place_cell(tail));
    mri_set(self, &channel->put_block, mri_peek(&self->owned[1].block));
    mri_owned_move(self, 1, &last->next);
    mri_commit(self);
    return MR_OK;
}

static void clear_tickets(mri_cell *at, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        mri_store(&at[i].ticket, 0);
    }
}

/* If all items were got and consumers are in the last block, nobody needs what
 * is in it: begin it again.  One that was killed after it had got the last item
 * of a block may have left them in that one. */
static bool begin_again(mri_record *self, mri_channel *channel, uint64_t cells)
{
    mri_cells *last = last_block(channel);
    uint64_t tail = mri_peek(&channel->tail);
    bool empty;

    if (cells > last->count ||
        mri_place_index(mri_load(&channel->head)) != mri_place_index(tail)) {
        return false;
    }
    mri_latch(self, &channel->get_latch);
    empty = mri_peek(&channel->head) == tail &&
            mri_peek(&channel->get_block) == mri_peek(&channel->put_block);
    if (empty) {
        clear_tickets(last->cells, last->count);
        mri_set(self, &channel->head, tail - mri_place_cell(tail));
        mri_set(self, &channel->tail, tail - mri_place_cell(tail));
        mri_commit(self);
    }
    mri_unlatch(self, &channel->get_latch);
    return empty;
}

/* The last block has no room for so many cells.  A put that waits for memory
 * goes on, too, when the last item was got: so consumers are told. */
static __attribute__((noinline)) mr_error
find_room(mri_record *self, mri_channel *channel, uint64_t cells)
{
    mr_error error = begin_again(self, channel, cells)
                         ? MR_OK
                         : add_block(self, channel, cells);

    if (error == MR_ERR_NO_MEMORY) {
        mri_store(&channel->starved, 1);
    }
    return error;
}

/* The latch is held.  A producer that was killed may have put without
 * counting. */
static __attribute__((noinline)) void count_last(mri_channel *channel)
{
    const mri_cell *at = last_cell(channel);
    bool is_run = mri_cell_shape(mri_peek(&at->ticket)) == MRI_CELL_RUN;
    uint64_t count = is_run ? mri_peek(&at->count) : 1;
    uint64_t cells = is_run ? mri_run_cells(mri_peek(&at->size), count) : 1;

    mri_store(&channel->tail,
              mri_place_behind(mri_peek(&channel->tail), count, cells));
}

static inline __attribute__((always_inline)) void
count_if_put(mri_channel *channel)
{
    if (__builtin_expect(mri_load(&last_cell(channel)->ticket) != 0, 0)) {
        count_last(channel);
    }
}

/* A producer was killed while it wrote a run: where tickets will be there may
 * be bytes of its items. */
static __attribute__((noinline)) void clear_rest(mri_channel *channel)
{
    clear_tickets(last_cell(channel), cells_left(channel));
    mri_store(&channel->writing, 0);
}

/* Is there room for one more item?  Begins a put; the latch is held. */
static inline __attribute__((always_inline)) mr_error
begin_put(mri_channel *channel, mri_call *call)
{
    count_if_put(channel);
    if (__builtin_expect(mri_peek(&channel->writing) != 0, 0)) {
        clear_rest(channel);
    }
    call->list = MRI_CHANNEL_ROOM;
    return is_full(channel) ? MRI_WOULD_BLOCK : MR_OK;
}

/* So many cells side by side. */
static inline __attribute__((always_inline)) mr_error
have_cells(mri_record *self, mri_channel *channel, mri_call *call,
           uint64_t cells)
{
    return cells <= cells_left(channel)
               ? MR_OK
               : no_memory(channel, call, find_room(self, channel, cells));
}

static inline __attribute__((always_inline)) mr_error
make_room(mri_record *self, mri_channel *channel, mri_call *call,
          uint64_t cells)
{
    mr_error error = begin_put(channel, call);

    return error ? error : have_cells(self, channel, call, cells);
}

static inline __attribute__((always_inline)) void
link_small(mri_channel *channel, const void *item, size_t size)
{
    uint64_t tail = mri_peek(&channel->tail);
    mri_cell *at = last_cell(channel);

    assert(cells_left(channel) > 0 && size <= MRI_CELL_BYTES);
    __builtin_prefetch(at + MRI_CELLS_AHEAD, 1); /* maybe behind the block */
    mri_cell_copy(at->bytes, item, size);
    mri_store(&at->ticket, mri_cell_ticket(mri_place_index(tail), size));
    mri_store(&channel->tail, mri_place_behind(tail, 1, 1));
}

static void link_run(mri_channel *channel, const void *items, size_t size,
                     uint64_t count)
{
    uint64_t tail = mri_peek(&channel->tail);
    uint64_t cells = mri_run_cells(size, count);
    mri_cell *at = last_cell(channel);

    assert(cells_left(channel) >= cells && count > 0);
    mri_store(&channel->writing, 1);
    memcpy((unsigned char *)at + MRI_RUN_HEADER, items, size * count);
    mri_store(&at->size, size);
    mri_store(&at->count, count);
    mri_store(&at->ticket,
              mri_cell_ticket(mri_place_index(tail), MRI_CELL_RUN));
    mri_store(&channel->tail, mri_place_behind(tail, count, cells));
    mri_store(&channel->writing, 0);
}

/* The block in owned slot 0. */
static void link_block(mri_record *self, mri_channel *channel, mri_call *call)
{
    uint64_t tail = mri_peek(&channel->tail);
    mri_cell *at = last_cell(channel);
    uint64_t new = mri_cell_ticket(mri_place_index(tail), MRI_CELL_BLOCK);

    assert(cells_left(channel) > 0 && mri_peek(&self->owned[0].block));
    mri_store(&at->block, mri_peek(&self->owned[0].block));
    mri_store(&at->size, call->in_size);
    mri_store(&at->capacity, mri_peek(&self->owned[0].size));
    mri_intent(self, &at->ticket, new, 0, 0);
    mri_store(&at->ticket, new);
    mri_intent_done(self);
    call->keeps_block = false;
    mri_store(&channel->tail, mri_place_behind(tail, 1, 1));
}

/* Copy a large item into owned slot 0. */
static mr_error prepare(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error;

    if (call->keeps_block) {
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

/* An item that does not fit into a cell. */
static __attribute__((noinline)) mr_error
put_large(mri_record *self, mri_channel *channel, mri_call *call)
{
    bool in_block = call->keeps_block || call->in_size > MRI_RUN_ITEM_MAX;
    mr_error error = in_block ? prepare(self, channel, call) : MR_OK;

    if (error) {
        return error;
    }
    mri_latch(self, &channel->put_latch);
    error = make_room(self, channel, call,
                      in_block ? 1 : mri_run_cells(call->in_size, 1));
    if (!error && in_block) {
        link_block(self, channel, call);
    } else if (!error) {
        link_run(channel, call->in, call->in_size, 1);
    }
    mri_unlatch(self, &channel->put_latch);
    return error;
}

mr_error mri_channel_put(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error;

    call->list = MRI_CHANNEL_ROOM;
    if (is_full(channel)) {
        return MRI_WOULD_BLOCK;
    }
    if (__builtin_expect(call->in_size > MRI_CELL_BYTES, 0)) {
        return put_large(self, channel, call);
    }
    mri_latch(self, &channel->put_latch);
    error = make_room(self, channel, call, 1);
    if (!error) {
        link_small(channel, call->in, call->in_size);
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
    error = make_room(self, channel, call, 1);
    if (!error && is_large && !mri_lent_return(self, row, call->in)) {
        error = MR_ERR_ARGUMENT; /* another thread was faster */
    }
    if (!error && is_large) {
        link_block(self, channel, call);
    } else if (!error) {
        link_small(channel, call->in, call->in_size);
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

/* How many of them make a run: they fit into a block, and there is room for
 * them. */
static uint64_t run_of(const mri_channel *channel, size_t size, uint64_t count)
{
    uint64_t limit = mri_peek(&channel->limit);
    uint64_t fit = (MRI_CELLS_MAX * sizeof(mri_cell) - MRI_RUN_HEADER) / size;

    count = smaller(count, fit);
    return limit ? smaller(count, limit - items_seen(channel)) : count;
}

static mr_error put_run(mri_record *self, mri_channel *channel, mri_call *call,
                        const unsigned char *items, uint64_t *count)
{
    size_t size = call->argument;
    bool small = false;
    mr_error error;

    mri_latch(self, &channel->put_latch);
    error = begin_put(channel, call);
    if (!error) {
        *count = run_of(channel, size, *count);
        small = *count == 1 && size <= MRI_CELL_BYTES;
        error = have_cells(self, channel, call,
                           small ? 1 : mri_run_cells(size, *count));
    }
    if (!error && small) {
        link_small(channel, items, size);
    } else if (!error) {
        link_run(channel, items, size, *count);
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

        if (size <= MRI_RUN_ITEM_MAX) {
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

/* ---- items ever put ------------------------------------------------------ */

uint64_t mri_channel_put_ever(mri_record *self, mri_channel *channel)
{
    uint64_t tail;

    mri_latch(self, &channel->put_latch);
    count_if_put(channel);
    tail = mri_place_index(mri_peek(&channel->tail));
    mri_unlatch(self, &channel->put_latch);
    return tail;
}

void mri_channel_repair(mri_record *self, mri_channel *channel)
{
    if (mri_peek(&channel->put_block)) {
        (void)mri_channel_put_ever(self, channel);
    }
}
