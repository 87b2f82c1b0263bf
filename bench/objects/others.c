/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ranks and children that do their part while main measures.
 *
 * A rank works inside the task of a pool, and the worker that is free takes the
 * next task: so there is one for each rank, and none goes on before all have
 * begun. The map that holds them runs in a thread of rank 0, as main is busy.
 */
#include "others.h"

#include "../bench.h"
#include "../repeat.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CHILDREN = 64 };

/* What the others are told. */
typedef struct orders {
    int first;
    int last; /* of a child: its own number, both */
    mr_value begun;
    unsigned char argument[OTHERS_ARGUMENT];
} orders;

static others_function *what_they_do;

/* The ones that main has begun, and has not seen the end of. */
static struct under_way {
    bool children;
    orders orders;
    pthread_t thread;
    mr_pool pool;
    mr_process processes[MOST_CHILDREN];
} now_at_work;

static const double a_minute = 60;

void others_are(others_function *function)
{
    what_they_do = function;
}

/* ---- ranks --------------------------------------------------------------- */

static void await_all(mr_value begun, int64_t all)
{
    const double end = now() + a_minute;
    int64_t one = 1;
    int64_t here;

    must(mr_value_add(begun, &one, NULL), "others: a rank has begun");
    do {
        usleep(100);
        must(mr_value_get(begun, &here), "others: who has begun");
        check(now() < end, "others: the ranks do not all begin");
    } while (here < all);
}

static mr_error be_a_rank(const void *in, void *out, const mr_task *task)
{
    const orders *mine = task->context;
    int rank = mr_rank();

    (void)in;
    (void)out;
    await_all(mine->begun, (int64_t)task->count);
    if (rank >= mine->first && rank <= mine->last) {
        what_they_do(mine->argument, rank);
    }
    return MR_OK;
}

static void *run_map(void *user)
{
    const struct under_way *w = user;
    mr_map_options options = {.chunk = 1};

    must(mr_pool_map(w->pool, be_a_rank, &w->orders, sizeof w->orders, NULL, 0,
                     NULL, 0, (size_t)mr_size(), &options),
         "others: map");
    return NULL;
}

static void begin_ranks(struct under_way *w)
{
    must(mr_value_create(&w->orders.begun, MR_INT64, NULL, NULL),
         "others: value");
    must(mr_pool_create(&w->pool, NULL), "others: pool");
    check(pthread_create(&w->thread, NULL, run_map, w) == 0, "others: thread");
}

static void end_ranks(struct under_way *w)
{
    pthread_join(w->thread, NULL);
    must(mr_pool_destroy(w->pool), "others: pool");
    must(mr_value_destroy(w->orders.begun), "others: value");
}

/* ---- children ------------------------------------------------------------ */

static int be_a_child(const void *argument, size_t size)
{
    const orders *mine = argument;

    (void)size;
    what_they_do(mine->argument, mine->first);
    return 0;
}

static void begin_children(struct under_way *w, int first, int last)
{
    check(last - first < MOST_CHILDREN, "others: too many children");
    for (int i = first; i <= last; i++) {
        /* In turn, as each rank has cores of its own. */
        mr_process_options there = {.place = MR_ON_RANK(i % mr_size())};
        mr_process *process = &w->processes[i - first];

        w->orders.first = w->orders.last = i;
        must(mr_process_create(process, be_a_child, &w->orders,
                               sizeof w->orders, &there),
             "others: process");
        must(mr_process_start(*process), "others: start");
    }
    w->orders.first = first;
}

static void end_children(const struct under_way *w)
{
    for (int i = w->orders.first; i <= w->orders.last; i++) {
        mr_process process = w->processes[i - w->orders.first];
        int code;

        must(mr_process_join(process, a_minute), "others: join");
        must(mr_process_exit_code(process, &code), "others: exit code");
        check(code == 0, "others: a child");
        must(mr_process_destroy(process), "others: process");
    }
}

/* ---- either -------------------------------------------------------------- */

void others_begin(bool children, int first, int last, const void *argument,
                  size_t size)
{
    struct under_way *w = &now_at_work;

    check(size <= sizeof w->orders.argument, "others: a large argument");
    check(children || last < mr_size(), "others: too few ranks");
    w->children = children;
    w->orders.first = first;
    w->orders.last = last;
    memcpy(w->orders.argument, argument, size);
    if (children) {
        begin_children(w, first, last);
    } else {
        begin_ranks(w);
    }
}

void others_end(void)
{
    struct under_way *w = &now_at_work;

    if (w->children) {
        end_children(w);
    } else {
        end_ranks(w);
    }
}
