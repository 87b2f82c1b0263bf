/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all programs that measure have in common: a clock, and the line in
 * which they tell a figure.
 */
#ifndef BENCH_FIGURE_H
#define BENCH_FIGURE_H

#include <stdio.h>
#include <time.h>

/* Seconds on a clock that never goes back. */
static inline double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* A line "name value unit". */
static inline void report(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

/* The same where each number of ranks, or of workers, is a case: "name_ranks
 * value unit". */
static inline void report_of_ranks(const char *name, int ranks, double value,
                                   const char *unit)
{
    char full[64];

    snprintf(full, sizeof full, "%s_%d", name, ranks);
    report(full, value, unit);
}

#endif
