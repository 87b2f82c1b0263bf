/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites about queues share.
 */
#ifndef MPI_QUEUE_SUPPORT_H
#define MPI_QUEUE_SUPPORT_H

#include "mpi/support.h"

/* A queue at a rank; maxsize 0 for none. */
static inline bool make(mr_queue *queue, int rank, size_t maxsize)
{
    const mr_queue_options options = {.maxsize = maxsize,
                                      .place = MR_ON_RANK(rank)};

    return MRT_OK(mr_queue_create(queue, &options));
}

static inline bool put_number(mr_queue queue, int64_t number)
{
    return MRT_OK(mr_queue_put(queue, &number, sizeof number, GUARD));
}

static inline bool get_number(mr_queue queue, int64_t expected)
{
    int64_t number = -1;
    size_t size = 0;

    return MRT_OK(mr_queue_get(queue, &number, sizeof number, &size, GUARD)) &&
           MRT_EQUAL(size, sizeof number) && MRT_EQUAL(number, expected);
}

#endif
