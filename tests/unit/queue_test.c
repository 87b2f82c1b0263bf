/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Queues: what is put is got, once and in order, whatever its size.
 */
#include "unit/fake.h"

#include <stdlib.h>
#include <string.h>

#include "engine/channel.h"

/* ---- one thread ---------------------------------------------------------- */

static void fill(unsigned char *item, size_t size, unsigned int seed)
{
    for (size_t i = 0; i < size; i++) {
        item[i] = (unsigned char)(seed * 31 + i * 7);
    }
}

static void queue_keeps_items_of_all_sizes_in_order(void)
{
    static const size_t sizes[] = {0,  1,  8,   55,   56,    57,
                                   64, 65, 512, 4096, 40000, 300000};
    static unsigned char in[300000];
    static unsigned char out[300000];
    uint64_t before;
    mr_queue queue;
    size_t size;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    MRT_OK(mr_queue_create(&queue, NULL));
    for (unsigned int round = 0; round < 8; round++) {
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            fill(in, sizes[i], round + (unsigned int)i);
            MRT_OK(mr_queue_put(queue, in, sizes[i], 0));
        }
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            fill(in, sizes[i], round + (unsigned int)i);
            MRT_OK(mr_queue_get(queue, out, sizeof out, &size, 0));
            MRT_EQUAL(size, sizes[i]);
            MRT_BYTES(out, in, sizes[i]);
        }
    }
    MRT_ERROR(mr_queue_get(queue, out, sizeof out, &size, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void queue_frees_what_is_in_it_when_destroyed(void)
{
    static const size_t sizes[] = {0, 56, 57, 5000};
    unsigned char item[5000] = {0};
    uint64_t before;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (unsigned int count = 0; count <= 94;
         count += count % 30 < 28 ? 28 : 1) {
        mr_queue queue;
        size_t size;

        MRT_OK(mr_queue_create(&queue, NULL));
        for (unsigned int i = 0; i < count; i++) {
            MRT_OK(mr_queue_put(queue, item, sizes[i % 4], 0));
        }
        for (unsigned int i = 0; i < count / 3; i++) {
            MRT_OK(mr_queue_get(queue, item, sizeof item, &size, 0));
        }
        MRT_OK(mr_queue_destroy(queue));
        MRT_EQUAL(fake_used(0), before);
    }
    fake_stop();
}

static void queue_tells_its_size(void)
{
    mr_queue_options options = {.maxsize = 2};
    mr_queue queue;
    size_t count;
    bool empty;
    bool full;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, &options));
    for (unsigned int i = 0; i <= 2; i++) {
        MRT_OK(mr_queue_qsize(queue, &count));
        MRT_OK(mr_queue_empty(queue, &empty));
        MRT_OK(mr_queue_full(queue, &full));
        MRT_EQUAL(count, i);
        MRT_EQUAL(empty, i == 0);
        MRT_EQUAL(full, i == 2);
        MRT_ERROR(mr_queue_put(queue, NULL, 0, 0),
                  i == 2 ? MR_ERR_TIMEOUT : MR_OK);
    }
    MRT_ERROR(mr_queue_put(queue, NULL, 0, 0.001), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_get(queue, NULL, 0, NULL, 0));
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

/* The state between the two stores of a put, when a consumer was faster than
 * the second. */
static void queue_has_room_though_its_last_item_is_not_counted(void)
{
    mr_queue_options options = {.maxsize = 1};
    mri_channel *channel;
    mr_queue queue;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, &options));
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    MRT_OK(mr_queue_get(queue, NULL, 0, NULL, 0));
    channel = (mri_channel *)mri_row(queue.handle)->body;
    mri_store(&channel->head_seen, 1);
    mri_store(&channel->tail, 0);
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    MRT_ERROR(mr_queue_put(queue, NULL, 0, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

static void queue_get_leaves_what_does_not_fit(void)
{
    char in[100] = "a";
    char out[100];
    mr_queue queue;
    size_t size = 7;
    void *memory;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, NULL));
    MRT_ERROR(mr_queue_get(queue, out, 1, &size, 0), MR_ERR_TIMEOUT);
    MRT_EQUAL(size, 7);
    for (size_t length = 10; length <= 100; length += 90) {
        MRT_OK(mr_queue_put(queue, in, length, 0));
        MRT_ERROR(mr_queue_get(queue, out, length - 1, &size, 0),
                  MR_ERR_TRUNCATED);
        MRT_EQUAL(size, length);
        MRT_OK(mr_queue_get(queue, out, length, &size, 0));
        MRT_EQUAL(size, length);
    }
    MRT_OK(mr_queue_put(queue, in, sizeof in, 0));
    if (MRT_OK(mr_queue_get_alloc(queue, &memory, &size, 0))) {
        MRT_EQUAL(size, sizeof in);
        MRT_BYTES(memory, in, sizeof in);
        free(memory);
    }
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

static void queue_refuses_what_can_never_fit(void)
{
    static char item[1];
    mr_queue queue;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, NULL));
    MRT_ERROR(mr_queue_put(queue, item, FAKE_MEMORY + 1, MR_FOREVER),
              MR_ERR_TOO_LARGE);
    MRT_ERROR(mr_queue_put(queue, NULL, 1, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get(queue, NULL, 1, NULL, 0), MR_ERR_ARGUMENT);
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

/* ---- many producers and consumers ---------------------------------------- */

enum { SIDES = 3, ITEMS = 600 };

typedef struct item {
    unsigned int producer;
    unsigned int number;
    unsigned char bytes[];
} item;

typedef struct traffic {
    mr_queue queue;
    unsigned int items; /* of each producer */
    mri_word seen[SIDES];
    mri_word got;
} traffic;

/* Around what lies in a cell, and around a size class. */
static size_t size_of_item(unsigned int number)
{
    static const size_t sizes[] = {8, 55, 56, 57, 120, 128, 129, 2000};

    return sizes[number % MRT_COUNT(sizes)];
}

static void produce(traffic *t, unsigned int producer)
{
    unsigned char memory[2048];
    item *out = (item *)memory;

    for (unsigned int i = 0; i < t->items; i++) {
        size_t size = size_of_item(i + producer);

        out->producer = producer;
        out->number = i;
        fill(out->bytes, size - sizeof *out, i);
        if (!MRT_OK(mr_queue_put(t->queue, memory, size, GUARD))) {
            return;
        }
    }
}

/* Of each producer, a consumer sees ever later items. */
static void consume(traffic *t)
{
    unsigned char memory[2048];
    unsigned char expected[2048];
    item *in = (item *)memory;
    int64_t last[SIDES] = {-1, -1, -1};
    size_t size;

    while (mri_add(&t->got, 1) < (uint64_t)t->items * SIDES) {
        if (!MRT_OK(
                mr_queue_get(t->queue, memory, sizeof memory, &size, GUARD)) ||
            !MRT_CHECK(in->producer < SIDES)) {
            return;
        }
        MRT_CHECK((int64_t)in->number > last[in->producer]);
        last[in->producer] = in->number;
        MRT_EQUAL(size, size_of_item(in->number + in->producer));
        fill(expected, size - sizeof *in, in->number);
        MRT_BYTES(in->bytes, expected, size - sizeof *in);
        mri_add(&t->seen[in->producer], in->number + 1);
    }
}

static void produce_or_consume(unsigned int number, void *user)
{
    if (number < SIDES) {
        produce(user, number);
    } else {
        consume(user);
    }
}

static void check_traffic_of(mr_queue_options options, int64_t memory,
                             unsigned int items)
{
    traffic t = {.items = items};
    uint64_t before;

    fake_start(2, memory);
    before = fake_used(0);
    MRT_OK(mr_queue_create(&t.queue, &options));
    fake_threads(2 * SIDES, produce_or_consume, &t);
    for (unsigned int i = 0; i < SIDES; i++) {
        MRT_EQUAL(mri_load(&t.seen[i]), items * (items + 1) / 2);
    }
    MRT_OK(mr_queue_destroy(t.queue));
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void check_traffic(size_t maxsize, int64_t memory, unsigned int items)
{
    check_traffic_of((mr_queue_options){.maxsize = maxsize}, memory, items);
}

static void queue_per_producer_serves_many(void)
{
    check_traffic_of((mr_queue_options){.per_producer = true}, FAKE_MEMORY,
                     5 * ITEMS);
    check_traffic_of((mr_queue_options){.per_producer = true, .maxsize = 20},
                     FAKE_MEMORY, ITEMS);
    check_traffic_of((mr_queue_options){.per_producer = true}, 1 << 20,
                     3 * ITEMS);
}

static void queue_serves_many_producers_and_consumers(void)
{
    check_traffic(0, FAKE_MEMORY, 5 * ITEMS);
}

static void queue_with_maxsize_serves_many(void)
{
    check_traffic(1, FAKE_MEMORY, ITEMS);
    check_traffic(5, FAKE_MEMORY, ITEMS);
}

/* One megabyte is too little for all: producers wait for memory. */
static void queue_serves_many_when_memory_is_scarce(void)
{
    check_traffic(0, 1 << 20, 3 * ITEMS);
}

/* ---- many threads, many items in a call ---------------------------------- */

typedef struct run {
    mr_queue queue;
    uint64_t runs; /* of each producer */
    mri_word sum;
    mri_word producers_left;
} run;

enum { RUN_MAX = 70 };

/* All items of a run have the same number; runs get longer and shorter. */
static void put_runs(run *r, unsigned int producer)
{
    uint64_t items[RUN_MAX];

    for (uint64_t i = 0; i < r->runs; i++) {
        size_t count = 1 + (i * 7 + producer) % RUN_MAX;
        size_t put = 0;

        for (size_t k = 0; k < count; k++) {
            items[k] = i + 1;
        }
        MRT_OK(mr_queue_put_many(r->queue, items, sizeof items[0], count, &put,
                                 GUARD));
        MRT_EQUAL(put, count);
    }
    if (mri_add(&r->producers_left, (uint64_t)-1) == 1) {
        MRT_OK(mr_queue_close(r->queue));
    }
}

static void get_runs(run *r)
{
    uint64_t items[RUN_MAX];
    uint64_t sum = 0;
    uint64_t got = 0;
    size_t count;
    mr_error error;

    while (!(error = mr_queue_get_many(r->queue, items, sizeof items,
                                       RUN_MAX - 9, &count, NULL, GUARD))) {
        for (size_t i = 0; i < count; i++) {
            sum += items[i];
        }
        got += count;
    }
    MRT_ERROR(error, MR_ERR_END_OF_FILE);
    MRT_OK(got ? mr_queue_task_done(r->queue, got) : MR_OK);
    mri_add(&r->sum, sum);
}

static void put_or_get_runs(unsigned int number, void *user)
{
    if (number < SIDES) {
        put_runs(user, number);
    } else {
        get_runs(user);
    }
}

static uint64_t sum_of_runs(uint64_t runs)
{
    uint64_t sum = 0;

    for (uint64_t producer = 0; producer < SIDES; producer++) {
        for (uint64_t i = 0; i < runs; i++) {
            sum += (i + 1) * (1 + (i * 7 + producer) % RUN_MAX);
        }
    }
    return sum;
}

static void check_runs(mr_queue_options options, uint64_t runs)
{
    run r = {.runs = runs, .producers_left = SIDES};
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(0);
    MRT_OK(mr_queue_create(&r.queue, &options));
    fake_threads(2 * SIDES, put_or_get_runs, &r);
    MRT_EQUAL(mri_load(&r.sum), sum_of_runs(runs));
    MRT_OK(mr_queue_join(r.queue, 0));
    MRT_OK(mr_queue_destroy(r.queue));
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* What is put together is got singly, together, lent, or thrown away. */
static void queue_gives_the_items_of_a_run_in_any_way(void)
{
    enum { COUNT = 5000, WAYS = 5 };
    static uint16_t in[COUNT];
    static uint16_t out[COUNT];
    uint64_t before;
    size_t got = 0;
    size_t count;
    mr_queue queue;
    mr_item lent;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, NULL));
    MRT_OK(mr_queue_reserve(queue, 1, &lent, 0));
    MRT_OK(mr_item_release(&lent));
    before = fake_used(0);
    for (uint16_t i = 0; i < COUNT; i++) {
        in[i] = i;
    }
    MRT_OK(mr_queue_put_many(queue, in, sizeof in[0], COUNT, &count, 0));
    MRT_EQUAL(count, COUNT);
    for (unsigned int way = 0; got < COUNT - 100; way++) {
        MRT_OK(mr_queue_qsize(queue, &count));
        MRT_EQUAL(count, COUNT - got);
        count = 1;
        if (way % WAYS == 0) {
            MRT_OK(mr_queue_take(queue, &lent, 0));
            MRT_EQUAL(lent.size, sizeof out[0]);
            memcpy(&out[got], lent.data, sizeof out[0]);
            MRT_OK(mr_item_release(&lent));
        } else if (way % WAYS == 1) {
            MRT_ERROR(mr_queue_get(queue, &out[got], 1, NULL, 0),
                      MR_ERR_TRUNCATED);
            MRT_OK(mr_queue_get(queue, &out[got], sizeof out[0], NULL, 0));
        } else {
            MRT_OK(mr_queue_get_many(queue, &out[got],
                                     way * way * sizeof out[0], COUNT, &count,
                                     NULL, 0));
            MRT_EQUAL(count, way * way < COUNT - got ? way * way : COUNT - got);
        }
        got += count;
    }
    MRT_BYTES(out, in, got * sizeof in[0]);
    MRT_OK(mr_queue_destroy(queue));
    MRT_CHECK(fake_used(0) < before); /* the first block of the queue, too */
    fake_stop();
}

/* A get of many ends where the size of the items changes. */
static void queue_keeps_runs_of_several_sizes_apart(void)
{
    static unsigned char in[4096];
    static unsigned char out[4096];
    static const size_t sizes[] = {1, 8, 56, 57, 300, 2048, 2049};
    size_t count;
    size_t size;
    mr_queue queue;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, NULL));
    for (unsigned int round = 0; round < 20; round++) {
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            fill(in, sizeof in, round + (unsigned int)i);
            count = sizeof in / sizes[i];
            MRT_OK(mr_queue_put_many(queue, in, sizes[i], count, NULL, 0));
        }
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            fill(in, sizeof in, round + (unsigned int)i);
            MRT_OK(mr_queue_get_many(queue, out, sizeof out, sizeof out, &count,
                                     &size, 0));
            MRT_EQUAL(size, sizes[i]);
            MRT_EQUAL(count, sizeof in / sizes[i]);
            MRT_BYTES(out, in, count * size);
        }
    }
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

/* A producer was killed between the two stores of a put of many. */
static void queue_counts_a_run_that_its_producer_did_not(void)
{
    uint64_t numbers[100] = {0};
    mri_channel *channel;
    mr_queue queue;
    uint64_t tail;
    size_t count;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, NULL));
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    channel = (mri_channel *)mri_row(queue.handle)->body;
    tail = mri_peek(&channel->tail);
    MRT_OK(mr_queue_put_many(queue, numbers, sizeof numbers[0], 100, NULL, 0));
    mri_store(&channel->tail, tail);
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    MRT_OK(mr_queue_qsize(queue, &count));
    MRT_EQUAL(count, 102);
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

static void queue_serves_many_by_runs(void)
{
    check_runs((mr_queue_options){0}, ITEMS);
    check_runs((mr_queue_options){.per_producer = true}, ITEMS);
}

static void queue_with_maxsize_serves_many_by_runs(void)
{
    check_runs((mr_queue_options){.maxsize = 1}, ITEMS / 20);
    check_runs((mr_queue_options){.maxsize = 40}, ITEMS / 4);
    check_runs((mr_queue_options){.maxsize = 40, .per_producer = true},
               ITEMS / 4);
}

/* ---- many threads that lend ---------------------------------------------- */

static void commit_or_take(unsigned int number, void *user)
{
    traffic *t = user;

    for (unsigned int i = 0; i < t->items; i++) {
        mr_item lent;
        uint64_t value;

        if (number < SIDES) {
            value = i + 1;
            MRT_OK(mr_queue_reserve(t->queue, size_of_item(i), &lent, GUARD));
            memcpy(lent.data, &value, sizeof value);
            MRT_OK(mr_queue_commit(t->queue, &lent, GUARD));
        } else {
            MRT_OK(mr_queue_take(t->queue, &lent, GUARD));
            memcpy(&value, lent.data, sizeof value);
            MRT_EQUAL(lent.size, size_of_item((unsigned int)value - 1));
            mri_add(&t->got, value);
            MRT_OK(mr_item_release(&lent));
        }
    }
}

static void queue_lends_to_many_threads(void)
{
    mr_queue_options options = {.maxsize = 7};
    traffic t = {.items = ITEMS};

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&t.queue, &options));
    fake_threads(2 * SIDES, commit_or_take, &t);
    MRT_EQUAL(mri_load(&t.got), SIDES * ITEMS * (ITEMS + 1) / 2);
    MRT_OK(mr_queue_destroy(t.queue));
    fake_stop();
}

/* ---- buffers that are too small ------------------------------------------ */

static void get_with_unequal_buffers(unsigned int number, void *user)
{
    const mr_queue *queue = user;
    char bytes[200] = {0};
    size_t size;

    if (number == 0) {
        fake_await_sleep(fake_endpoint_of(1));
        fake_await_sleep(fake_endpoint_of(2));
        MRT_OK(mr_queue_put(*queue, bytes, 100, 0));
    } else if (number == 1) {
        MRT_ERROR(mr_queue_get(*queue, bytes, 50, &size, GUARD),
                  MR_ERR_TRUNCATED);
        MRT_EQUAL(size, 100);
    } else {
        /* It enters the list behind the other, so it is woken by it. */
        fake_await_sleep(fake_endpoint_of(1));
        MRT_OK(mr_queue_get(*queue, bytes, sizeof bytes, &size, GUARD));
    }
}

static void truncated_get_wakes_a_consumer_with_a_larger_buffer(void)
{
    for (unsigned int i = 0; i < 20; i++) {
        mr_queue queue;

        fake_start(2, FAKE_MEMORY);
        MRT_OK(mr_queue_create(&queue, NULL));
        fake_threads(3, get_with_unequal_buffers, &queue);
        MRT_OK(mr_queue_destroy(queue));
        fake_stop();
    }
}

/* ---- deaths -------------------------------------------------------------- */

static void put_for_ever(unsigned int number, void *user)
{
    const mr_queue *queue = user;
    char bytes[200] = {0};

    (void)number;
    MRT_OK(mr_queue_put(*queue, bytes, sizeof bytes, GUARD));
}

/* A producer waits; the consumer dies after it took what made room. */
static void die_after_get(unsigned int number, void *user)
{
    const mr_queue *queue = user;
    char bytes[200];

    if (number == 1) {
        put_for_ever(number, user);
    } else {
        fake_await_sleep(fake_endpoint_of(1));
        MRT_OK(mr_queue_get(*queue, bytes, sizeof bytes, NULL, 0));
        fake_die();
    }
}

static void queue_goes_on_after_a_death(void)
{
    mr_queue_options options = {.maxsize = 1};
    mr_queue queue;
    size_t count;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, &options));
    put_for_ever(0, &queue);
    fake_threads(2, die_after_get, &queue);
    fake_reap(fake_endpoint_of(0));
    MRT_OK(mr_queue_qsize(queue, &count));
    MRT_EQUAL(count, 1);
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"queue_keeps_items_of_all_sizes_in_order",
         queue_keeps_items_of_all_sizes_in_order, 0},
        {"queue_frees_what_is_in_it_when_destroyed",
         queue_frees_what_is_in_it_when_destroyed, 0},
        {"queue_tells_its_size", queue_tells_its_size, 0},
        {"queue_has_room_though_its_last_item_is_not_counted",
         queue_has_room_though_its_last_item_is_not_counted, 0},
        {"queue_get_leaves_what_does_not_fit",
         queue_get_leaves_what_does_not_fit, 0},
        {"queue_refuses_what_can_never_fit", queue_refuses_what_can_never_fit,
         0},
        {"queue_serves_many_producers_and_consumers",
         queue_serves_many_producers_and_consumers, 0},
        {"queue_with_maxsize_serves_many", queue_with_maxsize_serves_many, 0},
        MRT_TEST(queue_per_producer_serves_many),
        MRT_TEST(queue_gives_the_items_of_a_run_in_any_way),
        MRT_TEST(queue_keeps_runs_of_several_sizes_apart),
        MRT_TEST(queue_counts_a_run_that_its_producer_did_not),
        MRT_TEST(queue_serves_many_by_runs),
        MRT_TEST(queue_with_maxsize_serves_many_by_runs),
        MRT_TEST(queue_lends_to_many_threads),
        {"queue_serves_many_when_memory_is_scarce",
         queue_serves_many_when_memory_is_scarce, 0},
        {"truncated_get_wakes_a_consumer_with_a_larger_buffer",
         truncated_get_wakes_a_consumer_with_a_larger_buffer, 0},
        {"queue_goes_on_after_a_death", queue_goes_on_after_a_death, 0},
    };

    return mrt_main("queue", tests, MRT_COUNT(tests), argc, argv);
}
