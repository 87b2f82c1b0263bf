/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue between a producer and a consumer, and how a consumer learns that
 * there will be no more: it cannot see that from an empty queue.
 */
#include "tour.h"

#include <stdbool.h>
#include <stdio.h>

enum { ITEMS = 5 };

static bool is_empty(mr_queue queue)
{
    bool empty;

    CHECK(mr_queue_empty(queue, &empty));
    return empty;
}

static int producer(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;

    (void)size;
    for (int i = 0; i < ITEMS; i++) {
        CHECK(mr_queue_put(queue, &i, sizeof i, MR_FOREVER));
        printf("Produced %d\n", i);
    }
    return 0;
}

static int consumer(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;

    (void)size;
    while (!is_empty(queue)) {
        int item;

        CHECK(mr_queue_get(queue, &item, sizeof item, NULL, MR_FOREVER));
        printf("Consumed %d\n", item);
    }
    return 0;
}

/* The same without words: the exit code tells how many items there were. */
static int counting_consumer(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    int count = 0;

    (void)size;
    while (!is_empty(queue)) {
        int item;

        CHECK(mr_queue_get(queue, &item, sizeof item, NULL, MR_FOREVER));
        count++;
    }
    return count;
}

/* Takes an item; the end mark is an item of no bytes. */
static bool get_item(mr_queue queue, int *item)
{
    size_t size;

    CHECK(mr_queue_get(queue, item, sizeof *item, &size, MR_FOREVER));
    return size > 0;
}

/* Keeps its words until the end, so that they do not mix with others. */
static int patient_consumer(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    int items[ITEMS], item, count = 0;

    (void)size;
    while (get_item(queue, &item) && count < ITEMS) {
        items[count++] = item;
    }
    for (int i = 0; i < count; i++) {
        printf("Consumed %d\n", items[i]);
    }
    return 0;
}

/* What was put stays in the queue, also when its producer has ended. */
static void one_after_the_other(void)
{
    mr_queue queue;

    puts("One after the other:");
    CHECK(mr_queue_create(&queue, NULL));
    finish(start(producer, &queue, sizeof queue));
    finish(start(consumer, &queue, sizeof queue));
    CHECK(mr_queue_destroy(queue));
}

static void both_at_once(void)
{
    mr_queue queue;
    mr_process p1, p2;
    int consumed;

    puts("Both at once: the consumer may find the queue empty before the\n"
         "producer has put anything, and leaves with fewer items:");
    CHECK(mr_queue_create(&queue, NULL));
    p1 = start(producer, &queue, sizeof queue);
    p2 = start(counting_consumer, &queue, sizeof queue);
    finish(p1);
    CHECK(mr_process_join(p2, MR_FOREVER));
    CHECK(mr_process_exit_code(p2, &consumed));
    printf("Consumed at most %d: %s\n", ITEMS,
           consumed <= ITEMS ? "yes" : "no");
    CHECK(mr_process_destroy(p2));
    CHECK(mr_queue_destroy(queue));
}

static void with_an_end_mark(void)
{
    mr_queue queue;
    mr_process p1, p2;

    puts("Both at once, with an end mark: the consumer gets every item:");
    CHECK(mr_queue_create(&queue, NULL));
    p1 = start(producer, &queue, sizeof queue);
    p2 = start(patient_consumer, &queue, sizeof queue);
    finish(p1);
    CHECK(mr_queue_put(queue, NULL, 0, MR_FOREVER));
    finish(p2);
    CHECK(mr_queue_destroy(queue));
}

void tour_queue(void)
{
    one_after_the_other();
    both_at_once();
    with_an_end_mark();
}
