/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a task does that only takes time: a chain of multiplications, each of
 * which waits for the one before, so that neighbours on a core do not share
 * it, and no compiler shortens it.  The chain goes on from task to task: else
 * a processor begins with the next before the last has ended.
 */
#ifndef BENCH_POOL_WORK_H
#define BENCH_POOL_WORK_H

#include <stdint.h>

/* Knuth's MMIX generator, as anything would do.  The result is known. */
static inline int64_t busy(int64_t iterations)
{
    static _Thread_local uint64_t chain;

    if (iterations > 0) {
        uint64_t x = chain;

        for (int64_t i = 0; i < iterations; i++) {
            x = x * 6364136223846793005u + 1442695040888963407u;
            __asm__ volatile("" : "+r"(x));
        }
        chain = x;
    }
    return iterations + 1;
}

#endif
