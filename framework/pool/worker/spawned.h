/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Spawned tasks: those that tasks of a batch make while they run.
 *
 * Each is a frame in memory of the batch.  Each slot of the batch has a deque
 * of frames that have not begun.  Its worker puts new ones at the bottom and
 * takes the newest.  It offers the oldest to the other workers, which steal
 * them one by one (work stealing; Blumofe and Leiserson, J. ACM 46(5), 1999).
 * When a deque is full its worker runs the newest inside the task that has made
 * it, and when such tasks are deep it spills those that nobody waits for.
 * What is not offered needs no atomic operation (split deque; Dinan and
 * others, SC 2009).
 *
 * The batch has ended when all its own tasks have and each deque has seen as
 * many ends as there were spawns.
 *
 * A worker may die at any store.  Then the frames that it ran have failed, and
 * its deque is offered whole.  What has not been linked yet, or not been freed
 * yet, is lost until the batch is destroyed with all its memory.
 */
#ifndef MRI_POOL_WORKER_SPAWNED_H
#define MRI_POOL_WORKER_SPAWNED_H

#include <assert.h>

#include "pool/worker/run.h"

enum {
    MRI_RING = 1024, /* frames in a deque, a power of two */
    MRI_FRAME_CLASSES = 42,
    MRI_FRAME_BLOCKS = 32,   /* of memory, for the frames of a slot */
    MRI_SPAWN_FUNCTIONS = 64 /* different ones in a batch */
};

/* The frame of a task of the batch itself has no function. */
enum { MRI_NO_FUNCTION = 0xffff };

/* The context of a task is that of its batch, or it has none. */
enum { MRI_CONTEXT_OF_BATCH = 0, MRI_CONTEXT_NONE = 1 };

enum {
    MRI_FRAME_READY = 0,
    MRI_FRAME_RUNS,
    MRI_FRAME_OVER,
    MRI_FRAME_OVER_WITH_CHILDREN /* that are under way: see `holders` */
};

typedef struct mri_frame {
    _Alignas(64) mri_word state;
    mri_word below;  /* what its worker ran before; before it runs: what number
                        it has among the spawns of its deque */
    mri_word parent; /* 0: nobody waits for it */
    mri_word children;  /* those that were not waited for, a list */
    mri_word sibling;   /* the next in such a list */
    mri_word spawned;   /* children, ever */
    mri_word ended;     /* of these, in the slot of this frame */
    mri_word elsewhere; /* and in others */
    mri_word returned;
    mri_word holders; /* after that: children under way, and who frees it */
    mri_word failure; /* the first of a child, see mri_failure; 0: none */
    uint16_t function;
    uint16_t class;
    uint32_t runner; /* its slot, once it runs */
    uint64_t mark;   /* the deque's bottom, when it began to run */
    uint64_t failed_index;
    mri_ref context; /* a frame with its bytes, or MRI_CONTEXT_... */
    uint64_t index;  /* for the user */
    uint64_t count;
    uint64_t input_size;
    uint64_t output_size;
    void *output;                       /* where its parent wants it */
    _Alignas(16) unsigned char bytes[]; /* the input; at the next multiple of 16
                                           the output */
} mri_frame;

/* A failure in one word: a frame whose bytes are an mr_task_error; or the code
 * alone; or the slot whose deque holds the error of its dead worker. */
static inline uint64_t mri_failure_of_code(mr_error code)
{
    return (uint64_t)code << 2 | 1;
}

static inline uint64_t mri_failure_of_death(uint64_t slot)
{
    return slot << 2 | 2;
}

typedef struct mri_deque {
    /* Positions in the ring that others may steal, as a range.  Positions
     * count on and on. */
    _Alignas(64) mri_word offered;
    mri_word thief;   /* record */
    mri_word away;    /* its worker has left and has to be called */
    mri_word latch;   /* of `spilled`, and of what others change in frames that
                         run here */
    mri_word spilled; /* frames without a parent for which the ring had no room,
                         a list */

    /* The worker's own. */
    _Alignas(64) mri_word bottom; /* position behind the newest */
    mri_word running;             /* the frame that runs; 0: none */
    mri_word spawned;
    mri_word ended;
    mri_word ending; /* what `ended` is about to become */
    mri_word coming; /* the frame that is being put in */
    mri_word victim; /* 1 + the slot being stolen from; 0: none */
    mri_word stolen; /* see mri_stolen; 0: none */
    mri_word free[MRI_FRAME_CLASSES];
    mri_word fresh; /* memory that was never a frame, and its end */
    mri_word fresh_end;
    mri_owned_block blocks[MRI_FRAME_BLOCKS];
    mr_task_error death; /* how the last worker that died here failed */
    _Alignas(64) mri_word ring[MRI_RING];
} mri_deque;

/* Of a batch: what body->spawned refers to. */
typedef struct mri_spawned {
    mri_word anybody_away;
    mri_word latch; /* of the functions */
    mri_word functions_count;
    mri_function_ref functions[MRI_SPAWN_FUNCTIONS];
    mri_deque deques[]; /* for each slot */
} mri_spawned;

static inline size_t mri_spawned_size(uint64_t workers)
{
    return sizeof(mri_spawned) + workers * sizeof(mri_deque);
}

/* NULL: no task has spawned any. */
static inline mri_spawned *mri_spawned_of(mri_batch *batch)
{
    mri_ref ref = mri_load(&batch->spawned);

    return ref ? mri_at(ref) : NULL;
}

/* A worker leaves its slot: it is called when there is something to steal. */
static inline void mri_spawned_leave(mri_batch *batch, const mri_slot *slot)
{
    mri_spawned *spawned = mri_spawned_of(batch);

    mri_swap(&spawned->deques[slot - batch->slots].away, 1);
    mri_swap(&spawned->anybody_away, 1);
}

static inline mri_frame *mri_frame_at(mri_ref ref)
{
    return mri_at(ref);
}

static inline size_t mri_frame_output(size_t input_size)
{
    return (input_size + 15) & ~(size_t)15;
}

/* As one that nobody has used. */
static inline void mri_frame_clear(mri_frame *frame)
{
    mri_store(&frame->state, MRI_FRAME_READY);
    mri_store(&frame->children, 0);
    mri_store(&frame->spawned, 0);
    mri_store(&frame->ended, 0);
    mri_store(&frame->elsewhere, 0);
    mri_store(&frame->returned, 0);
    mri_store(&frame->failure, 0);
}

/* ---- pool/worker/frames.c ------------------------------------------------ */

/* Sizes are 192 and 256, times the powers of two. */
static inline size_t mri_frame_class_size(unsigned int class)
{
    return (size_t)(class % 2 ? 256 : 192) << class / 2;
}

mri_ref mri_frame_make(mri_record *self, mri_object *object, mri_deque *deque,
                       unsigned int class);

/* Gives memory for a frame that has so many bytes behind its head, and sets the
 * class of the frame.  0: there is no memory. */
static inline mri_ref mri_frame_allocate(mri_record *self, mri_object *object,
                                         mri_deque *deque, size_t bytes)
{
    size_t size = offsetof(mri_frame, bytes) + bytes;
    unsigned int class = 0;
    mri_ref ref;

    while (mri_frame_class_size(class) < size &&
           class < MRI_FRAME_CLASSES - 1) {
        class ++;
    }
    ref = mri_peek(&deque->free[class]);
    if (__builtin_expect(!ref, 0)) {
        return mri_frame_class_size(class) < size
                   ? 0
                   : mri_frame_make(self, object, deque, class);
    }
    mri_store(&deque->free[class], mri_peek(&mri_frame_at(ref)->below));
    return ref;
}

static inline void mri_frame_free(mri_deque *deque, mri_ref ref)
{
    mri_frame *frame = mri_frame_at(ref);

    assert(frame->class < MRI_FRAME_CLASSES);
    mri_store(&frame->below, mri_peek(&deque->free[frame->class]));
    mri_store(&deque->free[frame->class], ref);
}

/* ---- pool/worker/deque.c ------------------------------------------------- */

static inline mri_word *mri_deque_place(mri_deque *deque, uint64_t position)
{
    return &deque->ring[position % MRI_RING];
}

/* Positions wrap around at 32 bits. */
static inline uint32_t mri_deque_count(uint64_t first, uint64_t end)
{
    return (uint32_t)end - (uint32_t)first;
}

/* The position that is being stolen, in a word that is not 0. */
static inline uint64_t mri_stolen(uint64_t position)
{
    return (uint64_t)1 << 32 | (uint32_t)position;
}

/* Is there room for another, beside that which was stolen last? */
static inline bool mri_deque_has_room(mri_deque *deque)
{
    uint64_t first = mri_range_first(mri_load(&deque->offered));

    return mri_deque_count(first, mri_peek(&deque->bottom)) < MRI_RING - 1;
}

/* Offer the older half of what is not offered; nothing is.  True: something
 * was. */
bool mri_deque_offer(mri_deque *deque);

static inline bool mri_deque_offer_if_none(mri_deque *deque)
{
    return __builtin_expect(!mri_range_is_left(&deque->offered), 0) &&
           mri_deque_offer(deque);
}

/* Put in a frame whose fields are set; true: others may steal now what they
 * could not before. */
static inline bool mri_deque_push(mri_deque *deque, mri_ref frame)
{
    uint64_t bottom = mri_peek(&deque->bottom);
    uint64_t number = mri_peek(&deque->spawned) + 1;

    assert(mri_deque_has_room(deque));
    mri_store(&mri_frame_at(frame)->below, number);
    mri_store(&deque->coming, frame);
    mri_store(&deque->spawned, number);
    mri_store(mri_deque_place(deque, bottom), frame);
    mri_store(&deque->bottom, (uint32_t)(bottom + 1));
    mri_store(&deque->coming, 0);
    return mri_deque_offer_if_none(deque);
}

/* Take the newer half of what is offered back; false: nothing is. */
bool mri_deque_take_back(mri_deque *deque);

/* Take the newest, which becomes the running one; 0: none is left.  *offers as
 * mri_deque_push gives it. */
static inline mri_ref mri_deque_pop(mri_deque *deque, bool *offers)
{
    uint64_t bottom = mri_peek(&deque->bottom);
    mri_ref frame;

    *offers = false;
    if (mri_range_end(mri_peek(&deque->offered)) == bottom &&
        !mri_deque_take_back(deque)) {
        return 0;
    }
    frame = mri_peek(mri_deque_place(deque, bottom - 1));
    mri_store(&mri_frame_at(frame)->below, mri_peek(&deque->running));
    mri_store(&deque->running, frame);
    mri_store(&deque->bottom, (uint32_t)(bottom - 1));
    *offers = mri_deque_offer_if_none(deque);
    return frame;
}

/* Steal one from another deque, which becomes the running one. */
mri_ref mri_deque_steal(mri_record *self, mri_spawned *spawned, uint64_t slots,
                        uint64_t own);

/* The running frame, which has not begun and has no parent, waits where any
 * worker may take it. */
void mri_deque_spill(mri_record *self, mri_deque *deque);

/* Take one that waits so, which becomes the running one; 0: none does. */
mri_ref mri_deque_take_spilled(mri_record *self, mri_deque *own,
                               mri_deque *from);

/* Have all spawned tasks of the batch ended? */
bool mri_deques_are_done(const mri_spawned *spawned, uint64_t slots);

/* Its worker is dead: finish what it had begun, and offer all frames. */
void mri_deque_repair(mri_spawned *spawned, mri_deque *deque, uint64_t dead);

/* Have all tasks of a batch ended, and all that they have spawned?  So many of
 * the batch itself have: that is asked first, as these spawn no more then. */
static inline bool mri_batch_is_over(mri_batch *batch, uint64_t ended)
{
    const mri_spawned *spawned;

    if (ended != batch->count) {
        return false;
    }
    spawned = mri_spawned_of(batch);
    return !spawned || mri_deques_are_done(spawned, batch->workers);
}

/* ---- pool/worker/family.c ------------------------------------------------ */

/* A frame's task has returned: of its children those that are over are freed.
 * True: some are not. */
bool mri_frame_returned(mri_record *self, mri_spawned *spawned, uint64_t slot,
                        mri_frame *frame);

/* The running frame, which has returned, is over.  False: it has no parent that
 * could be told of the failure. */
bool mri_frame_over(mri_record *self, mri_spawned *spawned, uint64_t slot,
                    bool has_children, uint64_t failure);

/* What a failure means; its memory is freed. */
mr_task_error mri_failure_take(mri_spawned *spawned, uint64_t slot,
                               uint64_t failure);

/* Free the children of a frame, all of which are over. */
void mri_frame_free_children(mri_record *self, mri_spawned *spawned,
                             uint64_t slot, mri_frame *frame);

/* Nobody but its children needs a frame any more. */
void mri_frame_drop(mri_record *self, mri_spawned *spawned, uint64_t slot,
                    mri_ref frame);

/* ---- pool/worker/spawn_run.c --------------------------------------------- */

/* The task of the batch that runs in the slot has returned: wait for those that
 * it has spawned.  The first failure of these, or MR_ERR_CANCELLED. */
mr_error mri_spawned_finish(mri_record *self, mri_object *object,
                            mri_slot *slot);

/* Run the spawned tasks of the own deque. */
void mri_spawned_run_own(mri_record *self, mri_object *object, mri_slot *slot);

/* Run spawned tasks of any deque; true: tasks of the batch itself may be left,
 * too; false: nothing is to be done now, and the worker is called when there
 * is. */
bool mri_spawned_run(mri_record *self, mri_object *object, mri_slot *slot);

/* ---- pool/worker/spawn_death.c ------------------------------------------- */

/* The task that runs in the slot will not return, nor those that wait below it
 * on its stack. */
void mri_spawned_abandon(mri_record *self, mri_batch *batch, mri_slot *slot,
                         const mr_task_error *error);

/* Free all memory of the frames. */
void mri_spawned_dispose(mri_record *self, mri_object *object);

#endif
