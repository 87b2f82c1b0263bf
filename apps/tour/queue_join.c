/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue that can be joined: main waits until all tasks are done.  It need not
 * know which of the workers does which task.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { WORKERS = 4, TASKS = 20 };

typedef struct work {
    mr_queue tasks;
    mr_value sum;
} work;

static int do_tasks(const void *argument, size_t size)
{
    const work *w = argument;
    int64_t task;

    (void)size;
    while (!mr_queue_get(w->tasks, &task, sizeof task, NULL, MR_FOREVER)) {
        CHECK(mr_value_add(w->sum, &task, NULL));
        CHECK(mr_queue_task_done(w->tasks, 1));
    }
    return 0;
}

void tour_queue_join(void)
{
    mr_process workers[WORKERS];
    int64_t sum;
    work w;

    CHECK(mr_queue_create(&w.tasks, NULL));
    CHECK(mr_value_create(&w.sum, MR_INT64, NULL, NULL));
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = start(do_tasks, &w, sizeof w);
    }
    for (int64_t task = 1; task <= TASKS; task++) {
        CHECK(mr_queue_put(w.tasks, &task, sizeof task, MR_FOREVER));
    }
    CHECK(mr_queue_join(w.tasks, MR_FOREVER));
    CHECK(MR_VALUE_GET(w.sum, &sum));
    printf("All tasks are done: %" PRId64 "\n", sum);
    CHECK(mr_queue_close(w.tasks)); /* the workers end */
    for (int i = 0; i < WORKERS; i++) {
        finish(workers[i]);
    }
    CHECK(mr_queue_destroy(w.tasks));
    CHECK(mr_value_destroy(w.sum));
}
