/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Iterator: the results of a pool's tasks, one by one, while others run.
 *
 * Inputs are of one size, as in mr_pool_map; each result has the size that its
 * task gives it.  Tasks are begun only some way ahead of what has been taken
 * from the iterator, so that it needs little memory however many tasks there
 * are and however slowly it is read.
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

/* It is private to the endpoint that made it: unlike a handle it cannot be
 * sent to another. */
typedef struct mr_iterator mr_iterator;

/* Zeroed means: all defaults. */
typedef struct mr_imap_options {
    size_t ahead; /* tasks that may be begun, or have ended, whose results were
                     not taken; 0: eight for each worker */
} mr_imap_options;

/* The result of one task. */
typedef struct mr_result {
    size_t index;        /* of the task */
    const void *data;    /* aligned for any type; NULL when size is 0 */
    size_t size;         /* bytes */
    mr_task_error error; /* of the code MR_OK, or how the task failed; then
                            size is 0 */
} mr_result;

/**
 * Begin to call `function` for each of `count` inputs, in parallel; the
 * results come from mr_iterator_next in the order of the tasks.  The task is
 * one of mr_pool_map that has no output: it hands its result to
 * mr_task_return, else its result is empty.  A task that is late makes the
 * others wait when they are options->ahead tasks further.
 *
 * Tasks begin inside this call and mr_iterator_next.  What a rank that is lost
 * had not delivered is done by others, and each result is told once.
 *
 * Callers:   the creator of the pool, one thread at a time.
 * Blocks:    until the first tasks are on their way.
 * Ownership: the iterator is the caller's, until mr_iterator_destroy.
 *            `context` and `inputs` stay the caller's and must stay as they
 *            are until the iterator has ended.  Until then the pool has no
 *            other map.
 * Units:     sizes in bytes, as for mr_pool_map; options->ahead in tasks, at
 *            most 2^24 are heeded.
 * Errors:    MR_ERR_ARGUMENT - iterator or function is NULL, inputs or context
 *            is NULL with a size, count times a size overflows;
 *            MR_ERR_FUNCTION - as for mr_pool_map; MR_ERR_STATE - not the
 *            creator, inside a task, or another map of this pool is under
 *            way; MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE, MR_ERR_LIMIT - there is
 *            no room; MR_ERR_OWNER_LOST - all workers are lost; MR_ERR_STALE -
 *            destroyed.
 * Differs:   inputs are not drawn from another iterator; Python has no
 *            bound on results that wait, and hangs when a worker dies.
 */
MR_CHECKED mr_error mr_pool_imap(mr_iterator **iterator, mr_pool pool,
                                 mr_task_function *function,
                                 const void *context, size_t context_size,
                                 const void *inputs, size_t input_size,
                                 size_t count, const mr_imap_options *options);

/**
 * As mr_pool_imap, but results come as soon as they are there, in any order:
 * so a task that is late makes no other wait, but for the few that its worker
 * was to do next, where no other worker shares its memory.
 *
 * Callers:   as mr_pool_imap.
 * Blocks:    as mr_pool_imap.
 * Ownership: as mr_pool_imap.
 * Units:     as mr_pool_imap.
 * Errors:    as mr_pool_imap.
 * Differs:   as mr_pool_imap; and each result tells of which task it is.
 */
MR_CHECKED mr_error mr_pool_imap_unordered(
    mr_iterator **iterator, mr_pool pool, mr_task_function *function,
    const void *context, size_t context_size, const void *inputs,
    size_t input_size, size_t count, const mr_imap_options *options);

/**
 * Take the next result.  That its task failed is told in the result, with
 * MR_OK, and the iteration goes on: look at result->error.code.  A task that
 * ended its worker is told likewise, as MR_ERR_WORKER_DIED, and is not tried
 * again; one whose result has no room as what mr_queue_put gives for it.
 *
 * Callers:   the endpoint that made it, one thread at a time.
 * Blocks:    until the result is there, at most `timeout` seconds.
 * Ownership: result->data is the iterator's, until its next call.
 * Units:     `timeout` in seconds; MR_FOREVER for none.
 * Errors:    MR_ERR_END_OF_FILE - all were taken; the pool is free for other
 *            maps; MR_ERR_TIMEOUT - none until then, call again;
 *            MR_ERR_ARGUMENT - iterator or result is NULL, or timeout is NaN;
 *            MR_ERR_NO_MEMORY - malloc failed, call again; or what ended the
 *            iteration, for good: MR_ERR_WORKER_DIED - workers die before they
 *            begin a task; MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE, MR_ERR_LIMIT,
 *            MR_ERR_OWNER_LOST - as for mr_pool_imap.  *result is written on
 *            MR_OK only.
 * Differs:   Python raises the task's exception, or StopIteration.
 */
MR_CHECKED mr_error mr_iterator_next(mr_iterator *iterator, mr_result *result,
                                     double timeout);

/**
 * End an iterator, also before its end: tasks that have not begun never run,
 * the results of others are thrown away, and the pool is free for other maps.
 *
 * Callers:   the endpoint that made it, one thread at a time.
 * Blocks:    never for a task; for other nodes until they have been told.
 * Ownership: frees the iterator and the data of its last result.
 * Units:     none.
 * Errors:    none; NULL is nothing to do.
 * Differs:   Python leaves this to garbage collection, and tasks run on.
 */
MR_API mr_error mr_iterator_destroy(mr_iterator *iterator);

/**
 * Hand over the result of the task that runs: `return mr_task_return(data,
 * size);`  It travels when the task returns MR_OK; of several calls the last
 * counts.
 *
 * Callers:   the task function of an iterator, in the thread that runs it.
 * Blocks:    never.
 * Ownership: `data` stays the caller's; it is copied at once.
 * Units:     `size` in bytes, 0 is allowed (then data may be NULL).
 * Errors:    MR_ERR_STATE - not in a task of an iterator; MR_ERR_ARGUMENT -
 *            data is NULL with a size; MR_ERR_NO_MEMORY - malloc failed.
 * Differs:   Python takes what the function returns.
 */
MR_API mr_error mr_task_return(const void *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
