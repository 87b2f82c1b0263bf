/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pipeline: one process makes numbers, three square them, main adds them up.
 * Each queue ends when its producers have ended, also if one of them crashes.
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

    for (int64_t n = 0; n < NUMBERS; n++) {
        CHECK(mr_queue_put(line->numbers, &n, sizeof n, MR_FOREVER));
    }
    return 0;
}

static int square(const void *argument, size_t size)
{
    const struct line *line = argument;
    int64_t n;

    /* MR_ERR_END_OF_FILE ends the loop, when `feed` has ended. */
    while (!mr_queue_get(line->numbers, &n, sizeof n, NULL, MR_FOREVER)) {
        n *= n;
        CHECK(mr_queue_put(line->squares, &n, sizeof n, MR_FOREVER));
    }
    return 0;
}

static mr_process start(mr_process_function *f, struct line *line, mr_queue to)
{
    const mr_process_options options = {.producer_of = &to,
                                        .producer_of_count = 1};
    mr_process stage;

    CHECK(mr_process_create(&stage, f, line, sizeof *line, &options));
    CHECK(mr_process_start(stage));
    return stage;
}
/* [end] */

static int64_t add_up(mr_queue squares)
{
    int64_t n, sum = 0;

    while (!mr_queue_get(squares, &n, sizeof n, NULL, MR_FOREVER)) {
        sum += n;
    }
    return sum;
}

int main(int argc, char **argv)
{
    const mr_queue_options bounded = {.maxsize = 32};
    mr_process stages[WORKERS + 1];
    struct line line;
    int64_t sum;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    CHECK(mr_queue_create(&line.numbers, &bounded));
    CHECK(mr_queue_create(&line.squares, &bounded));
    /* main keeps the queues open until all producers have started. */
    CHECK(mr_queue_attach(line.numbers));
    CHECK(mr_queue_attach(line.squares));
    stages[0] = start(feed, &line, line.numbers);
    for (int i = 1; i <= WORKERS; i++) {
        stages[i] = start(square, &line, line.squares);
    }
    CHECK(mr_queue_detach(line.numbers));
    CHECK(mr_queue_detach(line.squares));
    sum = add_up(line.squares);
    for (int i = 0; i <= WORKERS; i++) {
        CHECK(mr_process_join(stages[i], MR_FOREVER));
    }
    printf("sum of %d squares: %lld\n", NUMBERS, (long long)sum);
    return mr_finalize();
}
