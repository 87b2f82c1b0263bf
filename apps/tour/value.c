/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A number that all processes share.  To read it, add one and write it back
 * takes three steps, between which others could do the same: so either its
 * lock makes them one, or mr_value_add does.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { PROCESSES = 10 };

static int increment(const void *argument, size_t size)
{
    mr_value shared_value = *(const mr_value *)argument;
    mr_lock lock;
    int32_t number;

    (void)size;
    CHECK(mr_value_get_lock(shared_value, &lock));

    CHECK(mr_lock_acquire(lock, MR_FOREVER));
    CHECK(mr_value_get(shared_value, &number));
    number += 1;
    CHECK(mr_value_set(shared_value, &number));
    CHECK(mr_lock_release(lock));
    return 0;
}

static int increment_atomically(const void *argument, size_t size)
{
    mr_value shared_value = *(const mr_value *)argument;
    const int32_t one = 1;

    (void)size;
    CHECK(mr_value_add(shared_value, &one, NULL));
    return 0;
}

static int32_t count_with(mr_process_function *function)
{
    mr_value shared_value;
    mr_process processes[PROCESSES];
    int32_t number;

    CHECK(mr_value_create(&shared_value, MR_INT32, NULL, NULL));
    for (int i = 0; i < PROCESSES; i++) {
        processes[i] = start(function, &shared_value, sizeof shared_value);
    }
    for (int i = 0; i < PROCESSES; i++) {
        finish(processes[i]);
    }
    CHECK(mr_value_get(shared_value, &number));
    CHECK(mr_value_destroy(shared_value));
    return number;
}

void tour_value(void)
{
    printf("Should print 10: %" PRId32 "\n", count_with(increment));
    printf("Should print 10: %" PRId32 ", without the lock\n",
           count_with(increment_atomically));
}
