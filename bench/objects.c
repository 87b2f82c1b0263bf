/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long the operations of one node take: one line "name value unit" for
 * each, of one repetition.  bench/figures repeats and compares.
 */
#include "bench.h"

#include <string.h>

/* ---- map ----------------------------------------------------------------- */

static mr_error square(const void *in, void *out, const mr_task *task)
{
    int64_t number = *(const int64_t *)in;

    (void)task;
    *(int64_t *)out = number * number;
    return MR_OK;
}

static void map_once(mr_pool pool, const char *name, int64_t *in, int64_t *out,
                     size_t count, size_t chunk)
{
    mr_map_options options = {.chunk = chunk};
    double start = now();

    must(mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out, sizeof *out,
                     count, &options),
         name);
    report(name, (double)count / (now() - start) / 1e6, "M/s");
    if (out[count - 1] != in[count - 1] * in[count - 1]) {
        fprintf(stderr, "%s: a wrong result\n", name);
        exit(1);
    }
}

static void bench_map(void)
{
    size_t count = 10000000;
    int64_t *in = malloc(count * sizeof *in);
    int64_t *out = malloc(count * sizeof *out);
    mr_array inputs;
    mr_array outputs;
    void *data[2];
    mr_pool pool;

    for (size_t i = 0; i < count; i++) {
        in[i] = (int64_t)i;
        out[i] = 0;
    }
    must(mr_pool_create(&pool, NULL), "pool");
    map_once(pool, "map_cold", in, out, count, 0);
    map_once(pool, "map_warm", in, out, count, 0);
    map_once(pool, "map_chunk1", in, out, count, 1);
    must(mr_array_create(&inputs, MR_INT64, count, in, NULL), "array");
    must(mr_array_create(&outputs, MR_INT64, count, NULL, NULL), "array");
    must(mr_array_data(inputs, &data[0]), "data");
    must(mr_array_data(outputs, &data[1]), "data");
    map_once(pool, "map_in_place_first", data[0], data[1], count, 0);
    map_once(pool, "map_in_place", data[0], data[1], count, 0);
    map_once(pool, "map_in_place_chunk1", data[0], data[1], count, 1);
    {
        double start = now();
        int64_t one = 7;
        int64_t result;

        for (int i = 0; i < 2000; i++) {
            must(mr_pool_map(pool, square, NULL, 0, &one, sizeof one, &result,
                             sizeof result, 1, NULL),
                 "map of one");
        }
        report("map_of_one", (now() - start) / 2000 * 1e6, "us");
    }
    mr_pool_destroy(pool);
    mr_array_destroy(inputs);
    mr_array_destroy(outputs);
    free(in);
    free(out);
}

/* ---- queue --------------------------------------------------------------- */

enum { TRIPS = 100000, ITEMS = 2000000 };

static int echo(const void *argument, size_t size)
{
    mr_queue queues[2];
    int64_t item;

    memcpy(queues, argument, size);
    for (int i = 0; i < TRIPS; i++) {
        must(mr_queue_get(queues[0], &item, sizeof item, NULL, MR_FOREVER),
             "get");
        must(mr_queue_put(queues[1], &item, sizeof item, MR_FOREVER), "put");
    }
    return 0;
}

static int produce(const void *argument, size_t size)
{
    mr_queue queues[2];

    memcpy(queues, argument, size);
    for (int64_t i = 0; i < ITEMS; i++) {
        must(mr_queue_put(queues[0], &i, sizeof i, MR_FOREVER), "put");
    }
    return 0;
}

static void bench_queue(void)
{
    mr_queue queues[2];
    mr_process other;
    int64_t item = 1;
    double start;

    for (int i = 0; i < 2; i++) {
        must(mr_queue_create(&queues[i], NULL), "queue");
    }
    must(mr_process_create(&other, echo, queues, sizeof queues, NULL),
         "process");
    must(mr_process_start(other), "start");
    start = now();
    for (int i = 0; i < TRIPS; i++) {
        must(mr_queue_put(queues[0], &item, sizeof item, MR_FOREVER), "put");
        must(mr_queue_get(queues[1], &item, sizeof item, NULL, MR_FOREVER),
             "get");
    }
    report("queue_there_and_back", (now() - start) / TRIPS * 1e6, "us");
    must(mr_process_join(other, MR_FOREVER), "join");

    must(mr_process_create(&other, produce, queues, sizeof queues, NULL),
         "process");
    must(mr_process_start(other), "start");
    must(mr_queue_get(queues[0], &item, sizeof item, NULL, MR_FOREVER), "get");
    start = now();
    for (int i = 1; i < ITEMS; i++) {
        must(mr_queue_get(queues[0], &item, sizeof item, NULL, MR_FOREVER),
             "get");
    }
    report("queue_one_way", ITEMS / (now() - start) / 1e6, "M/s");
    must(mr_process_join(other, MR_FOREVER), "join");
}

/* ---- value and process --------------------------------------------------- */

static void bench_value(void)
{
    enum { ADDS = 5000000 };
    int64_t one = 1;
    int64_t sum;
    mr_value value;
    mr_lock lock;
    double start;

    must(mr_value_create(&value, MR_INT64, NULL, NULL), "value");
    must(mr_value_get_lock(value, &lock), "lock");
    start = now();
    for (int i = 0; i < ADDS; i++) {
        must(mr_value_add(value, &one, NULL), "add");
    }
    report("value_add", (now() - start) / ADDS * 1e9, "ns");
    start = now();
    for (int i = 0; i < ADDS; i++) {
        must(mr_lock_acquire(lock, MR_FOREVER), "acquire");
        must(mr_value_get(value, &sum), "get");
        sum++;
        must(mr_value_set(value, &sum), "set");
        must(mr_lock_release(lock), "release");
    }
    report("value_lock_get_set_unlock", (now() - start) / ADDS * 1e9, "ns");
    start = now();
    for (int i = 0; i < ADDS; i++) {
        must(mr_lock_acquire(lock, MR_FOREVER), "acquire");
        must(mr_value_add(value, &one, NULL), "add");
        must(mr_lock_release(lock), "release");
    }
    report("value_lock_add_unlock", (now() - start) / ADDS * 1e9, "ns");
    must(mr_lock_create(&lock, NULL), "lock");
    start = now();
    for (int i = 0; i < ADDS; i++) {
        must(mr_lock_acquire(lock, MR_FOREVER), "acquire");
        must(mr_lock_release(lock), "release");
    }
    report("lock_pair", (now() - start) / ADDS * 1e9, "ns");
}

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static void bench_process(void)
{
    enum { STARTS = 200 };
    double start = now();

    for (int i = 0; i < STARTS; i++) {
        mr_process process;

        must(mr_process_create(&process, nothing, NULL, 0, NULL), "create");
        must(mr_process_start(process), "start");
        must(mr_process_join(process, MR_FOREVER), "join");
        mr_process_destroy(process);
    }
    report("process_start_join", (now() - start) / STARTS * 1e6, "us");
}

int main(int argc, char **argv)
{
    double start = now();

    must(mr_init(&argc, &argv), "mr_init");
    report("mr_init", (now() - start) * 1e3, "ms");
    bench_value();
    bench_queue();
    bench_process();
    bench_map();
    return mr_finalize();
}
