/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many producers and as many consumers of one queue, each a process: how many
 * items go through it in a second.
 *
 * They work for a given time, as the workers of crowd.h.  An item begins with a
 * number; what producers have put and what consumers have taken has the same
 * sum.
 */
#ifndef BENCH_OBJECTS_MARKET_H
#define BENCH_OBJECTS_MARKET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What one of them did, and when. */
typedef struct market_part {
    double begin;
    double end;
    int64_t count;
    int64_t sum;
} market_part;

/* How to use a queue. */
typedef struct market_queue {
    void (*put)(void *user, const void *item, size_t size);
    /* False after the last item. */
    int (*get)(void *user, void *item, size_t size);
} market_queue;

/* What is measured. */
typedef struct market_case {
    int pairs;   /* producers, and consumers */
    size_t size; /* of an item, in bytes */
    const char *name;
} market_case;

extern const market_case market_cases[];
extern const size_t market_case_count;

/* The items for which a queue has room: few where they are large. */
size_t market_room(const market_case *c);

market_part market_produce(const market_queue *queue, void *user, size_t size);
market_part market_consume(const market_queue *queue, void *user, size_t size);

/* The result of those who produced, and of those who consumed. */
void market_report(const market_case *c, const market_part *produced,
                   const market_part *consumed);

/* A queue in memory that forked processes share. */
typedef struct market_forked {
    market_queue queue;
    /* A new queue, or NULL if there is none for such items. */
    void *(*create)(const market_case *c);
    void (*destroy)(void *user);
} market_forked;

/* Measure all cases, in processes that this forks.  An item whose number is
 * MARKET_END is the last one of a consumer. */
void market_fork(const market_forked *forked);

#define MARKET_END INT64_C(-1)

#ifdef __cplusplus
}
#endif

#endif
