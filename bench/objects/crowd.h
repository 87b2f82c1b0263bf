/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several workers that all want the same object: how much time passes for
 * each of their operations, over all of them.
 *
 * They work for a given time and not until a given count, so that a crowd of
 * more workers than cores takes no longer than a small one.
 */
#ifndef BENCH_OBJECTS_CROWD_H
#define BENCH_OBJECTS_CROWD_H

#include "../repeat.h"

#include <stdint.h>

/* What one worker did, and when; times are the same for all of a machine. */
typedef struct crowd_part {
    double begin;
    double end;
    int64_t count;
} crowd_part;

/* Do as many operations as there is time for, from now on. */
static inline crowd_part crowd_work(void (*operation)(void *user), void *user)
{
    crowd_part mine = {.begin = now()};

    do {
        for (int i = 0; i < 16; i++) {
            operation(user);
        }
        mine.count += 16;
        mine.end = now();
    } while (mine.end - mine.begin < 0.2);
    return mine;
}

/* Add a part to what is known of the others: none, if zeroed. */
static inline void crowd_add(crowd_part *all, const crowd_part *part)
{
    if (all->count == 0 || part->begin < all->begin) {
        all->begin = part->begin;
    }
    if (part->end > all->end) {
        all->end = part->end;
    }
    all->count += part->count;
}

/* The result of all workers, who have counted to `sum` together. */
static inline void crowd_report(const char *what, int workers,
                                const crowd_part *all, int64_t sum)
{
    check(sum == all->count, what);
    report_of_ranks(what, workers,
                    (all->end - all->begin) / (double)all->count * 1e9, "ns");
}

#endif
