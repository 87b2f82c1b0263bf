/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data that one process has and all nodes need, whatever brings them there.
 */
#ifndef BENCH_OBJECTS_SHARE_H
#define BENCH_OBJECTS_SHARE_H

#include "../repeat.h"

#include <stdint.h>

enum { SHARE_MOST = 8 << 20 }; /* elements: 64 MiB */

typedef struct share {
    int64_t *numbers;
    size_t count;
} share;

/* Each of these is brought to all, again and again. */
static const struct {
    size_t count;
    const char *name;
} share_cases[] = {
    {(64 << 10) / 8, "share_64KiB"},
    {(1 << 20) / 8, "share_1MiB"},
    {(64 << 20) / 8, "share_64MiB"},
};

static inline int64_t *share_numbers(void)
{
    int64_t *numbers = malloc(SHARE_MOST * sizeof *numbers);

    check(numbers != NULL, "memory");
    for (size_t i = 0; i < SHARE_MOST; i++) {
        numbers[i] = (int64_t)(i + 1);
    }
    return numbers;
}

static inline void share_measure(void (*run)(void *user, long times))
{
    share s = {.numbers = share_numbers()};

    for (size_t i = 0; i < sizeof share_cases / sizeof *share_cases; i++) {
        double gigabytes = (double)share_cases[i].count * 8 / 1e9;

        s.count = share_cases[i].count;
        report(share_cases[i].name, gigabytes / seconds_each(run, &s), "GB/s");
    }
    free(s.numbers);
}

#endif
