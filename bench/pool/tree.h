/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trees of empty tasks: each task but the leaves makes two others.
 */
#ifndef BENCH_POOL_TREE_H
#define BENCH_POOL_TREE_H

#include "../repeat.h"

#include <stdint.h>

enum { TREE_LEVELS = 22 }; /* below the root; BENCH_LEVELS says other ones */

static inline int tree_levels(void)
{
    const char *chosen = getenv("BENCH_LEVELS");

    return chosen ? atoi(chosen) : TREE_LEVELS;
}

static inline double tree_tasks(int levels)
{
    return (double)(((int64_t)2 << levels) - 1);
}

#endif
