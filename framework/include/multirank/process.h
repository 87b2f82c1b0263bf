/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Process: an operating-system process, forked by the fork server of a rank.
 *
 * A process sees global variables as they were at mr_init.  It has the
 * default signal actions, /dev/null as stdin, all processors that its rank may
 * use (see MR_BIND), no descriptor that main had opened, and none of the
 * launcher's variables (OMPI_*, PMIX_*).  It must not call MPI.
 *
 * What it prints goes to rank 0, which writes it in whole lines.  Lines of
 * stdio have the order in which they were printed, whichever process printed
 * them; what goes around stdio, into descriptors 1 and 2, keeps its own order.
 * A last line without an end gets one.  Lines of main itself are ordered
 * against those of a process by mr_process_join alone.
 *
 * It ends when its function returns, by exit(), or by a signal.  The first two
 * join the processes that it started itself, terminate its daemons, and flush
 * stdio; only exit() runs handlers of atexit().  Whatever it still holds is
 * passed on as if it had been killed.
 */
#ifndef MULTIRANK_PROCESS_H
#define MULTIRANK_PROCESS_H

#include <multirank/base.h>
#include <multirank/pipe.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_process {
    mr_handle handle;
} mr_process;

/* What a process runs; the return value, modulo 256, is its exit code.  The
 * argument is aligned to 64 bytes. */
typedef int mr_process_function(const void *argument, size_t size);

#define MR_NAME_SIZE 48 /* bytes of a name with its final zero */

/* Zeroed means: all defaults. */
typedef struct mr_process_options {
    const char *name; /* NULL: "Process-N", below the name of the creator */
    bool daemon;      /* terminated, not joined, at the end of its creator */
    int place;        /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: round robin
                         over the ranks of all nodes */
    const mr_pipe_end *ends; /* pipe ends that the process shall hold */
    size_t ends_count;
} mr_process_options;

/**
 * Make a process that will call `function` with a copy of `argument`.  It
 * does not run before mr_process_start.
 *
 * Callers:   any endpoint that is not a daemon and not inside a pool task,
 *            any thread.
 * Blocks:    never on this node; for a rank of another until it has answered.
 * Ownership: `argument`, `options` and what they point to are copied.  The
 *            process holds its pipe ends from now on.  The object lives until
 *            mr_process_destroy or the end of the job.
 * Units:     `size` in bytes.
 * Errors:    MR_ERR_ARGUMENT - process or function is NULL, argument is NULL
 *            with a size, a name too long, a rank that does not exist, a
 *            handle in `ends` that is none of a pipe;
 *            MR_ERR_STATE - no job, a daemon, or a pool task;
 *            MR_ERR_STALE - a pipe in `ends` is gone;
 *            MR_ERR_FUNCTION - `function` lies in no loaded module, or in
 *            the C library, see function.h;
 *            MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE - the segment is full, or
 *            smaller than the argument; MR_ERR_LIMIT - too many objects;
 *            MR_ERR_OWNER_LOST - the rank is lost, also one whose turn it
 *            was: the next call takes the next.
 * Differs:   arguments are bytes by value, not pickled objects; handles may
 *            be among them.  A daemon's children are refused here, not at
 *            start.
 */
MR_CHECKED mr_error mr_process_create(mr_process *process,
                                      mr_process_function *function,
                                      const void *argument, size_t size,
                                      const mr_process_options *options);

/**
 * Start a process: once, and by the endpoint that created it.
 *
 * Callers:   the creator, any thread.
 * Blocks:    until the process exists (well below a millisecond, and the
 *            way to another node).
 * Ownership: unchanged.
 * Units:     none.
 * Errors:    MR_ERR_STATE - started before, or by another endpoint;
 *            MR_ERR_SYSTEM - fork was refused, the log has errno;
 *            MR_ERR_LIMIT - too many processes on that rank;
 *            MR_ERR_FUNCTION - the library of its function cannot be opened
 *            there or is another build, the log names both;
 *            MR_ERR_STALE - destroyed.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_process_start(mr_process process);

/**
 * Wait until a process has ended and its output was written.  May be
 * repeated; a time-out of 0 polls.
 *
 * Callers:   any endpoint but the process itself, any thread.
 * Blocks:    until the process ends, at most `timeout` seconds.
 * Ownership: unchanged.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - it still runs; MR_ERR_STATE - it was not
 *            started, or is the caller; MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE, MR_ERR_CLOSED - destroyed before, meanwhile;
 *            MR_ERR_OWNER_LOST - its rank is lost, and it ends with that.
 * Differs:   a time-out is an error code; anybody may join, not only the
 *            creator.
 */
MR_CHECKED mr_error mr_process_join(mr_process process, double timeout);

/**
 * Tell whether a process was started and has not ended.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *alive is written on success only.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - alive is NULL; MR_ERR_STALE - destroyed.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_process_is_alive(mr_process process, bool *alive);

/**
 * The exit code of an ended process: 0 to 255, or -N when signal N ended it.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *code is written on success only.
 * Units:     none.
 * Errors:    MR_ERR_STATE - it has not ended (Python: None);
 *            MR_ERR_ARGUMENT - code is NULL; MR_ERR_STALE - destroyed.
 * Differs:   "none" is an error code.
 */
MR_CHECKED mr_error mr_process_exit_code(mr_process process, int *code);

/**
 * Ask a process to end: SIGTERM.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the request is with the fork server; not for the end.
 * Ownership: unchanged.
 * Units:     none.
 * Errors:    MR_ERR_STATE - it was not started; MR_ERR_STALE - destroyed.
 *            An ended process is no error.
 * Differs:   what it held is passed on: locks with MR_ERR_HOLDER_DIED.
 */
MR_CHECKED mr_error mr_process_terminate(mr_process process);

/**
 * End a process at once: SIGKILL.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the request is with the fork server; not for the end.
 * Ownership: unchanged.
 * Units:     none.
 * Errors:    MR_ERR_STATE - it was not started; MR_ERR_STALE - destroyed.
 *            An ended process is no error.
 * Differs:   no shared object breaks, whatever it was doing.
 */
MR_CHECKED mr_error mr_process_kill(mr_process process);

/**
 * Forget a process that does not run; its handles become stale.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: frees the object.
 * Units:     none.
 * Errors:    MR_ERR_STATE - it runs; MR_ERR_STALE - destroyed before.
 * Differs:   Python's close().
 */
MR_API mr_error mr_process_destroy(mr_process process);

/**
 * Change whether a process is a daemon; before its start only.
 *
 * Callers:   the creator, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: unchanged.
 * Units:     none.
 * Errors:    MR_ERR_STATE - it was started, or is another endpoint's;
 *            MR_ERR_STALE - destroyed.
 * Differs:   an attribute in Python.
 */
MR_CHECKED mr_error mr_process_set_daemon(mr_process process, bool daemon);

/**
 * Tell whether a process is a daemon.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *daemon is written on success only.
 * Units:     none.
 * Errors:    MR_ERR_ARGUMENT - daemon is NULL; MR_ERR_STALE - destroyed.
 * Differs:   an attribute in Python.
 */
MR_CHECKED mr_error mr_process_daemon(mr_process process, bool *daemon);

/**
 * The name of a process, e.g. "Process-1:2" for the second child of
 * "Process-1".
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: the text is copied into `name`, on success only.
 * Units:     `size` in bytes; MR_NAME_SIZE always suffices.
 * Errors:    MR_ERR_ARGUMENT - name is NULL; MR_ERR_TRUNCATED - size is too
 *            small; MR_ERR_STALE - destroyed.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_process_name(mr_process process, char *name,
                                    size_t size);

/**
 * The operating system's process id.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *pid is written on success only.
 * Units:     valid on the host of the process' rank.
 * Errors:    MR_ERR_STATE - it was not started; MR_ERR_ARGUMENT - pid is
 *            NULL; MR_ERR_STALE - destroyed.
 * Differs:   not at all.
 */
MR_CHECKED mr_error mr_process_pid(mr_process process, int64_t *pid);

/**
 * The process in which the caller runs.
 *
 * Callers:   any process, any thread.
 * Blocks:    never.
 * Ownership: *process is written on success only.
 * Units:     none.
 * Errors:    MR_ERR_STATE - the caller is a rank or outside a job;
 *            MR_ERR_ARGUMENT - process is NULL.
 * Differs:   Python's current_process() also answers in the main process.
 */
MR_CHECKED mr_error mr_process_current(mr_process *process);

#ifdef __cplusplus
}
#endif

#endif
