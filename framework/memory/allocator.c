/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the arenas of a segment.
 *
 * Latches, in their order: a class alone; an arena, the segment's backing
 * latch, and then the other arena only if it is free.  A free block or run
 * holds in its first word the next one, a free run in its second word its
 * size.  No free run touches the top, and all below the top has memory behind
 * it.
 */
#include "memory/allocator.h"

#include <assert.h>

#include "memory/record.h"
#include "memory/segment.h"

enum { SLAB = 64 * 1024, SPARE_HAND = MRI_HANDS - 1 };

typedef struct run {
    mri_word next;
    mri_word size;
} run;

void mri_arena_format(mri_arena *arena, mri_ref start, mri_ref end)
{
    arena->start = start;
    arena->end = end;
    mri_store(&arena->top, start);
    mri_store(&arena->backed, start);
}

static unsigned int class_for(size_t size)
{
    unsigned int class = 0;

    while ((size_t)MRI_CLASS_MIN << class < size) {
        class ++;
    }
    return class;
}

static size_t class_size(unsigned int class)
{
    return (size_t)MRI_CLASS_MIN << class;
}

static uint64_t page_round(size_t size)
{
    return ((uint64_t)size + MRI_PAGE - 1) / MRI_PAGE * MRI_PAGE;
}

static mri_arena *arena_of(mri_ref block)
{
    mri_segment *segment = mri_segment_at(mri_segment_of(block));

    return block < segment->arrays.start ? &segment->heap : &segment->arrays;
}

/* ---- memory behind the pages ------------------------------------------- */

/* Give back what an arena does not use above its top; its latch is not held.
 * A busy arena is left alone, as its holder may wait for our latches. */
static void unback(mri_record *self, mri_segment *segment, mri_arena *arena)
{
    uint64_t backed;
    uint64_t top;

    if (!mri_latch_if_free(self, &arena->latch)) {
        return;
    }
    backed = mri_peek(&arena->backed);
    top = mri_peek(&arena->top);
    if (backed > top) {
        mri_set(self, &segment->backed,
                mri_peek(&segment->backed) - (backed - top));
        mri_set(self, &arena->backed, top);
        mri_commit(self);
        mri_segment_unback(top, backed - top);
    }
    mri_unlatch(self, &arena->latch);
}

static uint64_t budget_left(const mri_segment *segment)
{
    return segment->budget - mri_peek(&segment->backed);
}

/* Move the arena's `backed` beyond `end`, within the segment's budget, which
 * both arenas share. */
static mr_error back(mri_record *self, mri_segment *segment, mri_arena *arena,
                     mri_ref end)
{
    mr_error error = MR_OK;
    uint64_t backed;

    if (end <= mri_load(&arena->backed)) {
        return MR_OK;
    }
    mri_latch(self, &segment->backing_latch);
    backed = mri_peek(&arena->backed);
    if (end > backed) {
        uint64_t more = end - backed;

        if (more > budget_left(segment)) {
            unback(self, segment,
                   arena == &segment->heap ? &segment->arrays : &segment->heap);
        }
        if (more > budget_left(segment)) {
            error = MR_ERR_NO_MEMORY;
        } else {
            error = mri_segment_back(backed, more);
        }
        if (!error) {
            mri_set(self, &segment->backed, mri_peek(&segment->backed) + more);
            mri_set(self, &arena->backed, end);
            mri_commit(self);
        }
    }
    mri_unlatch(self, &segment->backing_latch);
    return error;
}

/* ---- runs of pages ------------------------------------------------------ */

/* Into an empty hand; a part of a noted change. */
static void fill_hand(mri_record *self, unsigned int hand, mri_ref block,
                      uint64_t size)
{
    assert(mri_peek(&self->hands[hand].block) == 0);
    mri_set(self, &self->hands[hand].size, size);
    mri_set(self, &self->hands[hand].block, block);
}

/* First fit; from the end of a run, so that its head stays where it is. */
static mri_ref take_from_runs(mri_record *self, mri_arena *arena, uint64_t size)
{
    mri_word *link = &arena->runs;

    for (mri_ref at = mri_peek(link); at; at = mri_peek(link)) {
        run *free = mri_at(at);
        uint64_t have = mri_peek(&free->size);

        if (have == size) {
            mri_set(self, link, mri_peek(&free->next));
            return at;
        }
        if (have > size) {
            mri_set(self, &free->size, have - size);
            return at + have - size;
        }
        link = &free->next;
    }
    return 0;
}

/* Above all runs; with memory behind it before it can be seen. */
static mr_error take_from_top(mri_record *self, mri_segment *segment,
                              mri_arena *arena, uint64_t size, mri_ref *at)
{
    mri_ref top = mri_peek(&arena->top);
    mr_error error;

    if (size > arena->end - top) {
        return MR_ERR_NO_MEMORY;
    }
    error = back(self, segment, arena, top + size);
    if (!error) {
        mri_set(self, &arena->top, top + size);
        *at = top;
    }
    return error;
}

static mr_error take_run(mri_record *self, mri_segment *segment,
                         mri_arena *arena, uint64_t size, unsigned int hand)
{
    mr_error error = MR_OK;
    mri_ref at;

    mri_latch(self, &arena->latch);
    at = take_from_runs(self, arena, size);
    if (!at) {
        error = take_from_top(self, segment, arena, size, &at);
    }
    if (!error) {
        fill_hand(self, hand, at, size);
        mri_commit(self);
    }
    mri_unlatch(self, &arena->latch);
    return error;
}

/* The latch is held: list a run, merged with what touches it, or lower the
 * top to it. */
static void add_run(mri_record *self, mri_arena *arena, mri_ref at,
                    uint64_t size)
{
    mri_word *link = &arena->runs;
    mri_word *link_before = NULL;
    run *before = NULL;
    mri_ref next;

    for (next = mri_peek(link); next && next < at; next = mri_peek(link)) {
        link_before = link;
        before = mri_at(next);
        link = &before->next;
    }
    if (next == at + size) {
        run *after = mri_at(next);

        next = mri_peek(&after->next);
        size += mri_peek(&after->size);
    }
    if (before && mri_ref_of(before) + mri_peek(&before->size) == at) {
        at = mri_ref_of(before);
        size += mri_peek(&before->size);
        link = link_before;
    }
    if (at + size == mri_peek(&arena->top)) {
        mri_set(self, link, 0);
        mri_set(self, &arena->top, at);
    } else {
        run *merged = mri_at(at);

        mri_set(self, &merged->next, next);
        mri_set(self, &merged->size, size);
        mri_set(self, link, at);
    }
}

/* Give the run in a hand back. */
static void give_run(mri_record *self, mri_arena *arena, unsigned int hand)
{
    mri_latch(self, &arena->latch);
    add_run(self, arena, mri_peek(&self->hands[hand].block),
            mri_peek(&self->hands[hand].size));
    mri_set(self, &self->hands[hand].block, 0);
    mri_commit(self);
    mri_unlatch(self, &arena->latch);
}

static mr_error allocate_run(mri_record *self, mri_segment *segment,
                             mri_arena *arena, uint64_t size, unsigned int hand)
{
    if (size > segment->budget || size > arena->end - arena->start) {
        return MR_ERR_TOO_LARGE;
    }
    return take_run(self, segment, arena, size, hand);
}

/* ---- size classes -------------------------------------------------------- */

/* The latch is held.  From the free list, else from the slab. */
static mri_ref take_small(mri_record *self, mri_class *class, size_t size)
{
    mri_ref at = mri_peek(&class->free);

    if (at) {
        mri_set(self, &class->free, mri_peek((mri_word *)mri_at(at)));
    } else if (mri_peek(&class->bump) < mri_peek(&class->bump_end)) {
        at = mri_peek(&class->bump);
        mri_set(self, &class->bump, at + size);
    }
    return at;
}

static mri_ref allocate_small_once(mri_record *self, mri_class *class,
                                   size_t size, unsigned int hand)
{
    mri_ref at;

    mri_latch(self, &class->latch);
    at = take_small(self, class, size);
    if (at) {
        fill_hand(self, hand, at, size);
        mri_commit(self);
    }
    mri_unlatch(self, &class->latch);
    return at;
}

/* Give the class the slab in the spare hand, unless another was faster. */
static void add_slab(mri_record *self, mri_class *class)
{
    mri_hand *spare = &self->hands[SPARE_HAND];
    bool used = false;

    mri_latch(self, &class->latch);
    if (mri_peek(&class->bump) == mri_peek(&class->bump_end)) {
        mri_ref slab = mri_peek(&spare->block);

        mri_set(self, &class->bump, slab);
        mri_set(self, &class->bump_end, slab + mri_peek(&spare->size));
        mri_set(self, &spare->block, 0);
        mri_commit(self);
        used = true;
    }
    mri_unlatch(self, &class->latch);
    if (!used) {
        mri_release(self, SPARE_HAND);
    }
}

static mr_error allocate_small(mri_record *self, mri_segment *segment,
                               mri_arena *arena, size_t size, unsigned int hand)
{
    unsigned int index = class_for(size);
    mri_class *class = &arena->classes[index];

    while (!allocate_small_once(self, class, class_size(index), hand)) {
        mr_error error = allocate_run(self, segment, arena, SLAB, SPARE_HAND);

        if (error) {
            return MR_ERR_NO_MEMORY;
        }
        add_slab(self, class);
    }
    return MR_OK;
}

static void give_small(mri_record *self, mri_class *class, unsigned int hand)
{
    mri_ref at = mri_peek(&self->hands[hand].block);

    mri_latch(self, &class->latch);
    mri_store((mri_word *)mri_at(at), mri_peek(&class->free));
    mri_set(self, &class->free, at);
    mri_set(self, &self->hands[hand].block, 0);
    mri_commit(self);
    mri_unlatch(self, &class->latch);
}

/* ---- both ---------------------------------------------------------------- */

mr_error mri_allocate(mri_record *self, unsigned int index, mri_pool pool,
                      size_t size, unsigned int hand)
{
    mri_segment *segment = mri_segment_at(index);
    mri_arena *arena = pool == MRI_HEAP ? &segment->heap : &segment->arrays;

    if (mri_fault_allocation()) {
        return MR_ERR_NO_MEMORY;
    }
    if (size > segment->budget) {
        return MR_ERR_TOO_LARGE;
    }
    if (size <= class_size(MRI_CLASSES - 1)) {
        return allocate_small(self, segment, arena, size, hand);
    }
    return allocate_run(self, segment, arena, page_round(size), hand);
}

void mri_release(mri_record *self, unsigned int hand)
{
    mri_ref block = mri_peek(&self->hands[hand].block);
    uint64_t size = mri_peek(&self->hands[hand].size);
    mri_arena *arena;

    if (!block) {
        return;
    }
    arena = arena_of(block);
    if (size <= class_size(MRI_CLASSES - 1)) {
        give_small(self, &arena->classes[class_for(size)], hand);
    } else {
        mri_store(&self->hands[hand].size, page_round(size));
        give_run(self, arena, hand);
    }
}

void mri_hand_over(mri_record *self, unsigned int hand, mri_word *word)
{
    mri_set(self, word, mri_peek(&self->hands[hand].block));
    mri_set(self, &self->hands[hand].block, 0);
}

void mri_take_back(mri_record *self, unsigned int hand, mri_word *word,
                   size_t size)
{
    fill_hand(self, hand, mri_peek(word), size);
    mri_set(self, word, 0);
}

uint64_t mri_arena_used(const mri_arena *arena)
{
    uint64_t used = mri_load(&arena->top) - arena->start;

    for (mri_ref at = mri_load(&arena->runs); at;) {
        const run *free = mri_at(at);

        used -= mri_load(&free->size);
        at = mri_load(&free->next);
    }
    return used;
}
