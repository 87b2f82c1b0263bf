/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the programs that measure Multirank have in common.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Seconds on a clock that never goes back. */
static inline double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* An error ends the program. */
static inline void must(mr_error error, const char *what)
{
    if (error) {
        fprintf(stderr, "%s: %s\n", what, mr_error_text(error));
        exit(1);
    }
}

/* A line "name value unit". */
static inline void report(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

#endif
