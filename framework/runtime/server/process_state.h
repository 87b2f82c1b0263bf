/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state that a Process shares with the fork server that runs it.
 */
#ifndef MRI_RUNTIME_SERVER_PROCESS_STATE_H
#define MRI_RUNTIME_SERVER_PROCESS_STATE_H

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
    mri_word creator; /* endpoint; 0: it is the main of its rank */
    mr_handle parent; /* the process of its creator */
    mri_word error;   /* why the last start failed */
    mri_word daemon;
    mri_word next;       /* started with it, as mri_process_link; 0: none */
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

/* Processes that one request starts. */
enum { MRI_STARTS_AT_ONCE = 64 };

/* What is asked of a fork server through its row of requests: to start a
 * process, and those that are linked to it by `next`, or to signal one. */
typedef struct mri_request {
    mr_handle process;
    int signal;      /* 0: start it */
    mri_abort abort; /* status_and_1 is not 0: end with the whole job */
} mri_request;

/* Change the state and wake who waits for that. */
void mri_process_set_state(mri_record *self, mri_object *process,
                           mri_process_state state);

/* Another process of the same rank in one word; 0 for none. */
static inline uint64_t mri_process_link(mr_handle process)
{
    return (uint64_t)process.generation << 32 | process.slot;
}

/* The main of a rank is a process, too, in a row that each segment has from
 * the start. */
static inline mr_handle mri_main_of(unsigned int rank)
{
    return (mr_handle){.owner = rank,
                       .slot = MRI_ROW_MAIN,
                       .generation = 1,
                       .kind = MRI_PROCESS};
}

/* Make that of this rank, as the next row.  MR_ERR_NO_MEMORY. */
mr_error mri_main_format(mri_record *self, unsigned int rank);

/* The main of this rank is over. */
void mri_main_end(void);

/* The process of an endpoint of this node; NULL: it is a fork server. */
mri_object *mri_process_of_endpoint(uint64_t endpoint);

#endif
