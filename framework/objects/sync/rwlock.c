/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns RWLock: many readers, or one writer.
 *
 * Neither side starves the other.  While a writer waits no new reader enters;
 * when a writer releases, the readers that waited at that moment enter before
 * the next writer (phase-fair; Brandenburg and Anderson, ECRTS 2009).  `phase`
 * counts releases of writers; `passes` is the number of those readers.
 *
 * A row of `readers` is a thread that reads, with how often.
 */
#include <multirank/rwlock.h>

#include <assert.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/create.h"
#include "objects/holders.h"
#include "objects/kinds.h"
#include "util/log.h"

enum { READ = 0, WRITE, RELEASE, TRIES };

/* Readers wait in list 0, writers in list 1. */
enum { READERS = 0, WRITERS };

typedef struct rwlock_body {
    mri_holders readers; /* its latch is the lock's */
    mri_word reading;    /* rows in use */
    mri_word writer;     /* endpoint id; 0: none */
    mri_word thread;     /* the writer's record */
    mri_word died;       /* the last writer, and no other has come since */
    mri_word phase;
    mri_word passes;
    mri_word waiting_readers;
    mri_word waiting_writers;
} rwlock_body;

_Static_assert(sizeof(rwlock_body) <= MRI_BODY, "fits into a row");

/* What a waiter notes: a writer, or a reader and the phase in which it came. */
enum { NOTE_WRITER = 1, NOTE_READER = 2, PHASE_SHIFT = 2 };

static rwlock_body *body_of(mri_object *object)
{
    return (rwlock_body *)object->body;
}

static void step(mri_record *self, mri_word *word, int by)
{
    assert(by > 0 || mri_peek(word) > 0);
    mri_set(self, word, mri_peek(word) + (uint64_t)(int64_t)by);
}

static mr_error success(const rwlock_body *l)
{
    return mri_peek(&l->died) ? MR_ERR_HOLDER_DIED : MR_OK;
}

/* ---- readers ------------------------------------------------------------- */

static bool has_pass(const rwlock_body *l, uint64_t note)
{
    return note && note >> PHASE_SHIFT < mri_peek(&l->phase);
}

static bool may_read(const rwlock_body *l, uint64_t note, bool reads)
{
    return !mri_peek(&l->writer) &&
           (reads || !mri_peek(&l->waiting_writers) || has_pass(l, note));
}

/* A part of a noted change: it waits no longer. */
static void stop_waiting(mri_record *self, mri_object *object,
                         mri_record *waiter)
{
    rwlock_body *l = body_of(object);
    uint64_t note = mri_peek(&waiter->wait_state);

    if (!note) {
        return;
    }
    if (note == NOTE_WRITER) {
        step(self, &l->waiting_writers, -1);
    } else {
        step(self, &l->waiting_readers, -1);
        if (has_pass(l, note)) {
            step(self, &l->passes, -1);
        }
    }
    mri_wait_note(self, waiter, object, 0);
}

static mr_error begin_to_read(mri_record *self, mri_object *object,
                              mri_holder *row)
{
    rwlock_body *l = body_of(object);
    mr_error error;

    if (row) {
        mri_set(self, &row->times, mri_peek(&row->times) + 1);
    } else {
        error = mri_holders_room(self, object, &l->readers, &row);
        if (error) {
            return error;
        }
        mri_store(&row->role, mri_ref_of(self)); /* nobody's until it has id */
        mri_store(&row->times, 1);
        mri_set(self, &row->id, mri_peek(&self->owner));
        step(self, &l->reading, 1);
    }
    stop_waiting(self, object, self);
    mri_commit(self);
    return success(l);
}

static void wait_to_read(mri_record *self, mri_object *object)
{
    rwlock_body *l = body_of(object);

    if (!mri_peek(&self->wait_state)) {
        step(self, &l->waiting_readers, 1);
        mri_wait_note(self, self, object,
                      mri_peek(&l->phase) << PHASE_SHIFT | NOTE_READER);
        mri_commit(self);
    }
}

static mri_holder *my_row(const mri_record *self, const rwlock_body *l)
{
    return mri_peek(&l->reading)
               ? mri_holders_find(&l->readers, mri_peek(&self->owner),
                                  mri_ref_of(self))
               : NULL;
}

static mr_error try_read(mri_record *self, mri_object *object, mri_call *call)
{
    rwlock_body *l = body_of(object);
    uint64_t note = mri_peek(&self->wait_state);
    mri_holder *row;
    mr_error error = MRI_WOULD_BLOCK;

    call->list = READERS;
    if (note && !may_read(l, note, false)) {
        return MRI_WOULD_BLOCK;
    }
    mri_may_hold(self);
    mri_latch(self, &l->readers.latch);
    row = my_row(self, l);
    if (may_read(l, note, row != NULL)) {
        error = begin_to_read(self, object, row);
    } else {
        wait_to_read(self, object);
    }
    mri_unlatch(self, &l->readers.latch);
    if (mri_peek(&self->owned[0].block)) {
        mri_give_back(self, 0); /* the table that has become too small */
    }
    return error;
}

/* ---- writers ------------------------------------------------------------- */

static mr_error begin_to_write(mri_record *self, mri_object *object)
{
    rwlock_body *l = body_of(object);
    mr_error error = success(l);

    mri_set(self, &l->writer, mri_peek(&self->owner));
    mri_set(self, &l->thread, mri_ref_of(self));
    mri_set(self, &l->died, 0);
    stop_waiting(self, object, self);
    mri_commit(self);
    return error;
}

static bool may_write(const rwlock_body *l)
{
    return !mri_peek(&l->writer) && !mri_peek(&l->reading) &&
           !mri_peek(&l->passes);
}

static mr_error try_write(mri_record *self, mri_object *object, mri_call *call)
{
    rwlock_body *l = body_of(object);
    mr_error error = MRI_WOULD_BLOCK;

    call->list = WRITERS;
    if (mri_peek(&self->wait_state) && !may_write(l)) {
        return MRI_WOULD_BLOCK;
    }
    mri_may_hold(self);
    mri_latch(self, &l->readers.latch);
    if (may_write(l)) {
        error = begin_to_write(self, object);
    } else if (!mri_peek(&self->wait_state)) {
        step(self, &l->waiting_writers, 1);
        mri_wait_note(self, self, object, NOTE_WRITER);
        mri_commit(self);
    }
    mri_unlatch(self, &l->readers.latch);
    return error;
}

/* ---- release ------------------------------------------------------------- */

/* A part of a noted change: the readers that wait now are the next. */
static void end_writing(mri_record *self, rwlock_body *l)
{
    mri_set(self, &l->writer, 0);
    mri_set(self, &l->thread, 0);
    step(self, &l->phase, 1);
    mri_set(self, &l->passes, mri_peek(&l->waiting_readers));
}

static void end_reading(mri_record *self, rwlock_body *l, mri_holder *row)
{
    mri_set(self, &row->id, 0);
    step(self, &l->reading, -1);
}

/* End a change: commit it, free the latch, and wake those who may enter now. */
static void commit_and_wake(mri_record *self, mri_object *object)
{
    rwlock_body *l = body_of(object);
    bool readers;
    bool writer;

    mri_commit(self);
    readers = !mri_peek(&l->writer) &&
              (mri_peek(&l->passes) || !mri_peek(&l->waiting_writers));
    writer = may_write(l);
    mri_unlatch(self, &l->readers.latch);
    if (readers) {
        mri_wake_all(self, object, READERS);
    }
    if (writer) {
        mri_wake(self, object, WRITERS);
    }
}

static mr_error try_release(mri_record *self, mri_object *object,
                            mri_call *call)
{
    rwlock_body *l = body_of(object);
    mr_error error = MR_OK;
    mri_holder *row;

    (void)call;
    mri_latch(self, &l->readers.latch);
    row = my_row(self, l);
    if (row && mri_peek(&row->times) > 1) {
        mri_set(self, &row->times, mri_peek(&row->times) - 1);
    } else if (row) {
        end_reading(self, l, row);
    } else if (mri_peek(&l->writer) == mri_peek(&self->owner) &&
               mri_peek(&l->thread) == mri_ref_of(self)) {
        end_writing(self, l);
    } else {
        error = MR_ERR_NOT_HELD;
    }
    commit_and_wake(self, object);
    return error;
}

/* ---- ends ---------------------------------------------------------------- */

static mr_error abandon(mri_record *self, mri_object *object,
                        mri_record *waiter, mr_error why)
{
    rwlock_body *l = body_of(object);

    mri_latch(self, &l->readers.latch);
    stop_waiting(self, object, waiter);
    commit_and_wake(self, object);
    return why;
}

static void forget(mri_record *self, mri_object *object, const mri_gone *gone)
{
    rwlock_body *l = body_of(object);
    mri_holder *row;

    mri_latch(self, &l->readers.latch);
    while ((row = mri_holders_find_gone(&l->readers, gone)) != NULL) {
        end_reading(self, l, row);
        mri_commit(self);
    }
    if (mri_is_gone(gone, mri_peek(&l->writer))) {
        end_writing(self, l);
        mri_set(self, &l->died, 1);
    }
    commit_and_wake(self, object);
}

static void dispose(mri_record *self, mri_object *object)
{
    mri_holders_dispose(self, object, &body_of(object)->readers);
}

static mr_error create(mri_record *self, unsigned int index, mri_call *call,
                       mr_handle *handle)
{
    mri_object *object = NULL;
    mr_error error = mri_object_build(self, index, MRI_RWLOCK, &object);

    (void)call;
    if (!error) {
        error = mri_holders_format(self, object, &body_of(object)->readers);
    }
    if (error) {
        mri_object_abandon(self, object);
        return error;
    }
    *handle = mri_object_publish(self, object);
    return MR_OK;
}

static mri_try *const tries[] = {
    [READ] = try_read, [WRITE] = try_write, [RELEASE] = try_release};

const mri_kind_ops mri_rwlock_ops = {.name = "reader-writer lock",
                                     .kind = MRI_RWLOCK,
                                     .tries = tries,
                                     .count = TRIES,
                                     .create = create,
                                     .dispose = dispose,
                                     .abandon = abandon,
                                     .forget = forget};

mr_error mr_rwlock_create(mr_rwlock *lock, const mr_rwlock_options *options)
{
    mri_call call = {0};

    return mri_create_at(&mri_rwlock_ops, options ? options->place : 0, &call,
                         "mr_rwlock_create", "lock",
                         lock ? &lock->handle : NULL);
}

static mr_error operate(mr_rwlock lock, unsigned int operation, double timeout)
{
    mri_call call = {0};

    return mri_operate(&mri_rwlock_ops, lock.handle, operation, &call, timeout);
}

mr_error mr_rwlock_acquire_read(mr_rwlock lock, double timeout)
{
    return operate(lock, READ, timeout);
}

mr_error mr_rwlock_acquire_write(mr_rwlock lock, double timeout)
{
    return operate(lock, WRITE, timeout);
}

mr_error mr_rwlock_release(mr_rwlock lock)
{
    return operate(lock, RELEASE, 0);
}

mr_error mr_rwlock_destroy(mr_rwlock lock)
{
    return mri_destroy(&mri_rwlock_ops, lock.handle);
}
