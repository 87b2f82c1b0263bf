/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The two sides of a talk.
 *
 * An item begins with a number.  One below zero is sent back.  Those of a
 * stream count from zero, and an item of no bytes ends them: the answer is how
 * many there were.  A stream of none ends the talk.
 */
#include "talk.h"

#include "../repeat.h"

#include <stdint.h>
#include <string.h>

/* Bytes that are sent before an answer is awaited. */
enum { BURST = TALK_LARGEST };

typedef struct talk {
    const talk_channel *channel;
    size_t size; /* of the items */
    unsigned char *item;
} talk;

static void put_number(const talk_channel *c, int64_t number)
{
    c->put(c->user, &number, sizeof number);
}

static int64_t number_of(const unsigned char *item)
{
    int64_t number;

    memcpy(&number, item, sizeof number);
    return number;
}

static unsigned char *new_item(void)
{
    unsigned char *item = calloc(1, TALK_LARGEST);

    check(item != NULL, "talk: memory");
    return item;
}

/* ---- the side that follows ----------------------------------------------- */

void talk_follow(const talk_channel *c)
{
    unsigned char *item = new_item();
    int64_t count = 0;

    for (;;) {
        size_t size = c->get(c->user, item);

        if (size == 0 && count == 0) {
            break;
        }
        if (size == 0) {
            put_number(c, count);
            count = 0;
        } else if (number_of(item) < 0) {
            c->put(c->user, item, size);
        } else {
            check(number_of(item) == count, "talk: the order of a stream");
            count++;
        }
    }
    free(item);
}

/* ---- the side that leads ------------------------------------------------- */

static void there_and_back(void *user, long trips)
{
    const talk *t = user;
    const talk_channel *c = t->channel;

    for (int64_t i = 1; i <= trips; i++) {
        int64_t number = -i;

        memcpy(t->item, &number, sizeof number);
        c->put(c->user, t->item, t->size);
        check(c->get(c->user, t->item) == t->size, "talk: the size of an item");
        check(number_of(t->item) == number, "talk: an item that came back");
    }
}

static void burst(const talk *t, int64_t count)
{
    const talk_channel *c = t->channel;
    void (*send)(void *, const void *, size_t) = c->stream ? c->stream : c->put;

    for (int64_t i = 0; i < count; i++) {
        void *item = c->room ? c->room(c->user, t->size) : t->item;

        memcpy(item, &i, sizeof i);
        send(c->user, item, t->size);
    }
    c->put(c->user, NULL, 0);
    check(c->get(c->user, t->item) == sizeof count &&
              number_of(t->item) == count,
          "talk: the end of a stream");
}

/* In bursts, lest a stream that is faster than its reader takes all memory. */
static void one_way(void *user, long count)
{
    const talk *t = user;
    const long most = (long)(BURST / t->size);

    for (; count > 0; count -= most) {
        burst(t, count < most ? count : most);
    }
}

/* Of small items it tells how many, of large ones how many bytes. */
static void report_one_way(const char *name, talk *t)
{
    double seconds = seconds_each(one_way, t);

    if (t->size < 1 << 20) {
        report(name, 1 / seconds / 1e6, "M/s");
    } else {
        report(name, (double)t->size / seconds / 1e9, "GB/s");
    }
}

void talk_lead(const talk_channel *c)
{
    static const struct {
        size_t size;
        const char *trip; /* of the largest there is none */
        const char *rate;
    } cases[] = {
        {8, "there_and_back_8", "one_way_8"},
        {1 << 10, "there_and_back_1KiB", "one_way_1KiB"},
        {1 << 20, "there_and_back_1MiB", "one_way_1MiB"},
        {64 << 20, NULL, "one_way_64MiB"},
    };
    talk t = {.channel = c, .item = new_item()};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        t.size = cases[i].size;
        if (cases[i].trip) {
            report(cases[i].trip, seconds_each(there_and_back, &t) * 1e6, "us");
        }
        report_one_way(cases[i].rate, &t);
    }
    c->put(c->user, NULL, 0);
    free(t.item);
}
