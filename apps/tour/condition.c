/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A condition: main sleeps until there is enough.  A process that changes the
 * number holds the lock, and notifies.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { PROCESSES = 3 };

typedef struct stock {
    mr_condition condition;
    mr_lock lock; /* of the condition */
    mr_value number;
} stock;

static int deliver(const void *argument, size_t size)
{
    const stock *s = argument;
    const int32_t one = 1;

    (void)size;
    CHECK(mr_lock_acquire(s->lock, MR_FOREVER));
    CHECK(mr_value_add(s->number, &one, NULL));
    CHECK(mr_condition_notify(s->condition, 1));
    CHECK(mr_lock_release(s->lock));
    return 0;
}

static bool is_enough(void *argument)
{
    const stock *s = argument;
    int32_t number;

    CHECK(MR_VALUE_GET(s->number, &number));
    return number == PROCESSES;
}

void tour_condition(void)
{
    mr_process processes[PROCESSES];
    stock s;

    CHECK(mr_condition_create(&s.condition, NULL));
    CHECK(mr_condition_get_lock(s.condition, &s.lock));
    CHECK(mr_value_create(&s.number, MR_INT32, NULL, NULL));
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = start(deliver, &s, sizeof s);
    }

    CHECK(mr_lock_acquire(s.lock, MR_FOREVER));
    CHECK(mr_condition_wait_for(s.condition, is_enough, &s, MR_FOREVER));
    printf("main has waited until there were %d\n", PROCESSES);
    CHECK(mr_lock_release(s.lock));

    for (int i = 0; i < PROCESSES; i++) {
        finish(processes[i]);
    }
    CHECK(mr_condition_destroy(s.condition));
    CHECK(mr_value_destroy(s.number));
}
