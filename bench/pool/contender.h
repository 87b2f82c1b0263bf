/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What one contender of the pool's questions provides: a way to run a
 * function over an array. questions.c has the questions, and main.
 */
#ifndef BENCH_POOL_CONTENDER_H
#define BENCH_POOL_CONTENDER_H

#include "work.h"

#include <stddef.h>
#include <stdint.h>

/* Options that each contender has or ignores. */
typedef struct contender_options {
    size_t chunk;         /* tasks given out at once; 0: it chooses */
    int in_place;         /* inputs and outputs lie in shared memory */
    const char *schedule; /* of OpenMP and libcircle */
    int threads;          /* of OpenMP; 0: it chooses */
} contender_options;

/* Begins; returns on the process that leads, with the number of those that
 * work. Others stay inside until contender_end, and do not return. */
int contender_begin(int *argc, char ***argv, const contender_options *options);

/* Memory for numbers, where this contender wants them. */
int64_t *contender_memory(size_t count);

/* Tasks of the maps that follow take so long each: for those who choose their
 * batches by that. Of maps before, nobody knows. */
void contender_expect(double microseconds);

/* out[i] = busy(in[i]) for all of them. */
void contender_map(const int64_t *in, int64_t *out, size_t count);

void contender_end(void);

#endif
