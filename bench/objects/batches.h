/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Items of 8 bytes that go one way, singly and in batches: how many arrive in
 * a second.  The same over whatever has these four ways to use it.
 */
#ifndef BENCH_OBJECTS_BATCHES_H
#define BENCH_OBJECTS_BATCHES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BATCHES_LARGEST = 1000 }; /* items of a batch */

typedef struct batches_channel {
    /* Send items in one call: by that for a single item if `batch` is 0. */
    void (*put)(void *user, const int64_t *items, size_t count, size_t batch);
    /* Wait for an item, and give those that come with it, at most `batch`; by
     * the call for a single item if `batch` is 0. */
    size_t (*get)(void *user, int64_t *items, size_t batch);
    /* The way back. */
    void (*answer)(void *user, int64_t number);
    int64_t (*wait)(void *user);
    void *user;
} batches_channel;

/* Measure and report, with somebody at the other side who follows. */
void batches_lead(const batches_channel *channel);

/* Take what the other side sends, until it has all. */
void batches_follow(const batches_channel *channel);

#ifdef __cplusplus
}
#endif

#endif
