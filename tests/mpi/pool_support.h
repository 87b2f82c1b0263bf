/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites about pools share.
 */
#ifndef MPI_POOL_SUPPORT_H
#define MPI_POOL_SUPPORT_H

#include "mpi/support.h"

static inline bool make(mr_pool *pool, size_t workers)
{
    const mr_pool_options options = {.workers = workers};

    return MRT_OK(mr_pool_create(pool, &options));
}

static inline mr_error square(const void *input, void *output,
                              const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    (void)task;
    *(int64_t *)output = n * n;
    return MR_OK;
}

/* Maps square over 0 to count - 1 and looks at each result. */
static inline void squares(mr_pool pool, size_t count, size_t chunk)
{
    const mr_map_options options = {.chunk = chunk};
    int64_t *in = calloc(count + 1, sizeof *in);
    int64_t *out = calloc(count + 1, sizeof *out);
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        in[i] = (int64_t)i;
        out[i] = -1;
    }
    MRT_OK(mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out, sizeof *out,
                       count, &options));
    for (size_t i = 0; i < count; i++) {
        wrong += in[i] != (int64_t)i || out[i] != (int64_t)(i * i);
    }
    MRT_EQUAL(wrong, 0);
    free(in);
    free(out);
}

#endif
