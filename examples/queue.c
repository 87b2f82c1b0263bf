/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes and queues: some workers take jobs from one queue and put what they
 * find out into another.
 *
 * An empty queue says nothing about what may still come, so each worker is told
 * to leave by an item of no bytes.
 */
#include "check.h"

enum { WORKERS = 3, JOBS = 10 };

/* Arguments are copied byte by byte; handles may be among them. */
struct desk {
    mr_queue jobs;
    mr_queue answers;
};

struct answer {
    int job;
    int square;
};

static int work(const void *argument, size_t argument_size)
{
    const struct desk *desk = argument;
    struct answer answer;
    size_t size;

    (void)argument_size;
    for (;;) {
        CHECK(mr_queue_get(desk->jobs, &answer.job, sizeof answer.job, &size,
                           MR_FOREVER));
        if (size == 0) {
            return 0;
        }
        answer.square = answer.job * answer.job;
        CHECK(mr_queue_put(desk->answers, &answer, sizeof answer, MR_FOREVER));
    }
}

/* They come in any order. */
static void print_answers(mr_queue answers)
{
    int squares[JOBS];
    struct answer answer;

    for (int i = 0; i < JOBS; i++) {
        CHECK(mr_queue_get(answers, &answer, sizeof answer, NULL, MR_FOREVER));
        squares[answer.job] = answer.square;
    }
    for (int i = 0; i < JOBS; i++) {
        printf("%d * %d = %d\n", i, i, squares[i]);
    }
}

int main(int argc, char **argv)
{
    struct desk desk;
    mr_process workers[WORKERS];

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 alone */
    CHECK(mr_queue_create(&desk.jobs, NULL));
    CHECK(mr_queue_create(&desk.answers, NULL));
    for (int i = 0; i < WORKERS; i++) {
        CHECK(mr_process_create(&workers[i], work, &desk, sizeof desk, NULL));
        CHECK(mr_process_start(workers[i]));
    }
    for (int job = 0; job < JOBS; job++) {
        CHECK(mr_queue_put(desk.jobs, &job, sizeof job, MR_FOREVER));
    }
    print_answers(desk.answers);
    for (int i = 0; i < WORKERS; i++) {
        CHECK(mr_queue_put(desk.jobs, NULL, 0, MR_FOREVER));
    }
    for (int i = 0; i < WORKERS; i++) {
        CHECK(mr_process_join(workers[i], MR_FOREVER));
    }
    return mr_finalize();
}
