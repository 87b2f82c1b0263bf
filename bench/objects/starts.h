/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long it takes to start a process and to see its end: of one after the
 * other, and of several at once.
 */
#ifndef BENCH_OBJECTS_STARTS_H
#define BENCH_OBJECTS_STARTS_H

#include "../repeat.h"

enum { STARTS_AT_ONCE = 16 };

/* Start so many processes, wait for all of them, and see that each ended with
 * the exit code 0. */
typedef void starts_function(int count);

static inline void starts_singly(void *user, long count)
{
    starts_function *const *function = user;

    for (long i = 0; i < count; i++) {
        (*function)(1);
    }
}

static inline void starts_together(void *user, long count)
{
    starts_function *const *function = user;

    for (long i = 0; i < count; i++) {
        (*function)(STARTS_AT_ONCE);
    }
}

static inline void starts_measure(starts_function *function)
{
    report("start_join", seconds_each(starts_singly, &function) * 1e6, "us");
    report("start_join_16_at_once",
           seconds_each(starts_together, &function) / STARTS_AT_ONCE * 1e6,
           "us");
}

#endif
