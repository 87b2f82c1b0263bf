/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of many producers and many consumers, which are child processes.
 *
 *   mpirun -np 2 bench/objects/queue_many
 *
 * The last producer closes the queue, which ends the consumers.
 */
#include "../bench.h"
#include "../repeat.h"
#include "market.h"
#include "others.h"

#include <string.h>

enum { MOST_PAIRS = 8 };

typedef struct shared {
    size_t which_case;
    mr_queue queue;
    mr_queue parts;
    mr_value ready;     /* processes that have come */
    mr_value producers; /* that have ended */
} shared;

typedef struct numbered_part {
    int which;
    market_part part;
} numbered_part;

static const double a_minute = 60;

static void put(void *user, const void *item, size_t size)
{
    const shared *s = user;

    must(mr_queue_put(s->queue, item, size, MR_FOREVER), "put");
}

static int get(void *user, void *item, size_t size)
{
    const shared *s = user;
    mr_error error = mr_queue_get(s->queue, item, size, NULL, MR_FOREVER);

    if (error == MR_ERR_END_OF_FILE) {
        return 0;
    }
    must(error, "get");
    return 1;
}

static const market_queue through = {put, get};

/* Counts one more; the number before. */
static int64_t count_up(mr_value value)
{
    int64_t before;

    must(mr_value_add(value, &(int64_t){1}, &before), "add");
    return before;
}

static void await_all(mr_value ready, int64_t all)
{
    const double limit = now() + a_minute;
    int64_t here;

    count_up(ready);
    do {
        usleep(100);
        must(mr_value_get(ready, &here), "get");
        check(now() < limit, "market: the processes do not all come");
    } while (here < all);
}

static void take_part(const void *argument, int which)
{
    const market_case *c;
    numbered_part mine = {.which = which};
    shared s;

    memcpy(&s, argument, sizeof s);
    c = &market_cases[s.which_case];
    await_all(s.ready, 2 * c->pairs);
    if (which < c->pairs) {
        mine.part = market_produce(&through, &s, c->size);
        if (count_up(s.producers) == c->pairs - 1) {
            must(mr_queue_close(s.queue), "close");
        }
    } else {
        mine.part = market_consume(&through, &s, c->size);
    }
    must(mr_queue_put(s.parts, &mine, sizeof mine, MR_FOREVER), "put");
}

static void run_case(size_t which_case)
{
    const market_case *c = &market_cases[which_case];
    mr_queue_options options = {.maxsize = market_room(c)};
    market_part parts[2 * MOST_PAIRS];
    shared s = {.which_case = which_case};

    must(mr_queue_create(&s.queue, &options), "queue");
    must(mr_queue_create(&s.parts, NULL), "queue");
    must(mr_value_create(&s.ready, MR_INT64, NULL, NULL), "value");
    must(mr_value_create(&s.producers, MR_INT64, NULL, NULL), "value");
    others_begin(true, 0, 2 * c->pairs - 1, &s, sizeof s);
    for (int i = 0; i < 2 * c->pairs; i++) {
        numbered_part one;

        must(mr_queue_get(s.parts, &one, sizeof one, NULL, a_minute), "get");
        parts[one.which] = one.part;
    }
    others_end();
    market_report(c, parts, parts + c->pairs);
    must(mr_value_destroy(s.producers), "value");
    must(mr_value_destroy(s.ready), "value");
    must(mr_queue_destroy(s.parts), "queue");
    must(mr_queue_destroy(s.queue), "queue");
}

int main(int argc, char **argv)
{
    end_in_time();
    others_are(take_part);
    must(mr_init(&argc, &argv), "mr_init");
    want(mr_size() == 2, "mpirun -np 2 bench/objects/queue_many");
    for (size_t i = 0; i < market_case_count; i++) {
        run_case(i);
    }
    return mr_finalize();
}
