/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Process: an operating-system process, forked by the fork server of a rank.
 *
 * A process sees global variables as they were at mr_init.  It starts with the
 * default signal actions, with /dev/null as stdin, on all processors that its
 * rank may use (see MR_BIND), without the descriptors that main had opened, and
 * without the launcher's variables (OMPI_*, PMIX_*).  It must not call MPI.
 *
 * Its output goes to rank 0, which writes whole lines.  Lines that processes
 * print through stdio come in the order in which they were printed.  Output
 * that goes directly to descriptors 1 and 2 keeps its own order only.  A last
 * line without a newline gets one.  After mr_process_join all lines of a
 * process stand before the next line of main; there is no other order between
 * main and a process.
 *
 * A process ends when its function returns, by exit(), or by a signal.  The
 * first two join the processes that it started itself, terminate its daemons
 * and flush stdio; only exit() runs handlers of atexit().  In all three cases
 * the locks and pipe ends that it still holds pass on.
 */
#ifndef MULTIRANK_PROCESS_H
#define MULTIRANK_PROCESS_H

#include <multirank/base.h>
#include <multirank/pipe.h>
#include <multirank/queue.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_process {
    mr_handle handle;
} mr_process;

/* The function of a process.  Its return value, modulo 256, is the exit code.
 * The argument is aligned to 64 bytes. */
typedef int mr_process_function(const void *argument, size_t size);

#define MR_NAME_SIZE 256 /* bytes of a name with its final zero */

/* Zeroed means: all defaults. */
typedef struct mr_process_options {
    const char *name; /* NULL: "Process-N", below the name of the creator */
    bool daemon;      /* terminated, not joined, at the end of its creator */
    int place;        /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: round robin
                         over the ranks of all nodes */
    const mr_pipe_end *ends; /* pipe ends that the process will hold */
    size_t ends_count;
    const mr_queue *producer_of; /* queues that count it as a producer; the
                                    creator is one: see mr_queue_attach */
    size_t producer_of_count;
} mr_process_options;

/**
 * Create a process that will call `function` with a copy of `argument`.  It
 * does not run before mr_process_start.
 *
 * Callers:   any endpoint that is not a daemon and not inside a pool task, any
 *            thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: `argument`, `options` and the memory that these point to are
 *            copied.  The process holds its pipe ends, and is a producer of its
 *            queues, from now on.  The object
 *            lives until mr_process_destroy or the end of the job.
 * Units:     `size` in bytes.
 * Errors:    MR_ERR_ARGUMENT - process or function is NULL; or argument is
 *            NULL with a size; or the name is too long; or there is no such
 *            rank; or a handle in `ends` or `producer_of` is not one of a pipe
 *            or a queue;
 *            MR_ERR_STATE - there is no job, or the caller is a daemon or
 *            inside a pool task;
 *            MR_ERR_STALE - a pipe or queue among them is gone;
 *            MR_ERR_NOT_HELD - the caller is no producer of a queue in
 *            `producer_of`;
 *            MR_ERR_CLOSED - a queue in `producer_of` is closed;
 *            MR_ERR_FUNCTION - `function` cannot travel, as mr_function(3)
 *            tells;
 *            MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE - the segment is full, or
 *            smaller than the argument;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_OWNER_LOST - the rank is lost; without a `place` the next
 *            call takes another rank.
 * Differs:   arguments are bytes by value, not pickled objects; handles may be
 *            among them.  A daemon cannot create children; in Python it cannot
 *            start them.
 */
MR_CHECKED mr_error mr_process_create(mr_process *process,
                                      mr_process_function *function,
                                      const void *argument, size_t size,
                                      const mr_process_options *options);

/**
 * Start a process.  It is started once, by its creator.
 *
 * Callers:   the creator, any thread.
 * Blocks:    until the process exists: well below a millisecond, and for
 *            another node until that has answered.
 * Errors:    MR_ERR_STATE - it was started before, or another endpoint created
 *            it;
 *            MR_ERR_SYSTEM - fork was refused: the log has errno;
 *            MR_ERR_LIMIT - the rank has too many processes;
 *            MR_ERR_FUNCTION - the library of its function cannot be opened
 *            there or is another build: the log names both;
 *            MR_ERR_STALE - it was destroyed;
 *            MR_ERR_OWNER_LOST - its rank is lost.
 */
MR_CHECKED mr_error mr_process_start(mr_process process);

/**
 * Start several processes.  One request starts all of a rank, at most 64, so
 * this takes less time than as many calls of mr_process_start.  Each is started
 * or not by itself; one that was not may be started again.
 *
 * Callers:   the creator of all, any thread.
 * Blocks:    until all exist that can be started.  Ranks of other nodes work at
 *            the same time; each is sent at most two messages for 64 processes.
 * Ownership: errors[i] becomes what mr_process_start would return for
 *            processes[i]; `errors` may be NULL, and is not written if nothing
 *            was tried.
 * Errors:    MR_ERR_STATE, MR_ERR_SYSTEM, MR_ERR_LIMIT, MR_ERR_FUNCTION,
 *            MR_ERR_STALE, MR_ERR_OWNER_LOST - as mr_process_start, of the
 * first in the list that was not started; the others were tried, too;
 *            MR_ERR_ARGUMENT - processes is NULL with a count: nothing was
 *            tried;
 *            MR_ERR_NO_MEMORY - malloc has failed: nothing was tried.
 * Differs:   Python starts one by one.
 */
MR_CHECKED mr_error mr_process_start_many(const mr_process *processes,
                                          size_t count, mr_error *errors);

/**
 * Wait until a process has ended and its output is written.  Any endpoint may
 * join, as often as it wants; a time-out of 0 only asks.
 *
 * Callers:   any endpoint but the process itself, any thread.
 * Blocks:    until the process ends, at most `timeout` seconds.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - it still runs;
 *            MR_ERR_STATE - it was not started, or it is the caller;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - it was destroyed before the call;
 *            MR_ERR_CLOSED - it was destroyed during the call;
 *            MR_ERR_OWNER_LOST - its rank is lost, and the process has ended
 *            with it.
 * Differs:   a time-out is an error code.  In Python only the creator may
 *            join.
 */
MR_CHECKED mr_error mr_process_join(mr_process process, double timeout);

/**
 * Tell whether a process was started and has not ended.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *alive is written on success only.
 * Errors:    MR_ERR_ARGUMENT - alive is NULL;
 *            MR_ERR_STALE - it was destroyed.
 */
MR_CHECKED mr_error mr_process_is_alive(mr_process process, bool *alive);

/**
 * The exit code of a process that has ended: 0 to 255, or -N if signal N ended
 * it, e.g. -11 after a segfault.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *code is written on success only.
 * Errors:    MR_ERR_STATE - it has not ended (Python: None), or is the main of
 * a rank; MR_ERR_ARGUMENT - code is NULL; MR_ERR_STALE - it was destroyed.
 */
MR_CHECKED mr_error mr_process_exit_code(mr_process process, int *code);

/**
 * Ask a process to end, by SIGTERM.  The call has no effect on a process that
 * has ended.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the fork server has the request; not until the process
 *            ends.
 * Errors:    MR_ERR_STATE - it was not started, or is the main of a rank;
 *            MR_ERR_STALE - it was destroyed.
 * Differs:   the locks that it held pass on, with MR_ERR_HOLDER_DIED.
 */
MR_CHECKED mr_error mr_process_terminate(mr_process process);

/**
 * End a process by SIGKILL.  The call has no effect on a process that has
 * ended.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the fork server has the request; not until the process
 *            ends.
 * Errors:    MR_ERR_STATE - it was not started, or is the main of a rank;
 *            MR_ERR_STALE - it was destroyed.
 * Differs:   no shared object breaks, at whatever point the process is killed.
 */
MR_CHECKED mr_error mr_process_kill(mr_process process);

/**
 * Interrupt a process, by SIGINT, as Ctrl-C does.  Without a handler of its own
 * that ends it.  The call has no effect on a process that has ended.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the fork server has the request; not until the process
 *            is interrupted.
 * Errors:    MR_ERR_STATE - it was not started, or is the main of a rank;
 *            MR_ERR_STALE - it was destroyed.
 */
MR_CHECKED mr_error mr_process_interrupt(mr_process process);

/**
 * Free a process object whose process does not run.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: the object is freed; its handles become stale.
 * Errors:    MR_ERR_STATE - the process runs, or is the main of a rank;
 *            MR_ERR_STALE - it was destroyed before.
 * Differs:   Python's close().
 */
MR_API mr_error mr_process_destroy(mr_process process);

/**
 * Set whether a process is a daemon, before its start.
 *
 * Callers:   the creator, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STATE - it was started, or another endpoint created it;
 *            MR_ERR_STALE - it was destroyed.
 * Differs:   an attribute in Python.
 */
MR_CHECKED mr_error mr_process_set_daemon(mr_process process, bool daemon);

/**
 * Tell whether a process is a daemon.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *daemon is written on success only.
 * Errors:    MR_ERR_ARGUMENT - daemon is NULL;
 *            MR_ERR_STALE - it was destroyed.
 * Differs:   an attribute in Python.
 */
MR_CHECKED mr_error mr_process_daemon(mr_process process, bool *daemon);

/**
 * The name of a process, e.g. "Process-1:2" for the second child of
 * "Process-1".
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: the text is copied into `name`, on success only.
 * Units:     `size` in bytes; MR_NAME_SIZE is always enough.
 * Errors:    MR_ERR_ARGUMENT - name is NULL;
 *            MR_ERR_TRUNCATED - size is too small;
 *            MR_ERR_STALE - it was destroyed.
 */
MR_CHECKED mr_error mr_process_name(mr_process process, char *name,
                                    size_t size);

/**
 * The process id of a process.  It is valid on the host of the process.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *pid is written on success only.
 * Errors:    MR_ERR_STATE - it was not started;
 *            MR_ERR_ARGUMENT - pid is NULL;
 *            MR_ERR_STALE - it was destroyed.
 */
MR_CHECKED mr_error mr_process_pid(mr_process process, int64_t *pid);

/**
 * The process in which the caller runs.  Main is one, too, with the name
 * "MainProcess"; so is each other rank, e.g. "Rank-2", in which tasks run.
 *
 * Other endpoints can ask, join and wait for main, too.  Main has ended when it
 * calls mr_finalize, or when exit() does.  Its exit code is known to the
 * launcher alone.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: *process is written on success only.
 * Errors:    MR_ERR_STATE - there is no job;
 *            MR_ERR_ARGUMENT - process is NULL.
 */
MR_CHECKED mr_error mr_process_current(mr_process *process);

/**
 * The process that has created the caller's: another one, or main.  A process
 * that outlives its parent finds that this is no longer alive, or that it is
 * MR_ERR_STALE if it was destroyed after its end.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never.
 * Ownership: *parent is written on success only.
 * Errors:    MR_ERR_STATE - the caller is a rank, which has no parent, or there
 *            is no job;
 *            MR_ERR_ARGUMENT - parent is NULL.
 * Differs:   Python's parent_process() gives None in the main process.
 */
MR_CHECKED mr_error mr_process_parent(mr_process *parent);

/**
 * The active children of the caller: the processes that it has created and
 * started, also as workers of its pools, and that have not ended.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never for children on this node; for each child on another node
 *            until that has answered.
 * Ownership: at most `capacity` of them are written to `children`, which may be
 *            NULL if capacity is 0.  *count is their number, and is written on
 *            success and with MR_ERR_TRUNCATED.
 * Errors:    MR_ERR_TRUNCATED - there are more than `capacity`;
 *            MR_ERR_ARGUMENT - count is NULL, or children with a capacity;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_NO_MEMORY - malloc has failed.
 * Differs:   Python's active_children() also joins those that have ended.
 */
MR_CHECKED mr_error mr_process_children(mr_process *children, size_t capacity,
                                        size_t *count);

/**
 * Write text into the output of the caller, for languages that do not print
 * through stdio.  It keeps its place: it comes after what the caller has
 * printed before, through stdio or by this call, and all of it is written when
 * mr_process_join returns.  Lines of others do not come into its lines, as told
 * at the top of this page.  Main writes into its own stdout or stderr.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while rank 0 has no room for more output.
 * Ownership: `text` is copied.
 * Units:     `stream` is 1 for stdout or 2 for stderr; `size` in bytes.
 * Errors:    MR_ERR_ARGUMENT - stream is another number, or text is NULL with a
 *            size;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_SYSTEM - the text, or some of it, could not be written.
 */
MR_CHECKED mr_error mr_output_write(int stream, const void *text, size_t size);

/* What a hook gets is the `user` of the call that has set it. */
typedef void mr_hook(void *user);

/**
 * Set what each process calls first and last.  `begin` runs before the function
 * of the process, when all calls of the library work already.  `end` runs when
 * that function has returned, or inside exit(), after the handlers that were
 * registered by atexit() since mr_init; its processes are joined, and stdio is
 * flushed, after that.  A signal or _exit() ends a process without `end`.
 *
 * The workers of a pool that are child processes call both; those that are
 * ranks call none.  A language's runtime needs this, e.g. PyOS_AfterFork_Child.
 *
 * Callers:   each rank alike, before mr_init; one thread.
 * Blocks:    never.
 * Ownership: either hook may be NULL.  `user` is kept; in a process it points
 *            to what was there at mr_init.
 * Errors:    MR_ERR_STATE - mr_init was called before.
 */
MR_CHECKED mr_error mr_child_hooks(mr_hook *begin, mr_hook *end, void *user);

/**
 * Set what each rank calls around the fork from which all its processes
 * descend.  mr_init forks once: it calls `before`, forks, and calls `after` in
 * the rank, also if the fork has failed.  Each process is in the state that
 * `before` has left.  A language's runtime needs this, e.g. PyOS_BeforeFork and
 * PyOS_AfterFork_Parent.
 *
 * Callers:   each rank alike, before mr_init; one thread.
 * Blocks:    never.
 * Ownership: either hook may be NULL.  `user` is kept.
 * Errors:    MR_ERR_STATE - mr_init was called before.
 */
MR_CHECKED mr_error mr_fork_hooks(mr_hook *before, mr_hook *after, void *user);

#ifdef __cplusplus
}
#endif

#endif
