/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A semaphore that lets two in at a time.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { PROCESSES = 6, TOGETHER = 2, TIMES = 50 };

typedef struct room {
    mr_semaphore semaphore;
    mr_value inside;
    mr_value most;
} room;

static int visit(const void *argument, size_t size)
{
    const room *r = argument;
    const int32_t one = 1, minus_one = -1;

    (void)size;
    for (int i = 0; i < TIMES; i++) {
        int32_t before;

        CHECK(mr_semaphore_acquire(r->semaphore, MR_FOREVER));
        CHECK(mr_value_add(r->inside, &one, &before));
        before += 1;
        CHECK(mr_value_max(r->most, &before, NULL));
        CHECK(mr_value_add(r->inside, &minus_one, NULL));
        CHECK(mr_semaphore_release(r->semaphore, 1));
    }
    return 0;
}

void tour_semaphore(void)
{
    mr_process processes[PROCESSES];
    int32_t most;
    room r;

    CHECK(mr_semaphore_create(&r.semaphore, TOGETHER, NULL));
    CHECK(mr_value_create(&r.inside, MR_INT32, NULL, NULL));
    CHECK(mr_value_create(&r.most, MR_INT32, NULL, NULL));
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = start(visit, &r, sizeof r);
    }
    for (int i = 0; i < PROCESSES; i++) {
        finish(processes[i]);
    }
    CHECK(MR_VALUE_GET(r.most, &most));
    printf("%d processes came, never more than %d at a time: %s\n", PROCESSES,
           TOGETHER, most <= TOGETHER ? "yes" : "no");
    CHECK(mr_semaphore_destroy(r.semaphore));
    CHECK(mr_value_destroy(r.inside));
    CHECK(mr_value_destroy(r.most));
}
