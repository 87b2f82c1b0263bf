/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replicated Arrays between nodes, by threads over the fake net: ranks 0 and 1
 * are on one node, rank 2 is on another, and rank 3 on a third.
 */
#include "unit/fake_nodes.h"

#include <stdlib.h>

#include <multirank/array.h>

/* Three fragments, for a chain of three nodes; and one, for a binary tree. */
enum { RANKS = 4, DELAY = 3, LARGE = 280000, SMALL = 1000 };

typedef struct shared {
    mr_array array;
    size_t count;
} shared;

static bool start(void)
{
    static const uint32_t leaders[RANKS] = {0, 0, 2, 3};

    return nodes_start(leaders, RANKS, 11, DELAY);
}

static void create(unsigned int number, void *user)
{
    const mr_array_options options = {.replicated = true};
    shared *s = user;
    int64_t *all = malloc(s->count * sizeof *all);

    (void)number;
    for (size_t i = 0; i < s->count; i++) {
        all[i] = (int64_t)i * 3;
    }
    MRT_OK(mr_array_create(&s->array, MR_INT64, s->count, all, &options));
    free(all);
}

static void read_near(unsigned int number, void *user)
{
    const shared *s = user;
    size_t wrong = 0;
    void *data = NULL;

    (void)number;
    if (MRT_OK(mr_array_data(s->array, &data))) {
        for (size_t i = 0; i < s->count; i++) {
            wrong += ((int64_t *)data)[i] != (int64_t)i * 3;
        }
    }
    MRT_EQUAL(wrong, 0);
}

static void read_one(unsigned int number, void *user)
{
    const shared *s = user;
    int64_t last = 0;

    (void)number;
    MRT_OK(mr_array_get(s->array, s->count - 1, 1, &last));
    MRT_EQUAL(last, (int64_t)(s->count - 1) * 3);
    MRT_ERROR(mr_array_set(s->array, 0, 1, &last), MR_ERR_STATE);
}

static void destroy(unsigned int number, void *user)
{
    const shared *s = user;

    (void)number;
    MRT_OK(mr_array_destroy(s->array));
}

static void play_one(unsigned int rank, bool process, fake_body *body,
                     shared *s)
{
    nodes_play(
        (nodes_actor[]){
            {.rank = rank, .process = process, .body = body, .user = s}},
        1);
}

static void replicate(size_t count)
{
    shared s = {.count = count};

    if (!start()) {
        return;
    }
    for (unsigned int creator = 0; creator < RANKS; creator++) {
        play_one(creator, false, create, &s);
        nodes_play(
            (nodes_actor[]){
                {.rank = 0, .body = read_near, .user = &s},
                {.rank = 1, .process = true, .body = read_near, .user = &s},
                {.rank = 2, .process = true, .body = read_near, .user = &s},
                {.rank = 3, .body = read_near, .user = &s},
                {.rank = 3, .body = read_one, .user = &s},
                {.rank = 2, .process = true, .body = read_one, .user = &s},
            },
            6);
        play_one((creator + 2) % RANKS, creator % 2, destroy, &s);
    }
    nodes_stop();
}

static void replicated_array_travels_along_a_chain(void)
{
    replicate(LARGE);
}

static void replicated_array_travels_along_a_binary_tree(void)
{
    replicate(SMALL);
}

/* The creator ends, and so do its arrays. */
static void create_and_die(unsigned int number, void *user)
{
    create(number, user);
    destroy(number, user);
    fake_die();
}

static void replicated_arrays_of_a_process_that_dies_leave_nothing(void)
{
    shared s = {.count = SMALL};

    if (!start()) {
        return;
    }
    for (unsigned int rank = 0; rank < RANKS; rank++) {
        play_one(rank, true, create_and_die, &s);
    }
    nodes_stop();
}

/* What was there before the loss is read as before; and a node without ranks
 * gets no copy. */
static void lost_rank_is_not_missed(void)
{
    shared before = {.count = SMALL};
    shared after = {.count = LARGE};

    if (!start()) {
        return;
    }
    play_one(0, false, create, &before);
    nodes_enter(0);
    nodes_lose(3);
    nodes_leave();
    for (unsigned int rank = 0; rank < RANKS; rank++) {
        if (rank != 3) {
            play_one(rank, false, read_near, &before);
        }
    }
    play_one(2, false, create, &after);
    play_one(0, true, read_near, &after);
    play_one(2, false, read_near, &after);
    play_one(1, false, destroy, &before);
    play_one(1, false, destroy, &after);
    nodes_stop();
}

/* What a process remembers of Arrays, and its ports, ends with it; here it is a
 * thread. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:mri_port_of\nleak:mri_spread_copy\n";
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"replicated_array_travels_along_a_chain",
         replicated_array_travels_along_a_chain, 0},
        {"replicated_array_travels_along_a_binary_tree",
         replicated_array_travels_along_a_binary_tree, 0},
        {"replicated_arrays_of_a_process_that_dies_leave_nothing",
         replicated_arrays_of_a_process_that_dies_leave_nothing, 0},
        {"lost_rank_is_not_missed", lost_rank_is_not_missed, 0},
    };

    return mrt_main("far_array", tests, MRT_COUNT(tests), argc, argv);
}
