/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measuring what takes too little time to be measured once.
 */
#ifndef BENCH_REPEAT_H
#define BENCH_REPEAT_H

#include "figure.h"

#include <stdlib.h>
#include <unistd.h>

/* What was computed is checked: a wrong result is no result. */
static inline void check(int right, const char *what)
{
    if (!right) {
        fprintf(stderr, "%s: this went wrong\n", what);
        exit(1);
    }
}

/* How a program is started, to whom started it in another way. */
static inline void want(int right, const char *how)
{
    if (!right) {
        fprintf(stderr, "start it so: %s\n", how);
        exit(2);
    }
}

/* Whatever hangs is ended, by SIGALRM: each rank calls this before it starts
 * MPI, and what a rank has started ends with it. */
static inline void end_in_time(void)
{
    alarm(300);
}

/* Seconds that are enough to be told from noise; BENCH_ENOUGH says fewer where
 * nobody looks at the figures. */
static inline double enough_seconds(void)
{
    const char *chosen = getenv("BENCH_ENOUGH");

    return chosen ? atof(chosen) : 0.1;
}

/*
 * Seconds for each of the steps that `run` takes: of more and more of them,
 * until they take long enough.  Only the last run counts, and never the first,
 * which meets everything cold.
 */
static inline double seconds_each(void (*run)(void *user, long steps),
                                  void *user)
{
    const double enough = enough_seconds();

    run(user, 1);
    for (long steps = 1;;) {
        double start = now();
        double seconds;
        double more;

        run(user, steps);
        seconds = now() - start;
        if (seconds >= enough) {
            return seconds / (double)steps;
        }
        more = seconds > 0 ? 1.2 * enough / seconds : 10;
        steps = (long)((double)steps * (more < 10 ? more : 10)) + 1;
    }
}

#endif
