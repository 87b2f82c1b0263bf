/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lent items of queues: reserve, commit, take and release.
 *
 *   mpirun -np 2 bench/objects/queue_lent            the other side is rank 1
 *   mpirun -np 2 bench/objects/queue_lent children   a child process
 *
 * Both sides write new items: what comes back is not the memory that went.
 * Each queue lies on the rank that takes from it.
 */
#include "../bench.h"
#include "lent.h"
#include "others.h"

#include <string.h>

/* One side: the queue that it puts to, and the one that it takes from. */
typedef struct side {
    mr_queue out;
    mr_queue in;
    size_t size;
} side;

static void send_item(const side *s, size_t size, int what)
{
    mr_item item;

    must(mr_queue_reserve(s->out, size, &item, MR_FOREVER), "reserve");
    lent_write(item.data, size, what);
    must(mr_queue_commit(s->out, &item, MR_FOREVER), "commit");
}

/* Takes an item and tells its size and what was written. */
static size_t take_item(const side *s, int *what)
{
    mr_item item;
    size_t size;

    must(mr_queue_take(s->in, &item, MR_FOREVER), "take");
    size = item.size;
    *what = *(unsigned char *)item.data;
    lent_check(item.data, size, *what);
    must(mr_item_release(&item), "release");
    return size;
}

static void trips(void *user, long count)
{
    const side *s = user;

    for (long i = 0; i < count; i++) {
        int what;

        send_item(s, s->size, (int)i);
        check(take_item(s, &what) == s->size && what == (unsigned char)(i + 1),
              "lent: the answer");
    }
}

/* Answers until an item has one byte. */
static void follow(const void *argument, int which)
{
    side mine;
    size_t size;
    int what;

    (void)which;
    memcpy(&mine, argument, sizeof mine);
    while ((size = take_item(&mine, &what)) > 1) {
        send_item(&mine, size, what + 1);
    }
}

int main(int argc, char **argv)
{
    bool children = argc > 1 && strcmp(argv[1], "children") == 0;
    mr_queue_options there = {.place = MR_ON_RANK(1)};
    side mine;

    end_in_time();
    others_are(follow);
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() == 2, "mpirun -np 2 bench/objects/queue_lent [children]");
    must(mr_queue_create(&mine.in, NULL), "queue");
    must(mr_queue_create(&mine.out, &there), "queue");
    others_begin(children, 1, 1, &(side){mine.in, mine.out, 0}, sizeof mine);
    for (int i = 0; i < LENT_CASES; i++) {
        mine.size = lent_cases[i].size;
        lent_report(lent_cases[i].name, trips, &mine);
    }
    send_item(&mine, 1, 0);
    others_end();
    return mr_finalize();
}
