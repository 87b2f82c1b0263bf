/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Map: the shared state of one batch of an mr_pool_map, and the work on it.
 * A batch is what one node does at once: all of the map, where there is but
 * one node.
 *
 * Each worker has a slot with a range of tasks.  It takes chunks from the
 * front of its own range, and when that is empty steals half of another's
 * from the back (work stealing; Blumofe and Leiserson, J. ACM 46(5), 1999).
 * A range is one word, so both are one compare-exchange; no message and no
 * master is involved.
 *
 * One thread at a time is in a slot.  The thread that fills the batch again is
 * in all of them: see pool/batch_reuse.c.
 */
#ifndef MRI_POOL_WORKER_RUN_H
#define MRI_POOL_WORKER_RUN_H

#include <multirank/pool.h>

#include "engine/object.h"
#include "engine/owned_block.h"
#include "runtime/code/function.h"

/* (first, last + 1) in one word. */
static inline uint64_t mri_range(uint64_t first, uint64_t end)
{
    return first << 32 | end;
}

static inline uint64_t mri_range_first(uint64_t range)
{
    return range >> 32;
}

static inline uint64_t mri_range_end(uint64_t range)
{
    return range & 0xffffffff;
}

/* Is anything left of the range in a word? */
static inline bool mri_range_is_left(const mri_word *word)
{
    uint64_t range = mri_load(word);

    return mri_range_first(range) != mri_range_end(range);
}

typedef struct mri_batch_worker {
    mr_handle mailbox; /* of kind MRI_NONE: the worker is lost */
    uint64_t number;   /* in the pool */
} mri_batch_worker;

typedef struct mri_slot {
    /* Others see these: the tasks that no worker has taken, and the record of
     * the thief that steals from here, or into here. */
    _Alignas(64) mri_word range;
    mri_word thief;
    /* The worker writes these for the reaper. */
    _Alignas(64) mri_word worker; /* record; 0: the slot is empty */
    mri_word done;                /* tasks that ended here, well or not */
    mri_word done_at_claimed;     /* what done was when the claim was made */
    mri_word claimed; /* the range being taken or worked on; 0: none */
    mri_word current; /* 1 + the task that runs; 0: none of the claim */
    mri_word victim;  /* 1 + the slot being stolen from; 0: none */
    mri_word stolen;  /* the range being stolen; 0: none */
    /* With results one by one: a failure that could not be sent, as the worker
     * died or there is no room, until the creator has asked for it; no worker
     * works here again before that. */
    mri_word has_failure;
    mr_task_error failure;
    mri_batch_worker who; /* as the batch was made */
} mri_slot;

/* The detail of an object of kind MRI_BATCH.  No thread
 * changes the fields before `begun` while a worker is in a slot. */
typedef struct mri_batch {
    mri_function_ref function;
    mr_handle pool;
    mr_handle results; /* a mailbox to put each result into, or none */
    uint64_t context_size;
    uint64_t input_size;
    uint64_t output_size;
    uint64_t count;        /* below 2^32 */
    uint64_t first;        /* number of the first task, for the user */
    uint64_t total;        /* tasks of the whole map, for the user */
    uint64_t chunk;        /* 0: chosen */
    uint64_t pool_workers; /* for the user */
    uint64_t workers;      /* slots */
    mri_ref context;
    mri_ref inputs;
    mri_ref outputs;
    bool clear_outputs;
    bool timed;
    /* Not in the lines that the workers read: */
    _Alignas(64) mri_word begun; /* when the first came, in nanoseconds */
    mri_word ended;              /* when the last task had ended */
    mri_word cancelled;   /* begin no more tasks; the last worker destroys it */
    mri_word spawned;     /* see pool/worker/spawned.h; 0: no task was */
    mri_word error_state; /* 0: none; the writer's record; MRI_ERROR_SET */
    mr_task_error error;
    int64_t failed_at; /* in nanoseconds */
    mri_slot slots[];
} mri_batch;

#define MRI_ERROR_SET 1

/* The body: what belongs to the batch, and is freed with it. */
typedef struct mri_batch_body {
    mri_owned_block inputs;
    mri_owned_block outputs;
    mri_owned_block spawned;
    mri_word context; /* a use, see pool/context.h */
    mr_handle setup;  /* the pool, if its workers are to be prepared; else of
                         kind MRI_NONE */
    uint64_t workers;
    uint64_t creator; /* endpoint */
} mri_batch_body;

static inline mri_batch *mri_batch_of(mri_object *object)
{
    return mri_at(mri_peek(&object->detail));
}

static inline mri_batch_body *mri_batch_body_of(mri_object *object)
{
    return (mri_batch_body *)object->body;
}

/* True as long as some slot has tasks that no worker took. */
static inline bool mri_batch_anything_left(mri_batch *batch)
{
    for (uint64_t i = 0; i < batch->workers; i++) {
        if (mri_range_is_left(&batch->slots[i].range)) {
            return true;
        }
    }
    return false;
}

/* Tasks of the batch itself that have ended. */
static inline uint64_t mri_batch_ended(mri_batch *batch)
{
    uint64_t ended = 0;

    for (uint64_t i = 0; i < batch->workers; i++) {
        ended += mri_load(&batch->slots[i].done);
    }
    return ended;
}

/* Enter a slot; false: another is in it. */
static inline bool mri_batch_enter_slot(mri_record *self, mri_slot *slot)
{
    uint64_t nobody = 0;

    return mri_load(&slot->worker) == 0 &&
           mri_cas(&slot->worker, &nobody, mri_ref_of(self));
}

/* Work until nothing is left to take, or *budget tasks have run, which becomes
 * what is left of it; NULL: no limit.  `number` is that of the worker, for the
 * user. */
void mri_batch_run(mri_record *self, mri_object *object, unsigned int slot,
                   unsigned int number, uint64_t *budget);

/* Begin no more tasks; the worker that leaves last destroys the batch.  The
 * caller has entered the object, and has left it on return. */
void mri_batch_stop(mri_record *self, mri_object *object);

/* Leave the slots of a victim and of oneself. */
void mri_batch_leave_as_thief(mri_slot *slot, uint64_t me);

/* Leave the slot and the object, as a worker. */
void mri_batch_leave(mri_record *self, mri_object *object, mri_slot *slot);

/* This thread runs no task of the batch any more. */
void mri_task_forget(const mri_batch *batch);

/* ---- pool/worker/death.c ------------------------------------------------- */

/* The task that runs in the slot will not return: it has failed so, and the
 * rest of its chunk goes back.  error->index is filled in. */
void mri_batch_abandon_task(mri_record *self, mri_batch *batch, mri_slot *slot,
                            mr_task_error *error);

/* A worker died: what it had begun, and what it took, is put right. */
void mri_batch_repair(mri_record *self, mri_object *object, mri_record *dead);

/* Which task it was in. */
void mri_batch_describe_death(mri_object *object, const mri_record *dead,
                              char *text, size_t size);

/* ---- pool/worker/misuse.c ------------------------------------------------ */

/* Notice tasks that end their thread, or return in a process that they have
 * forked.  Once in each rank, before it forks. */
void mri_misuse_begin(void);

/* End here if this process was forked by the task that it has returned from.
 * Any store into the slot does that; this one changes nothing. */
static inline void mri_batch_stop_copy(mri_slot *slot)
{
    mri_store(&slot->current, mri_peek(&slot->current));
}

#endif
