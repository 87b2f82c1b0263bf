/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues between nodes, by threads over the fake net: how they end, many items
 * in a call, lent items, and keepers.  Ranks 0 and 1 are on one node, rank 2 is
 * on another, and rank 3 on a third.
 */
#include "unit/fake_nodes.h"

#include <multirank.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RANKS = 4, DELAY = 3, ROUNDS = 40, PRODUCERS = 3, ACTORS = 6, RUN = 9 };

typedef struct stage {
    mr_queue queue;
    mr_queue other;
    mr_keeper keeper;
    atomic_ulong sum;
    atomic_uint left; /* producers that have not ended */
} stage;

static stage the;

static bool start(unsigned int owner, size_t maxsize)
{
    static const uint32_t leaders[RANKS] = {0, 0, 2, 3};
    const mr_queue_options options = {.maxsize = maxsize,
                                      .place = MR_ON_RANK((int)owner)};

    memset(&the, 0, sizeof the);
    atomic_store(&the.left, PRODUCERS);
    if (!nodes_start(leaders, RANKS, 11, DELAY)) {
        return false;
    }
    nodes_enter(0);
    MRT_OK(mr_queue_create(&the.queue, &options));
    MRT_OK(mr_queue_create(&the.other, &options));
    nodes_leave();
    return !mrt_failed();
}

static void stop(void)
{
    nodes_enter(0);
    MRT_OK(mr_queue_destroy(the.queue));
    MRT_OK(mr_queue_destroy(the.other));
    nodes_leave();
    nodes_stop();
}

/* Actors 0 to 2 produce, the others consume; two of them are processes. */
static void play(fake_body *produce, fake_body *consume)
{
    nodes_actor actors[ACTORS] = {
        {.rank = 0}, {.rank = 2}, {.rank = 3, .process = true},
        {.rank = 1}, {.rank = 3}, {.rank = 2, .process = true},
    };

    for (unsigned int i = 0; i < ACTORS; i++) {
        actors[i].body = i < PRODUCERS ? produce : consume;
    }
    nodes_play(actors, ACTORS);
}

static void play_with_each_owner(fake_body *produce, fake_body *consume,
                                 size_t maxsize, uint64_t sum)
{
    for (unsigned int owner = 0; owner < RANKS; owner++) {
        if (start(owner, maxsize)) {
            play(produce, consume);
            MRT_EQUAL(atomic_load(&the.sum), sum);
            stop();
        }
    }
}

/* The count is not the library's, so what was put has to arrive first: a call
 * with a reply waits for that. */
static void close_with_the_last(void)
{
    bool empty;

    MRT_OK(mr_queue_empty(the.queue, &empty));
    if (atomic_fetch_sub(&the.left, 1) == 1) {
        MRT_OK(mr_queue_close(the.queue));
    }
}

/* ---- single items -------------------------------------------------------- */

static void put_numbers(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        MRT_OK(mr_queue_put(the.queue, &i, sizeof i, MR_FOREVER));
    }
    close_with_the_last();
}

static void get_and_tell_done(unsigned int number, void *user)
{
    uint64_t item;
    mr_error error;

    (void)number;
    (void)user;
    while (
        !(error = mr_queue_get(the.queue, &item, sizeof item, NULL, GUARD))) {
        atomic_fetch_add(&the.sum, item);
        MRT_OK(mr_queue_task_done(the.queue, 1));
    }
    MRT_ERROR(error, MR_ERR_END_OF_FILE);
}

static void closed_queue_gives_all_items_and_the_end(void)
{
    play_with_each_owner(put_numbers, get_and_tell_done, 0,
                         PRODUCERS * ROUNDS * (ROUNDS + 1) / 2);
    play_with_each_owner(put_numbers, get_and_tell_done, 3,
                         PRODUCERS * ROUNDS * (ROUNDS + 1) / 2);
}

/* ---- producers that are counted ------------------------------------------ */

/* All have attached before one of them detaches or ends. */
static void produce_attached(unsigned int number, void *user)
{
    uint64_t one = 1;

    (void)user;
    MRT_OK(mr_queue_attach(the.queue));
    atomic_fetch_sub(&the.left, 1);
    while (atomic_load(&the.left) > 0) {
        mrt_pause();
    }
    MRT_OK(mr_queue_put(the.queue, &one, sizeof one, GUARD));
    if (number < 2) {
        MRT_OK(mr_queue_detach(the.queue));
    } else {
        fake_die();
    }
}

static void queue_ends_with_producers_of_all_nodes(void)
{
    play_with_each_owner(produce_attached, get_and_tell_done, 0, PRODUCERS);
}

/* ---- many items ---------------------------------------------------------- */

static void put_runs(unsigned int number, void *user)
{
    uint64_t items[RUN];

    (void)number;
    (void)user;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        size_t put = 0;

        for (size_t k = 0; k < RUN; k++) {
            items[k] = i;
        }
        MRT_OK(mr_queue_put_many(the.queue, items, sizeof items[0], RUN, &put,
                                 i % 2 ? GUARD : MR_FOREVER));
        MRT_EQUAL(put, RUN);
    }
    close_with_the_last();
}

static void get_runs(unsigned int number, void *user)
{
    uint64_t items[RUN + 3];
    size_t count;
    mr_error error;

    (void)number;
    (void)user;
    while (!(error = mr_queue_get_many(the.queue, items, sizeof items, RUN + 3,
                                       &count, NULL, GUARD))) {
        for (size_t i = 0; i < count; i++) {
            atomic_fetch_add(&the.sum, items[i]);
        }
    }
    MRT_ERROR(error, MR_ERR_END_OF_FILE);
}

static void many_items_go_between_nodes(void)
{
    play_with_each_owner(put_runs, get_runs, 0,
                         PRODUCERS * RUN * ROUNDS * (ROUNDS + 1) / 2);
    play_with_each_owner(put_runs, get_runs, 5,
                         PRODUCERS * RUN * ROUNDS * (ROUNDS + 1) / 2);
}

/* ---- lent items ---------------------------------------------------------- */

static size_t size_of(uint64_t round)
{
    static const size_t sizes[] = {8, 57, 3000, 70000};

    return sizes[round % 4];
}

static void commit_items(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        mr_item item;

        MRT_OK(mr_queue_reserve(the.queue, size_of(i), &item, GUARD));
        memset(item.data, 0, item.size);
        memcpy(item.data, &i, sizeof i);
        MRT_OK(mr_queue_commit(the.queue, &item, GUARD));
    }
    close_with_the_last();
}

/* Every other item is passed on and taken again, from a queue that may be on
 * another rank. */
static void take_items(unsigned int number, void *user)
{
    mr_item item;
    mr_error error;

    (void)number;
    (void)user;
    while (!(error = mr_queue_take(the.queue, &item, GUARD))) {
        uint64_t i;

        if (item.size % 2) {
            MRT_OK(mr_queue_commit(the.other, &item, GUARD));
            MRT_OK(mr_queue_take(the.other, &item, GUARD));
        }
        memcpy(&i, item.data, sizeof i);
        MRT_EQUAL(item.size, size_of(i));
        atomic_fetch_add(&the.sum, i);
        MRT_OK(mr_item_release(&item));
    }
    MRT_ERROR(error, MR_ERR_END_OF_FILE);
}

static void lent_items_go_between_nodes(void)
{
    play_with_each_owner(commit_items, take_items, 0,
                         PRODUCERS * ROUNDS * (ROUNDS + 1) / 2);
}

/* ---- keepers ------------------------------------------------------------- */

static void hold_and_drop(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        mr_keeper again;
        mr_ticket ticket;

        MRT_OK(mr_keeper_hold(the.keeper));
        MRT_OK(mr_keeper_ticket(the.keeper, &ticket));
        MRT_OK(mr_keeper_drop(the.keeper));
        MRT_OK(mr_keeper_redeem(ticket, &again));
        MRT_OK(mr_keeper_drop(again));
    }
}

static void keeper_counts_holders_of_all_nodes(void)
{
    for (unsigned int owner = 0; owner < RANKS; owner++) {
        mr_ticket anchor; /* holds the object when nobody else does */

        if (!start(owner, 0)) {
            return;
        }
        nodes_enter(0);
        MRT_OK(mr_keeper_create(&the.keeper, the.other.handle));
        MRT_OK(mr_keeper_ticket(the.keeper, &anchor));
        MRT_OK(mr_keeper_drop(the.keeper));
        nodes_leave();
        play(hold_and_drop, hold_and_drop);
        nodes_enter(0);
        MRT_OK(mr_ticket_drop(anchor));
        MRT_ERROR(mr_queue_destroy(the.other), MR_ERR_STALE);
        MRT_OK(mr_queue_destroy(the.queue));
        nodes_leave();
        nodes_stop();
    }
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        MRT_TEST(closed_queue_gives_all_items_and_the_end),
        MRT_TEST(queue_ends_with_producers_of_all_nodes),
        MRT_TEST(many_items_go_between_nodes),
        MRT_TEST(lent_items_go_between_nodes),
        MRT_TEST(keeper_counts_holders_of_all_nodes),
    };

    /* Ranks are silent for long where a sanitizer shares its processors. */
    setenv("MR_PATIENCE", "1000", 1);
    return mrt_main("far_queue", tests, MRT_COUNT(tests), argc, argv);
}
