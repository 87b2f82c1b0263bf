/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Several processes start by one call.  Each knows its parent, and main knows
 * which of its children still run.
 */
#include "tour.h"

#include <stdio.h>

enum { CHILDREN = 3 };

static int wait_for_a_word(const void *argument, size_t size)
{
    const mr_queue *queues = argument; /* what is said, and what is awaited */
    char name[MR_NAME_SIZE];
    mr_process parent;

    (void)size;
    CHECK(mr_process_parent(&parent));
    CHECK(mr_process_name(parent, name, sizeof name));
    CHECK(mr_queue_put(queues[0], name, sizeof name, MR_FOREVER));
    CHECK(mr_queue_get(queues[1], NULL, 0, NULL, MR_FOREVER));
    return 0;
}

void tour_family(void)
{
    mr_process children[CHILDREN], active[CHILDREN];
    char name[MR_NAME_SIZE];
    mr_queue queues[2];
    size_t count;

    CHECK(mr_queue_create(&queues[0], NULL));
    CHECK(mr_queue_create(&queues[1], NULL));
    for (int i = 0; i < CHILDREN; i++) {
        CHECK(mr_process_create(&children[i], wait_for_a_word, queues,
                                sizeof queues, NULL));
    }
    CHECK(mr_process_start_many(children, CHILDREN, NULL));
    for (int i = 0; i < CHILDREN; i++) {
        CHECK(mr_queue_get(queues[0], name, sizeof name, NULL, MR_FOREVER));
        printf("a child of %s\n", name);
    }
    for (int i = 0; i < CHILDREN; i++) {
        /* A child that waits is interrupted, as by Ctrl-C. */
        CHECK(mr_process_interrupt(children[i]));
        CHECK(mr_process_join(children[i], MR_FOREVER));
        CHECK(mr_process_children(active, CHILDREN, &count));
        printf("%zu children still run\n", count);
        CHECK(mr_process_destroy(children[i]));
    }
    CHECK(mr_queue_destroy(queues[0]));
    CHECK(mr_queue_destroy(queues[1]));
}
