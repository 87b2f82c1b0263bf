/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two sides of a stream in batches.
 *
 * Items count from zero.  One below zero is an order: the size of the batches
 * that follow, the end of a stream, or the end of all.  Each order is answered;
 * the answer to the end of a stream is how many items it had.
 */
#include "batches.h"

#include "../repeat.h"

enum { BURST = 1 << 20 }; /* items that are sent before an answer is awaited */

#define QUIT INT64_C(-1)
#define END_OF_STREAM INT64_C(-2)
#define BATCHES_OF(n) (INT64_C(-3) - (int64_t)(n))

typedef struct stream {
    const batches_channel *channel;
    size_t batch;
    int64_t items[BATCHES_LARGEST];
} stream;

/* ---- the side that follows ----------------------------------------------- */

/* The next order; count the items before it, which are the next ones. */
static int64_t next_order(stream *s, int64_t *count)
{
    const batches_channel *c = s->channel;

    for (;;) {
        size_t got = c->get(c->user, s->items, s->batch);

        for (size_t i = 0; i < got; i++) {
            if (s->items[i] < 0) {
                check(i == got - 1, "batches: an order is the last item");
                return s->items[i];
            }
            check(s->items[i] == *count, "batches: an item in its order");
            ++*count;
        }
    }
}

void batches_follow(const batches_channel *c)
{
    stream s = {.channel = c};
    int64_t count = 0;

    for (;;) {
        int64_t order = next_order(&s, &count);

        c->answer(c->user, count);
        if (order == QUIT) {
            return;
        }
        if (order != END_OF_STREAM) {
            s.batch = (size_t)(BATCHES_OF(0) - order);
        }
        count = 0;
    }
}

/* ---- the side that leads ------------------------------------------------- */

static int64_t give_order(const batches_channel *c, int64_t order)
{
    c->put(c->user, &order, 1, 0);
    return c->wait(c->user);
}

static void burst(stream *s, int64_t count)
{
    const batches_channel *c = s->channel;
    const int64_t batch = s->batch > 0 ? (int64_t)s->batch : 1;

    for (int64_t sent = 0; sent < count; sent += batch) {
        int64_t more = count - sent < batch ? count - sent : batch;

        for (int64_t i = 0; i < more; i++) {
            s->items[i] = sent + i;
        }
        c->put(c->user, s->items, (size_t)more, s->batch);
    }
    check(give_order(c, END_OF_STREAM) == count, "batches: the end");
}

static void send_items(void *user, long count)
{
    for (; count > 0; count -= BURST) {
        burst(user, count < BURST ? count : BURST);
    }
}

void batches_lead(const batches_channel *c)
{
    static const struct {
        size_t batch;
        const char *name;
    } cases[] = {{0, "single"},
                 {1, "batch_1"},
                 {10, "batch_10"},
                 {100, "batch_100"},
                 {1000, "batch_1000"}};
    stream s = {.channel = c};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s.batch = cases[i].batch;
        give_order(c, BATCHES_OF(s.batch));
        report(cases[i].name, 1 / seconds_each(send_items, &s) / 1e6, "M/s");
    }
    give_order(c, QUIT);
}
