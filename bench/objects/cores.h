/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A core for each of two processes.  The program is compiled with _GNU_SOURCE.
 */
#ifndef BENCH_OBJECTS_CORES_H
#define BENCH_OBJECTS_CORES_H

#include "../repeat.h"

#include <sched.h>

/* Run on the n-th core of those that this process may use. */
static inline void use_core(int n)
{
    cpu_set_t allowed;
    cpu_set_t one;

    CPU_ZERO(&one);
    check(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "affinity");
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &allowed) && n-- == 0) {
            CPU_SET(i, &one);
            check(sched_setaffinity(0, sizeof one, &one) == 0, "affinity");
            return;
        }
    }
    fprintf(stderr, "one core is not enough\n");
    exit(77);
}

#endif
