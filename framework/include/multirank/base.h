/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Errors, handles, time-outs and placement, which all objects share.
 */
#ifndef MULTIRANK_BASE_H
#define MULTIRANK_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * An endpoint is a part of the job that may call the library: main on rank 0, a
 * process, or a task of a pool.
 *
 * Do not call any function from a signal handler, or in a child of your own
 * fork(): the call could change memory in the middle of a change by the thread
 * that was interrupted or copied.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* A public function; a public function whose error must be checked. */
#define MR_API __attribute__((visibility("default")))
#define MR_CHECKED __attribute__((visibility("default"), warn_unused_result))

/*
 * Errors.  0 is success.  Names and texts come from one table, see
 * mr_error_name and mr_error_text.  Values from MR_ERR_USER up are the
 * application's own: a task may return them, the library never does.
 */
typedef enum mr_error {
    MR_OK = 0,
    MR_ERR_ARGUMENT,    /* an argument is wrong; MR_LOG=info names it */
    MR_ERR_STATE,       /* not allowed now, e.g. started twice */
    MR_ERR_TIMEOUT,     /* the time-out passed first */
    MR_ERR_STALE,       /* the object was destroyed before, or never was one */
    MR_ERR_CLOSED,      /* closed or destroyed while in use */
    MR_ERR_END_OF_FILE, /* nothing is left, and nothing more can come */
    MR_ERR_NO_MEMORY,   /* the shared memory of a rank, or the heap, is full */
    MR_ERR_TOO_LARGE,   /* it can never fit into the shared segment */
    MR_ERR_TRUNCATED,   /* the buffer is too small; nothing was taken */
    MR_ERR_HOLDER_DIED, /* you hold the lock, but its last holder died */
    MR_ERR_NOT_HELD,    /* the lock to release is free, or another's */
    MR_ERR_DIRECTION,   /* the wrong end of a one-way pipe */
    MR_ERR_WORKER_DIED, /* a task ended its worker, e.g. by a crash */
    MR_ERR_OWNER_LOST,  /* the rank that owns the object is gone */
    MR_ERR_FUNCTION,    /* the function is not found where it should run */
    MR_ERR_FAR,         /* the object's memory lies on another node */
    MR_ERR_LIMIT,       /* too many objects, threads or processes */
    MR_ERR_SYSTEM,      /* a system call failed; the log has its error */
    MR_ERR_MPI,         /* an MPI call failed; the log has its text */
    MR_ERR_INTERRUPTED, /* the hook of mr_set_interrupt ended the call */
    MR_ERR_BROKEN,      /* a party of the barrier died or gave up */
    MR_ERR_CANCELLED,   /* the map was cancelled, or its endpoint has ended */
    MR_ERR_USER = 1000  /* first value of the application's own */
} mr_error;

/**
 * The name of an error, e.g. "MR_ERR_TIMEOUT".  A value from MR_ERR_USER up
 * gives "MR_ERR_USER", any other unknown value "MR_ERR_UNKNOWN".
 *
 * Callers:   any thread, also before mr_init.
 * Blocks:    never.
 * Ownership: the text is static.
 * Differs:   Python names exceptions by their classes.
 */
MR_API const char *mr_error_name(mr_error error);

/**
 * One sentence that says what an error means.  An unknown value gives a
 * sentence that says so.
 *
 * Callers:   any thread, also before mr_init.
 * Blocks:    never.
 * Ownership: the text is static.
 * Differs:   Python keeps the text in the exception.
 */
MR_API const char *mr_error_text(mr_error error);

/*
 * Time-outs are in seconds.  0 tries once and returns.  MR_FOREVER, like any
 * negative value, waits without a limit.  NaN is MR_ERR_ARGUMENT.  For an
 * object of another node the owner measures the time, so the way there and back
 * comes on top.
 */
#define MR_FOREVER (-1.0)

/*
 * The place of an object or a process.  With 0 the library chooses: the
 * caller's own rank for an object, the ranks in turn for processes.
 */
#define MR_PLACE_DEFAULT 0
#define MR_ON_RANK(rank) ((rank) + 1)

/*
 * A handle names a shared object.  It is passed by value, may be copied into
 * arguments and sent through queues, and works at every endpoint of the job.
 * A handle of a destroyed object, of another kind of object, or a zeroed one
 * gives MR_ERR_STALE.  Do not use the members.
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
 * the owner a call on the object takes a few stores.  From another node the
 * call travels to the owner, and the caller waits for the answer; mr_queue_put
 * and mr_pipe_send may return earlier.
 *
 * When the owner is lost, because it has died or its host has vanished, every
 * call on the object gives MR_ERR_OWNER_LOST, also a call that waits already.
 * A rank that was only stopped for longer than MR_PATIENCE is taken for lost,
 * too.  When it goes on, MPI may still read or write the buffer of a call of
 * more than 64 KiB that was under way to it: the log says so, and the caller
 * keeps that buffer until the end of the job.
 * A call that creates an object on a lost rank gives the same error.  A call
 * from another node may also give MR_ERR_NO_MEMORY or MR_ERR_LIMIT, if one of
 * the two sides has no room for it, and MR_ERR_MPI.  Outside a job a call gives
 * MR_ERR_STATE, and also in a thread for which there is no room: 4,096 threads
 * of a rank and its processes can use the library at the same time.  The
 * contracts repeat these errors only where there is more to say.
 */

#ifdef __cplusplus
}
#endif

#endif
