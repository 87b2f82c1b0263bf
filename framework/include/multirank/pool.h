/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pool: workers that map a function over many inputs.
 *
 * The workers are the ranks of all nodes; the share of rank 0 is computed by a
 * child beside it.  Inputs are scattered into shared memory once, each worker
 * has a range of its own and steals from the others of its node when it is
 * empty, and results are gathered where they were written.  Of several nodes
 * each is sent parts of the tasks, smaller and smaller ones, with their
 * inputs; it is not asked for single tasks.
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

/* Zeroed means: all defaults. */
typedef struct mr_pool_options {
    size_t workers; /* 0: as many as ranks; above that, more children, in
                       turn on all ranks */
} mr_pool_options;

/* What a task function is told beside its input. */
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
 * A task: reads `input`, writes `output`, which is zeroed or holds what the
 * caller's memory held (in place).  It may run in any worker, and must not
 * create processes or pools, nor call exit(): in a rank that ends the job, in
 * a child it is a failure of the task.  Any value but MR_OK makes the task a
 * failure; see mr_task_fail.
 */
typedef mr_error mr_task_function(const void *input, void *output,
                                  const mr_task *task);

#define MR_TEXT_SIZE 256 /* bytes of an error's text with its final zero */
#define MR_HOST_SIZE 64  /* bytes of a host's name with its final zero */

/* How the first task failed that did (by the clocks of several nodes: about
 * the first). */
typedef struct mr_task_error {
    mr_error code;           /* what the task returned, or why it could not */
    size_t index;            /* the task */
    int rank;                /* where it ran */
    int signal;              /* that ended its worker; 0: none, or exit() */
    char host[MR_HOST_SIZE]; /* of that rank */
    char text[MR_TEXT_SIZE]; /* of mr_task_fail, or the library's own */
} mr_task_error;

/* Zeroed means: all defaults. */
typedef struct mr_map_options {
    size_t chunk;         /* tasks taken at once; 0: chosen while it runs */
    double timeout;       /* seconds; 0 or MR_FOREVER: none */
    mr_task_error *error; /* NULL, or where the first failure is told */
} mr_map_options;

/**
 * Make a pool.
 *
 * Callers:   any endpoint that is not a daemon and not inside a task.
 * Blocks:    until its children are started.
 * Ownership: the pool lives until mr_pool_destroy or the end of the job; its
 *            children end with its creator.
 * Units:     workers in processes, 1 to 4096.
 * Errors:    MR_ERR_ARGUMENT - pool is NULL, or too many workers;
 *            MR_ERR_STATE - no job, a daemon, or inside a task;
 *            MR_ERR_SYSTEM, MR_ERR_LIMIT, MR_ERR_NO_MEMORY - a child could
 *            not be started.
 * Differs:   workers are ranks, so nothing is spawned for most of them.
 */
MR_CHECKED mr_error mr_pool_create(mr_pool *pool,
                                   const mr_pool_options *options);

/**
 * The number of workers.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; else until the owner has answered.
 * Ownership: *workers is written on success only.
 * Units:     processes.
 * Errors:    MR_ERR_ARGUMENT - workers is NULL; MR_ERR_STALE - destroyed.
 * Differs:   not public in Python.
 */
MR_CHECKED mr_error mr_pool_size(mr_pool pool, size_t *workers);

/**
 * Call `function` for each of `count` inputs, in parallel, and gather the
 * outputs in order.  Task i reads inputs + i * input_size and writes
 * outputs + i * output_size.  Memory of an Array is used in place by workers
 * of the caller's node; other memory is copied, and so is all that goes to
 * another node.  After a failure the other tasks still run; a task that ended
 * its worker is not tried again.
 *
 * What a rank that is lost had not done is done by others.  The task that it
 * was in is reported as one that ended its worker, or, when all that was known
 * of it is lost too, runs again: as may others then, whose outputs had not
 * come back.
 *
 * Callers:   the creator of the pool, one thread at a time.
 * Blocks:    until all tasks have run, at most options->timeout seconds.
 * Ownership: everything stays the caller's.  `context` is copied once and is
 *            shared, read only, by the tasks of a node.
 * Units:     sizes in bytes; an input size of 0 with inputs NULL gives tasks
 *            nothing but their index; likewise for outputs.  `count` 0 calls
 *            nothing and is MR_OK.
 * Errors:    MR_ERR_ARGUMENT - function is NULL, inputs, outputs or context
 *            is NULL with a size, count times a size overflows, outputs
 *            overlap inputs and are not the same memory with the same size,
 *            timeout is NaN; MR_ERR_FUNCTION - the function lies in no loaded
 *            module or in the C library, or a worker cannot open its library
 *            or has another build of it, the log names both, see function.h;
 *            MR_ERR_TIMEOUT - tasks that have begun go on, the others never
 *            run, and an Array used in place must outlive them;
 *            MR_ERR_WORKER_DIED - a task ended its worker, or a second rank is
 *            lost with the same tasks; MR_ERR_STATE
 *            - not the creator, or another map of this pool is under way;
 *            MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE - the context, or the input
 *            and output of a single task, do not fit into a segment;
 *            MR_ERR_OWNER_LOST - all workers are lost; MR_ERR_STALE -
 *            destroyed; or what the first failing task returned.  outputs are
 *            written on MR_OK, and after a failing task for all tasks that did
 *            not fail; after other errors perhaps some of them.
 * Differs:   a worker that dies is replaced and reported, in Python the map
 *            hangs; a chunk of 0 is "choose", it does not return nothing.
 */
MR_CHECKED mr_error mr_pool_map(mr_pool pool, mr_task_function *function,
                                const void *context, size_t context_size,
                                const void *inputs, size_t input_size,
                                void *outputs, size_t output_size, size_t count,
                                const mr_map_options *options);

/**
 * Call `function` once, in a worker, and bring its output: an mr_pool_map of
 * one task, whose index is 0.
 *
 * Callers:   the creator of the pool, one thread at a time.
 * Blocks:    until the task has run, at most options->timeout seconds.
 * Ownership: everything stays the caller's, as with mr_pool_map.
 * Units:     sizes in bytes; an input size of 0 with input NULL gives the task
 *            nothing, likewise for the output.  options->chunk means nothing.
 * Errors:    MR_ERR_ARGUMENT - function is NULL, input, output or context is
 *            NULL with a size, input and output overlap and are not the same
 *            memory with the same size, timeout is NaN; MR_ERR_FUNCTION,
 *            MR_ERR_STATE, MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE,
 *            MR_ERR_OWNER_LOST, MR_ERR_STALE - as mr_pool_map;
 *            MR_ERR_TIMEOUT - if the task has begun it goes on, else it never
 *            runs; MR_ERR_WORKER_DIED - the task ended its worker, or two
 *            ranks were lost with it; or what the task returned.  `output` is
 *            written on MR_OK only, unless it is memory of an Array, which is
 *            used in place as in mr_pool_map.
 * Differs:   the arguments are one block of bytes; what Python raises is told
 *            in options->error.
 */
MR_CHECKED mr_error mr_pool_apply(mr_pool pool, mr_task_function *function,
                                  const void *context, size_t context_size,
                                  const void *input, size_t input_size,
                                  void *output, size_t output_size,
                                  const mr_map_options *options);

/**
 * End a pool: its children are terminated, its ranks are free for others.
 *
 * Callers:   any endpoint, any thread that is not inside a map of this pool.
 * Blocks:    until its children have ended.
 * Ownership: frees the pool; its handles become stale.
 * Units:     none.
 * Errors:    MR_ERR_STALE - destroyed before; MR_ERR_STATE - a map is under
 *            way.
 * Differs:   Python's terminate() and join().
 */
MR_API mr_error mr_pool_destroy(mr_pool pool);

/**
 * Fail with a text: `return mr_task_fail(MR_ERR_USER + 1, "row %d", row);`
 *
 * Callers:   a task function, in the thread that runs it.
 * Blocks:    never.
 * Ownership: `format` and the arguments are printf's; the text is copied and
 *            cut to MR_TEXT_SIZE.
 * Units:     none.
 * Errors:    returns `code`; MR_OK becomes MR_ERR_USER.
 * Differs:   Python raises an exception.
 */
MR_API mr_error mr_task_fail(mr_error code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif

#endif
