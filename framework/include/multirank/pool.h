/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pool: workers that map a function over many inputs.
 *
 * The workers are the ranks of all nodes; for rank 0, which runs main, a child
 * process works.  Each worker of a node has its own range of the tasks, and
 * when that is empty it steals from the others.  With several nodes each node
 * gets batches of tasks with their inputs, smaller ones towards the end.
 *
 * A task that crashes (a segfault, abort) in a child worker fails alone: the
 * map goes on, and the worker is replaced.  A task that crashes in a rank kills
 * that rank.  Under `multirank run` the job goes on without it; plain mpirun
 * and srun end the job.
 *
 * Any endpoint that has the handle may map with the pool, and several maps may
 * run at the same time.  Workers take the tasks of an earlier map first.  An
 * endpoint that finds a child worker dead starts another, which ends with that
 * endpoint.
 */
#ifndef MULTIRANK_POOL_H
#define MULTIRANK_POOL_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_pool {
    mr_handle handle;
} mr_pool;

/*
 * Prepares a worker, or puts away what was prepared; `argument` is a copy of
 * that of the options, and `size` its size.  It must not create processes or
 * pools, and must return.  It fails if it returns any value but MR_OK; see
 * mr_task_fail.
 */
typedef mr_error mr_worker_function(const void *argument, size_t size);

/* Zeroed means: all defaults. */
typedef struct mr_pool_options {
    size_t workers; /* 0: as many as ranks; with more the others are child
                       processes, on all ranks in turn */
    mr_worker_function *initializer; /* each worker calls it once, before its
                                        first task; NULL: none */
    mr_worker_function *finalizer;   /* each worker that had a task calls it
                                        when it ends in order; NULL: none */
    const void *argument; /* of both; it is copied, and may have any size */
    size_t argument_size; /* bytes */
    size_t max_tasks_per_worker; /* of one life of a worker; 0: no limit */
} mr_pool_options;

/* The second half of a task's arguments. */
typedef struct mr_task {
    size_t index;         /* of the task in its map, from 0 */
    size_t count;         /* tasks in the map */
    const void *context;  /* the shared argument, or NULL */
    size_t context_size;  /* bytes */
    size_t input_size;    /* bytes of one input, may be 0 */
    size_t output_size;   /* bytes of one output, may be 0 */
    unsigned int worker;  /* 0 to workers - 1 */
    unsigned int workers; /* of the pool */
} mr_task;

/*
 * A task reads `input` and writes `output`.  `output` is zeroed; used in place
 * it still has the content of the caller's memory.  A task may run in any
 * worker.  It must not create processes or pools.  A task fails if it returns
 * any value but MR_OK; see mr_task_fail.  It may make other tasks, see
 * mr_task_spawn(3).
 *
 * A task must return.  A task that crashes, or that calls exit(), _exit(),
 * pthread_exit() or daemon(), fails with MR_ERR_WORKER_DIED, and mr_task_error
 * tells how.  If its worker is a child, another child replaces it.  If its
 * worker is a rank, that rank is lost: under `multirank run` the job goes on,
 * under a plain mpirun or srun it ends.  A process that a task has forked must
 * end by exec or _exit(); one that returns from the task is ended.
 */
typedef mr_error mr_task_function(const void *input, void *output,
                                  const mr_task *task);

#define MR_NO_TASK ((size_t)-1)
#define MR_TEXT_SIZE 256 /* bytes of an error's text with its final zero */
#define MR_HOST_SIZE 64  /* bytes of a host's name with its final zero */

/* The failure of the first task that failed.  On several nodes that is about
 * the first, as their clocks differ. */
typedef struct mr_task_error {
    mr_error code;           /* what the task returned, or why it could not */
    size_t index;            /* the task; MR_NO_TASK: the initializer */
    int rank;                /* where the task ran */
    int signal;              /* the signal that ended its worker, or 0: none,
                                or only the launcher knows, as text tells */
    char host[MR_HOST_SIZE]; /* of that rank */
    char text[MR_TEXT_SIZE]; /* from mr_task_fail, or from the library */
} mr_task_error;

/* Zeroed means: all defaults. */
typedef struct mr_map_options {
    size_t chunk;         /* tasks taken at once; 0: chosen while it runs */
    double timeout;       /* seconds; 0 or MR_FOREVER: none */
    mr_task_error *error; /* NULL, or receives the first failure */
} mr_map_options;

/**
 * Create a pool and start its workers.
 *
 * The initializer runs in each worker before its first task, also in a child
 * that replaces a dead one.  A rank runs it in its own process, and may call
 * MPI there.  If it fails, or ends its worker by a crash, the pool is broken:
 * maps that are under way, and all later ones, fail with the error of the
 * initializer, and no worker is started any more.  mr_task_error then has the
 * text, and MR_NO_TASK as its index.
 *
 * After options->max_tasks_per_worker tasks a worker calls the finalizer.  A
 * child then ends, and another replaces it.  A rank cannot be replaced: it goes
 * on and calls the initializer again, so that what its tasks have leaked stays.
 *
 * Else the finalizer runs in mr_pool_join; mr_pool_destroy does not call it.
 * Its failure is logged.
 *
 * Callers:   any endpoint that is not a daemon and not inside a task.
 * Blocks:    until its child workers are started.
 * Ownership: the pool lives until mr_pool_destroy or the end of the job; its
 *            child workers end with its creator.  options->argument is copied.
 * Units:     workers in processes, 1 to 4096; argument_size in bytes.
 * Errors:    MR_ERR_ARGUMENT - pool is NULL, or there are too many workers, or
 *            options->argument is NULL with a size;
 *            MR_ERR_FUNCTION - the initializer or the finalizer cannot travel,
 *            as mr_function(3) tells;
 *            MR_ERR_STATE - there is no job, or the caller is a daemon or
 *            inside a task;
 *            MR_ERR_TOO_LARGE - the argument is larger than a whole segment;
 *            MR_ERR_SYSTEM, MR_ERR_LIMIT, MR_ERR_NO_MEMORY - a child worker
 *            could not be started, or there is no room for the argument.
 * Differs:   most workers are ranks, which run already.  Python calls the
 *            initializer at the start of a worker, starts workers for ever if
 *            it fails, and has no finalizer.
 */
MR_CHECKED mr_error mr_pool_create(mr_pool *pool,
                                   const mr_pool_options *options);

/**
 * The number of workers.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *workers is written on success only.
 * Errors:    MR_ERR_ARGUMENT - workers is NULL;
 *            MR_ERR_STALE - the pool was destroyed.
 * Differs:   not public in Python.
 */
MR_CHECKED mr_error mr_pool_size(mr_pool pool, size_t *workers);

/* A worker of a pool. */
typedef struct mr_pool_worker_info {
    int rank;    /* it is this rank, or a child process beside it */
    int64_t pid; /* valid on the host of the rank; 0: it has ended */
    bool alive;
} mr_pool_worker_info;

/**
 * Tell about one worker.  A child that has died is replaced when the next map
 * needs it, and then has another process id.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never if the pool and the worker are on the caller's node; else
 *            until their ranks have answered.
 * Ownership: *info is written on success only.
 * Units:     `number` from 0 to the number of workers - 1, as in mr_task.
 * Errors:    MR_ERR_ARGUMENT - info is NULL, or there is no such worker;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_STALE - the pool was destroyed.
 * Differs:   not public in Python.
 */
MR_CHECKED mr_error mr_pool_worker(mr_pool pool, size_t number,
                                   mr_pool_worker_info *info);

/**
 * Call `function` for each of `count` inputs in parallel and collect the
 * outputs in the order of the inputs.  Task i reads inputs + i * input_size
 * and writes outputs + i * output_size.  Workers on the caller's node use the
 * memory of an Array in place.  Other memory is copied, and everything that
 * goes to another node is copied.
 *
 * After a task has failed the other tasks still run.  A task that ended its
 * worker, e.g. by a crash, is not tried again.  If a rank is lost, other
 * workers run the tasks that it had not finished.  The task that it was
 * running is reported as one that ended its worker.  Sometimes that task
 * cannot be known; then the tasks whose outputs had not come back run again,
 * and this one with them.
 *
 * Callers:   any endpoint, any thread; a task only with the pool that runs it.
 *            Then the tasks stay on its node, and the worker runs some of them
 *            while it waits.  It also waits for what the task has spawned
 *            before; and options->chunk and options->timeout have no effect.
 * Blocks:    until all tasks have run, at most options->timeout seconds.
 * Ownership: everything stays the caller's.  `context` is copied once to each
 *            node, and the tasks of the node share that copy; they must not
 *            write to it.  `outputs` is written with MR_OK, and after a failed
 *            task for all tasks that did not fail.  After another error some
 *            outputs may be written.  After MR_ERR_TIMEOUT tasks that have
 *            begun go on, so an Array that is used in place must outlive them.
 * Units:     sizes in bytes.  If input_size is 0 and inputs NULL a task has
 *            only its index; the same holds for outputs.  If `count` is 0 the
 *            call does nothing and gives MR_OK.
 * Errors:    MR_ERR_ARGUMENT - function is NULL; or inputs, outputs or context
 *            is NULL with a size; or count times a size overflows; or outputs
 *            overlap inputs without being the same memory with the same size;
 *            or timeout is NaN;
 *            MR_ERR_FUNCTION - the function cannot travel, as mr_function(3)
 *            tells, or a worker cannot open its library or has another build
 *            of it: the log names both;
 *            MR_ERR_TIMEOUT - the time-out passed: tasks that had not begun
 *            never run;
 *            MR_ERR_WORKER_DIED - a task ended its worker, or a second rank
 *            was lost with the same tasks, or children died before they began
 *            a task: the next map starts others;
 *            MR_ERR_SYSTEM, MR_ERR_LIMIT - no worker could be started in place
 *            of those that died;
 *            MR_ERR_STATE - there is no job, or the caller is a task of another
 *            pool;
 *            MR_ERR_CANCELLED - the caller is a task whose map has ended;
 *            MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE - the context, or the input
 *            and output of a single task, do not fit into a segment;
 *            MR_ERR_LIMIT - 128 maps and iterators of this pool are under way;
 *            MR_ERR_OWNER_LOST - all workers are lost;
 *            MR_ERR_CLOSED - the pool was closed;
 *            MR_ERR_STALE - the pool was destroyed;
 *            any other - the first task that failed returned it, or the
 *            initializer of a worker.
 * Differs:   a worker that dies is replaced and reported; in Python the map
 *            hangs.  A chunk of 0 means "choose"; in Python it returns
 *            nothing.
 */
MR_CHECKED mr_error mr_pool_map(mr_pool pool, mr_task_function *function,
                                const void *context, size_t context_size,
                                const void *inputs, size_t input_size,
                                void *outputs, size_t output_size, size_t count,
                                const mr_map_options *options);

/**
 * Call `function` once in a worker and get its output: an mr_pool_map of one
 * task, whose index is 0.
 *
 * Callers:   as mr_pool_map.
 * Blocks:    until the task has run, at most options->timeout seconds.
 * Ownership: everything stays the caller's, as with mr_pool_map.  `output` is
 *            written with MR_OK only, unless it is memory of an Array, which
 *            is used in place.
 * Units:     sizes in bytes.  If input_size is 0 and input NULL the task has
 *            no input; the same holds for output. options->chunk has no
 *            effect.
 * Errors:    MR_ERR_ARGUMENT - function is NULL; or input, output or context
 *            is NULL with a size; or input and output overlap without being
 *            the same memory with the same size; or timeout is NaN;
 *            MR_ERR_TIMEOUT - the time-out passed: a task that had begun goes
 *            on, else it never runs;
 *            MR_ERR_WORKER_DIED - the task ended its worker, or two ranks were
 *            lost with it;
 *            MR_ERR_FUNCTION, MR_ERR_STATE, MR_ERR_NO_MEMORY, MR_ERR_LIMIT,
 *            MR_ERR_TOO_LARGE, MR_ERR_OWNER_LOST, MR_ERR_CLOSED,
 *            MR_ERR_STALE - as for mr_pool_map;
 *            any other - the task returned it.
 * Differs:   the arguments are one block of bytes, and options->error tells
 *            how the task failed; Python raises the task's exception.
 */
MR_CHECKED mr_error mr_pool_apply(mr_pool pool, mr_task_function *function,
                                  const void *context, size_t context_size,
                                  const void *input, size_t input_size,
                                  void *output, size_t output_size,
                                  const mr_map_options *options);

/**
 * Begin no more maps with this pool.  Calls that would begin a map, an iterator
 * or an asynchronous map fail with MR_ERR_CLOSED.  Everything that has begun
 * goes on, and so do asynchronous maps that wait for their turn.  To close a
 * closed pool does nothing.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: the pool stays, for mr_pool_join and mr_pool_destroy.
 * Errors:    MR_ERR_STATE - there is no job;
 *            MR_ERR_STALE - the pool was destroyed.
 */
MR_CHECKED mr_error mr_pool_close(mr_pool pool);

/**
 * Wait until a closed pool has nothing to do, then let its workers call the
 * finalizer, and end its child workers.  The callbacks of its futures have
 * returned then, and the futures of the caller's endpoint are ready.  An
 * iterator is under way until it is destroyed.  If an endpoint dies, its maps
 * end, and the pool does not wait for them.
 *
 * Callers:   any endpoint, any thread, but not inside a task or in the callback
 *            of a future.
 * Blocks:    until no map is under way and the finalizers have returned, at
 * most `timeout` seconds, and then until its child workers have ended.
 * Ownership: the pool stays: mr_pool_destroy frees it.
 * Units:     timeout in seconds; 0: do not wait; MR_FOREVER: no limit.
 * Errors:    MR_ERR_STATE - the pool is not closed, or the caller is inside a
 *            task or a callback, or there is no job;
 *            MR_ERR_TIMEOUT - something is still under way: it goes on;
 *            MR_ERR_INTERRUPTED - see mr_interrupt_set;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_CLOSED - the pool was destroyed meanwhile;
 *            MR_ERR_STALE - the pool was destroyed.
 * Differs:   Python's join has no time-out.
 */
MR_CHECKED mr_error mr_pool_join(mr_pool pool, double timeout);

/**
 * End a pool.  Its child workers are terminated, and its ranks are free for
 * other pools.
 *
 * Callers:   any endpoint, any thread that is neither inside a map of this pool
 *            nor in the callback of a future.
 * Blocks:    until its child workers have ended.
 * Ownership: the pool is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the pool was destroyed before;
 *            MR_ERR_STATE - a map is under way, or the caller is in a callback.
 * Differs:   like Python's terminate() and join() in one call.
 */
MR_API mr_error mr_pool_destroy(mr_pool pool);

/**
 * Fail with a text: `return mr_task_fail(MR_ERR_USER + 1, "row %d", row);`
 *
 * Callers:   a task function, in the thread that runs it.
 * Blocks:    never.
 * Ownership: `format` and its arguments are those of printf.  The text is
 *            copied and cut to MR_TEXT_SIZE.
 * Errors:    MR_ERR_USER - code is MR_OK;
 *            any other - it is `code`.
 * Differs:   Python raises an exception.
 */
MR_API mr_error mr_task_fail(mr_error code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
