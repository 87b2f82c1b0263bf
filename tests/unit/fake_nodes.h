/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job of several nodes within one process: each rank has its own copy of the
 * library's variables (util/rank_local.h), a segment in the region of its
 * node, an exchange and a service thread; messages travel over the fake net.
 * So ThreadSanitizer sees the whole way of a far call.
 *
 * What acts is a thread: of a rank, or of a process of a rank, which has
 * variables of its own, too, and makes its far calls through its rank.
 */
#ifndef TESTS_UNIT_FAKE_NODES_H
#define TESTS_UNIT_FAKE_NODES_H

#include "unit/fake.h"

/* Begin a job: `leaders` has the lowest rank on the node of each rank.
 * Messages need up to `delay` polls, by a seed. */
bool nodes_start(const uint32_t *leaders, unsigned int ranks, uint64_t seed,
                 unsigned int delay);

/* End it; checks that nothing is under way and nothing was left over. */
void nodes_stop(void);

/* The calling thread becomes one of a rank, and stops being one. */
void nodes_enter(unsigned int rank);
void nodes_leave(void);

/* The actors, all at the same time.  A rank's thread leaves its rank at the
 * end; a process ends, and all nodes are told. */
typedef struct nodes_actor {
    unsigned int rank;
    bool process;
    fake_body *body; /* it may die: fake_die */
    void *user;
} nodes_actor;

void nodes_play(const nodes_actor *actors, unsigned int count);

/* Wait until an actor of the running play has died, or has returned. */
void nodes_await_end(unsigned int number);

/* A rank dies, not rank 0: nothing comes from it or reaches it any more, and
 * rank 0 announcements.  Threads of it have come to their end, or died. */
void nodes_lose(unsigned int rank);

/* Wait until a thread of the rank, or a proxy there, waits in an object. */
void nodes_await_waiter(unsigned int rank, mr_handle handle);

#endif
