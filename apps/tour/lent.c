/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lent items: large arrays go through a queue without being copied, and a
 * process changes one in place and passes it on.
 */
#include "tour.h"

#include <stdio.h>

enum { NUMBERS = 1000000 };

typedef struct line {
    mr_queue raw, doubled;
} line;

static int double_in_place(const void *argument, size_t size)
{
    const line *l = argument;
    mr_item item;
    double *numbers;

    (void)size;
    CHECK(mr_queue_take(l->raw, &item, MR_FOREVER));
    numbers = item.data;
    for (size_t i = 0; i < item.size / sizeof *numbers; i++) {
        numbers[i] *= 2;
    }
    CHECK(mr_queue_commit(l->doubled, &item, MR_FOREVER));
    return 0;
}

void tour_lent(void)
{
    mr_process process;
    double *numbers, sum = 0;
    mr_item item;
    line l;

    CHECK(mr_queue_create(&l.raw, NULL));
    CHECK(mr_queue_create(&l.doubled, NULL));
    process = start(double_in_place, &l, sizeof l);
    CHECK(
        mr_queue_reserve(l.raw, NUMBERS * sizeof *numbers, &item, MR_FOREVER));
    numbers = item.data;
    for (int i = 0; i < NUMBERS; i++) {
        numbers[i] = 1.5;
    }
    CHECK(mr_queue_commit(l.raw, &item, MR_FOREVER));
    CHECK(mr_queue_take(l.doubled, &item, MR_FOREVER));
    numbers = item.data;
    for (int i = 0; i < NUMBERS; i++) {
        sum += numbers[i];
    }
    printf("%d numbers came back; their sum is %.0f\n", NUMBERS, sum);
    CHECK(mr_item_release(&item));
    finish(process);
    CHECK(mr_queue_destroy(l.raw));
    CHECK(mr_queue_destroy(l.doubled));
}
