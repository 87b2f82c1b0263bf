/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites of synchronisation objects share: a scene of objects and of
 * two queues, by which children tell where they are and are told to go on.
 */
#ifndef MPI_SYNC_SUPPORT_H
#define MPI_SYNC_SUPPORT_H

#include "mpi/support.h"

#include <signal.h>
#include <unistd.h>

/* A test makes those that it needs. */
typedef struct scene {
    mr_lock lock;
    mr_semaphore semaphore;
    mr_event event;
    mr_condition condition;
    mr_barrier barrier;
    mr_rwlock rwlock;
    mr_queue ready, go;
    int number; /* the test's own */
} scene;

static inline bool make_queues(scene *s)
{
    memset(s, 0, sizeof *s);
    return MRT_OK(mr_queue_create(&s->ready, NULL)) &&
           MRT_OK(mr_queue_create(&s->go, NULL));
}

static inline void destroy_queues(const scene *s)
{
    MRT_OK(mr_queue_destroy(s->ready));
    MRT_OK(mr_queue_destroy(s->go));
}

/* In a child. */
static inline void tell_ready(const scene *s)
{
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
}

static inline void await_go(const scene *s)
{
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, MR_FOREVER));
}

/* In the test. */
static inline bool await_ready(const scene *s)
{
    return MRT_OK(mr_queue_get(s->ready, NULL, 0, NULL, GUARD));
}

static inline void let_go(const scene *s)
{
    MRT_OK(mr_queue_put(s->go, NULL, 0, GUARD));
}

/* Start a child that tells when it is about to wait, and await that it does. */
static inline bool start_sleeper(mr_process *process, int rank,
                                 mr_process_function *function, const scene *s)
{
    return START(process, rank_of(rank), function, s, sizeof *s) &&
           await_ready(s) && MRT_CHECK(child_sleeps(*process));
}

static inline void kill_child(mr_process process)
{
    MRT_OK(mr_process_kill(process));
    END(process, -SIGKILL);
}

#endif
