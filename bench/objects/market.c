/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Producers and consumers, and how they come to an end: the last producer puts
 * one item for each consumer that ends it.
 */
#include "market.h"

#include "../repeat.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { MOST_PAIRS = 8, ROOM = 1024, ROOM_BYTES = 8 << 20 };

const market_case market_cases[] = {
    {1, 8, "1_8"},          {1, 1 << 10, "1_1KiB"}, {1, 1 << 20, "1_1MiB"},
    {4, 8, "4_8"},          {4, 1 << 10, "4_1KiB"}, {8, 8, "8_8"},
    {8, 1 << 10, "8_1KiB"},
};
const size_t market_case_count = sizeof market_cases / sizeof *market_cases;

size_t market_room(const market_case *c)
{
    return ROOM_BYTES / c->size < ROOM ? ROOM_BYTES / c->size : ROOM;
}

static int64_t *new_item(size_t size)
{
    int64_t *item = calloc(1, size);

    check(item != NULL, "market: memory");
    return item;
}

market_part market_produce(const market_queue *queue, void *user, size_t size)
{
    const double enough = 2 * enough_seconds();
    int64_t *item = new_item(size);
    market_part mine = {.begin = now()};

    do {
        for (int i = 0; i < 16; i++) {
            *item = mine.count++;
            mine.sum += *item;
            queue->put(user, item, size);
        }
        mine.end = now();
    } while (mine.end - mine.begin < enough);
    free(item);
    return mine;
}

market_part market_consume(const market_queue *queue, void *user, size_t size)
{
    int64_t *item = new_item(size);
    market_part mine = {.begin = now()};

    while (queue->get(user, item, size)) {
        mine.count++;
        mine.sum += *item;
    }
    mine.end = now();
    free(item);
    return mine;
}

void market_report(const market_case *c, const market_part *produced,
                   const market_part *consumed)
{
    double begin = produced[0].begin;
    double end = consumed[0].end;
    int64_t count = 0;
    int64_t sum = 0;

    for (int i = 0; i < c->pairs; i++) {
        begin = produced[i].begin < begin ? produced[i].begin : begin;
        end = consumed[i].end > end ? consumed[i].end : end;
        count += consumed[i].count;
        sum += consumed[i].sum - produced[i].sum;
    }
    check(sum == 0, c->name);
    if (c->size < 1 << 20) {
        report(c->name, (double)count / (end - begin) / 1e6, "M/s");
    } else {
        report(c->name, (double)count * (double)c->size / (end - begin) / 1e9,
               "GB/s");
    }
}

/* ---- forked processes ---------------------------------------------------- */

typedef struct shared {
    const market_forked *forked;
    void *user;
    atomic_int ready;     /* processes that have come */
    atomic_int producers; /* that have not ended */
    market_part produced[MOST_PAIRS];
    market_part consumed[MOST_PAIRS];
} shared;

/* The queue of a process, whose end is an item. */
static int get_until_end(void *user, void *item, size_t size)
{
    const shared *s = user;
    int64_t number;

    s->forked->queue.get(s->user, item, size);
    memcpy(&number, item, sizeof number);
    return number != MARKET_END;
}

static void put(void *user, const void *item, size_t size)
{
    const shared *s = user;

    s->forked->queue.put(s->user, item, size);
}

static const market_queue with_end = {put, get_until_end};

static void end_all(shared *s, const market_case *c)
{
    int64_t *item = new_item(c->size);

    *item = MARKET_END;
    for (int i = 0; i < c->pairs; i++) {
        put(s, item, c->size);
    }
    free(item);
}

static void take_part(shared *s, const market_case *c, int which)
{
    s->ready++;
    while (s->ready < 2 * c->pairs) {
        usleep(100);
    }
    if (which < c->pairs) {
        s->produced[which] = market_produce(&with_end, s, c->size);
        if (--s->producers == 0) {
            end_all(s, c);
        }
    } else {
        s->consumed[which - c->pairs] = market_consume(&with_end, s, c->size);
    }
}

static void run_case(shared *s, const market_case *c)
{
    s->ready = 0;
    s->producers = c->pairs;
    for (int i = 0; i < 2 * c->pairs; i++) {
        pid_t child = fork();

        check(child >= 0, "fork");
        if (child == 0) {
            end_in_time();
            take_part(s, c, i);
            _exit(0);
        }
    }
    for (int i = 0; i < 2 * c->pairs; i++) {
        int status;

        check(wait(&status) > 0 && status == 0, "a process of the market");
    }
    market_report(c, s->produced, s->consumed);
}

void market_fork(const market_forked *forked)
{
    shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(s != MAP_FAILED, "mmap");
    end_in_time();
    s->forked = forked;
    for (size_t i = 0; i < market_case_count; i++) {
        s->user = forked->create(&market_cases[i]);
        if (s->user) {
            run_case(s, &market_cases[i]);
            forked->destroy(s->user);
        }
    }
    munmap(s, sizeof *s);
}
