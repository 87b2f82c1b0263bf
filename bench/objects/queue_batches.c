/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues: mr_queue_put_many and mr_queue_get_many, beside single items.
 *
 *   mpirun -np 2 bench/objects/queue_batches            the consumer is rank 1
 *   mpirun -np 2 bench/objects/queue_batches children   a child process
 *
 * Each queue lies on the rank that takes from it.
 */
#include "../bench.h"
#include "../repeat.h"
#include "batches.h"
#include "others.h"

#include <string.h>

typedef struct side {
    mr_queue items;
    mr_queue answers;
} side;

static void put(void *user, const int64_t *items, size_t count, size_t batch)
{
    const side *s = user;

    if (batch == 0) {
        must(mr_queue_put(s->items, items, sizeof *items, MR_FOREVER), "put");
    } else {
        must(mr_queue_put_many(s->items, items, sizeof *items, count, NULL,
                               MR_FOREVER),
             "put_many");
    }
}

static size_t get(void *user, int64_t *items, size_t batch)
{
    const side *s = user;
    size_t count = 1;

    if (batch == 0) {
        must(mr_queue_get(s->items, items, sizeof *items, NULL, MR_FOREVER),
             "get");
    } else {
        must(mr_queue_get_many(s->items, items, batch * sizeof *items, batch,
                               &count, NULL, MR_FOREVER),
             "get_many");
    }
    return count;
}

static void answer(void *user, int64_t number)
{
    const side *s = user;

    must(mr_queue_put(s->answers, &number, sizeof number, MR_FOREVER), "put");
}

static int64_t wait_for_answer(void *user)
{
    const side *s = user;
    int64_t number;

    must(mr_queue_get(s->answers, &number, sizeof number, NULL, MR_FOREVER),
         "get");
    return number;
}

static batches_channel channel_of(side *s)
{
    return (batches_channel){put, get, answer, wait_for_answer, s};
}

static void follow(const void *argument, int which)
{
    side mine;
    batches_channel channel = channel_of(&mine);

    (void)which;
    memcpy(&mine, argument, sizeof mine);
    batches_follow(&channel);
}

int main(int argc, char **argv)
{
    bool children = argc > 1 && strcmp(argv[1], "children") == 0;
    mr_queue_options there = {.place = MR_ON_RANK(1)};
    side mine;
    batches_channel channel = channel_of(&mine);

    end_in_time();
    others_are(follow);
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() == 2, "mpirun -np 2 bench/objects/queue_batches [children]");
    must(mr_queue_create(&mine.items, &there), "queue");
    must(mr_queue_create(&mine.answers, NULL), "queue");
    others_begin(children, 1, 1, &mine, sizeof mine);
    batches_lead(&channel);
    others_end();
    return mr_finalize();
}
