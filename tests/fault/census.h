/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A census of shared memory: what is in use, to the byte, and that nothing
 * is left half done.  A death may leave free blocks in other lists than they
 * were in, but it loses none.
 *
 * What the fork servers still do after a join is done soon: a census is
 * repeated until it is right, or a time limit has passed.
 */
#ifndef FAULT_CENSUS_H
#define FAULT_CENSUS_H

#include "mpi/support.h"

#include "engine/object.h"
#include "memory/allocator.h"
#include "memory/record.h"
#include "memory/segment.h"

typedef struct census {
    uint64_t heap;   /* bytes in blocks that are not free */
    uint64_t arrays; /* the same of the other arena */
    uint64_t records;
    uint64_t objects[MRI_KINDS];
} census;

/* What is unfinished, or NULL. */
static const char *unfinished;

/* ---- counting ------------------------------------------------------------ */

static inline uint64_t in_blocks(mri_arena *arena)
{
    mri_record *self = mri_self();
    uint64_t bytes;

    mri_latch(self, &arena->latch);
    bytes = mri_arena_used(arena);
    mri_unlatch(self, &arena->latch);
    return bytes;
}

static inline void count_objects(mri_segment *segment, census *all)
{
    for (uint64_t i = 0; i < mri_load(&segment->objects.used); i++) {
        mri_object *object = mri_table_row(&segment->objects, i);
        uint64_t identity = mri_load(&object->identity);

        if (mri_identity_state(identity) != MRI_FREE) {
            all->objects[mri_identity_kind(identity)]++;
        }
    }
}

static inline void count_records(mri_record *record, void *user)
{
    census *all = user;

    (void)record;
    all->records++;
}

static inline census take_census(void)
{
    census all;

    memset(&all, 0, sizeof all);
    for (unsigned int i = 0; i < mri_node.count; i++) {
        mri_segment *segment = mri_segment_at(i);

        all.heap += in_blocks(&segment->heap);
        all.arrays += in_blocks(&segment->arrays);
        count_objects(segment, &all);
        mri_records_visit(i, count_records, &all);
    }
    return all;
}

/* ---- nothing half done --------------------------------------------------- */

/* Free records as well: the next thread that takes one finds it as it is. */
static inline void look_at_record(const mri_record *record)
{
    for (unsigned int i = 0; i < MRI_OWNED_MAX; i++) {
        if (mri_load(&record->owned[i].block)) {
            unfinished = "a block is in an owned slot";
        }
    }
    for (unsigned int i = 0; i < MRI_HELD_MAX; i++) {
        if (mri_load(&record->held[i])) {
            unfinished = "a record holds a latch";
        }
    }
    if (mri_load(&record->notes) || mri_load(&record->intent_word)) {
        unfinished = "a change is not committed";
    }
    if (mri_load(&record->building)) {
        unfinished = "an object is being made or unmade";
    }
    if (mri_load(&record->owner) == 0 && mri_load(&record->active)) {
        unfinished = "a free record is inside a call";
    }
    for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
        if (mri_load(&record->owner) == 0 &&
            (mri_load(&record->inline_waits[i].list) ||
             mri_load(&record->inline_waits[i].object))) {
            unfinished = "a free record waits";
        }
    }
}

static inline void look_at_arena(const mri_arena *arena)
{
    if (mri_load(&arena->latch)) {
        unfinished = "the latch of an arena is taken";
    }
    for (unsigned int i = 0; i < MRI_CLASSES; i++) {
        if (mri_load(&arena->classes[i].latch)) {
            unfinished = "the latch of a size class is taken";
        }
    }
}

static inline void look_at_segment(mri_segment *segment)
{
    if (mri_load(&segment->backing_latch)) {
        unfinished = "the backing latch is taken";
    }
    if (mri_load(&segment->objects_latch)) {
        unfinished = "the latch of the objects is taken";
    }
    look_at_arena(&segment->heap);
    look_at_arena(&segment->arrays);
    for (uint64_t i = 0; i < mri_load(&segment->objects.used); i++) {
        mri_object *object = mri_table_row(&segment->objects, i);

        if (mri_load(&object->wait_latch)) {
            unfinished = "the latch of an object's waiters is taken";
        }
        if (mri_identity_state(mri_load(&object->identity)) == MRI_BUILDING ||
            mri_identity_state(mri_load(&object->identity)) == MRI_DYING) {
            unfinished = "an object is half made";
        }
    }
    for (uint64_t i = 0; i < mri_load(&segment->records.used); i++) {
        look_at_record(mri_table_row(&segment->records, i));
    }
}

static inline bool all_finished(void)
{
    unfinished = NULL;
    for (unsigned int i = 0; i < mri_node.count; i++) {
        look_at_segment(mri_segment_at(i));
    }
    return !unfinished;
}

static inline bool census_equal(const census *a, const census *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- the check ----------------------------------------------------------- */

/* All is as it was before, and nothing is left half done. */
static inline bool check_census(const census *before)
{
    double end = mrt_now() + 3 * mrt_scale();
    census now;
    bool good = true;

    for (;;) {
        now = take_census();
        good = all_finished();
        if ((good && census_equal(&now, before)) || mrt_now() > end) {
            break;
        }
        mrt_pause();
    }
    if (!good) {
        MRT_FAIL("%s", unfinished);
    }
    good &= MRT_EQUAL(now.heap, before->heap);
    good &= MRT_EQUAL(now.arrays, before->arrays);
    good &= MRT_EQUAL(now.records, before->records);
    for (unsigned int i = 0; i < MRI_KINDS; i++) {
        if (now.objects[i] != before->objects[i]) {
            good = MRT_FAIL("%s objects: %llu, not %llu",
                            mri_ops_of((mri_kind)i)->name,
                            (unsigned long long)now.objects[i],
                            (unsigned long long)before->objects[i]);
        }
    }
    return good;
}

#endif
