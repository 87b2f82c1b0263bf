/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronisation objects between nodes, by threads over the fake net: ranks 0
 * and 1 are on one node, rank 2 is on another, and rank 3 on a third.
 */
#include "unit/fake_nodes.h"

#include <multirank.h>
#include <stdatomic.h>
#include <string.h>

enum { RANKS = 4, DELAY = 3, ROUNDS = 60, ACTORS = 6 };

typedef struct stage {
    mr_lock lock;
    mr_semaphore semaphore;
    mr_event event;
    mr_condition condition;
    mr_barrier barrier;
    mr_rwlock rwlock;
    mr_value value;
    atomic_uint inside;
    atomic_uint count;
    mr_error errors[ACTORS];
} stage;

static stage the;

static bool start(unsigned int owner)
{
    static const uint32_t leaders[RANKS] = {0, 0, 2, 3};
    const int place = MR_ON_RANK((int)owner);

    memset(&the, 0, sizeof the);
    if (!nodes_start(leaders, RANKS, 7, DELAY)) {
        return false;
    }
    nodes_enter(0);
    MRT_OK(mr_semaphore_create(&the.semaphore, 0,
                               &(mr_semaphore_options){.place = place}));
    MRT_OK(mr_event_create(&the.event, &(mr_event_options){.place = place}));
    MRT_OK(mr_lock_create(&the.lock, &(mr_lock_options){.place = place}));
    MRT_OK(mr_condition_create(&the.condition,
                               &(mr_condition_options){.lock = the.lock}));
    MRT_OK(mr_barrier_create(&the.barrier, ACTORS,
                             &(mr_barrier_options){.place = place}));
    MRT_OK(mr_rwlock_create(&the.rwlock, &(mr_rwlock_options){.place = place}));
    MRT_OK(mr_value_create(&the.value, MR_INT64, NULL,
                           &(mr_value_options){.place = place}));
    nodes_leave();
    return !mrt_failed();
}

static void stop(void)
{
    nodes_enter(0);
    MRT_OK(mr_semaphore_destroy(the.semaphore));
    MRT_OK(mr_event_destroy(the.event));
    MRT_OK(mr_condition_destroy(the.condition));
    MRT_OK(mr_lock_destroy(the.lock));
    MRT_OK(mr_barrier_destroy(the.barrier));
    MRT_OK(mr_rwlock_destroy(the.rwlock));
    MRT_OK(mr_value_destroy(the.value));
    nodes_leave();
    nodes_stop();
}

/* A thread of each rank, and processes of two. */
static void play(fake_body *body)
{
    nodes_actor actors[ACTORS] = {
        {.rank = 0},
        {.rank = 1},
        {.rank = 2},
        {.rank = 3},
        {.rank = 0, .process = true},
        {.rank = 2, .process = true},
    };

    for (unsigned int i = 0; i < ACTORS; i++) {
        actors[i].body = body;
    }
    nodes_play(actors, ACTORS);
}

static void play_with_each_owner(fake_body *body)
{
    for (unsigned int owner = 0; owner < RANKS; owner++) {
        if (start(owner)) {
            play(body);
            stop();
        }
    }
}

static int64_t get(void)
{
    int64_t value = -1;

    MRT_OK(mr_value_get(the.value, &value));
    return value;
}

static void set(int64_t value)
{
    MRT_OK(mr_value_set(the.value, &value));
}

/* ---- conditions ---------------------------------------------------------- */

static bool is_my_turn(void *user)
{
    return get() % ACTORS == *(int64_t *)user;
}

static void take_turns(unsigned int number, void *user)
{
    int64_t me = number;

    (void)user;
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    for (unsigned int i = 0; i < ROUNDS && !mrt_failed(); i++) {
        MRT_OK(mr_condition_wait_for(the.condition, is_my_turn, &me, GUARD));
        MRT_EQUAL(atomic_fetch_add(&the.inside, 1), 0);
        set(get() + 1);
        atomic_fetch_sub(&the.inside, 1);
        MRT_OK(mr_condition_notify_all(the.condition));
    }
    MRT_OK(mr_lock_release(the.lock));
}

static void condition_orders_actors_of_all_nodes(void)
{
    play_with_each_owner(take_turns);
}

/* Actor 0 holds the lock until the time of the others is up. */
static void give_up_while_the_lock_is_held(unsigned int number, void *user)
{
    (void)user;
    if (number) {
        MRT_OK(mr_lock_acquire(the.lock, GUARD));
        atomic_fetch_add(&the.count, 1);
        MRT_ERROR(mr_condition_wait(the.condition, 0.05), MR_ERR_TIMEOUT);
        MRT_EQUAL(atomic_fetch_add(&the.inside, 1), 0);
        atomic_fetch_sub(&the.inside, 1);
        MRT_OK(mr_lock_release(the.lock));
        return;
    }
    while (atomic_load(&the.count) < ACTORS - 1 && !mrt_failed()) {
        mrt_pause();
    }
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    MRT_EQUAL(atomic_fetch_add(&the.inside, 1), 0);
    for (double end = mrt_now() + 0.2; mrt_now() < end;) {
        mrt_pause();
    }
    atomic_fetch_sub(&the.inside, 1);
    MRT_OK(mr_lock_release(the.lock));
}

static void wait_that_times_out_comes_back_with_the_lock(void)
{
    play_with_each_owner(give_up_while_the_lock_is_held);
}

/* ---- barriers ------------------------------------------------------------ */

static void pass(unsigned int number, void *user)
{
    (void)user;
    (void)number;
    for (unsigned int i = 0; i < ROUNDS && !mrt_failed(); i++) {
        unsigned int mine = ACTORS;

        atomic_fetch_add(&the.count, 1);
        MRT_OK(mr_barrier_wait(the.barrier, GUARD, &mine));
        MRT_CHECK(mine < ACTORS);
        MRT_CHECK(atomic_load(&the.count) >= (i + 1) * ACTORS);
    }
}

static void barrier_holds_actors_of_all_nodes(void)
{
    play_with_each_owner(pass);
}

static void give_up_one(unsigned int number, void *user)
{
    (void)user;
    the.errors[number] =
        mr_barrier_wait(the.barrier, number ? GUARD : 0.05, NULL);
}

static void party_of_another_node_that_gives_up_breaks_the_barrier(void)
{
    nodes_actor actors[ACTORS - 1] = {{.rank = 2},
                                      {.rank = 1},
                                      {.rank = 2},
                                      {.rank = 3},
                                      {.rank = 0, .process = true}};

    for (unsigned int i = 0; i < ACTORS - 1; i++) {
        actors[i].body = give_up_one;
    }
    if (start(0)) {
        nodes_play(actors, ACTORS - 1);
        MRT_ERROR(the.errors[0], MR_ERR_TIMEOUT);
        for (unsigned int i = 1; i < ACTORS - 1; i++) {
            MRT_ERROR(the.errors[i], MR_ERR_BROKEN);
        }
        stop();
    }
}

/* ---- the others ---------------------------------------------------------- */

static void read_and_write(unsigned int number, void *user)
{
    (void)user;
    for (unsigned int i = 0; i < ROUNDS && !mrt_failed(); i++) {
        if (number % 3 == 0) {
            MRT_OK(mr_rwlock_acquire_write(the.rwlock, GUARD));
            MRT_EQUAL(atomic_fetch_add(&the.inside, 100), 0);
            set(get() + 1);
            atomic_fetch_sub(&the.inside, 100);
        } else {
            MRT_OK(mr_rwlock_acquire_read(the.rwlock, GUARD));
            MRT_CHECK(atomic_fetch_add(&the.inside, 1) < 100);
            atomic_fetch_sub(&the.inside, 1);
        }
        MRT_OK(mr_rwlock_release(the.rwlock));
    }
}

static void rwlock_excludes_writers_of_all_nodes(void)
{
    play_with_each_owner(read_and_write);
}

/* Actor 0 gives what the others take, and says when it has begun. */
static void give_and_take(unsigned int number, void *user)
{
    (void)user;
    if (number == 0) {
        MRT_OK(mr_event_set(the.event));
        for (unsigned int i = 0; i < ROUNDS; i++) {
            MRT_OK(mr_semaphore_release(the.semaphore, ACTORS - 1));
        }
        return;
    }
    MRT_OK(mr_event_wait(the.event, GUARD));
    for (unsigned int i = 0; i < ROUNDS && !mrt_failed(); i++) {
        MRT_OK(mr_semaphore_acquire(the.semaphore, GUARD));
    }
}

static void semaphore_and_event_serve_all_nodes(void)
{
    play_with_each_owner(give_and_take);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        MRT_TEST(condition_orders_actors_of_all_nodes),
        MRT_TEST(wait_that_times_out_comes_back_with_the_lock),
        MRT_TEST(barrier_holds_actors_of_all_nodes),
        MRT_TEST(party_of_another_node_that_gives_up_breaks_the_barrier),
        MRT_TEST(rwlock_excludes_writers_of_all_nodes),
        MRT_TEST(semaphore_and_event_serve_all_nodes),
    };

    return mrt_main("far_sync", tests, MRT_COUNT(tests), argc, argv);
}
