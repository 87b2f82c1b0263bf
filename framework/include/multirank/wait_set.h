/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait sets: a file descriptor that is readable when an object is ready, for
 * programs that wait in poll, epoll, libuv, GLib or asyncio.
 *
 *     mr_wait_set_create(&set);
 *     mr_wait_set_add(set, queue.handle, NULL);
 *     mr_wait_set_descriptor(set, &descriptor);
 *     for (;;) {
 *         poll(...); // descriptor, and others, for POLLIN
 *         mr_wait_set_ready(set, ready, 16, &count);
 *         for (size_t i = 0; i < count; i++) {
 *             ... mr_queue_get(queue, ..., 0) ... // with a time-out of 0
 *         }
 *     }
 *
 * The descriptor is level-triggered: it is readable from the moment when an
 * object becomes ready, or is added, until mr_wait_set_ready finds that none is
 * ready.  So call mr_wait_set_ready each time when the descriptor is readable,
 * also if it then says that nothing is ready, as another endpoint was faster.
 */
#ifndef MULTIRANK_WAIT_SET_H
#define MULTIRANK_WAIT_SET_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A wait set belongs to the endpoint that created it.  It is no handle and
 * cannot be sent to another endpoint. */
typedef struct mr_wait_set mr_wait_set;

/* An object of a set that is ready. */
typedef struct mr_ready {
    mr_handle handle;
    void *user;     /* what mr_wait_set_add was given */
    mr_error error; /* MR_OK; or MR_ERR_STALE: it was destroyed;
                       MR_ERR_OWNER_LOST: its rank is lost */
} mr_ready;

/**
 * Create an empty wait set.  While an endpoint has wait sets one thread of the
 * library watches their objects and sleeps otherwise.
 *
 * Callers:   any endpoint, any thread.
 * Blocks:    until that thread has started; or has ended, when another thread
 *            destroys the last set.
 * Ownership: the set is the caller's until mr_wait_set_destroy.
 * Errors:    MR_ERR_ARGUMENT - set is NULL;
 *            MR_ERR_NO_MEMORY - malloc failed;
 *            MR_ERR_SYSTEM - there is no descriptor or no thread;
 *            MR_ERR_LIMIT - too many threads of this rank and its processes
 *            use the library;
 *            MR_ERR_STATE - there is no job.
 * Differs:   Python's objects have a fileno() each.
 */
MR_CHECKED mr_error mr_wait_set_create(mr_wait_set **set);

/**
 * Add an object to a set; pass the `handle` member of the object, as for
 * mr_wait.  The descriptor becomes readable, as the object may be ready.
 *
 * Callers:   the endpoint that created the set, any thread.
 * Blocks:    while another thread is inside a call on this set.
 * Ownership: the set keeps the pointer `user` for mr_wait_set_ready and does
 *            not use what it points to.
 * Errors:    MR_ERR_ARGUMENT - set is NULL, or the object cannot be waited for,
 *            or is in the set already;
 *            MR_ERR_NO_MEMORY - malloc failed.
 * Differs:   as selectors.register().
 */
MR_CHECKED mr_error mr_wait_set_add(mr_wait_set *set, mr_handle handle,
                                    void *user);

/**
 * Remove an object from a set, also one that was destroyed.
 *
 * Callers:   the endpoint that created the set, any thread.
 * Blocks:    while another thread is inside a call on this set.
 * Errors:    MR_ERR_ARGUMENT - set is NULL, or the object is not in the set.
 * Differs:   as selectors.unregister().
 */
MR_API mr_error mr_wait_set_remove(mr_wait_set *set, mr_handle handle);

/**
 * The descriptor of a set.  It is closed on exec.  Do not read, write or close
 * it.
 *
 * Callers:   the endpoint that created the set, any thread.
 * Blocks:    never.
 * Ownership: the descriptor belongs to the set.
 * Errors:    MR_ERR_ARGUMENT - set or descriptor is NULL.
 * Differs:   as fileno() of selectors.EpollSelector.
 */
MR_CHECKED mr_error mr_wait_set_descriptor(const mr_wait_set *set,
                                           int *descriptor);

/**
 * Tell which objects of a set are ready, up to `max` of them.  Ready is what
 * mr_wait says.  An object that was destroyed, or whose rank is lost, counts as
 * ready until it is removed, and its `error` says so.  If more than `max`
 * objects are ready, the next call begins with those that were not told.
 *
 * If none is ready, `count` is 0, and the descriptor is not readable until an
 * object becomes ready.
 *
 * Callers:   the endpoint that created the set, any thread.
 * Blocks:    for objects of other nodes, until their owners have answered; and
 *            while another thread is inside a call on this set.
 * Ownership: `ready` has room for `max` elements.  Outputs are written on
 *            success only.
 * Units:     `max` is at least 1.  The time grows with the number of objects
 *            in the set, as for mr_wait.
 * Errors:    MR_ERR_ARGUMENT - set, ready or count is NULL, or max is 0;
 *            MR_ERR_NO_MEMORY, MR_ERR_LIMIT - as for mr_wait;
 *            MR_ERR_STATE - there is no job.
 * Differs:   as selectors.select(0).
 */
MR_CHECKED mr_error mr_wait_set_ready(mr_wait_set *set, mr_ready *ready,
                                      size_t max, size_t *count);

/**
 * Destroy a set and close its descriptor.  Its objects stay.  NULL is allowed.
 *
 * Callers:   the endpoint that created the set; no other thread uses it. Also
 *            after mr_finalize.
 * Blocks:    for the last set of the endpoint, until the thread that watched
 *            has ended.
 * Errors:    always MR_OK.
 * Differs:   as close() of a selector.
 */
MR_API mr_error mr_wait_set_destroy(mr_wait_set *set);

#ifdef __cplusplus
}
#endif

#endif
