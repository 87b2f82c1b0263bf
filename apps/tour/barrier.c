/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A barrier: each process does its part of a step, and begins the next step
 * when all have done theirs.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { PROCESSES = 4, STEPS = 3 };

typedef struct work {
    mr_barrier barrier;
    mr_value done; /* parts of all steps */
} work;

static int work_in_steps(const void *argument, size_t size)
{
    const work *w = argument;
    const int32_t one = 1;

    (void)size;
    for (int step = 1; step <= STEPS; step++) {
        unsigned int number;
        int32_t done;

        CHECK(mr_value_add(w->done, &one, NULL));
        CHECK(mr_barrier_wait(w->barrier, MR_FOREVER, &number));
        CHECK(MR_VALUE_GET(w->done, &done));
        if (number == 0) { /* one of them speaks for all */
            printf("step %d: %" PRId32 " parts are done\n", step, done);
        }
        CHECK(mr_barrier_wait(w->barrier, MR_FOREVER, NULL));
    }
    return 0;
}

void tour_barrier(void)
{
    mr_process processes[PROCESSES];
    work w;

    CHECK(mr_barrier_create(&w.barrier, PROCESSES, NULL));
    CHECK(mr_value_create(&w.done, MR_INT32, NULL, NULL));
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = start(work_in_steps, &w, sizeof w);
    }
    for (int i = 0; i < PROCESSES; i++) {
        finish(processes[i]);
    }
    CHECK(mr_barrier_destroy(w.barrier));
    CHECK(mr_value_destroy(w.done));
}
