/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an idle rank costs, with all that belongs to it: context switches and
 * time on a core, of ten seconds.
 */
#ifndef BENCH_JOB_IDLE_H
#define BENCH_JOB_IDLE_H

#include "../repeat.h"
#include "usage.h"

/* Called by rank 0, while the others wait.  It only sleeps itself, and does
 * not count. */
static inline void idle_measure(int ranks, double seconds)
{
    usage before;
    usage after;
    double start;

    sleep(1); /* what belongs to the start */
    start = now();
    before = usage_of_other_ranks();
    usleep((useconds_t)(seconds * 1e6));
    after = usage_of_other_ranks();
    seconds = now() - start;
    check(after.processes == before.processes && after.processes >= ranks - 1,
          "processes that stay");
    report_of_ranks("switches", ranks,
                    (after.switches - before.switches) / (ranks - 1) * 10 /
                        seconds,
                    "switches");
    report_of_ranks("core", ranks,
                    (after.cpu - before.cpu) / (ranks - 1) * 10 / seconds * 1e3,
                    "ms");
}

/* The seconds that were asked for: ten, unless the first argument says it. */
static inline double idle_seconds(int argc, char **argv)
{
    return argc > 1 && atof(argv[1]) > 0 ? atof(argv[1]) : 10;
}

#endif
