/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Iterator: the results of a pool's tasks, one by one, while others run.
 *
 * All inputs have one size, as in mr_pool_map; each result has the size that
 * its task gives it.  At most options->ahead tasks are begun whose results were
 * not taken, so a slow reader needs little memory, however many tasks there
 * are.  Python's futures are near to this: there is no handle for a single
 * task yet, but mr_pool_imap_unordered gives each result as soon as it is
 * there, and mr_iterator_next has a time-out.
 *
 *     static mr_error repeat(const void *in, void *out, const mr_task *task)
 *     {
 *         ...
 *         return mr_task_return(text, length);
 *     }
 *
 *     error = mr_pool_imap(&iterator, pool, repeat, NULL, 0, inputs,
 *                          sizeof *inputs, count, NULL);
 *     while (!error &&
 *            !(error = mr_iterator_next(iterator, &result, MR_FOREVER))) {
 *         ... result.data, result.size
 *     }
 *     mr_iterator_destroy(iterator);
 */
#ifndef MULTIRANK_ITERATOR_H
#define MULTIRANK_ITERATOR_H

#include <multirank/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An iterator belongs to the endpoint that created it.  It is no handle and
 * cannot be sent to another endpoint. */
typedef struct mr_iterator mr_iterator;

/* Zeroed means: all defaults. */
typedef struct mr_imap_options {
    size_t ahead; /* limit of tasks that were begun and whose results were not
                     taken; 0: eight for each worker */
} mr_imap_options;

/* The result of one task. */
typedef struct mr_result {
    size_t index;        /* of the task */
    const void *data;    /* aligned for any type; NULL when size is 0 */
    size_t size;         /* bytes */
    mr_task_error error; /* error.code is MR_OK, or the task failed and size
                            is 0 */
} mr_result;

/**
 * Begin to call `function` for each of `count` inputs in parallel.
 * mr_iterator_next brings the results in the order of the inputs.  The task is
 * like one of mr_pool_map without an output.  It passes its result to
 * mr_task_return; without that call its result is empty.
 *
 * While a slow task runs, the options->ahead tasks behind it can run, too.
 * Tasks are handed to workers inside this call and inside mr_iterator_next.  If
 * a rank is lost, other workers run the tasks whose results it had not
 * delivered.  Each result comes once.
 *
 * Callers:   any endpoint, any thread, but not inside a task.
 * Blocks:    until the first tasks are on their way.
 * Ownership: the iterator is the caller's until mr_iterator_destroy.
 *            `context` and `inputs` stay the caller's and must not change
 *            until the iterator has ended.
 * Units:     sizes in bytes, as for mr_pool_map; options->ahead in tasks, at
 *            most 2^24.
 * Errors:    MR_ERR_ARGUMENT - iterator or function is NULL; or inputs or
 *            context is NULL with a size; or count times a size overflows;
 *            MR_ERR_FUNCTION - as for mr_pool_map;
 *            MR_ERR_STATE - there is no job, or the caller is inside a task;
 *            MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE, MR_ERR_LIMIT - there is no
 *            room;
 *            MR_ERR_OWNER_LOST - all workers are lost;
 *            MR_ERR_CLOSED - the pool was closed;
 *            MR_ERR_STALE - the pool was destroyed.
 * Differs:   inputs are not drawn from another iterator.  Python has no limit
 *            on results that wait, and hangs when a worker dies.
 */
MR_CHECKED mr_error mr_pool_imap(mr_iterator **iterator, mr_pool pool,
                                 mr_task_function *function,
                                 const void *context, size_t context_size,
                                 const void *inputs, size_t input_size,
                                 size_t count, const mr_imap_options *options);

/**
 * As mr_pool_imap, but each result comes as soon as it is there, in any order;
 * result->index tells its task.  A slow task delays only the few tasks that
 * its own worker would run next, and only if its node has no other worker.
 *
 * Callers:   as mr_pool_imap.
 * Blocks:    as mr_pool_imap.
 * Ownership: as mr_pool_imap.
 * Units:     as mr_pool_imap.
 * Errors:    MR_ERR_ARGUMENT, MR_ERR_FUNCTION, MR_ERR_STATE, MR_ERR_NO_MEMORY,
 *            MR_ERR_TOO_LARGE, MR_ERR_LIMIT, MR_ERR_OWNER_LOST, MR_ERR_STALE -
 *            as for mr_pool_imap.
 * Differs:   as mr_pool_imap; and each result tells its task.
 */
MR_CHECKED mr_error mr_pool_imap_unordered(
    mr_iterator **iterator, mr_pool pool, mr_task_function *function,
    const void *context, size_t context_size, const void *inputs,
    size_t input_size, size_t count, const mr_imap_options *options);

/**
 * Take the next result.  A task that failed does not end the iteration: the
 * call gives MR_OK, and result->error tells the failure, so look at
 * result->error.code.  A task that ended its worker, e.g. by a crash, is
 * reported as MR_ERR_WORKER_DIED and not tried again.  A result that has no
 * room is reported by the error that mr_queue_put would give.
 *
 * Callers:   the endpoint that created the iterator, one thread at a time.
 * Blocks:    until the result is there, at most `timeout` seconds.
 * Ownership: *result is written with MR_OK only. result->data belongs to the
 *            iterator and is valid until the next call on it.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_END_OF_FILE - all results were taken, and the pool is free
 *            for other maps;
 *            MR_ERR_TIMEOUT - no result came in time: call again;
 *            MR_ERR_ARGUMENT - iterator or result is NULL, or timeout is NaN;
 *            MR_ERR_NO_MEMORY - malloc failed: call again; or the iteration
 *            has ended because there is no room;
 *            MR_ERR_WORKER_DIED - the iteration has ended because workers die
 *            before they begin a task;
 *            MR_ERR_TOO_LARGE, MR_ERR_LIMIT, MR_ERR_OWNER_LOST - the iteration
 *            has ended, for the reasons that mr_pool_imap names.
 * Differs:   Python raises the task's exception, or StopIteration.
 */
MR_CHECKED mr_error mr_iterator_next(mr_iterator *iterator, mr_result *result,
                                     double timeout);

/**
 * End an iterator, also in the middle.  Tasks that have not begun never run,
 * results that were not taken are dropped, and the pool is free for other
 * maps.  NULL is allowed.
 *
 * Callers:   the endpoint that created the iterator, one thread at a time.
 * Blocks:    not for tasks that run; for other nodes until they have answered.
 * Ownership: the iterator and the data of its last result are freed.
 * Errors:    always MR_OK.
 * Differs:   Python leaves this to garbage collection, and the tasks run on.
 */
MR_API mr_error mr_iterator_destroy(mr_iterator *iterator);

/**
 * Give the result of the task that runs: `return mr_task_return(data, size);`
 * The result travels when the task returns MR_OK.  If a task calls it several
 * times the last call counts.
 *
 * Callers:   the task function of an iterator, in the thread that runs it.
 * Blocks:    never.
 * Ownership: `data` stays the caller's; the call copies it.
 * Units:     `size` in bytes; 0 is allowed, then data may be NULL.
 * Errors:    MR_ERR_STATE - the caller is no task of an iterator;
 *            MR_ERR_ARGUMENT - data is NULL with a size;
 *            MR_ERR_NO_MEMORY - malloc failed.
 * Differs:   Python takes the value that the function returns.
 */
MR_API mr_error mr_task_return(const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
