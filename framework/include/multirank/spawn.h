/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that make tasks: divide and conquer, branch and bound, graph search.
 *
 * A task of a pool may spawn others and wait for them.  The workers of its node
 * share what is spawned: each runs its newest tasks first, and a worker without
 * tasks steals the oldest of another.  A task that waits gives its worker to
 * other tasks meanwhile, so nothing deadlocks, even with one worker.  The map
 * ends when all tasks have, those that others made too.
 *
 *     static mr_error count(const void *in, void *out, const mr_task *task)
 *     {
 *         ...
 *         error = mr_task_spawn(count, &left, sizeof left, &a, sizeof a);
 *         error = mr_task_spawn(count, &right, sizeof right, &b, sizeof b);
 *         error = mr_task_wait(NULL);
 *         *sum = a + b;
 *         return error;
 *     }
 *
 * Spawned tasks stay on the node of the task that made them.  If the rank in
 * which a map keeps the tasks of a node is lost, the tasks that the map had
 * given to that node run again, with all that they make.
 */
#ifndef MULTIRANK_SPAWN_H
#define MULTIRANK_SPAWN_H

#include <multirank/pool.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a task from inside a task.  It gets a copy of `input`; its `output` is
 * copied to the caller's inside mr_task_wait.  Its mr_task tells the context of
 * the map, and as index that of the map's task from which it descends.
 *
 * When 1,023 tasks that a worker has made wait to be run, a spawn runs the new
 * one before it returns.
 *
 * A task that fails makes mr_task_wait of its parent fail.  If the parent
 * returns without waiting it is the map that fails; the other tasks run on.
 *
 * Callers:   a task function, in the thread that runs it.
 * Blocks:    never, but for tasks that it runs.
 * Ownership: `input` may be used again at once.  `output` is written by
 *            mr_task_wait; if the caller returns without it, never.
 * Units:     sizes in bytes; 0 with NULL for none.
 * Errors:    MR_ERR_STATE - the caller is no task of a pool;
 *            MR_ERR_ARGUMENT - function is NULL; or input or output is NULL
 *            with a size;
 *            MR_ERR_FUNCTION - the function cannot travel, as mr_function(3)
 *            tells;
 *            MR_ERR_NO_MEMORY, MR_ERR_TOO_LARGE - no room is left in the
 *            segment, and the worker has no task to run that would free some;
 *            MR_ERR_LIMIT - less than 128 KiB of the thread's stack is left,
 *            as tasks wait for tasks; or a map has spawned tasks of more than
 *            64 functions;
 *            MR_ERR_CANCELLED - the map has ended: its time-out passed, or its
 *            caller is gone.
 * Differs:   a task of Python's Pool may not start a map.
 */
MR_CHECKED mr_error mr_task_spawn(mr_task_function *function, const void *input,
                                  size_t input_size, void *output,
                                  size_t output_size);

/**
 * Wait until all tasks that the calling task has spawned have ended.  The
 * worker runs other tasks meanwhile: those of the caller first.
 *
 * Callers:   as mr_task_spawn.
 * Blocks:    until they have ended, or their workers died, or the map was
 *            cancelled.
 * Ownership: the outputs given to mr_task_spawn are written, but for tasks that
 *            failed, whose outputs are undefined.  *error, unless NULL, is
 *            written: the first failure, or the code MR_OK.  Its text and
 *            its signal become those of the caller, should that return the
 *            error.
 * Errors:    MR_ERR_STATE - the caller is no task of a pool;
 *            MR_ERR_NO_MEMORY - no room is left in the segment;
 *            MR_ERR_WORKER_DIED - a task ended its worker;
 *            MR_ERR_CANCELLED - as for mr_task_spawn;
 *            any other - a task that was spawned returned it.
 * Differs:   like concurrent.futures.wait() inside a task, which deadlocks in
 *            Python when all workers wait.
 */
MR_CHECKED mr_error mr_task_wait(mr_task_error *error);

/**
 * Add a task to the map, for which no task waits: it has no output, and may
 * outlive the caller.  It costs less than mr_task_spawn, and a long series of
 * such tasks needs no memory for those that have ended.  A long path of them,
 * as in the search of a graph, needs no stack: when 64 tasks run inside one
 * another by spawns, new ones wait, however many there are.
 *
 * Callers:   a task of a map, in the thread that runs it.
 * Blocks:    as mr_task_spawn.
 * Ownership: `input` may be used again at once.
 * Units:     `input_size` in bytes; 0 with NULL for none.
 * Errors:    MR_ERR_STATE - the caller is no task of a map; tasks of iterators
 *            can only spawn and wait;
 *            MR_ERR_ARGUMENT, MR_ERR_FUNCTION, MR_ERR_NO_MEMORY,
 *            MR_ERR_TOO_LARGE, MR_ERR_LIMIT, MR_ERR_CANCELLED - as for
 *            mr_task_spawn.
 * Differs:   not in Python.
 */
MR_CHECKED mr_error mr_task_add(mr_task_function *function, const void *input,
                                size_t input_size);

#ifdef __cplusplus
}
#endif

#endif
