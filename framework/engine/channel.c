/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns channels.
 *
 * A large item is copied into a block in the producer's hand before any
 * latch is taken, and out of a block in the consumer's hand after its latch
 * was freed.  mri_intent ties the hand to the store that moves the item.
 *
 * Latches: put_latch or get_latch first, then those of the allocator.
 */
#include "engine/channel.h"

#include <assert.h>
#include <string.h>

#include "engine/operation.h"

enum { CELLS = 31, INLINE = 56, ROOM = 1, LARGE = 255, AHEAD = 4 };

typedef struct cell {
    mri_word ticket; /* of its item: index + 1, and the size or LARGE */
    union {
        struct {
            mri_word block;
            mri_word size;
        };
        unsigned char bytes[INLINE];
    };
} cell;

typedef struct block {
    _Alignas(64) mri_word next;
    _Alignas(64) cell cells[CELLS];
} block;

_Static_assert(sizeof(block) == 2048, "a size class of the allocator");

/* One number takes a load and a store, and no call. */
static inline void copy(void *to, const void *from, size_t size)
{
    if (size == sizeof(uint64_t)) {
        memcpy(to, from, sizeof(uint64_t));
    } else if (size) {
        memcpy(to, from, size);
    }
}

static uint64_t ticket(uint64_t index, size_t size)
{
    return (index + 1) << 8 | (size <= INLINE ? size : LARGE);
}

static bool is_for(uint64_t ticket_, uint64_t index)
{
    return ticket_ >> 8 == index + 1;
}

static unsigned int segment_of(const mri_channel *channel)
{
    return mri_segment_of(mri_ref_of(channel));
}

/* A block in an owned slot: what was in the memory before is no ticket. */
static mr_error allocate_block(mri_record *self, mri_channel *channel,
                               unsigned int slot)
{
    mr_error error = mri_allocate(self, segment_of(channel),
                                  (mri_pool)channel->pool, sizeof(block), slot);

    if (!error) {
        memset(mri_at(mri_peek(&self->owned[slot].block)), 0, sizeof(block));
    }
    return error;
}

mr_error mri_channel_format(mri_record *self, mri_channel *channel,
                            uint64_t maxsize, mri_pool pool)
{
    mr_error error;

    assert(!mri_peek(&channel->get_block) && !mri_peek(&self->owned[0].block));
    channel->maxsize = maxsize;
    channel->bounded = maxsize;
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

/* A consumer may be ahead of a producer that has not counted its item yet. */
static uint64_t items_between(uint64_t head, uint64_t tail)
{
    return tail > head ? tail - head : 0;
}

uint64_t mri_channel_count(const mri_channel *channel)
{
    uint64_t head = mri_load(&channel->head);

    return items_between(head, mri_load(&channel->tail));
}

/* ---- put ----------------------------------------------------------------- */

/* Looks at the consumers' cache line only when it must. */
static bool has_maxsize(mri_channel *channel)
{
    uint64_t tail = mri_peek(&channel->tail);

    if (items_between(mri_peek(&channel->head_seen), tail) < channel->maxsize) {
        return false;
    }
    mri_store(&channel->head_seen, mri_load(&channel->head));
    return items_between(mri_peek(&channel->head_seen), tail) >=
           channel->maxsize;
}

static inline bool is_full(mri_channel *channel)
{
    return channel->maxsize && has_maxsize(channel);
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

static mr_error no_memory(const mri_channel *channel, mri_call *call,
                          mr_error error)
{
    if (error != MR_ERR_NO_MEMORY) {
        return error;
    }
    tell_that_it_is_full(channel);
    call->list = MRI_WAIT_MEMORY;
    return MRI_WOULD_BLOCK;
}

/* Copy a large item into owned slot 0. */
static mr_error prepare(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error;

    if (call->in_size <= INLINE || call->keeps_block) {
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

/* Chain one more block when the last is full.  An empty last block is a
 * state like any other, so this is a change of its own. */
static mr_error extend(mri_record *self, mri_channel *channel)
{
    uint64_t base = mri_peek(&channel->put_base);
    block *last = mri_at(mri_peek(&channel->put_block));
    mr_error error;

    assert(mri_peek(&channel->tail) >= base && !mri_load(&last->next));
    if (mri_peek(&channel->tail) - base < CELLS) {
        return MR_OK;
    }
    error = allocate_block(self, channel, 1);
    if (error) {
        return error;
    }
    mri_set(self, &channel->put_base, base + CELLS);
    mri_set(self, &channel->put_block, mri_peek(&self->owned[1].block));
    mri_owned_move(self, 1, &last->next);
    mri_commit(self);
    return MR_OK;
}

static cell *last_cell(mri_channel *channel)
{
    block *last = mri_at(mri_peek(&channel->put_block));

    return &last->cells[mri_peek(&channel->tail) -
                        mri_peek(&channel->put_base)];
}

/* The latch is held.  A producer that was killed may have put without
 * counting. */
static inline void count_last(mri_channel *channel)
{
    uint64_t tail = mri_peek(&channel->tail);

    if (tail - mri_peek(&channel->put_base) < CELLS &&
        is_for(mri_load(&last_cell(channel)->ticket), tail)) {
        mri_store(&channel->tail, tail + 1);
    }
}

static void link_item(mri_record *self, mri_channel *channel, mri_call *call)
{
    uint64_t tail = mri_peek(&channel->tail);
    cell *at = last_cell(channel);
    uint64_t new = ticket(tail, call->in_size);

    assert(tail - mri_peek(&channel->put_base) < CELLS);
    assert(call->in_size <= INLINE || mri_peek(&self->owned[0].block));
    __builtin_prefetch(at + AHEAD, 1); /* may point behind the block */
    if (call->in_size <= INLINE) {
        copy(at->bytes, call->in, call->in_size);
        mri_store(&at->ticket, new);
    } else {
        mri_store(&at->block, mri_peek(&self->owned[0].block));
        mri_store(&at->size, call->in_size);
        mri_intent(self, &at->ticket, new, 0, 0);
        mri_store(&at->ticket, new);
        mri_intent_done(self);
        call->keeps_block = false;
    }
    mri_store(&channel->tail, tail + 1);
}

void mri_channel_repair(mri_record *self, mri_channel *channel)
{
    mri_latch(self, &channel->put_latch);
    if (mri_peek(&channel->put_block)) {
        count_last(channel);
    }
    mri_unlatch(self, &channel->put_latch);
}

mr_error mri_channel_put(mri_record *self, mri_channel *channel, mri_call *call)
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
    count_last(channel);
    if (is_full(channel)) {
        error = MRI_WOULD_BLOCK;
    } else {
        error = no_memory(channel, call, extend(self, channel));
    }
    if (!error) {
        link_item(self, channel, call);
    }
    mri_unlatch(self, &channel->put_latch);
    return error;
}

/* ---- get ----------------------------------------------------------------- */

/* Its cells were all got; it goes to owned slot 1. */
static void leave_block(mri_record *self, mri_channel *channel)
{
    uint64_t base = mri_peek(&channel->get_base);
    block *first = mri_at(mri_peek(&channel->get_block));

    assert(mri_load(&first->next) && !mri_peek(&self->owned[1].block));
    mri_owned_take(self, 1, &channel->get_block, sizeof(block));
    mri_set(self, &channel->get_base, base + CELLS);
    mri_set(self, &channel->get_block, mri_load(&first->next));
    mri_commit(self);
}

static inline void advance(mri_record *self, mri_channel *channel)
{
    if (mri_peek(&channel->head) - mri_peek(&channel->get_base) >= CELLS) {
        leave_block(self, channel);
    }
}

static cell *first_cell(mri_channel *channel)
{
    block *first = mri_at(mri_peek(&channel->get_block));

    return &first->cells[mri_peek(&channel->head) -
                         mri_peek(&channel->get_base)];
}

/* The latch is held. */
static inline bool has_item(mri_channel *channel)
{
    uint64_t head = mri_peek(&channel->head);
    uint64_t at = head - mri_peek(&channel->get_base);
    block *first = mri_at(mri_peek(&channel->get_block));

    if (at == CELLS) {
        mri_ref next = mri_load(&first->next);

        if (!next) {
            return false;
        }
        first = mri_at(next);
        at = 0;
    }
    return is_for(mri_load(&first->cells[at].ticket), head);
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

/*
 * Other consumers may move on meanwhile, and the block may be somebody else's
 * memory by now, which is mapped and only read here.  `head` never comes
 * again and get_block is 0 while it changes, so when both are as before, what
 * was read was true at that moment; else it is for the latch to decide.
 */
__attribute__((no_sanitize("thread"))) bool
mri_channel_empty(const mri_channel *channel)
{
    uint64_t head = glance(&channel->head);
    mri_ref ref = glance(&channel->get_block);
    uint64_t at = head - glance(&channel->get_base);
    const block *first = mri_at(ref);

    if (!ref || at > CELLS) {
        return false;
    }
    if (at == CELLS) {
        mri_ref next = glance(&first->next);

        if (!next || has_moved(channel, head, ref)) {
            return !next && !has_moved(channel, head, ref);
        }
        first = mri_at(next);
        at = 0;
    }
    return !is_for(glance(&first->cells[at].ticket), head) &&
           !has_moved(channel, head, ref);
}

static uint64_t size_of(const cell *at)
{
    uint64_t size = mri_peek(&at->ticket) & 0xff;

    return size == LARGE ? mri_peek(&at->size) : size;
}

/* The item's block goes to owned slot 0. */
static void unlink_large(mri_record *self, mri_channel *channel, const cell *at)
{
    uint64_t head = mri_peek(&channel->head);

    assert(mri_peek(&at->block) && !mri_peek(&self->owned[0].block));
    mri_intent(self, &channel->head, head + 1, mri_peek(&at->block),
               mri_peek(&at->size));
    mri_store(&channel->head, head + 1);
    mri_intent_done(self);
}

static inline void unlink_item(mri_record *self, mri_channel *channel)
{
    const cell *at = first_cell(channel);

    if (size_of(at) <= INLINE) {
        mri_store(&channel->head, mri_peek(&channel->head) + 1);
    } else {
        unlink_large(self, channel, at);
    }
}

/* The latch is held and there is an item. */
static mr_error take_item(mri_record *self, mri_channel *channel,
                          mri_call *call)
{
    cell *at;

    advance(self, channel);
    at = first_cell(channel);
    assert(is_for(mri_load(&at->ticket), mri_peek(&channel->head)));
    __builtin_prefetch(at + AHEAD); /* likewise */
    call->result = size_of(at);
    if (call->result > call->out_size) {
        return MR_ERR_TRUNCATED;
    }
    if (call->result <= INLINE) {
        copy(call->out, at->bytes, call->result);
    }
    unlink_item(self, channel);
    return MR_OK;
}

/* A large item, from owned slot 0. */
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

mr_error mri_channel_get(mri_record *self, mri_channel *channel, mri_call *call)
{
    mr_error error = MRI_WOULD_BLOCK;

    if (mri_channel_empty(channel)) {
        return MRI_WOULD_BLOCK;
    }
    mri_latch(self, &channel->get_latch);
    if (has_item(channel)) {
        error = take_item(self, channel, call);
    }
    mri_unlatch(self, &channel->get_latch);
    if (mri_peek(&self->owned[1].block)) {
        mri_give_back(self, 1);
    }
    if (error) {
        return error;
    }
    call->out_size = call->result;
    if (mri_peek(&self->owned[0].block)) {
        deliver(self, call);
    }
    return MR_OK;
}

/* ---- end ----------------------------------------------------------------- */

void mri_channel_dispose(mri_record *self, mri_channel *channel)
{
    if (!mri_peek(&channel->get_block)) {
        return;
    }
    while (has_item(channel)) {
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
        bool last =
            mri_peek(&channel->get_block) == mri_peek(&channel->put_block);

        mri_latch(self, &channel->get_latch);
        mri_owned_take(self, 1, &channel->get_block, sizeof(block));
        if (!last) {
            mri_set(self, &channel->get_block, mri_load(&first->next));
        }
        mri_commit(self);
        mri_unlatch(self, &channel->get_latch);
        mri_give_back(self, 1);
    }
}
