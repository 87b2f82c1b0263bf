/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this folder share: the operations on a process, what the
 * creator sends, and what the questions bring back.
 */
#ifndef MRI_OBJECTS_PROCESS_CALLS_H
#define MRI_OBJECTS_PROCESS_CALLS_H

#include "objects/process/process.h"

#include "engine/operation.h"
#include "objects/kinds.h"
#include "runtime/server/process_state.h"

enum {
    MRI_PROCESS_START = MRI_PROCESS_SAID_ALL + 1, /* of the main of a rank */
    MRI_PROCESS_JOIN,
    MRI_PROCESS_LOOK,
    MRI_PROCESS_NAME,
    MRI_PROCESS_SET_DAEMON,
    MRI_PROCESS_FORGET,
    MRI_PROCESS_TRIES
};

/* What a process is made of, but its argument.  It is sent as far as the names
 * go. */
typedef struct mri_process_spec {
    mri_function_ref function;
    mri_process_role role;
    mr_handle parent;
    bool daemon;
    char names[2 * MR_NAME_SIZE]; /* as in its detail */
} mri_process_spec;

/* What MRI_PROCESS_LOOK brings back. */
typedef struct mri_process_look {
    mri_process_state state;
    bool daemon;
    bool mine;    /* the caller has made it */
    bool is_main; /* of a rank */
    mr_error error;
    int64_t pid;
    int64_t status;
} mri_process_look;

static inline mri_process_state mri_process_state_of(mri_object *object)
{
    return (mri_process_state)mri_load(&mri_process_of(object)->state);
}

/* Has the thread made it? */
static inline bool mri_process_is_mine(const mri_record *self,
                                       mri_object *object)
{
    return mri_load(&mri_process_of(object)->creator) == mri_load(&self->owner);
}

/* Is it the main of a rank? */
static inline bool mri_process_is_main(mri_object *object)
{
    return mri_load(&mri_process_of(object)->creator) == 0;
}

static inline mr_error mri_process_operate(mr_process process,
                                           unsigned int operation,
                                           mri_call *call, double timeout)
{
    return mri_operate(mri_ops_of(MRI_PROCESS), process.handle, operation, call,
                       timeout);
}

static inline mr_error mri_process_look_at(mr_process process,
                                           mri_process_look *look)
{
    mri_call call = {.out = look, .out_size = sizeof *look};

    return mri_process_operate(process, MRI_PROCESS_LOOK, &call, 0);
}

/* The try function of MRI_PROCESS_START, see start.c. */
mri_try mri_process_try_start;

/* Ask the fork server of a process to start it (0), or to send it a signal. */
mr_error mri_process_request(mr_handle process, int number);

/* The caller's own processes: it has made one, has destroyed one.
 * MR_ERR_NO_MEMORY. */
mr_error mri_process_remember(mr_process process);
void mri_process_no_longer_own(mr_process process);

/* A copy for free(), in the order of their creation but for those that moved up
 * to the places of destroyed ones; NULL: there is no memory. */
mr_process *mri_process_own_all(size_t *count);

/* The one with this number among them; false: there are not as many. */
bool mri_process_own(size_t number, mr_process *process);

#endif
