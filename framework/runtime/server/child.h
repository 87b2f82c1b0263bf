/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Children: processes as the fork server sees them, the state that a Process
 * shares with it, and what a child does first and last.
 */
#ifndef MRI_RUNTIME_SERVER_CHILD_H
#define MRI_RUNTIME_SERVER_CHILD_H

#include <multirank/process.h>

#include <string.h>

#include "engine/object.h"
#include "runtime/code/function.h"
#include "runtime/job/abort.h"

typedef enum mri_process_state {
    MRI_CREATED = 0,
    MRI_STARTING, /* its request is, or will be, with the server */
    MRI_RUNNING,
    MRI_ENDING, /* dead; its output is not written yet */
    MRI_ENDED,
    MRI_FORGOTTEN /* being destroyed */
} mri_process_state;

/* The body of an object of kind MRI_PROCESS.  Waiters for a change of state
 * are in list 0. */
typedef struct mri_process_body {
    mri_word state;
    mri_word pid;
    mri_word status;  /* exit code, as int64_t */
    mri_word creator; /* endpoint */
    mri_word error;   /* why the last start failed */
    mri_word daemon;
    mri_word printed;    /* something of it is on the way to rank 0 */
    uint64_t holds;      /* an mri_ranks: where something is held for it */
    uint64_t workers;    /* with it, that do tasks on its rank; 0: it is none */
    uint64_t names_size; /* bytes of both */
    uint64_t argument_size;
} mri_process_body;

/* Its detail: what it runs, its name and its path ("1:2"), each with a zero at
 * its end, then the argument. */
typedef struct mri_process_detail {
    mri_function_ref function;
    char names[];
} mri_process_detail;

static inline mri_process_body *mri_process_of(mri_object *object)
{
    return (mri_process_body *)object->body;
}

static inline mri_process_detail *mri_process_detail_of(mri_object *object)
{
    return mri_at(mri_peek(&object->detail));
}

static inline const char *mri_process_name_of(mri_object *object)
{
    return mri_process_detail_of(object)->names;
}

static inline const char *mri_process_path_of(mri_object *object)
{
    const char *name = mri_process_name_of(object);

    return name + strlen(name) + 1;
}

/* Where the argument lies in the detail: aligned to 64. */
static inline size_t mri_process_argument_at(const mri_process_body *body)
{
    return (offsetof(mri_process_detail, names) + body->names_size + 63) &
           ~(size_t)63;
}

/* The one operation on a process that this layer calls: all that it printed
 * is written. */
enum { MRI_PROCESS_SAID_ALL = 0 };

/* What is asked of a fork server through its row of requests. */
typedef struct mri_request {
    mr_handle process;
    int signal;      /* 0: start it */
    mri_abort abort; /* status_and_1 is not 0: end with the whole job */
} mri_request;

/* Change the state and wake who waits for that. */
void mri_process_set_state(mri_record *self, mri_object *process,
                           mri_process_state state);

/* The end of an endpoint: join its processes, terminate its daemons.  Set by
 * the layer above, called by rank 0 and by each child that ends by itself. */
extern void (*mri_at_endpoint_end)(void);

/* The process in which the caller runs; NULL in a rank. */
mri_object *mri_this_process(void);

/* In the new process: become the endpoint, run the function, end. */
_Noreturn void mri_child_run(mri_object *process, uint64_t endpoint,
                             mr_process_function *function,
                             const int output[2]);

/* Registered with atexit: the end of a child that called exit(). */
void mri_child_at_exit(void);

#endif
