/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the tables of objects.  Latch: the segment's objects_latch, held for
 * a few stores and never together with another.
 */
#include "engine/object.h"

#include <assert.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "util/clock.h"
#include "util/log.h"

static const mri_kind_ops no_ops = {.name = "nothing"};
static const mri_kind_ops memory_ops = {.name = "memory", .kind = MRI_MEMORY};
const mri_kind_ops *mri_kinds[MRI_KINDS] = {
    [MRI_NONE] = &no_ops,
    [MRI_MEMORY] = &memory_ops,
    [MRI_MEMORY + 1 ... MRI_KINDS - 1] = &no_ops,
};

bool mri_enter_with_barrier;

void mri_objects_begin(void)
{
    mri_enter_with_barrier =
        syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0,
                0) != 0;
}

void mri_kind_register(const mri_kind_ops *ops)
{
    assert(ops->kind > MRI_NONE && ops->kind < MRI_KINDS && ops->tries);
    assert(ops->ready || !ops->ready_list);
    mri_kinds[ops->kind] = ops;
}

static mri_segment *segment_of(const mri_object *object)
{
    return mri_segment_at(mri_segment_of(mri_ref_of(object)));
}

mr_handle mri_handle_of(mri_object *object)
{
    uint64_t identity = mri_load(&object->identity);
    mri_segment *segment = segment_of(object);

    return (mr_handle){
        .owner = (uint32_t)segment->rank,
        .slot = (uint32_t)((mri_ref_of(object) - segment->objects.rows) /
                           MRI_OBJECT_SIZE),
        .generation = (uint32_t)(identity >> 32),
        .kind = (uint16_t)mri_identity_kind(identity),
    };
}

static void set_state(mri_record *self, mri_object *object, mri_kind kind,
                      unsigned int state, uint64_t more_generations)
{
    uint64_t generation = (mri_peek(&object->identity) >> 32);

    generation = (generation + more_generations) & 0xffffffff;
    mri_set(self, &object->identity,
            generation << 32 | (uint64_t)kind << 16 | state);
}

/* The end of one object may bring another's with it: `building` is the last
 * of a chain, which goes on in the rows.  A part of a noted change. */
static void begin_work(mri_record *self, mri_object *object)
{
    mri_set(self, &object->outer, mri_peek(&self->building));
    mri_set(self, &self->building, mri_ref_of(object));
}

/* Of a row that was never used.  Generations of users' objects begin at a
 * number that nobody can guess, so that a damaged handle names none of them;
 * those of the runtime's rows are known to all. */
static uint64_t first_identity(const mri_segment *segment, uint64_t row)
{
    return row < MRI_ROWS ? 0 : segment->first_generation << 32;
}

/* A free row, from the list or the end of the table; the latch is held. */
static mr_error take_row(mri_record *self, mri_segment *segment,
                         mri_object **object)
{
    uint64_t row = mri_peek(&segment->objects_free);
    mr_error error = MR_OK;

    if (row) {
        *object = mri_table_row(&segment->objects, row);
        mri_set(self, &segment->objects_free, mri_peek(&(*object)->next_free));
        return MR_OK;
    }
    row = mri_peek(&segment->objects.used);
    if (row == mri_peek(&segment->objects.backed)) {
        error = mri_table_grow(&segment->objects);
    }
    if (!error) {
        *object = mri_table_row(&segment->objects, row);
        mri_store(&(*object)->identity, first_identity(segment, row));
        mri_set(self, &segment->objects.used, row + 1);
    }
    return error;
}

mr_error mri_object_build(mri_record *self, unsigned int index, mri_kind kind,
                          mri_object **result)
{
    mri_segment *segment = mri_segment_at(index);
    mri_object *object = NULL;
    mr_error error;

    if (mri_fault_allocation()) {
        return MR_ERR_NO_MEMORY;
    }
    mri_latch(self, &segment->objects_latch);
    error = take_row(self, segment, &object);
    if (!error) {
        /* While the row is still free: the thread that unmakes it after our
         * death must not take for blocks what its last user left. */
        mri_store(&object->detail, 0);
        memset(object->body, 0, sizeof object->body);
        set_state(self, object, kind, MRI_BUILDING, 1);
        begin_work(self, object);
        mri_commit(self);
    }
    mri_unlatch(self, &segment->objects_latch);
    if (error) {
        return mri_fail(
            error, MR_LOG_WARNING,
            "rank %u has no room for another object: %s; destroy some, or "
            "create it on another rank",
            (unsigned int)segment->rank, mr_error_text(error));
    }
    *result = object;
    return MR_OK;
}

mr_handle mri_object_publish(mri_record *self, mri_object *object)
{
    uint64_t identity = mri_peek(&object->identity);

    assert(mri_identity_state(identity) == MRI_BUILDING);
    assert(mri_peek(&self->building) == mri_ref_of(object));
    mri_store(&object->identity, identity - MRI_BUILDING + MRI_LIVE);
    mri_store(&self->building, 0); /* nothing is made inside something else */
    return mri_handle_of(object);
}

void mri_object_detail(mri_record *self, mri_object *object)
{
    assert(mri_peek(&self->owned[0].block) && !mri_peek(&object->detail));
    mri_latch(self, &object->wait_latch);
    mri_owned_move(self, 0, &object->detail);
    mri_commit(self);
    mri_unlatch(self, &object->wait_latch);
}

void mri_object_free(mri_record *self, mri_object *object, mri_word *word,
                     size_t size)
{
    assert(!mri_peek(&self->owned[0].block));
    if (!mri_peek(word)) {
        return;
    }
    mri_latch(self, &object->wait_latch);
    mri_owned_take(self, 0, word, size);
    mri_commit(self);
    mri_unlatch(self, &object->wait_latch);
    mri_give_back(self, 0);
}

/* Nobody uses it any more: free its blocks, then its row. */
static void dispose(mri_record *self, mri_object *object)
{
    mri_segment *segment = segment_of(object);
    mri_ref outer = mri_peek(&object->outer);
    const mri_kind_ops *ops =
        mri_ops_of(mri_identity_kind(mri_peek(&object->identity)));

    assert(mri_identity_state(mri_peek(&object->identity)) == MRI_BUILDING ||
           mri_identity_state(mri_peek(&object->identity)) == MRI_DYING);
    assert(mri_peek(&self->building) == mri_ref_of(object));
    if (ops->dispose) {
        ops->dispose(self, object);
    }
    mri_latch(self, &segment->objects_latch);
    mri_set(self, &object->next_free, mri_peek(&segment->objects_free));
    mri_set(self, &segment->objects_free,
            (mri_ref_of(object) - segment->objects.rows) / MRI_OBJECT_SIZE);
    set_state(self, object, MRI_NONE, MRI_FREE, 0);
    mri_set(self, &self->building, outer);
    mri_commit(self);
    mri_unlatch(self, &segment->objects_latch);
}

void mri_object_abandon(mri_record *self, mri_object *object)
{
    if (object) {
        mri_owned_free(self, 0);
        dispose(self, object);
    }
}

typedef struct user_search {
    mri_ref object;
    const mri_record *except;
    bool found;
} user_search;

static void look_for_user(mri_record *record, void *user)
{
    user_search *search = user;

    if (record != search->except && !mri_load(&record->gone) &&
        (mri_load(&record->active) == search->object ||
         mri_load(&record->second) == search->object ||
         mri_load(&record->working) == search->object)) {
        search->found = true;
    }
}

/* Wait until no call is inside; false after two seconds. */
static bool drain(mri_record *self, mri_object *object)
{
    mri_kind kind = mri_identity_kind(mri_peek(&object->identity));
    int64_t end = mri_now() + 2000000000;
    user_search search = {.object = mri_ref_of(object), .except = self};

    /* For the caller itself the latches of the eviction are barriers. */
    if (!mri_is_brief(kind)) {
        syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
    }
    for (unsigned int round = 0;; round++) {
        search.found = false;
        for (unsigned int i = 0; i < mri_node.count; i++) {
            mri_records_visit(i, look_for_user, &search);
        }
        if (!search.found) {
            return true;
        }
        if (mri_now() > end) {
            return false;
        }
        if (round < 100) {
            sched_yield();
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
            if (mri_stalled) {
                mri_stalled();
            }
        }
    }
}

/* The state is MRI_DYING and `building` says that it is our work. */
static void unmake(mri_record *self, mri_object *object)
{
    mri_wait_evict(self, object);
    if (!drain(self, object)) {
        mri_log(
            MR_LOG_WARNING,
            "a %s was destroyed while a stopped process is inside a call on "
            "it; its memory stays unused until the job ends",
            mri_ops_of(mri_identity_kind(mri_peek(&object->identity)))->name);
        mri_store(&self->building, mri_peek(&object->outer));
        return;
    }
    dispose(self, object);
}

mr_error mri_object_destroy(mr_handle handle, mri_kind kind)
{
    mri_record *self = mri_self();
    mri_object *object = mri_row(handle);
    mri_segment *segment;
    bool mine;

    if (!self) {
        return MR_ERR_STATE;
    }
    if (!object || handle.kind != kind) {
        return MR_ERR_STALE;
    }
    segment = segment_of(object);
    mri_latch(self, &segment->objects_latch);
    mine = mri_load(&object->identity) == mri_identity(handle);
    if (mine) {
        set_state(self, object, kind, MRI_DYING, 0);
        begin_work(self, object);
        mri_commit(self);
    }
    mri_unlatch(self, &segment->objects_latch);
    if (!mine) {
        return MR_ERR_STALE;
    }
    unmake(self, object);
    return MR_OK;
}

/* The object goes from the dead one's chain to the end of ours by one noted
 * change: should we die, too, it stands in exactly one of them. */
static void take_over_work(mri_record *self, mri_record *dead,
                           mri_object *object)
{
    mri_segment *segment = segment_of(object);
    mri_ref outer = mri_peek(&object->outer);

    mri_latch(self, &segment->objects_latch);
    begin_work(self, object);
    mri_set(self, &dead->building, outer);
    mri_commit(self);
    mri_unlatch(self, &segment->objects_latch);
}

void mri_objects_repair(mri_record *self, mri_record *dead)
{
    mri_ref ref;

    while ((ref = mri_load(&dead->building)) != 0) {
        mri_object *object = mri_at(ref);

        if (mri_identity_state(mri_load(&object->identity)) == MRI_LIVE) {
            mri_store(&dead->building, 0); /* its maker died right after */
            return;
        }
        take_over_work(self, dead, object);
        unmake(self, object);
    }
}

/* Its memory is not used again, so nobody has to leave. */
void mri_objects_lose(mri_record *self, unsigned int index)
{
    mri_segment *segment = mri_segment_at(index);

    for (uint64_t i = 0; i < mri_load(&segment->objects.used); i++) {
        mri_object *object = mri_table_row(&segment->objects, i);
        uint64_t identity = mri_load(&object->identity);

        if (mri_identity_state(identity) == MRI_LIVE) {
            mri_swap(&object->identity, identity - MRI_LIVE + MRI_DYING);
            mri_wait_evict(self, object);
        }
    }
}

mr_error mri_objects_format(mri_record *self, unsigned int index)
{
    mri_object *object;
    mr_error error = mri_object_build(self, index, MRI_MEMORY, &object);

    if (!error) {
        mri_object_publish(self, object);
    }
    return error;
}

uint64_t mri_objects_in_use(unsigned int segment)
{
    mri_table *table = &mri_segment_at(segment)->objects;
    uint64_t used = mri_load(&table->used);
    uint64_t count = 0;

    for (uint64_t i = 0; i < used; i++) {
        mri_object *object = mri_table_row(table, i);

        count += mri_identity_state(mri_load(&object->identity)) != MRI_FREE;
    }
    return count;
}

void mri_objects_visit(unsigned int segment,
                       void (*visit)(mri_object *object, void *user),
                       void *user)
{
    mri_table *table = &mri_segment_at(segment)->objects;
    uint64_t used = mri_load(&table->used);
    mri_record *self = mri_self();
    uint64_t active = mri_peek(&self->active);

    for (uint64_t i = 0; i < used; i++) {
        mri_object *object = mri_table_row(table, i);
        uint64_t identity = mri_load(&object->identity);

        if (mri_identity_state(identity) != MRI_LIVE) {
            continue;
        }
        mri_be_active(self, mri_ref_of(object), true);
        if (mri_load(&object->identity) == identity) {
            visit(object, user);
        }
        mri_store(&self->active, active);
    }
}
