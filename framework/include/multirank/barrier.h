/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Barrier: a number of parties wait until all of them have arrived.  It may be
 * used again and again.
 *
 * A barrier breaks when a party gives up (its time-out passes, or it is
 * interrupted), when an endpoint that has waited at it crashes, or by
 * mr_barrier_abort.  Then all parties that wait, and all that come, get
 * MR_ERR_BROKEN, until mr_barrier_reset.
 */
#ifndef MULTIRANK_BARRIER_H
#define MULTIRANK_BARRIER_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_barrier {
    mr_handle handle;
} mr_barrier;

/* The last party to arrive runs it, before any party goes on. */
typedef void mr_barrier_action(void);

/* Zeroed means: all defaults. */
typedef struct mr_barrier_options {
    int place; /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
    mr_barrier_action *action; /* NULL: none */
} mr_barrier_options;

typedef struct mr_barrier_state {
    unsigned int parties;
    unsigned int waiting; /* parties that have arrived in this round */
    bool broken;
} mr_barrier_state;

/**
 * Create a barrier.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the barrier lives until mr_barrier_destroy or the end of the job.
 * Units:     `parties` is 1 or more.
 * Errors:    MR_ERR_ARGUMENT - barrier is NULL, parties is 0, or there is no
 *            such rank;
 *            MR_ERR_FUNCTION - the action is not a function of this program;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 * Differs:   the time-out is given to each wait.
 */
MR_CHECKED mr_error mr_barrier_create(mr_barrier *barrier, unsigned int parties,
                                      const mr_barrier_options *options);

/**
 * Wait until all parties have arrived.
 *
 * Callers:   any endpoint, any thread.  Each caller is one party.
 * Blocks:    until all have arrived, at most `timeout` seconds; and before that
 *            until all parties of the round before have left.
 * Ownership: *number is written on success only; `number` may be NULL.
 * Units:     `timeout` in seconds.  *number is from 0 to parties - 1, another
 *            one for each party of the round: one of them gets 0.
 * Errors:    MR_ERR_BROKEN - the barrier is broken, was broken or reset during
 *            the call, or its action ended its process;
 *            MR_ERR_TIMEOUT - the parties were not there in time, and the
 *            barrier is broken now;
 *            MR_ERR_INTERRUPTED - see mr_set_interrupt; the barrier is broken
 *            now;
 *            MR_ERR_FUNCTION - the action cannot be found in this process;
 *            MR_ERR_LIMIT - a million endpoints have waited at it;
 *            MR_ERR_NO_MEMORY - the segment is full;
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the barrier was destroyed before the call;
 *            MR_ERR_CLOSED - the barrier was destroyed during the call.
 * Differs:   in Python the death of a party lets the others wait for ever.
 */
MR_CHECKED mr_error mr_barrier_wait(mr_barrier barrier, double timeout,
                                    unsigned int *number);

/**
 * Begin again with an empty round.  The barrier is not broken then; parties
 * that wait get MR_ERR_BROKEN.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - the barrier was destroyed.
 */
MR_API mr_error mr_barrier_reset(mr_barrier barrier);

/**
 * Break a barrier.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - the barrier was destroyed.
 */
MR_API mr_error mr_barrier_abort(mr_barrier barrier);

/**
 * The state of a barrier, at one moment during the call.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *state is written on success only.
 * Errors:    MR_ERR_ARGUMENT - state is NULL;
 *            MR_ERR_STALE - the barrier was destroyed.
 */
MR_CHECKED mr_error mr_barrier_get_state(mr_barrier barrier,
                                         mr_barrier_state *state);

/**
 * Destroy a barrier.  Threads that wait at it get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the barrier; from
 *            another node until the owner has answered.
 * Ownership: the barrier is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the barrier was destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_barrier_destroy(mr_barrier barrier);

#ifdef __cplusplus
}
#endif

#endif
