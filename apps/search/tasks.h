/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The search by all workers.
 */
#ifndef TASKS_H
#define TASKS_H

#include "ruler.h"

#include <stddef.h>

/* What a worker did. */
typedef struct share {
    int64_t tasks;
    int64_t steps;
    int64_t nanoseconds;
} share;

typedef struct answer {
    size_t workers;
    share *shares; /* of the workers; NULL: a serial search */
    int *ranks;    /* of the workers */
    size_t count;
    ruler *rulers; /* the shortest */
} answer;

/* On one core, without a pool. */
mr_error tasks_search_serially(answer *answer, int marks);

/* By tasks; rulers of fewer than `split` marks are divided into others. */
mr_error tasks_search(answer *answer, int marks, int split,
                      mr_task_error *failure);

void answer_destroy(answer *answer);

#endif
