/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two sides and a channel between them: how long an item takes there and back,
 * and how many go one way.  The same talk over whatever has these four ways to
 * use it: queues, pipes, messages of MPI.
 */
#ifndef BENCH_OBJECTS_TALK_H
#define BENCH_OBJECTS_TALK_H

#include <stddef.h>

enum { TALK_LARGEST = 64 << 20 }; /* bytes of the largest item */

typedef struct talk_channel {
    /* Send an item that is the caller's again when this returns. */
    void (*put)(void *user, const void *item, size_t size);
    /* Wait for an item of at most TALK_LARGEST bytes and give its size. */
    size_t (*get)(void *user, void *item);
    /* Where the next item of a stream is made, and a way to send it that may
     * return before the item has left.  Both are NULL where put is as good. */
    void *(*room)(void *user, size_t size);
    void (*stream)(void *user, const void *item, size_t size);
    void *user;
} talk_channel;

/* Measure and report, with somebody at the other side who follows. */
void talk_lead(const talk_channel *channel);

/* Do what the other side wants, until it has all. */
void talk_follow(const talk_channel *channel);

#endif
