/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Event: a flag that threads wait for.  It is set or not set.
 */
#ifndef MULTIRANK_EVENT_H
#define MULTIRANK_EVENT_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mr_event {
    mr_handle handle;
} mr_event;

/* Zeroed means: all defaults. */
typedef struct mr_event_options {
    int place; /* MR_ON_RANK(r), or MR_PLACE_DEFAULT: the caller's rank */
} mr_event_options;

/**
 * Create an event.  It is not set.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on this node; for a rank of another node until that rank
 *            has answered.
 * Ownership: the event lives until mr_event_destroy or the end of the job.
 * Errors:    MR_ERR_ARGUMENT - event is NULL, or there is no such rank;
 *            MR_ERR_STATE - there is no job;
 *            MR_ERR_LIMIT - the rank has no room for another object;
 *            MR_ERR_NO_MEMORY - the segment is full.
 */
MR_CHECKED mr_error mr_event_create(mr_event *event,
                                    const mr_event_options *options);

/**
 * Set an event.  All threads that wait for it go on.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - the event was destroyed.
 */
MR_API mr_error mr_event_set(mr_event event);

/**
 * Clear an event.  Threads that wait already and have been released by
 * mr_event_set go on all the same.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Errors:    MR_ERR_STALE - the event was destroyed.
 */
MR_API mr_error mr_event_clear(mr_event event);

/**
 * Tell whether an event is set.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    never on the owner's node; from another node until the owner has
 *            answered.
 * Ownership: *set is written on success only.
 * Errors:    MR_ERR_ARGUMENT - set is NULL;
 *            MR_ERR_STALE - the event was destroyed.
 */
MR_CHECKED mr_error mr_event_is_set(mr_event event, bool *set);

/**
 * Wait until an event is set.  mr_wait can wait for several.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until the event is set, at most `timeout` seconds.
 * Units:     `timeout` in seconds.
 * Errors:    MR_ERR_TIMEOUT - the event was not set in time (Python: False);
 *            MR_ERR_ARGUMENT - timeout is NaN;
 *            MR_ERR_STALE - the event was destroyed before the call;
 *            MR_ERR_CLOSED - the event was destroyed during the call.
 * Differs:   a thread that waits also goes on when the event is set and cleared
 *            again before it wakes.
 */
MR_CHECKED mr_error mr_event_wait(mr_event event, double timeout);

/**
 * Destroy an event.  Threads that wait for it get MR_ERR_CLOSED.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    while other endpoints are inside a call on the event; from
 *            another node until the owner has answered.
 * Ownership: the event is freed; its handles become stale.
 * Errors:    MR_ERR_STALE - the event was destroyed before.
 * Differs:   Python leaves this to garbage collection.
 */
MR_API mr_error mr_event_destroy(mr_event event);

#ifdef __cplusplus
}
#endif

#endif
