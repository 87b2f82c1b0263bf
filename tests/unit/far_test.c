/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Operations between nodes, by threads over the fake net: ranks 0 and 1 are on
 * one node, rank 2 is on another, and rank 3 on a third.
 */
#include "unit/fake_nodes.h"

#include <stdlib.h>
#include <string.h>

enum { RANKS = 4, DELAY = 3, MOST = 300000 };

static bool start(void)
{
    static const uint32_t leaders[RANKS] = {0, 0, 2, 3};

    return nodes_start(leaders, RANKS, 7, DELAY);
}

static mr_queue make_queue(unsigned int rank, size_t maxsize)
{
    mr_queue_options options = {.maxsize = maxsize,
                                .place = MR_ON_RANK((int)rank)};
    mr_queue queue = {0};

    nodes_enter(0);
    MRT_OK(mr_queue_create(&queue, &options));
    nodes_leave();
    return queue;
}

static void destroy_queue(mr_queue queue)
{
    nodes_enter(0);
    MRT_OK(mr_queue_destroy(queue));
    nodes_leave();
}

static mr_lock make_lock(unsigned int rank)
{
    mr_lock_options options = {.place = MR_ON_RANK((int)rank)};
    mr_lock lock = {0};

    nodes_enter(0);
    MRT_OK(mr_lock_create(&lock, &options));
    nodes_leave();
    return lock;
}

static void destroy_lock(mr_lock lock)
{
    nodes_enter(0);
    MRT_OK(mr_lock_destroy(lock));
    nodes_leave();
}

/* ---- queues -------------------------------------------------------------- */

/* Small ones, long ones, and bulk. */
static const size_t sizes[] = {0, 8, 3000, 8, 5000, 60000, 1, 70000, 8, MOST};

enum { SIZES = sizeof sizes / sizeof *sizes, ITEMS = 2 * SIZES };

/* Item number i is what begins at its byte i. */
static unsigned char pattern[MOST + ITEMS];

static void put_all_sizes(unsigned int number, void *user)
{
    const mr_queue *queue = user;

    (void)number;
    for (size_t i = 0; i < ITEMS; i++) {
        MRT_OK(mr_queue_put(*queue, pattern + i, sizes[i % SIZES], MR_FOREVER));
    }
}

static void get_all_sizes(unsigned int number, void *user)
{
    const mr_queue *queue = user;
    unsigned char *item = malloc(MOST);

    (void)number;
    for (size_t i = 0; i < ITEMS; i++) {
        size_t size = 0;

        MRT_OK(mr_queue_get(*queue, item, MOST, &size, MR_FOREVER));
        MRT_EQUAL(size, sizes[i % SIZES]);
        MRT_BYTES(item, pattern + i, size);
    }
    free(item);
}

static void carry(unsigned int owner, nodes_actor from, nodes_actor to)
{
    mr_queue queue = make_queue(owner, 0);

    from.body = put_all_sizes;
    to.body = get_all_sizes;
    from.user = to.user = &queue;
    nodes_play((nodes_actor[]){from, to}, 2);
    destroy_queue(queue);
}

static void queue_carries_items_of_all_sizes_between_nodes(void)
{
    if (!start()) {
        return;
    }
    for (unsigned int owner = 1; owner < RANKS; owner++) {
        carry(owner, (nodes_actor){.rank = 0}, (nodes_actor){.rank = 2});
        carry(owner, (nodes_actor){.rank = 2}, (nodes_actor){.rank = 1});
    }
    nodes_stop();
}

static void processes_reach_queues_of_other_nodes(void)
{
    const nodes_actor here = {.rank = 0, .process = true};
    const nodes_actor there = {.rank = 2, .process = true};

    if (!start()) {
        return;
    }
    for (unsigned int owner = 0; owner < RANKS; owner++) {
        carry(owner, here, there);
        carry(owner, there, (nodes_actor){.rank = 1});
        carry(owner, (nodes_actor){.rank = 3}, here);
    }
    nodes_stop();
}

enum { MANY = 600, SOME = 200, PRODUCERS = 3 };

typedef struct stream {
    mr_queue queue;
    uint32_t count; /* of items from each producer */
} stream;

typedef struct numbered {
    uint32_t producer;
    uint32_t n;
} numbered;

static void put_many(unsigned int number, void *user)
{
    const stream *s = user;

    for (uint32_t n = 0; n < s->count; n++) {
        numbered item = {.producer = number, .n = n};

        MRT_OK(mr_queue_put(s->queue, &item, sizeof item, MR_FOREVER));
    }
}

static void get_many(unsigned int number, void *user)
{
    const stream *s = user;
    uint32_t next[PRODUCERS] = {0};

    (void)number;
    for (unsigned int i = 0; i < PRODUCERS * s->count; i++) {
        numbered item = {0};

        MRT_OK(mr_queue_get(s->queue, &item, sizeof item, NULL, MR_FOREVER));
        MRT_EQUAL(item.n, next[item.producer]++);
    }
}

static void pipelined_puts_keep_the_order_of_each_producer(void)
{
    stream s = {.count = MANY};

    if (!start()) {
        return;
    }
    s.queue = make_queue(2, 0);
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = put_many, .user = &s},
            {.rank = 1, .process = true, .body = put_many, .user = &s},
            {.rank = 3, .body = put_many, .user = &s},
            {.rank = 1, .body = get_many, .user = &s}},
        4);
    destroy_queue(s.queue);
    nodes_stop();
}

static void full_queue_holds_producers_of_other_nodes_back(void)
{
    stream s = {.count = SOME};

    if (!start()) {
        return;
    }
    s.queue = make_queue(1, 3);
    nodes_play((nodes_actor[]){{.rank = 2, .body = put_many, .user = &s},
                               {.rank = 3, .body = put_many, .user = &s},
                               {.rank = 0, .body = put_many, .user = &s},
                               {.rank = 2, .body = get_many, .user = &s}},
               4);
    destroy_queue(s.queue);
    nodes_stop();
}

static void put_is_seen_by_the_next_operation_of_its_thread(void)
{
    mr_queue queue;
    size_t count = 0;

    if (!start()) {
        return;
    }
    queue = make_queue(2, 0);
    nodes_enter(0);
    for (unsigned int i = 0; i < 200; i++) {
        MRT_OK(mr_queue_put(queue, &i, sizeof i, MR_FOREVER));
    }
    MRT_OK(mr_queue_qsize(queue, &count));
    MRT_EQUAL(count, 200);
    nodes_leave();
    destroy_queue(queue);
    nodes_stop();
}

/* ---- locks and values ---------------------------------------------------- */

enum { ROUNDS = 150 };

typedef struct guarded {
    mr_lock lock;
    mr_value value;
    unsigned int plain; /* guarded by the lock alone */
} guarded;

static void count_under_lock(unsigned int number, void *user)
{
    guarded *g = user;
    const int64_t one = 1;

    (void)number;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        MRT_OK(mr_lock_acquire(g->lock, MR_FOREVER));
        g->plain++;
        MRT_OK(mr_lock_release(g->lock));
        MRT_OK(mr_value_add(g->value, &one, NULL));
    }
}

static void lock_and_value_serve_waiters_of_all_nodes(void)
{
    const mr_value_options options = {.place = MR_ON_RANK(3)};
    const int64_t zero = 0;
    int64_t sum = 0;
    guarded g = {.plain = 0};

    if (!start()) {
        return;
    }
    g.lock = make_lock(2);
    nodes_enter(0);
    MRT_OK(mr_value_create(&g.value, MR_INT64, &zero, &options));
    nodes_leave();
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = count_under_lock, .user = &g},
            {.rank = 1, .process = true, .body = count_under_lock, .user = &g},
            {.rank = 2, .body = count_under_lock, .user = &g},
            {.rank = 2, .process = true, .body = count_under_lock, .user = &g},
            {.rank = 3, .body = count_under_lock, .user = &g}},
        5);
    MRT_EQUAL(g.plain, 5 * ROUNDS);
    nodes_enter(0);
    MRT_OK(mr_value_get(g.value, &sum));
    MRT_EQUAL(sum, 5 * ROUNDS);
    MRT_OK(mr_value_destroy(g.value));
    nodes_leave();
    destroy_lock(g.lock);
    nodes_stop();
}

/* ---- time-outs and waits ------------------------------------------------- */

typedef struct waits {
    mr_queue queues[3];
    mr_queue full;
    mr_lock lock;
} waits;

static void time_out_everywhere(unsigned int number, void *user)
{
    waits *w = user;
    mr_handle handles[3];
    bool ready[3];
    int item = 0;

    (void)number;
    for (unsigned int i = 0; i < 20; i++) {
        double timeout = i % 4 * 0.002;

        MRT_ERROR(mr_queue_get(w->queues[1], &item, sizeof item, NULL, timeout),
                  MR_ERR_TIMEOUT);
        MRT_ERROR(mr_queue_put(w->full, &item, sizeof item, timeout),
                  MR_ERR_TIMEOUT);
        MRT_ERROR(mr_lock_acquire(w->lock, timeout), MR_ERR_TIMEOUT);
        for (unsigned int k = 0; k < 3; k++) {
            handles[k] = w->queues[k].handle;
        }
        MRT_ERROR(mr_wait(handles, 3, timeout, ready), MR_ERR_TIMEOUT);
    }
}

static void make_waits(waits *w)
{
    const int item = 1;

    for (unsigned int i = 0; i < 3; i++) {
        w->queues[i] = make_queue(i + 1, 0);
    }
    w->full = make_queue(2, 1);
    w->lock = make_lock(2);
    nodes_enter(0);
    MRT_OK(mr_queue_put(w->full, &item, sizeof item, MR_FOREVER));
    MRT_OK(mr_lock_acquire(w->lock, MR_FOREVER));
    nodes_leave();
}

static void destroy_waits(waits *w)
{
    for (unsigned int i = 0; i < 3; i++) {
        destroy_queue(w->queues[i]);
    }
    destroy_queue(w->full);
    destroy_lock(w->lock);
}

static void far_calls_time_out(void)
{
    waits w;

    if (!start()) {
        return;
    }
    make_waits(&w);
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = time_out_everywhere, .user = &w},
            {.rank = 1, .process = true, .body = time_out_everywhere, &w},
            {.rank = 3, .body = time_out_everywhere, .user = &w}},
        3);
    destroy_waits(&w);
    nodes_stop();
}

static void take_by_wait(unsigned int number, void *user)
{
    waits *w = user;
    mr_handle handles[3];
    unsigned int taken = 0;

    (void)number;
    for (unsigned int k = 0; k < 3; k++) {
        handles[k] = w->queues[k].handle;
    }
    while (taken < 2 * ROUNDS) {
        bool ready[3] = {false};
        uint32_t item;

        MRT_OK(mr_wait(handles, 3, MR_FOREVER, ready));
        for (unsigned int k = 0; k < 3; k++) {
            if (ready[k]) {
                MRT_OK(mr_queue_get(w->queues[k], &item, sizeof item, NULL,
                                    MR_FOREVER));
                taken++;
            }
        }
    }
}

static void put_in_turn(unsigned int number, void *user)
{
    waits *w = user;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        MRT_OK(mr_queue_put(w->queues[(i + number) % 3], &i, sizeof i,
                            MR_FOREVER));
    }
}

static void wait_covers_owners_of_several_nodes(bool process)
{
    waits w;

    if (!start()) {
        return;
    }
    make_waits(&w);
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .process = process, .body = take_by_wait, .user = &w},
            {.rank = 2, .body = put_in_turn, .user = &w},
            {.rank = 3, .body = put_in_turn, .user = &w}},
        3);
    destroy_waits(&w);
    nodes_stop();
}

static void rank_waits_for_owners_of_several_nodes(void)
{
    wait_covers_owners_of_several_nodes(false);
}

static void process_waits_for_owners_of_several_nodes(void)
{
    wait_covers_owners_of_several_nodes(true);
}

/* ---- creation and destruction -------------------------------------------- */

static void wait_for_the_end(unsigned int number, void *user)
{
    const mr_queue *queues = user;
    int item;

    MRT_ERROR(
        mr_queue_get(queues[number], &item, sizeof item, NULL, MR_FOREVER),
        MR_ERR_CLOSED);
    MRT_ERROR(mr_queue_get(queues[number], &item, sizeof item, NULL, 0),
              MR_ERR_STALE);
}

static void destroy_under_waiters(unsigned int number, void *user)
{
    const mr_queue *queues = user;

    for (unsigned int i = 0; i < number; i++) {
        nodes_await_waiter(2, queues[i].handle);
        MRT_OK(mr_queue_destroy(queues[i]));
        MRT_ERROR(mr_queue_destroy(queues[i]), MR_ERR_STALE);
    }
}

static void destroyer_turns_waiters_of_all_nodes_out(void)
{
    mr_queue queues[2];

    if (!start()) {
        return;
    }
    for (unsigned int i = 0; i < 10; i++) {
        queues[0] = make_queue(2, 0);
        queues[1] = make_queue(2, 0);
        nodes_play(
            (nodes_actor[]){
                {.rank = 1, .body = wait_for_the_end, .user = queues},
                {.rank = 3, .process = true, .body = wait_for_the_end, queues},
                {.rank = 0, .body = destroy_under_waiters, .user = queues}},
            3);
    }
    nodes_stop();
}

/* ---- deaths -------------------------------------------------------------- */

static void die_with_lock(unsigned int number, void *user)
{
    guarded *g = user;

    (void)number;
    MRT_OK(mr_lock_acquire(g->lock, MR_FOREVER));
    fake_die();
}

static void acquire_after_death(unsigned int number, void *user)
{
    guarded *g = user;

    (void)number;
    nodes_await_end(0);
    MRT_ERROR(mr_lock_acquire(g->lock, MR_FOREVER), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(g->lock));
}

static void lock_passes_on_when_its_holder_on_another_node_dies(void)
{
    guarded g;

    if (!start()) {
        return;
    }
    for (unsigned int i = 0; i < 10; i++) {
        g.lock = make_lock(2);
        nodes_play(
            (nodes_actor[]){
                {.rank = 0, .process = true, .body = die_with_lock, .user = &g},
                {.rank = 3, .body = acquire_after_death, .user = &g}},
            2);
        destroy_lock(g.lock);
    }
    nodes_stop();
}

/* ---- losses -------------------------------------------------------------- */

typedef struct losses {
    mr_queue of_lost;
    mr_lock lock; /* of another rank, held by the lost one */
} losses;

static void wait_for_lost_owner(unsigned int number, void *user)
{
    losses *l = user;
    int item;

    (void)number;
    MRT_ERROR(mr_queue_get(l->of_lost, &item, sizeof item, NULL, MR_FOREVER),
              MR_ERR_OWNER_LOST);
    MRT_ERROR(mr_queue_put(l->of_lost, &item, sizeof item, 0),
              MR_ERR_OWNER_LOST);
}

static void wait_for_lost_holder(unsigned int number, void *user)
{
    losses *l = user;

    (void)number;
    MRT_ERROR(mr_lock_acquire(l->lock, MR_FOREVER), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(l->lock));
}

static void lose_rank_3(unsigned int number, void *user)
{
    losses *l = user;

    (void)number;
    nodes_await_waiter(3, l->of_lost.handle);
    nodes_await_waiter(2, l->lock.handle);
    nodes_lose(3);
}

static void hold_lock(unsigned int number, void *user)
{
    losses *l = user;

    (void)number;
    MRT_OK(mr_lock_acquire(l->lock, MR_FOREVER));
    fake_die();
}

static void lost_rank_ends_calls_and_passes_its_locks_on(void)
{
    losses l;

    if (!start()) {
        return;
    }
    l.of_lost = make_queue(3, 0);
    l.lock = make_lock(2);
    nodes_play((nodes_actor[]){{.rank = 3, .body = hold_lock, .user = &l}}, 1);
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = wait_for_lost_owner, .user = &l},
            {.rank = 1, .process = true, .body = wait_for_lost_owner, &l},
            {.rank = 2, .body = wait_for_lost_owner, .user = &l},
            {.rank = 0, .body = wait_for_lost_holder, .user = &l},
            {.rank = 1, .body = lose_rank_3, .user = &l}},
        5);
    destroy_lock(l.lock);
    nodes_stop();
}

static void put_until_lost(unsigned int number, void *user)
{
    losses *l = user;
    unsigned char *item = calloc(1, 20000);
    mr_error error = MR_OK;

    while (!error) {
        error = mr_queue_put(l->of_lost, item, number ? 8 : 20000, MR_FOREVER);
    }
    MRT_EQUAL(error, MR_ERR_OWNER_LOST);
    free(item);
}

static void lose_while_others_put(unsigned int number, void *user)
{
    losses *l = user;
    size_t count = 0;

    (void)number;
    while (count < SOME && MRT_OK(mr_queue_qsize(l->of_lost, &count))) {
    }
    nodes_lose(3);
}

static void rank_is_lost_while_puts_are_under_way(void)
{
    losses l;

    if (!start()) {
        return;
    }
    l.of_lost = make_queue(3, 0);
    nodes_play(
        (nodes_actor[]){
            {.rank = 0, .body = put_until_lost, .user = &l},
            {.rank = 1, .body = put_until_lost, .user = &l},
            {.rank = 2, .process = true, .body = put_until_lost, &l},
            {.rank = 1, .body = lose_while_others_put, &l}},
        4);
    nodes_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"queue_carries_items_of_all_sizes_between_nodes",
         queue_carries_items_of_all_sizes_between_nodes, 60},
        {"processes_reach_queues_of_other_nodes",
         processes_reach_queues_of_other_nodes, 60},
        {"pipelined_puts_keep_the_order_of_each_producer",
         pipelined_puts_keep_the_order_of_each_producer, 60},
        {"full_queue_holds_producers_of_other_nodes_back",
         full_queue_holds_producers_of_other_nodes_back, 60},
        {"put_is_seen_by_the_next_operation_of_its_thread",
         put_is_seen_by_the_next_operation_of_its_thread, 60},
        {"lock_and_value_serve_waiters_of_all_nodes",
         lock_and_value_serve_waiters_of_all_nodes, 60},
        {"far_calls_time_out", far_calls_time_out, 60},
        {"rank_waits_for_owners_of_several_nodes",
         rank_waits_for_owners_of_several_nodes, 60},
        {"process_waits_for_owners_of_several_nodes",
         process_waits_for_owners_of_several_nodes, 60},
        {"destroyer_turns_waiters_of_all_nodes_out",
         destroyer_turns_waiters_of_all_nodes_out, 60},
        {"lock_passes_on_when_its_holder_on_another_node_dies",
         lock_passes_on_when_its_holder_on_another_node_dies, 60},
        {"lost_rank_ends_calls_and_passes_its_locks_on",
         lost_rank_ends_calls_and_passes_its_locks_on, 60},
        {"rank_is_lost_while_puts_are_under_way",
         rank_is_lost_while_puts_are_under_way, 60},
    };

    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (unsigned char)(i * 7 + i / 256);
    }
    /* Ranks are silent for long where a sanitizer shares its processors. */
    setenv("MR_PATIENCE", "1000", 1);
    return mrt_main("far", tests, MRT_COUNT(tests), argc, argv);
}
