/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many items in one call, and the option `exact`.
 */
#include "mpi/queue_support.h"

#include <signal.h>
#include <unistd.h>

enum { BLOCK = 31 }; /* cells of a block of the channel */

static bool put_numbers(mr_queue queue, int64_t first, size_t count)
{
    int64_t *numbers = malloc(count * sizeof *numbers);
    size_t put = 0;
    bool good;

    for (size_t i = 0; i < count; i++) {
        numbers[i] = first + (int64_t)i;
    }
    good = MRT_OK(mr_queue_put_many(queue, numbers, sizeof *numbers, count,
                                    &put, GUARD)) &&
           MRT_EQUAL(put, count);
    free(numbers);
    return good;
}

/* Gets exactly `count` of them, by calls for at most `max`. */
static bool get_numbers(mr_queue queue, int64_t first, size_t count, size_t max)
{
    int64_t *numbers = malloc(max * sizeof *numbers);
    size_t got = 0;
    bool good = true;

    while (good && got < count) {
        size_t some = 0;
        size_t size = 0;

        good = MRT_OK(mr_queue_get_many(queue, numbers, max * sizeof *numbers,
                                        max, &some, &size, GUARD)) &&
               MRT_EQUAL(size, sizeof *numbers) &&
               MRT_CHECK(some >= 1 && some <= max && got + some <= count);
        for (size_t i = 0; good && i < some; i++) {
            good = MRT_EQUAL(numbers[i], first + (int64_t)(got + i));
        }
        got += some;
    }
    free(numbers);
    return good;
}

static void queue_many_items_keep_their_order(void)
{
    static const size_t counts[] = {
        1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5, 5000, 20000};

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (size_t i = 0; i < MRT_COUNT(counts); i++) {
            put_numbers(queue, 7, counts[i]);
            get_numbers(queue, 7, counts[i], i % 2 ? 100 : 7000);
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_many_and_single_items_mix(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        put_number(queue, 0);
        put_numbers(queue, 1, 40);
        put_number(queue, 41);
        get_number(queue, 0);
        get_numbers(queue, 1, 40, 40);
        get_number(queue, 41);
        MRT_OK(mr_queue_destroy(queue));
    }
}

/* Of all sizes, also those that are put one by one behind the scenes. */
static void queue_many_items_have_any_size(void)
{
    static const size_t sizes[] = {1,    8,     55,    56,    57,
                                   4096, 20000, 40000, 100000};
    enum { ITEMS = 5 };

    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
            size_t size = sizes[i];
            unsigned char *in = malloc(size * ITEMS);
            unsigned char *out = malloc(size * ITEMS);
            size_t got = 0;

            pattern_fill(in, size * ITEMS, (unsigned int)i);
            MRT_OK(mr_queue_put_many(queue, in, size, ITEMS, NULL, GUARD));
            while (got < ITEMS && !mrt_failed()) {
                size_t some = 0;
                size_t each = 0;

                MRT_OK(mr_queue_get_many(queue, out + got * size,
                                         (ITEMS - got) * size, ITEMS, &some,
                                         &each, GUARD));
                MRT_EQUAL(each, size);
                got += some;
            }
            MRT_CHECK(pattern_holds(out, size * ITEMS, (unsigned int)i));
            free(in);
            free(out);
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_get_many_stops_before_another_size(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        unsigned char in[64] = {0};
        unsigned char out[1000];
        size_t count = 0;
        size_t size = 0;
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        MRT_OK(mr_queue_put_many(queue, in, 4, 3, NULL, GUARD));
        MRT_OK(mr_queue_put(queue, in, 64, GUARD));
        MRT_OK(mr_queue_put(queue, NULL, 0, GUARD));
        MRT_OK(mr_queue_put(queue, NULL, 0, GUARD));
        MRT_OK(mr_queue_get_many(queue, out, sizeof out, 100, &count, &size,
                                 GUARD));
        MRT_CHECK(count == 3 && size == 4);
        MRT_ERROR(mr_queue_get_many(queue, out, 63, 100, &count, &size, GUARD),
                  MR_ERR_TRUNCATED);
        MRT_CHECK(count == 3 && size == 64);
        MRT_OK(mr_queue_get_many(queue, out, sizeof out, 100, &count, &size,
                                 GUARD));
        MRT_CHECK(count == 1 && size == 64);
        MRT_OK(mr_queue_get_many(queue, NULL, 0, 100, &count, &size, GUARD));
        MRT_CHECK(count == 2 && size == 0);
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_put_many_fills_up_to_maxsize(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const int64_t numbers[] = {0, 1, 2, 3, 4, 5, 6};
        size_t put = 99;
        mr_queue queue;

        if (!make(&queue, rank, 4)) {
            return;
        }
        MRT_ERROR(mr_queue_put_many(queue, numbers, sizeof numbers[0], 7, &put,
                                    SHORT),
                  MR_ERR_TIMEOUT);
        MRT_EQUAL(put, 4);
        MRT_ERROR(
            mr_queue_put_many(queue, numbers, sizeof numbers[0], 7, &put, 0),
            MR_ERR_TIMEOUT);
        MRT_EQUAL(put, 0);
        get_numbers(queue, 0, 4, 3);
        MRT_OK(mr_queue_destroy(queue));
    }
}

typedef struct stage {
    mr_queue queue;
    int64_t items;
} stage;

static int put_all(const void *argument, size_t size)
{
    const stage *s = argument;
    int64_t *numbers = malloc((size_t)s->items * sizeof *numbers);
    size_t put = 0;

    (void)size;
    for (int64_t i = 0; i < s->items; i++) {
        numbers[i] = i;
    }
    CHILD_OK(mr_queue_put_many(s->queue, numbers, sizeof *numbers,
                               (size_t)s->items, &put, MR_FOREVER));
    CHILD_CHECK(put == (size_t)s->items);
    free(numbers);
    return child_result();
}

static void queue_put_many_waits_for_room(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        stage s = {.items = 3000};
        mr_process child;

        if (!make(&s.queue, rank, 10)) {
            return;
        }
        START(&child, mr_size() - 1 - rank, put_all, &s, sizeof s);
        get_numbers(s.queue, 0, 3000, 25);
        END(child, 0);
        MRT_OK(mr_queue_destroy(s.queue));
    }
}

/* A run of items wakes as many getters as it has items. */
static int get_one(const void *argument, size_t size)
{
    const stage *s = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_get(s->queue, &number, sizeof number, NULL, GUARD));
    return child_result();
}

static void queue_put_many_wakes_many_getters(void)
{
    enum { GETTERS = 6 };

    for (int rank = 0; rank < mr_size(); rank++) {
        stage s = {.items = GETTERS};
        mr_process child[GETTERS];

        if (!make(&s.queue, rank, 0)) {
            return;
        }
        for (int i = 0; i < GETTERS; i++) {
            START(&child[i], rank_of(i), get_one, &s, sizeof s);
        }
        for (int i = 0; i < GETTERS; i++) {
            MRT_CHECK(child_sleeps(child[i]));
        }
        put_numbers(s.queue, 0, GETTERS);
        for (int i = 0; i < GETTERS; i++) {
            END(child[i], 0);
        }
        MRT_OK(mr_queue_destroy(s.queue));
    }
}

static void queue_many_refuses_bad_arguments(void)
{
    int64_t number = 1;
    size_t count = 99;
    size_t size = 98;
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_put_many(queue, NULL, 8, 1, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put_many(queue, &number, 0, 1, NULL, 0),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put_many(queue, &number, 8, 1, NULL, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put_many(queue, &number, SIZE_MAX - 64, 1, NULL, 0),
              MR_ERR_TOO_LARGE);
    MRT_OK(mr_queue_put_many(queue, &number, 8, 0, NULL, 0));
    put_number(queue, 5);
    MRT_ERROR(mr_queue_get_many(queue, NULL, 8, 1, &count, &size, 0),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_many(queue, &number, 8, 0, &count, &size, 0),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_many(queue, &number, 8, 1, NULL, &size, 0),
              MR_ERR_ARGUMENT);
    MRT_ERROR(
        mr_queue_get_many(queue, &number, 8, 1, &count, &size, NOT_A_NUMBER),
        MR_ERR_ARGUMENT);
    MRT_CHECK(count == 99 && size == 98);
    get_number(queue, 5);
    MRT_ERROR(mr_queue_get_many(queue, &number, 8, 1, &count, &size, SHORT),
              MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
    MRT_ERROR(mr_queue_put_many(queue, &number, 8, 1, &count, 0), MR_ERR_STALE);
    MRT_ERROR(mr_queue_get_many(queue, &number, 8, 1, &count, &size, 0),
              MR_ERR_STALE);
}

static void queue_with_the_largest_maxsize_is_open(void)
{
    mr_queue queue;
    bool full = true;

    if (make(&queue, mr_size() - 1, SIZE_MAX) && put_number(queue, 1)) {
        MRT_OK(mr_queue_full(queue, &full));
        MRT_CHECK(!full);
        get_number(queue, 1);
        MRT_OK(mr_queue_destroy(queue));
    }
}

/* ---- per producer -------------------------------------------------------- */

typedef struct crowd {
    mr_queue queue;
    int64_t producer;
} crowd;

typedef struct numbered {
    int64_t producer, number;
} numbered;

enum { CROWD = 4, EACH = 200 };

static int put_numbered(const void *argument, size_t size)
{
    const crowd *c = argument;

    (void)size;
    for (int64_t i = 0; i < EACH; i++) {
        const numbered item = {c->producer, i};

        CHILD_OK(mr_queue_put(c->queue, &item, sizeof item, MR_FOREVER));
    }
    return child_result();
}

/* The exit code tells whether each producer's items came in their order. */
static int get_numbered(const void *argument, size_t size)
{
    const crowd *c = argument;
    int64_t last[CROWD] = {-1, -1, -1, -1};
    numbered item;
    mr_error error;

    (void)size;
    while (!(error = mr_queue_get(c->queue, &item, sizeof item, NULL, GUARD))) {
        CHILD_CHECK(item.number > last[item.producer]);
        last[item.producer] = item.number;
        CHILD_OK(mr_queue_task_done(c->queue, 1));
    }
    CHILD_ERROR(error, MR_ERR_END_OF_FILE);
    return child_result();
}

static void four_with_each_order(int rank, size_t maxsize)
{
    const mr_queue_options options = {
        .maxsize = maxsize, .place = MR_ON_RANK(rank), .per_producer = true};
    mr_process producers[CROWD], consumers[CROWD];
    size_t left = 99;
    crowd c;

    if (!MRT_OK(mr_queue_create(&c.queue, &options))) {
        return;
    }
    for (int i = 0; i < CROWD; i++) {
        c.producer = i;
        START(&consumers[i], rank_of(i + 1), get_numbered, &c, sizeof c);
        START(&producers[i], rank_of(i), put_numbered, &c, sizeof c);
    }
    for (int i = 0; i < CROWD; i++) {
        END(producers[i], 0);
    }
    MRT_OK(mr_queue_join(c.queue, GUARD));
    MRT_OK(mr_queue_qsize(c.queue, &left));
    MRT_EQUAL(left, 0);
    MRT_OK(mr_queue_close(c.queue));
    for (int i = 0; i < CROWD; i++) {
        END(consumers[i], 0);
    }
    MRT_OK(mr_queue_destroy(c.queue));
}

static void queue_per_producer_keeps_the_order_of_each(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        four_with_each_order(rank, 0);
        four_with_each_order(rank, 16);
    }
}

static void queue_per_producer_does_what_others_do(void)
{
    const mr_queue_options options = {.per_producer = true,
                                      .place = MR_ON_RANK(mr_size() - 1)};
    const mr_queue_options both = {.per_producer = true, .exact = true};
    bool ready = false;
    mr_item item;
    mr_queue queue;

    MRT_ERROR(mr_queue_create(&queue, &both), MR_ERR_ARGUMENT);
    if (!MRT_OK(mr_queue_create(&queue, &options))) {
        return;
    }
    put_numbers(queue, 0, 100);
    get_numbers(queue, 0, 100, 60);
    MRT_ERROR(mr_wait(&queue.handle, 1, 0, &ready), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_reserve(queue, 5000, &item, GUARD));
    MRT_OK(mr_queue_commit(queue, &item, GUARD));
    MRT_OK(mr_wait(&queue.handle, 1, GUARD, &ready));
    MRT_CHECK(ready);
    MRT_OK(mr_queue_take(queue, &item, GUARD));
    MRT_EQUAL(item.size, 5000);
    MRT_OK(mr_item_release(&item));
    put_number(queue, 3);
    MRT_OK(mr_queue_close(queue));
    MRT_ERROR(mr_queue_put(queue, "x", 1, GUARD), MR_ERR_CLOSED);
    get_number(queue, 3);
    MRT_ERROR(mr_queue_get(queue, NULL, 0, NULL, GUARD), MR_ERR_END_OF_FILE);
    MRT_OK(mr_queue_destroy(queue));
}

/* ---- exact --------------------------------------------------------------- */

/* Says after each put how many it has put. */
static int put_and_tell(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    for (int64_t i = 0; i < s->items; i++) {
        CHILD_OK(mr_queue_put(s->queue, &i, sizeof i, MR_FOREVER));
    }
    return child_result();
}

/* After `maxsize` puts the producer waits, wherever it is: it has begun no
 * other put, so when it is killed no further item comes. */
static void queue_exact_holds_far_producers_at_maxsize(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        stage s = {.items = 50};
        const mr_queue_options options = {
            .maxsize = 3, .place = MR_ON_RANK(rank), .exact = true};
        bool full = false;
        double end = mrt_now() + GUARD;
        mr_process child;

        if (!MRT_OK(mr_queue_create(&s.queue, &options))) {
            return;
        }
        START(&child, mr_size() - 1 - rank, put_and_tell, &s, sizeof s);
        while (!full && mrt_now() < end) {
            MRT_OK(mr_queue_full(s.queue, &full));
            mrt_pause();
        }
        MRT_CHECK(full && child_sleeps(child));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        get_numbers(s.queue, 0, 3, 3);
        MRT_ERROR(mr_queue_get(s.queue, NULL, 0, NULL, SHORT), MR_ERR_TIMEOUT);
        MRT_OK(mr_queue_destroy(s.queue));
    }
}

static const mrt_test tests[] = {
    MRT_TEST(queue_many_items_keep_their_order),
    MRT_TEST(queue_many_and_single_items_mix),
    MRT_TEST(queue_many_items_have_any_size),
    MRT_TEST(queue_get_many_stops_before_another_size),
    MRT_TEST(queue_put_many_fills_up_to_maxsize),
    MRT_TEST(queue_put_many_waits_for_room),
    MRT_TEST(queue_put_many_wakes_many_getters),
    MRT_TEST(queue_many_refuses_bad_arguments),
    MRT_TEST(queue_with_the_largest_maxsize_is_open),
    MRT_TEST(queue_per_producer_keeps_the_order_of_each),
    MRT_TEST(queue_per_producer_does_what_others_do),
    MRT_TEST(queue_exact_holds_far_producers_at_maxsize),
};

int main(int argc, char **argv)
{
    return suite_main("queue_many", tests, MRT_COUNT(tests), argc, argv);
}
