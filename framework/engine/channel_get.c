/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the side of a channel that consumers use, and its end.
 *
 * A large item is copied out of a block in owned slot 0 after the latch was
 * freed.  mri_intent ties the slot to the store that moves the item.
 */
#include "engine/channel.h"

#include <assert.h>
#include <string.h>

#include "engine/channel_cells.h"

/* Its cells were all got; it goes to owned slot 1. */
static __attribute__((noinline)) void leave_block(mri_record *self,
                                                  mri_channel *channel)
{
    uint64_t base = mri_peek(&channel->get_base);
    mri_cells *first = mri_at(mri_peek(&channel->get_block));

    assert(mri_load(&first->next) && !mri_peek(&self->owned[1].block));
    mri_owned_take(self, 1, &channel->get_block, sizeof(mri_cells));
    mri_set(self, &channel->get_base, base + MRI_CELLS);
    mri_set(self, &channel->get_block, mri_load(&first->next));
    mri_commit(self);
}

static inline void advance(mri_record *self, mri_channel *channel)
{
    if (mri_peek(&channel->head) - mri_peek(&channel->get_base) >= MRI_CELLS) {
        leave_block(self, channel);
    }
}

static inline mri_cell *first_cell(mri_channel *channel)
{
    mri_cells *first = mri_at(mri_peek(&channel->get_block));

    return &first->cells[mri_peek(&channel->head) -
                         mri_peek(&channel->get_base)];
}

/* The latch is held. */
static inline __attribute__((always_inline)) bool has_item(mri_channel *channel)
{
    uint64_t head = mri_peek(&channel->head);
    uint64_t at = head - mri_peek(&channel->get_base);
    mri_cells *first = mri_at(mri_peek(&channel->get_block));

    if (at == MRI_CELLS) {
        mri_ref next = mri_load(&first->next);

        if (!next) {
            return false;
        }
        first = mri_at(next);
        at = 0;
    }
    return mri_cell_is_for(mri_load(&first->cells[at].ticket), head);
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
    const mri_cells *first = mri_at(ref);

    if (!ref || at > MRI_CELLS) {
        return false;
    }
    if (at == MRI_CELLS) {
        mri_ref next = glance(&first->next);

        if (!next || has_moved(channel, head, ref)) {
            return !next && !has_moved(channel, head, ref);
        }
        first = mri_at(next);
        at = 0;
    }
    return !mri_cell_is_for(glance(&first->cells[at].ticket), head) &&
           !has_moved(channel, head, ref);
}

static inline uint64_t size_of(const mri_cell *at)
{
    uint64_t size = mri_peek(&at->ticket) & 0xff;

    return size == MRI_CELL_LARGE ? mri_peek(&at->size) : size;
}

/* The item's block goes to owned slot 0. */
static void unlink_large(mri_record *self, mri_channel *channel,
                         const mri_cell *at)
{
    uint64_t head = mri_peek(&channel->head);

    assert(mri_peek(&at->block) && !mri_peek(&self->owned[0].block));
    mri_intent(self, &channel->head, head + 1, mri_peek(&at->block),
               mri_peek(&at->capacity));
    mri_store(&channel->head, head + 1);
    mri_intent_done(self);
}

static inline __attribute__((always_inline)) void
unlink_item(mri_record *self, mri_channel *channel)
{
    const mri_cell *at = first_cell(channel);

    if (size_of(at) <= MRI_CELL_BYTES) {
        mri_store(&channel->head, mri_peek(&channel->head) + 1);
    } else {
        unlink_large(self, channel, at);
    }
}

/* The latch is held and there is an item. */
static inline __attribute__((always_inline)) mr_error
take_item(mri_record *self, mri_channel *channel, mri_call *call)
{
    mri_cell *at;

    advance(self, channel);
    at = first_cell(channel);
    assert(mri_cell_is_for(mri_load(&at->ticket), mri_peek(&channel->head)));
    __builtin_prefetch(at + MRI_CELLS_AHEAD); /* likewise */
    call->result = size_of(at);
    if (call->result > call->out_size) {
        return MR_ERR_TRUNCATED;
    }
    if (call->result <= MRI_CELL_BYTES) {
        mri_cell_copy(call->out, at->bytes, call->result);
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

/* Take the first item by a function that is called under the latch. */
static inline __attribute__((always_inline)) mr_error
get_by(mri_record *self, mri_channel *channel, mri_call *call,
       mri_channel_getter *take)
{
    mr_error error = MRI_WOULD_BLOCK;

    if (mri_channel_empty(channel)) {
        return MRI_WOULD_BLOCK;
    }
    mri_latch(self, &channel->get_latch);
    if (has_item(channel)) {
        error = take(self, channel, call);
    }
    mri_unlatch(self, &channel->get_latch);
    if (mri_peek(&self->owned[1].block)) {
        mri_give_back(self, 1);
    }
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

/* The latch is held and there is an item: its block goes to owned slot 0.  A
 * small item gets a block. */
static mr_error take_block(mri_record *self, mri_channel *channel,
                           mri_call *call)
{
    const mri_cell *at;
    mr_error error;

    advance(self, channel);
    at = first_cell(channel);
    call->result = size_of(at);
    if (call->result > MRI_CELL_BYTES) {
        unlink_large(self, channel, at);
        return MR_OK;
    }
    error = mri_allocate(self, mri_segment_of(mri_ref_of(channel)),
                         (mri_pool)channel->pool, MRI_CELL_BYTES, 0);
    if (error) {
        call->list = MRI_WAIT_MEMORY;
        return error == MR_ERR_NO_MEMORY ? MRI_WOULD_BLOCK : error;
    }
    mri_cell_copy(mri_at(mri_peek(&self->owned[0].block)), at->bytes,
                  call->result);
    mri_store(&channel->head, mri_peek(&channel->head) + 1);
    return MR_OK;
}

mr_error mri_channel_take(mri_record *self, mri_channel *channel,
                          mri_call *call)
{
    return get_by(self, channel, call, take_block);
}

/* ---- many items ---------------------------------------------------------- */

/* What a call has got so far. */
typedef struct run {
    uint64_t count;
    uint64_t max;
    uint64_t size; /* of each item */
    size_t room;   /* bytes of call->out that are left */
} run;

/* Small items of this size, of one block, the first of which is there. */
static void take_small(mri_channel *channel, unsigned char *to, run *r)
{
    uint64_t head = mri_peek(&channel->head);
    const mri_cell *at = first_cell(channel);
    uint64_t ticket = mri_cell_ticket(head, r->size);
    uint64_t left = MRI_CELLS - (head - mri_peek(&channel->get_base));
    uint64_t fit = r->size ? r->room / r->size : left;
    uint64_t max = r->max - r->count;
    uint64_t count = 0;

    max = max < left ? max : left;
    max = max < fit ? max : fit;
    while (count < max && mri_load(&at[count].ticket) == ticket) {
        mri_cell_copy(to, at[count].bytes, r->size);
        to += r->size;
        ticket += mri_cell_ticket(1, 0) - mri_cell_ticket(0, 0);
        count++;
    }
    assert(count > 0);
    mri_store(&channel->head, head + count);
    r->count += count;
    r->room -= count * r->size;
}

/* The latch is held: take a run of small items, or one large item, which goes
 * to owned slot 0. */
static mr_error take_some(mri_record *self, mri_channel *channel,
                          unsigned char *to, run *r)
{
    const mri_cell *at;
    uint64_t size;

    if (r->count == r->max || !has_item(channel)) {
        return MRI_WOULD_BLOCK;
    }
    advance(self, channel);
    at = first_cell(channel);
    size = size_of(at);
    if (r->count && size != r->size) {
        return MRI_WOULD_BLOCK;
    }
    r->size = size;
    if (size > r->room) {
        return MR_ERR_TRUNCATED;
    }
    if (size <= MRI_CELL_BYTES) {
        take_small(channel, to, r);
    } else {
        unlink_large(self, channel, at);
    }
    return MR_OK;
}

static mr_error get_some(mri_record *self, mri_channel *channel,
                         unsigned char *to, run *r)
{
    mr_error error;

    mri_latch(self, &channel->get_latch);
    error = take_some(self, channel, to, r);
    mri_unlatch(self, &channel->get_latch);
    mri_give_back(self, 1);
    if (mri_peek(&self->owned[0].block)) {
        memcpy(to, mri_at(mri_peek(&self->owned[0].block)), r->size);
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
        error = get_some(self, channel,
                         (unsigned char *)call->out + r.count * r.size, &r);
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
        mri_cells *first = mri_at(mri_peek(&channel->get_block));
        bool last =
            mri_peek(&channel->get_block) == mri_peek(&channel->put_block);

        mri_latch(self, &channel->get_latch);
        mri_owned_take(self, 1, &channel->get_block, sizeof(mri_cells));
        if (!last) {
            mri_set(self, &channel->get_block, mri_load(&first->next));
        }
        mri_commit(self);
        mri_unlatch(self, &channel->get_latch);
        mri_give_back(self, 1);
    }
}
