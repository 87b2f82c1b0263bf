/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipeline: one process makes numbers, three square them, main adds them up. An
 * item of size 0 is the end mark.
 *
 * Both queues have a maxsize, so memory stays bounded: a fast stage waits for a
 * slow one.  If main fed the first queue itself there would be a deadlock: main
 * would wait for room in it, and the workers for room in the second queue,
 * which main does not read meanwhile.  So a process feeds the first queue.
 */
#include "../check.h"

enum { WORKERS = 3, NUMBERS = 1000 };

/* [recipe] */
struct line {
    mr_queue numbers, squares;
};

static int feed(const void *argument, size_t size)
{
    const struct line *line = argument;

    /* The numbers, then one end mark for each worker. */
    for (int64_t n = 0; n < NUMBERS + WORKERS; n++) {
        size = n < NUMBERS ? sizeof n : 0;
        CHECK(mr_queue_put(line->numbers, &n, size, MR_FOREVER));
    }
    return 0;
}

static int square(const void *argument, size_t size)
{
    const struct line *line = argument;
    int64_t n = 0;

    for (;;) {
        CHECK(mr_queue_get(line->numbers, &n, sizeof n, &size, MR_FOREVER));
        n *= n;
        CHECK(mr_queue_put(line->squares, &n, size, MR_FOREVER));
        if (size == 0) {
            return 0; /* the end mark was passed on */
        }
    }
}

static int64_t add_up(mr_queue squares)
{
    int64_t n, sum = 0;
    size_t size;

    for (int ended = 0; ended < WORKERS; ended += size == 0) {
        CHECK(mr_queue_get(squares, &n, sizeof n, &size, MR_FOREVER));
        sum += size ? n : 0;
    }
    return sum;
}
/* [end] */

int main(int argc, char **argv)
{
    const mr_queue_options bounded = {.maxsize = 32};
    mr_process stages[WORKERS + 1];
    struct line line;
    int64_t sum;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    CHECK(mr_queue_create(&line.numbers, &bounded));
    CHECK(mr_queue_create(&line.squares, &bounded));
    for (int i = 0; i <= WORKERS; i++) {
        CHECK(mr_process_create(&stages[i], i ? square : feed, &line,
                                sizeof line, NULL));
        CHECK(mr_process_start(stages[i]));
    }
    sum = add_up(line.squares);
    for (int i = 0; i <= WORKERS; i++) {
        CHECK(mr_process_join(stages[i], MR_FOREVER));
    }
    printf("sum of %d squares: %lld\n", NUMBERS, (long long)sum);
    return mr_finalize();
}
