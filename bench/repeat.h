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

static inline double seconds_of(void (*run)(void *user, long steps), void *user,
                                long steps)
{
    double start = now();

    run(user, steps);
    return now() - start;
}

/*
 * Seconds for each of the steps that `run` takes: of more and more of them,
 * until they take long enough, and take long enough again.  The quicker of
 * these two counts, as somebody else may have had the core meanwhile, and never
 * the first of all, which meets everything cold.
 */
static inline double seconds_each(void (*run)(void *user, long steps),
                                  void *user)
{
    const double enough = enough_seconds();
    long steps = 1;

    run(user, 1);
    for (;;) {
        double seconds = seconds_of(run, user, steps);
        double more;

        if (seconds >= enough) {
            double again = seconds_of(run, user, steps);

            seconds = again < seconds ? again : seconds;
            if (seconds >= enough / 2) {
                return seconds / (double)steps;
            }
        }
        more = seconds > 0 ? 1.2 * enough / seconds : 10;
        steps = (long)((double)steps * (more < 10 ? more : 10)) + 1;
    }
}

#endif
