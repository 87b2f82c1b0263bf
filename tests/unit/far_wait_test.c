/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wait sets over objects of other nodes, by threads over the fake net: ranks 0
 * and 1 are on one node, rank 2 is on another, and rank 3 on a third.
 */
#include "unit/fake_nodes.h"

#include <poll.h>
#include <string.h>

#include <multirank/queue.h>
#include <multirank/wait_set.h>

enum { RANKS = 4, DELAY = 3, ITEMS = 60 };

/* A queue on each rank. */
typedef struct shared {
    mr_queue queues[RANKS];
    mri_word watched; /* by so many */
} shared;

static bool begin(shared *s)
{
    static const uint32_t leaders[RANKS] = {0, 0, 2, 3};
    bool started = nodes_start(leaders, RANKS, 5, DELAY);

    memset(s, 0, sizeof *s);
    nodes_enter(0);
    for (int rank = 0; started && rank < RANKS; rank++) {
        const mr_queue_options there = {.place = MR_ON_RANK(rank)};

        started = MRT_OK(mr_queue_create(&s->queues[rank], &there));
    }
    nodes_leave();
    return started;
}

static void end(const shared *s, int lost)
{
    nodes_enter(0);
    for (int rank = 0; rank < RANKS; rank++) {
        if (rank != lost) {
            MRT_OK(mr_queue_destroy(s->queues[rank]));
        }
    }
    nodes_leave();
    nodes_stop();
}

static mr_wait_set *watch_all(shared *s, int *descriptor)
{
    mr_wait_set *set = NULL;

    MRT_OK(mr_wait_set_create(&set));
    MRT_OK(mr_wait_set_descriptor(set, descriptor));
    for (int rank = 0; rank < RANKS; rank++) {
        MRT_OK(mr_wait_set_add(set, s->queues[rank].handle, &s->queues[rank]));
    }
    return set;
}

static size_t wait_by(mr_wait_set *set, int descriptor, mr_ready *ready)
{
    struct pollfd one = {.fd = descriptor, .events = POLLIN};
    size_t count = 0;

    if (MRT_CHECK(poll(&one, 1, (int)(GUARD * 1000)) == 1)) {
        MRT_OK(mr_wait_set_ready(set, ready, RANKS, &count));
    }
    return count;
}

/* Each of two takers sees all items until they are taken. */
static void take(unsigned int number, void *user)
{
    shared *s = user;
    int descriptor = -1;
    mr_wait_set *set = watch_all(s, &descriptor);
    bool ended = false;

    (void)number;
    while (!ended && !mrt_failed()) {
        mr_ready ready[RANKS];
        size_t count = wait_by(set, descriptor, ready);

        for (size_t i = 0; i < count && !ended; i++) {
            const mr_queue *queue = ready[i].user;
            size_t size = 0;
            int item;

            MRT_OK(ready[i].error);
            if (mr_queue_get(*queue, &item, sizeof item, &size, 0) == MR_OK) {
                ended = size == 0;
                mri_add(&s->watched, !ended);
            }
        }
    }
    MRT_OK(mr_wait_set_destroy(set));
}

static void put(unsigned int number, void *user)
{
    const shared *s = user;
    uint64_t seed = number;

    for (int i = 0; i < ITEMS; i++) {
        MRT_OK(mr_queue_put(s->queues[fake_random(&seed) % RANKS], &i, sizeof i,
                            GUARD));
    }
}

/* An end mark for each taker, when all items are taken. */
static void put_and_end(unsigned int number, void *user)
{
    shared *s = user;

    put(number, user);
    while (mri_load(&s->watched) < 2 * ITEMS && !mrt_failed()) {
        mrt_pause();
    }
    MRT_OK(mr_queue_put(s->queues[3], NULL, 0, GUARD));
    MRT_OK(mr_queue_put(s->queues[3], NULL, 0, GUARD));
}

static void wait_set_misses_no_item_of_another_node(void)
{
    shared s;

    if (!begin(&s)) {
        return;
    }
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = take, .user = &s},
            {.rank = 2, .process = true, .body = take, .user = &s},
            {.rank = 3, .body = put, .user = &s},
            {.rank = 1, .process = true, .body = put_and_end, .user = &s},
        },
        4);
    end(&s, RANKS);
}

/* Until rank 3 is lost. */
static void see_loss(unsigned int number, void *user)
{
    shared *s = user;
    mr_ready ready[RANKS];
    int descriptor = -1;
    mr_wait_set *set = watch_all(s, &descriptor);
    size_t count = 1;

    (void)number;
    MRT_OK(mr_wait_set_ready(set, ready, RANKS, &count));
    MRT_EQUAL(count, 0);
    mri_add(&s->watched, 1);
    if (MRT_EQUAL(wait_by(set, descriptor, ready), 1)) {
        MRT_ERROR(ready[0].error, MR_ERR_OWNER_LOST);
        MRT_CHECK(ready[0].user == &s->queues[3]);
        MRT_OK(mr_wait_set_remove(set, ready[0].handle));
    }
    MRT_OK(mr_wait_set_ready(set, ready, RANKS, &count));
    MRT_EQUAL(count, 0);
    MRT_OK(mr_wait_set_destroy(set));
}

static void lose_rank_3(unsigned int number, void *user)
{
    const shared *s = user;

    (void)number;
    while (mri_load(&s->watched) < 2) {
        mrt_pause();
    }
    nodes_await_waiter(3, s->queues[3].handle);
    nodes_lose(3);
}

static void wait_set_tells_that_a_rank_is_lost(void)
{
    shared s;

    if (!begin(&s)) {
        return;
    }
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = see_loss, .user = &s},
            {.rank = 2, .process = true, .body = see_loss, .user = &s},
            {.rank = 1, .body = lose_rank_3, .user = &s},
        },
        3);
    end(&s, 3);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"wait_set_misses_no_item_of_another_node",
         wait_set_misses_no_item_of_another_node, 0},
        {"wait_set_tells_that_a_rank_is_lost",
         wait_set_tells_that_a_rank_is_lost, 0},
    };

    return mrt_main("far_wait", tests, MRT_COUNT(tests), argc, argv);
}
