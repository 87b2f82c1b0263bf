/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Place: what a thread knows of the batch that it works on, once it knows that
 * the batch has spawned tasks.
 */
#ifndef MRI_POOL_WORKER_PLACE_H
#define MRI_POOL_WORKER_PLACE_H

#include "pool/worker/failure.h"
#include "pool/worker/spawned.h"

typedef struct mri_place {
    mri_record *self;
    mri_object *object;
    mri_batch *batch;
    mri_slot *slot;
    uint64_t number; /* of the slot */
    mri_spawned *spawned;
    mri_deque *deque;
    unsigned int stolen; /* tasks on the stack */
    unsigned int inside; /* of these, run by a spawn */
    const char *stack;   /* its end */
    mr_task_function *last;
    unsigned int last_number;
    mr_task_function *functions[MRI_SPAWN_FUNCTIONS]; /* in this process */
} mri_place;

/* ---- pool/worker/place.c ------------------------------------------------- */

/* The thread works in that slot of a batch that has spawned tasks. */
mri_place *mri_place_come(mri_record *self, mri_object *object, mri_slot *slot);

/* The calling task has none, and is about to spawn.  NULL with MR_ERR_STATE,
 * MR_ERR_NO_MEMORY. */
mri_place *mri_place_make(const char *caller, mr_error *error);

/* The place of the calling task.  NULL with the errors of mri_place_make. */
static inline mri_place *mri_place_enter(const char *caller, mr_error *error)
{
    *error = MR_OK;
    return mri_task.slot && mri_task.place ? mri_task.place
                                           : mri_place_make(caller, error);
}

/* Tasks are offered, and workers that have left do not know. */
void mri_place_call(mri_place *p);

/* Leave, unless there is something to do after all.  True: the worker leaves.
 */
bool mri_place_leave(mri_place *p);

bool mri_place_anything_offered(const mri_place *p);

/* The number of a function in the batch.  MR_ERR_FUNCTION, MR_ERR_LIMIT. */
mr_error mri_place_number(mri_place *p, mr_task_function *function,
                          unsigned int *number);

/* The function of a frame; NULL: it is not in this process. */
mr_task_function *mri_place_function(mri_place *p, const mri_frame *frame);

/* ---- pool/worker/spawn.c ------------------------------------------------- */

/* A task to be made. */
typedef struct mri_spawn {
    mr_task_function *function;
    const void *input;
    size_t input_size;
    void *output;
    size_t output_size;
    bool detached;   /* nobody waits for it */
    mri_ref context; /* see mri_frame */
    size_t index;
    size_t count;
} mri_spawn;

/* Make one from the task that runs.  MR_ERR_FUNCTION, MR_ERR_LIMIT,
 * MR_ERR_NO_MEMORY, MR_ERR_CANCELLED. */
mr_error mri_place_spawn(mri_place *p, const char *caller, const mri_spawn *s);

/* ---- pool/worker/spawn_run.c --------------------------------------------- */

/* The frame of the task that runs; 0: there is no memory for it, or it has none
 * yet and is not to be given one. */
mri_ref mri_place_current(mri_place *p, bool make);

/* The number of the map's task from which that of the frame descends. */
size_t mri_place_index(const mri_place *p, const mri_frame *frame);

/* Run the newest frame of the own deque; false: none is left. */
bool mri_place_run_newest(mri_place *p);

/* The own deque is full: make room for one. */
void mri_place_make_room(mri_place *p);

/* Run other tasks until all children of the running frame are over, and take
 * their outputs, unless its task has returned.  MR_ERR_CANCELLED; or the first
 * failure, which is written to *error unless that is NULL. */
mr_error mri_place_wait(mri_place *p, mri_frame *frame, bool returned,
                        mr_task_error *error);

#endif
