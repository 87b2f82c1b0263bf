/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slices of an array that others see as well: how fast they are copied into
 * memory of one's own and back, whatever the array is.
 */
#ifndef BENCH_OBJECTS_SLICES_H
#define BENCH_OBJECTS_SLICES_H

#include "../repeat.h"

#include <stdint.h>

enum { SLICES_MOST = 8 << 20 }; /* elements of the array: 64 MiB */

typedef struct slices {
    /* Copy the first `count` elements; when it returns they are there. */
    void (*get)(void *user, int64_t *mine, size_t count);
    void (*set)(void *user, const int64_t *mine, size_t count);
    void *user;
} slices;

/* One slice, and the two blocks of memory that it goes to and comes from. */
typedef struct slices_run {
    const slices *array;
    size_t count;
    int64_t *in;
    int64_t *out;
} slices_run;

static inline void slices_get(void *user, long times)
{
    const slices_run *r = user;

    for (long i = 0; i < times; i++) {
        r->array->get(r->array->user, r->in, r->count);
    }
}

static inline void slices_set(void *user, long times)
{
    const slices_run *r = user;

    for (long i = 0; i < times; i++) {
        r->array->set(r->array->user, r->out, r->count);
    }
}

/* What is written must be what is read; each size has numbers of its own. */
static inline void slices_measure(const slices *array)
{
    static const struct {
        size_t count;
        const char *get;
        const char *set;
    } cases[] = {
        {(64 << 10) / 8, "get_64KiB", "set_64KiB"},
        {(1 << 20) / 8, "get_1MiB", "set_1MiB"},
        {(64 << 20) / 8, "get_64MiB", "set_64MiB"},
    };
    slices_run r = {.array = array,
                    .in = calloc(SLICES_MOST, sizeof(int64_t)),
                    .out = malloc(SLICES_MOST * sizeof(int64_t))};

    check(r.in && r.out, "memory");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double gigabytes = (double)(cases[i].count * sizeof(int64_t)) / 1e9;

        r.count = cases[i].count;
        for (size_t k = 0; k < r.count; k++) {
            r.out[k] = (int64_t)(k + 1) * (int64_t)(i + 1);
        }
        report(cases[i].set, gigabytes / seconds_each(slices_set, &r), "GB/s");
        report(cases[i].get, gigabytes / seconds_each(slices_get, &r), "GB/s");
        for (size_t k = 0; k < r.count; k++) {
            check(r.in[k] == r.out[k], "an element that was set and got");
        }
    }
    free(r.in);
    free(r.out);
}

#endif
