/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites about processes share.
 */
#ifndef MPI_PROCESS_SUPPORT_H
#define MPI_PROCESS_SUPPORT_H

#include "mpi/support.h"

static inline int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static inline int return_the_argument(const void *argument, size_t size)
{
    (void)size;
    return *(const int *)argument;
}

/* Queues: a child says something in the first, and waits for the second
 * before it goes on; a parent tells of its children in the third. */
typedef struct stage {
    mr_queue said, go, children;
    int how;
} stage;

static inline bool make_stage(stage *s)
{
    memset(s, 0, sizeof *s);
    return MRT_OK(mr_queue_create(&s->said, NULL)) &&
           MRT_OK(mr_queue_create(&s->go, NULL)) &&
           MRT_OK(mr_queue_create(&s->children, NULL));
}

static inline void destroy_stage(const stage *s)
{
    MRT_OK(mr_queue_destroy(s->said));
    MRT_OK(mr_queue_destroy(s->go));
    MRT_OK(mr_queue_destroy(s->children));
}

static inline bool hear(const stage *s)
{
    return MRT_OK(mr_queue_get(s->said, NULL, 0, NULL, GUARD));
}

static inline bool tell(const stage *s)
{
    return MRT_OK(mr_queue_put(s->go, NULL, 0, GUARD));
}

static inline int wait_until_told(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

#endif
