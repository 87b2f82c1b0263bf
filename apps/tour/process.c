/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Creating processes: a function runs in an operating-system process of its
 * own, on one of the ranks.
 */
#include "tour.h"

#include <stdio.h>

static int print_numbers(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    for (int i = 0; i < 10; i++) {
        printf("%d\n", i);
    }
    return 0;
}

static int worker(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    puts("Worker process");
    return 0;
}

void tour_process(void)
{
    mr_process p1, p2;

    CHECK(mr_process_create(&p1, print_numbers, NULL, 0, NULL));
    CHECK(mr_process_start(p1));
    CHECK(mr_process_join(p1, MR_FOREVER)); /* Wait until it has ended. */
    CHECK(mr_process_destroy(p1));

    /* Without this join the end of main would wait for the process. */
    CHECK(mr_process_create(&p2, worker, NULL, 0, NULL));
    CHECK(mr_process_start(p2));
    CHECK(mr_process_join(p2, MR_FOREVER));
    CHECK(mr_process_destroy(p2));
}
