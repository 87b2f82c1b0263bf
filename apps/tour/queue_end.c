/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue that ends with its producers: the consumer needs no end mark, and
 * does not wait for ever if a producer is killed.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>

enum { PRODUCERS = 3, ITEMS = 100 };

static int produce(const void *argument, size_t size)
{
    const mr_queue *queue = argument;

    (void)size;
    for (int64_t i = 1; i <= ITEMS; i++) {
        CHECK(mr_queue_put(*queue, &i, sizeof i, MR_FOREVER));
    }
    return 0;
}

void tour_queue_end(void)
{
    mr_process producers[PRODUCERS];
    mr_queue queue;
    int64_t item, sum = 0;
    mr_error error;

    CHECK(mr_queue_create(&queue, NULL));
    CHECK(mr_queue_attach(queue)); /* it stays open while they are started */
    for (int i = 0; i < PRODUCERS; i++) {
        const mr_process_options options = {.producer_of = &queue,
                                            .producer_of_count = 1};

        CHECK(mr_process_create(&producers[i], produce, &queue, sizeof queue,
                                &options));
        CHECK(mr_process_start(producers[i]));
    }
    CHECK(mr_queue_detach(queue));
    while (
        !(error = mr_queue_get(queue, &item, sizeof item, NULL, MR_FOREVER))) {
        sum += item;
    }
    printf("The sum is %" PRId64 ". Then: %s\n", sum, mr_error_name(error));
    for (int i = 0; i < PRODUCERS; i++) {
        finish(producers[i]);
    }
    CHECK(mr_queue_destroy(queue));
}
