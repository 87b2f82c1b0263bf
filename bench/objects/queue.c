/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues: there and back, and one way.
 *
 *   mpirun -np 2 bench/objects/queue              the other side is rank 1
 *   mpirun -np 2 bench/objects/queue children   a child process
 *
 * Each queue lies on the rank that takes from it.
 */
#include "../bench.h"
#include "../repeat.h"
#include "others.h"
#include "talk.h"

#include <string.h>

/* One side: the queue that it puts to, and the one that it takes from. */
typedef struct side {
    mr_queue out;
    mr_queue in;
} side;

static void put(void *user, const void *item, size_t size)
{
    const side *s = user;

    must(mr_queue_put(s->out, item, size, MR_FOREVER), "put");
}

static size_t get(void *user, void *item)
{
    const side *s = user;
    size_t size;

    must(mr_queue_get(s->in, item, TALK_LARGEST, &size, MR_FOREVER), "get");
    return size;
}

static talk_channel channel_of(side *s)
{
    return (talk_channel){.put = put, .get = get, .user = s};
}

static void follow(const void *argument, int which)
{
    side mine;
    talk_channel channel = channel_of(&mine);

    (void)which;
    memcpy(&mine, argument, sizeof mine);
    talk_follow(&channel);
}

int main(int argc, char **argv)
{
    bool children = argc > 1 && strcmp(argv[1], "children") == 0;
    mr_queue_options there = {.place = MR_ON_RANK(1)};
    side mine;
    talk_channel channel = channel_of(&mine);

    end_in_time();
    others_are(follow);
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() == 2, "mpirun -np 2 bench/objects/queue [children]");
    must(mr_queue_create(&mine.in, NULL), "queue");
    must(mr_queue_create(&mine.out, &there), "queue");
    others_begin(children, 1, 1, &(side){mine.in, mine.out}, sizeof mine);
    talk_lead(&channel);
    others_end();
    return mr_finalize();
}
