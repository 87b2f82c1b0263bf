/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool's questions to OpenMP: one loop, --schedule dynamic or static,
 * --threads N.
 */
#include "contender.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Through a pointer, as a pool calls its function. */
static int64_t (*volatile function)(int64_t) = busy;

int contender_begin(int *argc, char ***argv, const contender_options *options)
{
    (void)argc;
    (void)argv;
    if (options->threads) {
        omp_set_num_threads(options->threads);
    }
    if (options->schedule && strcmp(options->schedule, "dynamic") == 0) {
        omp_set_schedule(omp_sched_dynamic,
                         options->chunk ? (int)options->chunk : 1);
    } else {
        omp_set_schedule(omp_sched_static, 0);
    }
    return omp_get_max_threads();
}

int64_t *contender_memory(size_t count)
{
    return malloc(count * sizeof(int64_t));
}

/* The schedule has been chosen. */
void contender_expect(double microseconds)
{
    (void)microseconds;
}

void contender_map(const int64_t *in, int64_t *out, size_t count)
{
    int64_t (*call)(int64_t) = function;

#pragma omp parallel for schedule(runtime)
    for (size_t i = 0; i < count; i++) {
        out[i] = call(in[i]);
    }
}

void contender_end(void)
{
}
