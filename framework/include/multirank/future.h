/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Future: a map of a pool that goes on while the caller does something else.
 *
 *     error = mr_pool_map_async(&future, pool, simulate, NULL, 0, inputs,
 *                               sizeof *inputs, outputs, sizeof *outputs,
 *                               count, NULL);
 *     ... something else
 *     error = mr_future_get(future, MR_FOREVER, NULL);
 *     mr_future_destroy(future);
 *
 * An endpoint that has asynchronous maps has a thread that goes on with them:
 * it hands batches of tasks to the nodes and collects the outputs.  A thread
 * that waits in mr_future_get does that itself.  Eight maps of an endpoint are
 * under way at a time; the next begin in the order of the calls.
 *
 * A future is a handle like others: it can be sent to other endpoints, and
 * mr_wait waits for it.  The outputs are in the memory of the endpoint that
 * made the call.
 */
#ifndef MULTIRANK_FUTURE_H
#define MULTIRANK_FUTURE_H

#include <multirank/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_future {
    mr_handle handle;
} mr_future;

/*
 * Called once, when a map has ended, before its future is ready.  `error` is
 * what mr_future_get will give; `first` is the first failure of a task, of the
 * code MR_OK if none failed.  All callbacks of an endpoint run in one thread,
 * one after the other: a callback may start other maps, but must not wait for
 * a future, nor join or destroy a pool.
 */
typedef void mr_future_callback(mr_error error, const mr_task_error *first,
                                void *user);

/* Zeroed means: all defaults. */
typedef struct mr_async_options {
    size_t chunk;   /* tasks taken at once; 0: chosen while it runs */
    double timeout; /* seconds from the call on; 0 or MR_FOREVER: none */
    mr_future_callback *callback; /* NULL: none */
    void *user;                   /* for the callback */
} mr_async_options;

/* How far a map has come. */
typedef struct mr_progress {
    size_t tasks; /* of the map */
    size_t ended; /* of these, well or not; at most 0.1 seconds old */
} mr_progress;

/**
 * Begin an mr_pool_map that goes on while the caller does something else.
 *
 * Callers:   any endpoint, any thread, but not inside a task.
 * Blocks:    until the first tasks are on their way; or not at all, if eight
 *            maps of this endpoint are under way.
 * Ownership: *future is the caller's until mr_future_destroy.  `context`,
 *            `inputs` and `outputs` stay the caller's; until the future is
 *            ready they must not be freed, inputs and context not be changed,
 *            and outputs not be read.
 * Units:     as for mr_pool_map.
 * Errors:    MR_ERR_ARGUMENT - future or function is NULL; or inputs, outputs
 *            or context is NULL with a size; or count times a size overflows;
 *            or outputs overlap inputs without being the same memory with the
 *            same size; or timeout is NaN;
 *            MR_ERR_FUNCTION - the function cannot travel, see mr_pool_map;
 *            MR_ERR_STATE - there is no job, or the caller is inside a task;
 *            MR_ERR_NO_MEMORY, MR_ERR_LIMIT - there is no room for another
 *            map, or the thread cannot be started;
 *            MR_ERR_CLOSED - the pool was closed;
 *            MR_ERR_STALE - the pool was destroyed;
 *            all other errors of mr_pool_map are given by mr_future_get.
 * Differs:   the outputs are written to the memory that the caller names.
 */
MR_CHECKED mr_error mr_pool_map_async(mr_future *future, mr_pool pool,
                                      mr_task_function *function,
                                      const void *context, size_t context_size,
                                      const void *inputs, size_t input_size,
                                      void *outputs, size_t output_size,
                                      size_t count,
                                      const mr_async_options *options);

/**
 * Begin an mr_pool_apply that goes on while the caller does something else: an
 * mr_pool_map_async of one task.
 *
 * Callers:   any endpoint, any thread, but not inside a task.
 * Blocks:    as mr_pool_map_async.
 * Ownership: as with mr_pool_map_async.
 * Units:     sizes in bytes. options->chunk has no effect.
 * Errors:    MR_ERR_ARGUMENT - as for mr_pool_map_async; or input or output is
 *            NULL with a size;
 *            MR_ERR_FUNCTION, MR_ERR_STATE, MR_ERR_NO_MEMORY, MR_ERR_LIMIT,
 *            MR_ERR_CLOSED, MR_ERR_STALE - as for mr_pool_map_async.
 * Differs:   the output is written to the memory that the caller names.
 */
MR_CHECKED mr_error mr_pool_apply_async(mr_future *future, mr_pool pool,
                                        mr_task_function *function,
                                        const void *context,
                                        size_t context_size, const void *input,
                                        size_t input_size, void *output,
                                        size_t output_size,
                                        const mr_async_options *options);

/**
 * Wait for the end of a map, and tell how it ended.
 *
 * Callers:   any endpoint, any thread; not a callback of a future.
 * Blocks:    until the map has ended, at most `timeout` seconds.
 * Ownership: `first` is NULL, or receives the first failure of a task once the
 *            map has ended; its code is MR_OK if none failed.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the map goes on; or it has ended by the time-out
 *            of its options, and mr_future_ready says true;
 *            MR_ERR_CANCELLED - the map was cancelled, or the endpoint that
 *            made the call has ended;
 *            MR_ERR_STALE - the future was destroyed before;
 *            MR_ERR_CLOSED - the future was destroyed meanwhile;
 *            MR_ERR_OWNER_LOST - the rank that owns the future is gone; or all
 *            workers are lost;
 *            any other - as for mr_pool_map.
 * Differs:   get() of an AsyncResult returns the values or raises the
 *            exception.
 */
MR_CHECKED mr_error mr_future_get(mr_future future, double timeout,
                                  mr_task_error *first);

/**
 * Wait for the end of a map, however it ends.
 *
 * Callers:   any endpoint, any thread; not a callback of a future.
 * Blocks:    until the map has ended, at most `timeout` seconds.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the map goes on;
 *            MR_ERR_STALE - the future was destroyed before;
 *            MR_ERR_CLOSED - the future was destroyed meanwhile;
 *            MR_ERR_OWNER_LOST - the rank that owns the future is gone.
 * Differs:   tells by MR_ERR_TIMEOUT that the map goes on.
 */
MR_CHECKED mr_error mr_future_wait(mr_future future, double timeout);

/**
 * Has the map ended?
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *ready is written on success only.
 * Errors:    MR_ERR_ARGUMENT - ready is NULL;
 *            MR_ERR_STALE - the future was destroyed;
 *            MR_ERR_OWNER_LOST - the rank that owns the future is gone.
 */
MR_CHECKED mr_error mr_future_ready(mr_future future, bool *ready);

/**
 * Has the map ended without a failure?
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *successful is written on success only.
 * Errors:    MR_ERR_STATE - the map has not ended;
 *            MR_ERR_ARGUMENT - successful is NULL;
 *            MR_ERR_STALE - the future was destroyed;
 *            MR_ERR_OWNER_LOST - the rank that owns the future is gone.
 */
MR_CHECKED mr_error mr_future_successful(mr_future future, bool *successful);

/**
 * How far has a map come?
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *progress is written on success only.
 * Units:     tasks.  From the first call for a future on the counts are kept
 *            up to date; before that they may be too low.
 * Errors:    MR_ERR_ARGUMENT - progress is NULL;
 *            MR_ERR_STALE - the future was destroyed;
 *            MR_ERR_OWNER_LOST - the rank that owns the future is gone.
 * Differs:   Python has no such call.
 */
MR_CHECKED mr_error mr_future_progress(mr_future future, mr_progress *progress);

/**
 * Cancel a map: tasks that have not begun never run.  The future becomes ready
 * soon, with MR_ERR_CANCELLED, and the outputs may be freed then.  Tasks that
 * have begun go on; if they use an Array in place, it must outlive them.  A map
 * that has ended stays as it is.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - the future was destroyed;
 *            MR_ERR_OWNER_LOST - the rank that owns the future is gone.
 * Differs:   an AsyncResult cannot be cancelled, a future of
 *            concurrent.futures only before it runs.
 */
MR_CHECKED mr_error mr_future_cancel(mr_future future);

/**
 * Free a future.  A map that has not ended is cancelled first.
 *
 * Callers:   any endpoint, any thread; the endpoint that made the call, if the
 *            map has not ended.
 * Blocks:    until the map has ended.
 * Ownership: the future is freed; its handles become stale.
 * Errors:    MR_ERR_STATE - the map has not ended, and another endpoint made
 *            the call;
 *            MR_ERR_STALE - the future was destroyed before;
 *            MR_ERR_OWNER_LOST - the rank that owned the future is gone.
 */
MR_API mr_error mr_future_destroy(mr_future future);

#ifdef __cplusplus
}
#endif

#endif
