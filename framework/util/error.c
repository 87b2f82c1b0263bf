/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the names and the texts of all errors: one table for both.
 */
#include <multirank/base.h>

typedef struct row {
    const char *name;
    const char *text;
} row;

#define ROW(error, text) [error] = {#error, text}

static const row rows[] = {
    ROW(MR_OK, "success"),
    ROW(MR_ERR_ARGUMENT, "an argument is wrong; MR_LOG=info names it"),
    ROW(MR_ERR_STATE,
        "the caller may not make this call, or not now; is the job started?"),
    ROW(MR_ERR_TIMEOUT, "the time-out passed first"),
    ROW(MR_ERR_STALE,
        "the handle names no object: it was destroyed, or never was one"),
    ROW(MR_ERR_CLOSED, "the object was closed or destroyed while in use"),
    ROW(MR_ERR_END_OF_FILE,
        "end of file: nothing is left, and no sender is left"),
    ROW(MR_ERR_NO_MEMORY,
        "out of memory; MR_MEMORY sets the shared memory of a rank"),
    ROW(MR_ERR_TOO_LARGE, "this can never fit into the shared segment; "
                          "MR_MEMORY sets its size"),
    ROW(MR_ERR_TRUNCATED, "the buffer is too small; nothing was taken"),
    ROW(MR_ERR_HOLDER_DIED,
        "you hold the lock, but its last holder died: check what it protects"),
    ROW(MR_ERR_NOT_HELD, "the lock is free, or another holds it"),
    ROW(MR_ERR_DIRECTION, "this end of the pipe only works the other way"),
    ROW(MR_ERR_WORKER_DIED, "a task ended its worker process"),
    ROW(MR_ERR_OWNER_LOST, "the rank that owns the object is gone"),
    ROW(MR_ERR_FUNCTION, "the function is not found where it should run: do "
                         "all ranks run the same build?"),
    ROW(MR_ERR_FAR, "the object's memory lies on another node"),
    ROW(MR_ERR_LIMIT, "a table of fixed size is full: too many objects, "
                      "threads or processes"),
    ROW(MR_ERR_SYSTEM, "a system call failed; the log has its error"),
    ROW(MR_ERR_MPI, "an MPI call failed; the log has its text"),
    ROW(MR_ERR_INTERRUPTED, "a signal ended the call"),
    ROW(MR_ERR_BROKEN, "the barrier is broken: a party died, gave up or called "
                       "mr_barrier_abort; mr_barrier_reset makes it whole"),
    ROW(MR_ERR_CANCELLED, "the map was cancelled, or the endpoint that had it "
                          "done has ended"),
};

static const row *find(mr_error error)
{
    static const row user = {"MR_ERR_USER", "an error of the application"};
    static const row unknown = {"MR_ERR_UNKNOWN", "no error has this value"};

    if (error >= MR_ERR_USER) {
        return &user;
    }
    if ((size_t)error >= sizeof rows / sizeof *rows || !rows[error].name) {
        return &unknown;
    }
    return &rows[error];
}

const char *mr_error_name(mr_error error)
{
    return find(error)->name;
}

const char *mr_error_text(mr_error error)
{
    return find(error)->text;
}
