/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every object shares: errors, handles, time-outs and placement.
 */
#ifndef MULTIRANK_BASE_H
#define MULTIRANK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * No function may be called from a signal handler, nor by what fork() of the
 * user's own made of a rank or a process: both would change what the
 * interrupted or the original thread is changing.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* A public function; one whose error must be looked at. */
#define MR_API __attribute__((visibility("default")))
#define MR_CHECKED __attribute__((visibility("default"), warn_unused_result))

/*
 * Errors.  0 is success.  Names and texts come from one table, see
 * mr_error_name and mr_error_text.  Values from MR_ERR_USER up are the
 * application's own: a task may return them, the library never does.
 */
typedef enum mr_error {
    MR_OK = 0,
    MR_ERR_ARGUMENT,    /* an argument has no meaning; the log names it */
    MR_ERR_STATE,       /* not allowed now, e.g. started twice */
    MR_ERR_TIMEOUT,     /* the time-out passed first */
    MR_ERR_STALE,       /* the handle's object was destroyed before */
    MR_ERR_CLOSED,      /* closed or destroyed while in use */
    MR_ERR_END_OF_FILE, /* nothing left, and nobody who could send more */
    MR_ERR_NO_MEMORY,   /* the shared segment or the heap is full */
    MR_ERR_TOO_LARGE,   /* can never fit into the shared segment */
    MR_ERR_TRUNCATED,   /* the buffer is too small; nothing was taken */
    MR_ERR_HOLDER_DIED, /* you hold the lock; its last holder died */
    MR_ERR_NOT_HELD,    /* release of a lock that nobody, or another, holds */
    MR_ERR_DIRECTION,   /* the wrong end of a one-way pipe */
    MR_ERR_WORKER_DIED, /* a task ended its worker process */
    MR_ERR_OWNER_LOST,  /* the rank that owns the object is gone */
    MR_ERR_FUNCTION,    /* the function cannot be found at the callee */
    MR_ERR_FAR,         /* the object's memory lies on another node */
    MR_ERR_LIMIT,       /* a table of fixed size is full */
    MR_ERR_SYSTEM,      /* the operating system refused; the log has errno */
    MR_ERR_MPI,         /* MPI refused; the log has its text */
    MR_ERR_USER = 1000  /* first value of the application's own */
} mr_error;

/**
 * The name of an error, e.g. "MR_ERR_TIMEOUT".
 *
 * Callers:   anybody, also before mr_init.
 * Blocks:    never.
 * Ownership: the text is static.
 * Units:     none.
 * Errors:    an unknown value gives "MR_ERR_USER" or "MR_ERR_UNKNOWN".
 * Differs:   Python names exceptions by class.
 */
MR_API const char *mr_error_name(mr_error error);

/**
 * One sentence that says what an error means.
 *
 * Callers:   anybody, also before mr_init.
 * Blocks:    never.
 * Ownership: the text is static.
 * Units:     none.
 * Errors:    an unknown value gives a sentence that says so.
 * Differs:   Python carries the text in the exception.
 */
MR_API const char *mr_error_text(mr_error error);

/*
 * Time-outs are in seconds.  0 asks once and returns; MR_FOREVER (any
 * negative value) waits until it is done, or the object is destroyed.  NaN is
 * MR_ERR_ARGUMENT.  Where the object is on another node they count there, so
 * that the way there and back comes on top.
 */
#define MR_FOREVER (-1.0)

/*
 * Where an object's state lives or a process runs.  0 leaves the choice to
 * the library: the caller's own rank for objects, round robin for processes.
 */
#define MR_PLACE_DEFAULT 0
#define MR_ON_RANK(rank) ((rank) + 1)

/*
 * A handle names a shared object.  It is passed by value, may be copied into
 * arguments and sent through queues, and works at every endpoint of the job.
 * A handle of a destroyed object, of another kind of object, or of nothing
 * gives MR_ERR_STALE, never a crash.  The members are for the library alone.
 */
typedef struct mr_handle {
    uint32_t owner;      /* rank */
    uint32_t slot;       /* place in the owner's table */
    uint32_t generation; /* of that place */
    uint16_t kind;
    uint16_t variant; /* by kind: a side of a pipe, a type of elements */
} mr_handle;

/*
 * The owner of an object is the rank in whose memory it lives.  On the node of
 * its owner a call on the object is a few stores; from another node it travels
 * to the owner, and the caller waits for the answer.  One kind of call may
 * return before that, see mr_queue_put.
 *
 * When the owner has died, or its host has vanished, each call on the object
 * gives MR_ERR_OWNER_LOST, also one that waits already; and so does each that
 * would make something on such a rank.  That holds for all objects, and the
 * contracts say it only where there is more to say.  From another node each
 * call may also give MR_ERR_NO_MEMORY or MR_ERR_LIMIT, when there is no room
 * for it here or there, and MR_ERR_MPI.
 */

#ifdef __cplusplus
}
#endif

#endif
