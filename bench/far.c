/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long operations between two nodes take: one line "name value unit" for
 * each, of one repetition.  Two ranks, on two nodes or with MR_ROUTE=far.
 *
 * The other side is a pool task, as those run in the rank itself; a thread
 * runs the map that has it, while main is this side.
 */
#include "bench.h"

#include <pthread.h>
#include <string.h>

enum { TRIPS = 5000, ITEMS = 200000, ADDS = 5000, LARGE = 64 << 20 };

static void put(mr_queue queue, const void *item, size_t size)
{
    must(mr_queue_put(queue, item, size, MR_FOREVER), "put");
}

static void get(mr_queue queue, void *item, size_t size)
{
    must(mr_queue_get(queue, item, size, NULL, MR_FOREVER), "get");
}

/* ---- the other side ------------------------------------------------------ */

/* Queue 0 lies on rank 0 and is read there, queue 1 likewise on rank 1. */
typedef struct sides {
    mr_queue queues[2];
    mr_queue done;
} sides;

static void answer(const sides *s)
{
    char *large = malloc(LARGE);
    int64_t item = 0;

    for (int i = 0; i < TRIPS; i++) {
        get(s->queues[1], &item, sizeof item);
        put(s->queues[0], &item, sizeof item);
    }
    for (int i = 0; i < ITEMS; i++) {
        get(s->queues[1], &item, sizeof item);
    }
    put(s->queues[0], &item, sizeof item);
    for (int i = 0; i < 3; i++) {
        get(s->queues[1], large, LARGE);
        put(s->queues[0], &item, sizeof item);
    }
    free(large);
}

/* One task for each rank: that of rank 0 waits, lest it takes the other. */
static mr_error take_side(const void *in, void *out, const mr_task *task)
{
    const sides *s = task->context;
    char byte = 0;

    (void)in;
    (void)out;
    if (mr_rank() == 1) {
        answer(s);
        put(s->done, &byte, 1);
    } else {
        get(s->done, &byte, 1);
    }
    return MR_OK;
}

typedef struct map_thread {
    mr_pool pool;
    const sides *s;
} map_thread;

static void *run_map(void *user)
{
    const map_thread *m = user;
    mr_map_options options = {.chunk = 1};

    must(mr_pool_map(m->pool, take_side, m->s, sizeof *m->s, NULL, 0, NULL, 0,
                     2, &options),
         "map");
    return NULL;
}

/* ---- this side ----------------------------------------------------------- */

static void bench_queue(const sides *s)
{
    int64_t item = 1;
    double start = now();

    for (int i = 0; i < TRIPS; i++) {
        put(s->queues[1], &item, sizeof item);
        get(s->queues[0], &item, sizeof item);
    }
    report("far_queue_there_and_back", (now() - start) / TRIPS * 1e6, "us");
    start = now();
    for (int i = 0; i < ITEMS; i++) {
        put(s->queues[1], &item, sizeof item);
    }
    get(s->queues[0], &item, sizeof item);
    report("far_queue_one_way", ITEMS / (now() - start) / 1e6, "M/s");
}

static void bench_large(const sides *s)
{
    char *large = calloc(1, LARGE);
    double best = 0;
    int64_t item;

    for (int i = 0; i < 3; i++) {
        double start = now();
        double rate;

        put(s->queues[1], large, LARGE);
        get(s->queues[0], &item, sizeof item);
        rate = LARGE / (now() - start) / 1e9;
        best = rate > best ? rate : best;
    }
    report("far_queue_64MiB", best, "GB/s");
    free(large);
}

static void bench_value(void)
{
    mr_value_options there = {.place = MR_ON_RANK(1)};
    int64_t one = 1;
    mr_value value;
    double start;

    must(mr_value_create(&value, MR_INT64, NULL, &there), "value");
    start = now();
    for (int i = 0; i < ADDS; i++) {
        must(mr_value_add(value, &one, NULL), "add");
    }
    report("far_value_add", (now() - start) / ADDS * 1e6, "us");
    must(mr_value_destroy(value), "value");
}

static mr_error square(const void *in, void *out, const mr_task *task)
{
    int64_t number = *(const int64_t *)in;

    (void)task;
    *(int64_t *)out = number * number;
    return MR_OK;
}

/* Without a name it only warms up. */
static void bench_map(mr_pool pool, const char *name, size_t chunk)
{
    size_t count = 2000000;
    int64_t *in = malloc(count * sizeof *in);
    int64_t *out = malloc(count * sizeof *out);
    mr_map_options options = {.chunk = chunk};
    double start;

    for (size_t i = 0; i < count; i++) {
        in[i] = (int64_t)i;
        out[i] = 0;
    }
    start = now();
    must(mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out, sizeof *out,
                     count, &options),
         "map");
    if (name) {
        report(name, (double)count / (now() - start) / 1e6, "M/s");
    }
    for (size_t i = 0; i < count; i++) {
        if (out[i] != in[i] * in[i]) {
            fprintf(stderr, "%s: a wrong result\n", name ? name : "map");
            exit(1);
        }
    }
    free(in);
    free(out);
}

static void bench_sides(mr_pool pool)
{
    sides s;
    map_thread m = {.pool = pool, .s = &s};
    pthread_t thread;

    for (int i = 0; i < 2; i++) {
        mr_queue_options options = {.place = MR_ON_RANK(i)};

        must(mr_queue_create(&s.queues[i], &options), "queue");
    }
    must(mr_queue_create(&s.done, NULL), "queue");
    pthread_create(&thread, NULL, run_map, &m);
    bench_queue(&s);
    bench_large(&s);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    mr_pool pool;

    must(mr_init(&argc, &argv), "mr_init");
    if (mr_size() != 2) {
        fprintf(stderr, "bench/far wants 2 ranks\n");
        return 2;
    }
    must(mr_pool_create(&pool, NULL), "pool");
    bench_sides(pool);
    bench_value();
    bench_map(pool, "far_map", 0);
    bench_map(pool, NULL, 0);
    bench_map(pool, "far_map_warm", 0);
    bench_map(pool, "far_map_chunk8000", 8000);
    bench_map(pool, "far_map_chunk64", 64);
    bench_map(pool, "far_map_chunk1", 1);
    mr_pool_destroy(pool);
    return 0;
}
