/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the arenas of a segment.
 *
 * Latches: a class alone, an arena alone; the segment's backing latch, and then
 * an arena only if it is free.  The system call that puts memory behind pages
 * may take seconds, so it is made without a latch.  A free block or run holds
 * in its first word the next one, a free run in its second word its size.  No
 * free run touches the top, and all below the top has memory behind it.
 */
#include "memory/allocator.h"

#include <assert.h>

#include "memory/record.h"
#include "memory/segment.h"

enum { SLAB = 64 * 1024, SLAB_HEADER = 64, SPARE_HAND = MRI_OWNED_MAX - 1 };

/* Bytes that are backed, or given back, in one go. */
#define BACKING_STEP ((uint64_t)64 << 20)

/* Slabs of each class, and as much again for batches. */
#define REST_MIN ((uint64_t)2 * MRI_CLASSES * SLAB)

typedef struct run {
    mri_word next;
    mri_word size;
} run;

/* The first bytes of a slab, which lies at a multiple of its size. */
typedef struct slab {
    mri_word next; /* in the list of open ones */
    mri_word previous;
    mri_word free;   /* list of blocks */
    mri_word fresh;  /* blocks behind this many were never used */
    mri_word blocks; /* how many are not free */
} slab;

_Static_assert(sizeof(slab) <= SLAB_HEADER, "blocks begin behind it");

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

    if (block >= segment->reserve.start) {
        return &segment->reserve;
    }
    return block < segment->arrays.start ? &segment->heap : &segment->arrays;
}

static mri_arena *arena_for(mri_segment *segment, mri_pool pool)
{
    switch (pool) {
    case MRI_ARRAYS:
        return &segment->arrays;
    case MRI_RESERVE:
        return &segment->reserve;
    default:
        return &segment->heap;
    }
}

/* ---- memory behind the pages ------------------------------------------- */

/* Bytes above the top of an arena that have memory behind them. */
static uint64_t unused(const mri_arena *arena)
{
    uint64_t top = mri_load(&arena->top);
    uint64_t backed = mri_load(&arena->backed);

    return backed > top ? backed - top : 0;
}

/* Give back up to `size` bytes of what an arena does not use above its top.
 * The backing latch is held, that of the arena is not: a busy arena is left
 * alone. */
static void unback(mri_record *self, mri_segment *segment, mri_arena *arena,
                   uint64_t size)
{
    uint64_t backed;

    if (!mri_latch_if_free(self, &arena->latch)) {
        return;
    }
    backed = mri_peek(&arena->backed);
    if (size > unused(arena)) {
        size = unused(arena);
    }
    if (size) {
        mri_set(self, &segment->backed, mri_peek(&segment->backed) - size);
        mri_set(self, &segment->unbacked, mri_peek(&segment->unbacked) + 1);
        mri_set(self, &arena->backed, backed - size);
        mri_commit(self);
        mri_segment_unback(backed - size, size);
    }
    mri_unlatch(self, &arena->latch);
}

static uint64_t budget_left(const mri_segment *segment)
{
    assert(mri_peek(&segment->backed) <= segment->budget);
    return segment->budget - mri_peek(&segment->backed);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The next step towards `end`: *start and *size say what to back.  0 bytes:
 * there is nothing to do.  The segment's backing latch is held. */
static mr_error plan_step(mri_record *self, mri_segment *segment,
                          mri_arena *arena, mri_ref end, mri_ref *start,
                          uint64_t *size)
{
    mri_arena *other =
        arena == &segment->heap ? &segment->arrays : &segment->heap;
    uint64_t backed = mri_peek(&arena->backed);
    uint64_t all = end > backed ? end - backed : 0;

    *start = backed;
    *size = smaller(all, BACKING_STEP);
    if (all > budget_left(segment) + unused(other)) {
        return MR_ERR_NO_MEMORY;
    }
    if (*size > budget_left(segment)) {
        unback(self, segment, other, *size - budget_left(segment));
    }
    return *size > budget_left(segment) ? MR_ERR_NO_MEMORY : MR_OK;
}

/* Both arenas share the segment's budget.  Backing twice does no harm, so it is
 * done first and counted then, if nobody else has been here meanwhile.  A death
 * in between leaves memory behind pages that are not counted, until they are
 * backed the next time. */
static mr_error back_step(mri_record *self, mri_segment *segment,
                          mri_arena *arena, mri_ref end, bool *done)
{
    mri_ref start;
    uint64_t size;
    uint64_t unbacked;
    mr_error error;

    mri_latch(self, &segment->backing_latch);
    error = plan_step(self, segment, arena, end, &start, &size);
    unbacked = mri_peek(&segment->unbacked);
    mri_unlatch(self, &segment->backing_latch);
    *done = size == 0;
    if (error || *done) {
        return error;
    }
    error = mri_segment_back(start, size);
    if (error) {
        return error;
    }
    mri_latch(self, &segment->backing_latch);
    if (mri_peek(&arena->backed) == start &&
        mri_peek(&segment->unbacked) == unbacked &&
        size <= budget_left(segment)) {
        mri_set(self, &segment->backed, mri_peek(&segment->backed) + size);
        mri_set(self, &arena->backed, start + size);
        mri_commit(self);
    }
    mri_unlatch(self, &segment->backing_latch);
    return MR_OK;
}

/* Move the arena's `backed` to `end` or beyond; no latch of the allocator is
 * held. */
static mr_error back(mri_record *self, mri_segment *segment, mri_arena *arena,
                     mri_ref end)
{
    bool done = end <= mri_load(&arena->backed);
    mr_error error = MR_OK;

    while (!error && !done) {
        error = back_step(self, segment, arena, end, &done);
    }
    return error;
}

/* ---- runs of pages ------------------------------------------------------ */

/* Into an empty hand; a part of a noted change. */
static void fill_hand(mri_record *self, unsigned int slot, mri_ref block,
                      uint64_t size)
{
    assert(mri_peek(&self->owned[slot].block) == 0);
    mri_set(self, &self->owned[slot].size, size);
    mri_set(self, &self->owned[slot].block, block);
}

/* Where a block of `size` fits into [at, end) last, at a multiple of `unit`
 * from the arena's start; 0: nowhere. */
static mri_ref fit(const mri_arena *arena, mri_ref at, mri_ref end,
                   uint64_t size, uint64_t unit)
{
    mri_ref place;

    if (size > end - at) {
        return 0;
    }
    place = arena->start + (end - size - arena->start) / unit * unit;
    return place >= at ? place : 0;
}

/* Cut [place, place + size) out of the free run that `link` refers to. */
static void cut_run(mri_record *self, mri_word *link, mri_ref place,
                    uint64_t size)
{
    mri_ref at = mri_peek(link);
    run *free = mri_at(at);
    mri_ref end = at + mri_peek(&free->size);
    mri_ref next = mri_peek(&free->next);

    if (place + size < end) {
        run *rest = mri_at(place + size);

        mri_store(&rest->next, next);
        mri_store(&rest->size, end - place - size);
        next = place + size;
    }
    if (place > at) {
        mri_set(self, &free->size, place - at);
        link = &free->next;
    }
    if (mri_peek(link) != next) {
        mri_set(self, link, next);
    }
}

/* First fit; from the end of a run, so that its head stays where it is. */
static mri_ref take_from_runs(mri_record *self, mri_arena *arena, uint64_t size,
                              uint64_t unit)
{
    mri_word *link = &arena->runs;

    for (mri_ref at = mri_peek(link); at; at = mri_peek(link)) {
        run *free = mri_at(at);
        mri_ref place = fit(arena, at, at + mri_peek(&free->size), size, unit);

        if (place) {
            cut_run(self, link, place, size);
            return place;
        }
        link = &free->next;
    }
    return 0;
}

/* Above all runs, if there is memory behind it; else *end is how far that is
 * needed.  What is left out below a multiple of `unit` becomes a run. */
static mri_ref take_from_top(mri_record *self, mri_arena *arena, uint64_t size,
                             uint64_t unit, mri_ref *end)
{
    mri_ref top = mri_peek(&arena->top);
    uint64_t gap = (unit - (top - arena->start) % unit) % unit;
    mri_word *link = &arena->runs;

    *end = top + gap + size;
    if (*end > mri_load(&arena->backed)) {
        return 0;
    }
    if (gap) {
        run *rest = mri_at(top);

        while (mri_peek(link)) {
            link = &((run *)mri_at(mri_peek(link)))->next;
        }
        mri_store(&rest->next, 0);
        mri_store(&rest->size, gap);
        mri_set(self, link, top);
    }
    mri_set(self, &arena->top, *end);
    return top + gap;
}

/* MR_OK with *at = 0: memory is needed up to *end first. */
static mr_error take_run_once(mri_record *self, mri_arena *arena, uint64_t size,
                              uint64_t unit, unsigned int slot, mri_ref *at,
                              mri_ref *end)
{
    mri_latch(self, &arena->latch);
    *at = take_from_runs(self, arena, size, unit);
    if (!*at) {
        *at = take_from_top(self, arena, size, unit, end);
    }
    if (*at) {
        assert(*at >= arena->start && *at + size <= arena->end);
        mri_set(self, &arena->taken, mri_peek(&arena->taken) + size);
        fill_hand(self, slot, *at, size);
        mri_commit(self);
    }
    mri_unlatch(self, &arena->latch);
    return *at || *end <= arena->end ? MR_OK : MR_ERR_NO_MEMORY;
}

/* Others may take what was backed for us, and then we back more. */
static mr_error take_run(mri_record *self, mri_segment *segment,
                         mri_arena *arena, uint64_t size, uint64_t unit,
                         unsigned int slot)
{
    mri_ref end = 0;
    mri_ref at;
    mr_error error = take_run_once(self, arena, size, unit, slot, &at, &end);

    while (!error && !at) {
        error = back(self, segment, arena, end);
        if (!error) {
            error = take_run_once(self, arena, size, unit, slot, &at, &end);
        }
    }
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

/* Give the run in an owned slot back. */
static void give_run(mri_record *self, mri_arena *arena, unsigned int slot)
{
    mri_latch(self, &arena->latch);
    assert(mri_peek(&arena->taken) >= mri_peek(&self->owned[slot].size));
    add_run(self, arena, mri_peek(&self->owned[slot].block),
            mri_peek(&self->owned[slot].size));
    mri_set(self, &arena->taken,
            mri_peek(&arena->taken) - mri_peek(&self->owned[slot].size));
    mri_set(self, &self->owned[slot].block, 0);
    mri_commit(self);
    mri_unlatch(self, &arena->latch);
}

/* ---- size classes -------------------------------------------------------- */

static uint64_t capacity(size_t size)
{
    return (SLAB - SLAB_HEADER) / size;
}

static mri_ref slab_of(const mri_arena *arena, mri_ref block)
{
    return block - (block - arena->start) % SLAB;
}

static void open_slab(mri_record *self, mri_class *class, mri_ref ref)
{
    slab *opened = mri_at(ref);
    mri_ref next = mri_peek(&class->open);

    mri_set(self, &opened->next, next);
    mri_set(self, &opened->previous, 0);
    if (next) {
        mri_set(self, &((slab *)mri_at(next))->previous, ref);
    }
    mri_set(self, &class->open, ref);
}

static void close_slab(mri_record *self, mri_class *class, mri_ref ref)
{
    slab *closed = mri_at(ref);
    mri_ref next = mri_peek(&closed->next);
    mri_ref previous = mri_peek(&closed->previous);

    if (next) {
        mri_set(self, &((slab *)mri_at(next))->previous, previous);
    }
    if (previous) {
        mri_set(self, &((slab *)mri_at(previous))->next, next);
    } else {
        mri_set(self, &class->open, next);
    }
}

/* The latch is held.  0: no slab has room. */
static mri_ref take_small(mri_record *self, mri_class *class, size_t size)
{
    mri_ref ref = mri_peek(&class->open);
    slab *from = mri_at(ref);
    mri_ref at;

    if (!ref) {
        return 0;
    }
    at = mri_peek(&from->free);
    if (at) {
        mri_set(self, &from->free, mri_peek((mri_word *)mri_at(at)));
    } else {
        uint64_t fresh = mri_peek(&from->fresh);

        at = ref + SLAB_HEADER + fresh * size;
        mri_set(self, &from->fresh, fresh + 1);
    }
    mri_set(self, &from->blocks, mri_peek(&from->blocks) + 1);
    mri_set(self, &class->blocks, mri_peek(&class->blocks) + 1);
    if (mri_peek(&from->blocks) == capacity(size)) {
        close_slab(self, class, ref);
    }
    return at;
}

static mri_ref allocate_small_once(mri_record *self, mri_class *class,
                                   size_t size, unsigned int slot)
{
    mri_ref at;

    mri_latch(self, &class->latch);
    at = take_small(self, class, size);
    if (at) {
        fill_hand(self, slot, at, size);
        mri_commit(self);
    }
    mri_unlatch(self, &class->latch);
    return at;
}

/* Give the class the slab in the spare hand. */
static void add_slab(mri_record *self, mri_class *class)
{
    mri_owned *spare = &self->owned[SPARE_HAND];
    mri_ref ref = mri_peek(&spare->block);
    slab *added = mri_at(ref);

    mri_store(&added->free, 0);
    mri_store(&added->fresh, 0);
    mri_store(&added->blocks, 0);
    mri_latch(self, &class->latch);
    open_slab(self, class, ref);
    mri_set(self, &class->slabs, mri_peek(&class->slabs) + 1);
    mri_set(self, &spare->block, 0);
    mri_commit(self);
    mri_unlatch(self, &class->latch);
}

/* An empty slab leaves its class, into an owned slot. */
static void remove_slab(mri_record *self, mri_class *class, mri_ref ref,
                        unsigned int slot)
{
    close_slab(self, class, ref);
    mri_set(self, &class->slabs, mri_peek(&class->slabs) - 1);
    mri_set(self, &self->owned[slot].size, SLAB);
    mri_set(self, &self->owned[slot].block, ref);
}

/* The block in an owned slot goes back to its slab.  When that is empty then,
 * and not the only open one, it takes the block's place in the hand: true. */
static bool give_small(mri_record *self, mri_arena *arena, unsigned int number,
                       unsigned int slot)
{
    mri_class *class = &arena->classes[number];
    mri_ref at = mri_peek(&self->owned[slot].block);
    mri_ref ref = slab_of(arena, at);
    slab *to = mri_at(ref);
    bool empty;

    mri_latch(self, &class->latch);
    if (mri_peek(&to->blocks) == capacity(class_size(number))) {
        open_slab(self, class, ref);
    }
    mri_store((mri_word *)mri_at(at), mri_peek(&to->free));
    mri_set(self, &to->free, at);
    mri_set(self, &to->blocks, mri_peek(&to->blocks) - 1);
    mri_set(self, &class->blocks, mri_peek(&class->blocks) - 1);
    empty = mri_peek(&to->blocks) == 0 &&
            (mri_peek(&to->next) || mri_peek(&to->previous));
    if (empty) {
        remove_slab(self, class, ref, slot);
    } else {
        mri_set(self, &self->owned[slot].block, 0);
    }
    mri_commit(self);
    mri_unlatch(self, &class->latch);
    return empty;
}

/* The latch is held: an empty slab, or 0. */
static mri_ref find_empty(mri_class *class)
{
    mri_ref ref = mri_peek(&class->open);

    while (ref && mri_peek(&((slab *)mri_at(ref))->blocks) != 0) {
        ref = mri_peek(&((slab *)mri_at(ref))->next);
    }
    return ref;
}

/* Give back the empty slabs that classes keep for their next block. */
static void trim(mri_record *self, mri_arena *arena)
{
    for (unsigned int i = 0; i < MRI_CLASSES; i++) {
        mri_class *class = &arena->classes[i];
        mri_ref empty;

        do {
            mri_latch(self, &class->latch);
            empty = find_empty(class);
            if (empty) {
                remove_slab(self, class, empty, SPARE_HAND);
                mri_commit(self);
            }
            mri_unlatch(self, &class->latch);
            if (empty) {
                give_run(self, arena, SPARE_HAND);
            }
        } while (empty);
    }
}

/* ---- both ---------------------------------------------------------------- */

/* An eighth; in small segments at least the slabs that a few maps need. */
uint64_t mri_rest(const mri_segment *segment, mri_pool pool)
{
    uint64_t rest = segment->budget / 8;

    if (rest < REST_MIN) {
        rest = smaller(REST_MIN, segment->budget / 2);
    }
    switch (pool) {
    case MRI_QUEUE_ITEMS:
        return rest;
    case MRI_PIPE_ITEMS:
        return rest / 2;
    default:
        return 0;
    }
}

/* May such memory take a run of that size now?  Judged where a run is taken
 * alone, so that small items have nothing to count; two that ask at the same
 * time may both be right, and go beyond by one run. */
static bool may_take(const mri_segment *segment, mri_pool pool, uint64_t size)
{
    uint64_t rest = mri_rest(segment, pool);

    return rest == 0 || mri_load(&segment->heap.taken) +
                                mri_load(&segment->arrays.taken) + size +
                                rest <=
                            segment->budget;
}

static mr_error allocate_run(mri_record *self, mri_segment *segment,
                             mri_pool pool, uint64_t size, uint64_t unit,
                             unsigned int slot)
{
    mri_arena *arena = arena_for(segment, pool);
    mr_error error = MR_ERR_NO_MEMORY;

    if (size > segment->budget - mri_rest(segment, pool) ||
        size > arena->end - arena->start) {
        return MR_ERR_TOO_LARGE;
    }
    if (may_take(segment, pool, size)) {
        error = take_run(self, segment, arena, size, unit, slot);
    }
    if (error == MR_ERR_NO_MEMORY) {
        trim(self, &segment->heap);
        trim(self, &segment->arrays);
        trim(self, &segment->reserve);
        if (may_take(segment, pool, size)) {
            error = take_run(self, segment, arena, size, unit, slot);
        }
    }
    return error;
}

static mr_error allocate_small(mri_record *self, mri_segment *segment,
                               mri_pool pool, size_t size, unsigned int slot)
{
    unsigned int index = class_for(size);
    mri_class *class = &arena_for(segment, pool)->classes[index];

    while (!allocate_small_once(self, class, class_size(index), slot)) {
        if (allocate_run(self, segment, pool, SLAB, SLAB, SPARE_HAND)) {
            return MR_ERR_NO_MEMORY;
        }
        add_slab(self, class);
    }
    return MR_OK;
}

mr_error mri_allocate(mri_record *self, unsigned int index, mri_pool pool,
                      size_t size, unsigned int slot)
{
    mri_segment *segment = mri_segment_at(index);

    assert(mri_peek(&self->owned[slot].block) == 0);
    if (mri_fault_allocation()) {
        return MR_ERR_NO_MEMORY;
    }
    if (size > segment->budget) {
        return MR_ERR_TOO_LARGE;
    }
    if (size <= class_size(MRI_CLASSES - 1)) {
        return allocate_small(self, segment, pool, size, slot);
    }
    return allocate_run(self, segment, pool, page_round(size), MRI_PAGE, slot);
}

void mri_owned_free(mri_record *self, unsigned int slot)
{
    mri_ref block = mri_peek(&self->owned[slot].block);
    uint64_t size = mri_peek(&self->owned[slot].size);
    mri_arena *arena;

    if (!block) {
        return;
    }
    arena = arena_of(block);
    if (size <= class_size(MRI_CLASSES - 1)) {
        if (!give_small(self, arena, class_for(size), slot)) {
            return;
        }
    } else {
        mri_store(&self->owned[slot].size, page_round(size));
    }
    give_run(self, arena, slot);
}

void mri_owned_move(mri_record *self, unsigned int slot, mri_word *word)
{
    mri_set(self, word, mri_peek(&self->owned[slot].block));
    mri_set(self, &self->owned[slot].block, 0);
}

void mri_owned_take(mri_record *self, unsigned int slot, mri_word *word,
                    size_t size)
{
    fill_hand(self, slot, mri_peek(word), size);
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
    for (unsigned int i = 0; i < MRI_CLASSES; i++) {
        const mri_class *class = &arena->classes[i];

        used -= mri_load(&class->slabs) * SLAB;
        used += mri_load(&class->blocks) * class_size(i);
    }
    return used;
}
