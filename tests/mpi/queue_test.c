/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_queue: what it refuses, in which order it gives, when it
 * waits, and what becomes of items and waiters when somebody dies.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* A queue at a rank; maxsize 0 for none. */
static bool make(mr_queue *queue, int rank, size_t maxsize)
{
    const mr_queue_options options = {.maxsize = maxsize,
                                      .place = MR_ON_RANK(rank)};

    return MRT_OK(mr_queue_create(queue, &options));
}

static bool put_number(mr_queue queue, int64_t number)
{
    return MRT_OK(mr_queue_put(queue, &number, sizeof number, GUARD));
}

static bool get_number(mr_queue queue, int64_t expected)
{
    int64_t number = -1;
    size_t size = 0;

    return MRT_OK(mr_queue_get(queue, &number, sizeof number, &size, GUARD)) &&
           MRT_EQUAL(size, sizeof number) && MRT_EQUAL(number, expected);
}

/* What it refuses */

static void queue_create_refuses_null(void)
{
    MRT_ERROR(mr_queue_create(NULL, NULL), MR_ERR_ARGUMENT);
}

static void queue_create_refuses_ranks_that_do_not_exist(void)
{
    const int places[] = {MR_ON_RANK(mr_size()), MR_ON_RANK(1000000), -1,
                          INT32_MAX, INT32_MIN};
    mr_queue queue;

    for (size_t i = 0; i < MRT_COUNT(places); i++) {
        const mr_queue_options options = {.place = places[i]};

        MRT_ERROR(mr_queue_create(&queue, &options), MR_ERR_ARGUMENT);
    }
}

static void queue_put_refuses_bad_arguments(void)
{
    mr_queue queue;
    int item = 1;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_put(queue, NULL, 1, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_put(queue, &item, sizeof item, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, NULL, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_get_refuses_bad_arguments(void)
{
    mr_queue queue;
    int item;
    void *memory;
    size_t size;

    if (!make(&queue, 0, 0) || !put_number(queue, 7)) {
        return;
    }
    MRT_ERROR(mr_queue_get(queue, NULL, 8, &size, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, &size, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_alloc(queue, NULL, &size, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &size, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    get_number(queue, 7);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_questions_refuse_null(void)
{
    mr_queue queue;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_empty(queue, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_full(queue, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_queue_qsize(queue, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_put_refuses_what_can_never_fit(void)
{
    const size_t sizes[] = {(size_t)1 << 46, SIZE_MAX / 2, SIZE_MAX - 64,
                            SIZE_MAX};
    mr_queue queue;
    char item = 'x';

    if (!make(&queue, 0, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        MRT_ERROR(mr_queue_put(queue, &item, sizes[i], MR_FOREVER),
                  MR_ERR_TOO_LARGE);
    }
    put_number(queue, 5);
    get_number(queue, 5);
    MRT_OK(mr_queue_destroy(queue));
}

static void everything_is_stale(mr_queue queue)
{
    bool truth = true;
    size_t count = 99;
    int64_t number = 1;
    void *memory = &number;

    MRT_ERROR(mr_queue_put(queue, &number, sizeof number, 0), MR_ERR_STALE);
    MRT_ERROR(mr_queue_get(queue, &number, sizeof number, &count, 0),
              MR_ERR_STALE);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &count, 0), MR_ERR_STALE);
    MRT_ERROR(mr_queue_empty(queue, &truth), MR_ERR_STALE);
    MRT_ERROR(mr_queue_full(queue, &truth), MR_ERR_STALE);
    MRT_ERROR(mr_queue_qsize(queue, &count), MR_ERR_STALE);
    MRT_ERROR(mr_queue_destroy(queue), MR_ERR_STALE);
    MRT_CHECK(truth && count == 99 && memory == &number && number == 1);
}

static void queue_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue, next;

        if (!make(&queue, rank, 0) || !put_number(queue, 1)) {
            return;
        }
        MRT_OK(mr_queue_destroy(queue));
        everything_is_stale(queue);
        /* Also when its place is taken again. */
        if (make(&next, rank, 0)) {
            everything_is_stale(queue);
            MRT_OK(mr_queue_destroy(next));
        }
    }
}

static void queue_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    strange_handles(queue.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_queue){strange[i]});
    }
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_handle_of_another_kind_is_stale(void)
{
    mr_value value;

    if (MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        everything_is_stale((mr_queue){value.handle});
        MRT_OK(mr_value_destroy(value));
    }
}

static int put_and_get_after_destroy(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    int item = 1;

    (void)size;
    CHILD_ERROR(mr_queue_put(queue, &item, sizeof item, 0), MR_ERR_STALE);
    CHILD_ERROR(mr_queue_get(queue, &item, sizeof item, NULL, MR_FOREVER),
                MR_ERR_STALE);
    return child_result();
}

static void queue_is_stale_in_a_child_too(void)
{
    mr_queue queue;

    if (make(&queue, mr_size() - 1, 0)) {
        MRT_OK(mr_queue_destroy(queue));
        RUN(ANYWHERE, put_and_get_after_destroy, &queue, sizeof queue);
    }
}

/* Items and their order */

static void queue_gives_items_in_the_order_they_were_put(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;

        if (!make(&queue, rank, 0)) {
            return;
        }
        for (int i = 0; i < 1000; i++) {
            put_number(queue, i);
        }
        for (int i = 0; i < 1000; i++) {
            get_number(queue, i);
        }
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void get_pattern(mr_queue queue, size_t size, unsigned seed)
{
    char *memory = malloc(size + 1);
    size_t got = SIZE_MAX;

    if (MRT_OK(mr_queue_get(queue, size ? memory : NULL, size, &got, GUARD))) {
        MRT_EQUAL(got, size);
        MRT_CHECK(pattern_holds(memory, size, seed));
    }
    free(memory);
}

static void get_pattern_alloc(mr_queue queue, size_t size, unsigned seed)
{
    void *memory = NULL;
    size_t got = SIZE_MAX;

    if (MRT_OK(mr_queue_get_alloc(queue, &memory, &got, GUARD))) {
        MRT_EQUAL(got, size);
        if (MRT_CHECK(memory != NULL)) {
            MRT_CHECK(pattern_holds(memory, size, seed));
        }
        free(memory);
    }
}

static void queue_carries_items_of_any_size(void)
{
    for (size_t i = 0; i < MRT_COUNT(item_sizes); i++) {
        size_t size = item_sizes[i];
        char *item = malloc(size + 1);
        mr_queue queue;

        if (!make(&queue, rank_of((int)i), 0)) {
            free(item);
            return;
        }
        pattern_fill(item, size, (unsigned)i);
        MRT_OK(mr_queue_put(queue, size ? item : NULL, size, GUARD));
        MRT_OK(mr_queue_put(queue, item, size, GUARD));
        get_pattern(queue, size, (unsigned)i);
        get_pattern_alloc(queue, size, (unsigned)i);
        MRT_OK(mr_queue_destroy(queue));
        free(item);
    }
}

static void queue_keeps_a_copy_of_an_item(void)
{
    mr_queue queue;
    char item[200];

    if (!make(&queue, 0, 0)) {
        return;
    }
    pattern_fill(item, sizeof item, 1);
    MRT_OK(mr_queue_put(queue, item, sizeof item, GUARD));
    memset(item, 0, sizeof item);
    get_pattern(queue, sizeof item, 1);
    MRT_OK(mr_queue_destroy(queue));
}

/* Sizes that cross every boundary between small and large items. */
static size_t mixed_size(int i)
{
    return (size_t)((i * 7919) % 300 + (i % 50 == 0 ? 70000 : 0));
}

enum { MIXED_ITEMS = 500 };

static int put_mixed_sizes(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    char item[71000];

    (void)size;
    for (int i = 0; i < MIXED_ITEMS; i++) {
        pattern_fill(item, mixed_size(i), (unsigned)i);
        CHILD_OK(mr_queue_put(queue, item, mixed_size(i), GUARD));
    }
    return child_result();
}

static void queue_carries_mixed_sizes_between_processes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_queue queue;
        mr_process child;

        if (!make(&queue, rank_of(rank + 1), 3) ||
            !START(&child, rank, put_mixed_sizes, &queue, sizeof queue)) {
            return;
        }
        for (int i = 0; i < MIXED_ITEMS; i++) {
            get_pattern_alloc(queue, mixed_size(i), (unsigned)i);
        }
        END(child, 0);
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void queue_get_loses_nothing_when_the_buffer_is_too_small(void)
{
    const size_t sizes[] = {8, 56, 57, 100000};
    char *item = malloc(100000);

    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        mr_queue queue;
        char small[7];
        size_t need = 0;

        if (!make(&queue, rank_of((int)i), 0)) {
            break;
        }
        pattern_fill(item, sizes[i], 3);
        MRT_OK(mr_queue_put(queue, item, sizes[i], GUARD));
        put_number(queue, 11);
        for (int again = 0; again < 3; again++) {
            MRT_ERROR(mr_queue_get(queue, small, sizeof small, &need, 0),
                      MR_ERR_TRUNCATED);
            MRT_EQUAL(need, sizes[i]);
            MRT_ERROR(mr_queue_get(queue, NULL, 0, NULL, 0), MR_ERR_TRUNCATED);
        }
        get_pattern(queue, sizes[i], 3);
        get_number(queue, 11);
        MRT_OK(mr_queue_destroy(queue));
    }
    free(item);
}

static void queue_get_accepts_a_null_size(void)
{
    mr_queue queue;
    int64_t number = 4;

    if (!make(&queue, 0, 0)) {
        return;
    }
    MRT_OK(mr_queue_put(queue, &number, sizeof number, 0));
    number = 0;
    MRT_OK(mr_queue_get(queue, &number, sizeof number, NULL, 0));
    MRT_EQUAL(number, 4);
    MRT_OK(mr_queue_put(queue, NULL, 0, 0));
    MRT_OK(mr_queue_get(queue, NULL, 0, NULL, 0));
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_memory_is_used_again(void)
{
    const size_t size = 32 << 20;
    char *item = calloc(1, size);
    mr_queue queue;

    if (!make(&queue, mr_size() - 1, 0)) {
        free(item);
        return;
    }
    for (int i = 0; i < 20; i++) {
        item[0] = (char)i;
        MRT_OK(mr_queue_put(queue, item, size, GUARD));
        item[0] = 0;
        MRT_OK(mr_queue_get(queue, item, size, NULL, GUARD));
        MRT_EQUAL(item[0], i);
    }
    MRT_OK(mr_queue_destroy(queue));
    free(item);
}

/* Questions, limits and time-outs */

static void queue_tells_its_size(void)
{
    mr_queue queue;
    bool empty, full;
    size_t count;

    if (!make(&queue, mr_size() - 1, 3)) {
        return;
    }
    for (size_t i = 0; i <= 3; i++) {
        MRT_OK(mr_queue_empty(queue, &empty));
        MRT_OK(mr_queue_full(queue, &full));
        MRT_OK(mr_queue_qsize(queue, &count));
        MRT_EQUAL(empty, i == 0);
        MRT_EQUAL(full, i == 3);
        MRT_EQUAL(count, i);
        if (i < 3) {
            put_number(queue, (int64_t)i);
        }
    }
    get_number(queue, 0);
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(!full);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_without_maxsize_is_never_full(void)
{
    mr_queue queue;
    bool full = true;

    if (!MRT_OK(mr_queue_create(&queue, NULL))) {
        return;
    }
    for (int i = 0; i < 10000; i++) {
        put_number(queue, i);
    }
    MRT_OK(mr_queue_full(queue, &full));
    MRT_CHECK(!full);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_get_times_out_when_empty(void)
{
    mr_queue queue;
    int item = 77;
    size_t size = 99;
    void *memory = &item;
    double started;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, &size, 0),
              MR_ERR_TIMEOUT);
    started = mrt_now();
    MRT_ERROR(mr_queue_get(queue, &item, sizeof item, &size, SHORT),
              MR_ERR_TIMEOUT);
    MRT_ERROR(mr_queue_get_alloc(queue, &memory, &size, SHORT), MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= 2 * SHORT);
    MRT_CHECK(item == 77 && size == 99 && memory == &item);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_put_times_out_when_full(void)
{
    mr_queue queue;
    int64_t number = 3;
    double started;

    if (!make(&queue, mr_size() - 1, 2) || !put_number(queue, 1) ||
        !put_number(queue, 2)) {
        return;
    }
    MRT_ERROR(mr_queue_put(queue, &number, sizeof number, 0), MR_ERR_TIMEOUT);
    started = mrt_now();
    MRT_ERROR(mr_queue_put(queue, &number, sizeof number, SHORT),
              MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    get_number(queue, 1);
    put_number(queue, 4);
    get_number(queue, 2);
    get_number(queue, 4);
    MRT_ERROR(mr_queue_get(queue, &number, sizeof number, NULL, 0),
              MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(queue));
}

static void queue_takes_any_negative_timeout_as_forever(void)
{
    mr_queue queue;
    int64_t number = 3;

    if (!make(&queue, 0, 1)) {
        return;
    }
    MRT_OK(mr_queue_put(queue, &number, sizeof number, -1e300));
    MRT_OK(mr_queue_get(queue, &number, sizeof number, NULL, -0.001));
    MRT_OK(mr_queue_put(queue, &number, sizeof number, 1e300));
    MRT_OK(mr_queue_get(queue, &number, sizeof number, NULL, __builtin_inf()));
    MRT_OK(mr_queue_destroy(queue));
}

static int put_a_thousand(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;

    (void)size;
    for (int64_t i = 0; i < 1000; i++) {
        CHILD_OK(mr_queue_put(queue, &i, sizeof i, GUARD));
    }
    return child_result();
}

static void queue_with_maxsize_makes_producers_wait(void)
{
    mr_queue queue;
    mr_process child;
    size_t count;

    if (!make(&queue, mr_size() - 1, 1) ||
        !START(&child, ANYWHERE, put_a_thousand, &queue, sizeof queue)) {
        return;
    }
    MRT_CHECK(child_sleeps(child));
    for (int i = 0; i < 1000; i++) {
        MRT_OK(mr_queue_qsize(queue, &count));
        MRT_CHECK(count <= 1);
        get_number(queue, i);
    }
    END(child, 0);
    MRT_OK(mr_queue_destroy(queue));
}

/* Many at once */

enum { PRODUCERS = 4, CONSUMERS = 4, EACH = 500 };

typedef struct item {
    int32_t producer, number;
} item;

typedef struct crowd {
    mr_queue queue;
    mr_array seen; /* how often each item was taken */
    int32_t self;
} crowd;

static int produce(const void *argument, size_t size)
{
    const crowd *c = argument;

    (void)size;
    for (int32_t i = 0; i < EACH; i++) {
        const item next = {.producer = c->self, .number = i};

        CHILD_OK(mr_queue_put(c->queue, &next, sizeof next, GUARD));
    }
    return child_result();
}

/* Takes until the end mark; what comes from one producer has to rise. */
static int consume(const void *argument, size_t size)
{
    const crowd *c = argument;
    const int32_t one = 1;
    int32_t last[PRODUCERS] = {-1, -1, -1, -1};
    item next;
    size_t got;

    (void)size;
    while (CHILD_OK(mr_queue_get(c->queue, &next, sizeof next, &got, GUARD)) &&
           got > 0) {
        CHILD_CHECK(next.number > last[next.producer]);
        last[next.producer] = next.number;
        CHILD_OK(mr_array_add(
            c->seen, (size_t)(next.producer * EACH + next.number), &one, NULL));
    }
    return child_result();
}

static void check_each_seen_once(mr_array seen)
{
    int32_t counts[PRODUCERS * EACH];

    if (MRT_OK(mr_array_get(seen, 0, PRODUCERS * EACH, counts))) {
        for (int i = 0; i < PRODUCERS * EACH; i++) {
            MRT_EQUAL(counts[i], 1);
        }
    }
}

static void four_producers_and_consumers(int owner, size_t maxsize)
{
    mr_process producers[PRODUCERS], consumers[CONSUMERS];
    crowd c;

    if (!make(&c.queue, owner, maxsize) ||
        !MRT_OK(
            mr_array_create(&c.seen, MR_INT32, PRODUCERS * EACH, NULL, NULL))) {
        return;
    }
    for (int i = 0; i < CONSUMERS; i++) {
        START(&consumers[i], rank_of(i + 1), consume, &c, sizeof c);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        c.self = i;
        START(&producers[i], rank_of(i), produce, &c, sizeof c);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        END(producers[i], 0);
    }
    for (int i = 0; i < CONSUMERS; i++) {
        MRT_OK(mr_queue_put(c.queue, NULL, 0, GUARD));
    }
    for (int i = 0; i < CONSUMERS; i++) {
        END(consumers[i], 0);
    }
    check_each_seen_once(c.seen);
    MRT_OK(mr_array_destroy(c.seen));
    MRT_OK(mr_queue_destroy(c.queue));
}

static void queue_keeps_the_order_of_each_producer(void)
{
    four_producers_and_consumers(0, 0);
    four_producers_and_consumers(mr_size() - 1, 0);
}

static void queue_with_maxsize_keeps_the_order_of_each_producer(void)
{
    four_producers_and_consumers(mr_size() - 1, 2);
}

static void *produce_in_a_thread(void *argument)
{
    const crowd *c = argument;

    for (int32_t i = 0; i < EACH; i++) {
        const item next = {.producer = c->self, .number = i};

        MRT_OK(mr_queue_put(c->queue, &next, sizeof next, GUARD));
    }
    return NULL;
}

static void take_all_and_count(const crowd *c)
{
    int32_t last[PRODUCERS] = {-1, -1, -1, -1};
    const int32_t one = 1;

    for (int i = 0; i < PRODUCERS * EACH; i++) {
        item next;

        if (!MRT_OK(mr_queue_get(c->queue, &next, sizeof next, NULL, GUARD))) {
            return;
        }
        MRT_CHECK(next.number > last[next.producer]);
        last[next.producer] = next.number;
        MRT_OK(mr_array_add(
            c->seen, (size_t)(next.producer * EACH + next.number), &one, NULL));
    }
}

static void queue_serves_threads_beside_children(void)
{
    crowd c[PRODUCERS];
    pthread_t threads[2];
    mr_process children[2];
    mr_queue queue;
    mr_array seen;

    if (!make(&queue, 0, 10) ||
        !MRT_OK(
            mr_array_create(&seen, MR_INT32, PRODUCERS * EACH, NULL, NULL))) {
        return;
    }
    for (int i = 0; i < PRODUCERS; i++) {
        c[i] = (crowd){.queue = queue, .seen = seen, .self = i};
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, produce_in_a_thread, &c[i]);
        START(&children[i], rank_of(i), produce, &c[2 + i], sizeof c[0]);
    }
    take_all_and_count(&c[0]);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        END(children[i], 0);
    }
    check_each_seen_once(seen);
    MRT_OK(mr_array_destroy(seen));
    MRT_OK(mr_queue_destroy(queue));
}

static void *get_in_a_thread(void *argument)
{
    const mr_queue *queue = argument;
    int64_t sum = 0, number = 0;

    while (MRT_OK(mr_queue_get(*queue, &number, sizeof number, NULL, GUARD)) &&
           number >= 0) {
        sum += number;
    }
    return (void *)(intptr_t)sum;
}

static void queue_shares_items_among_threads(void)
{
    pthread_t threads[4];
    mr_queue queue;
    int64_t sum = 0;

    if (!make(&queue, 0, 4)) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, get_in_a_thread, &queue);
    }
    for (int i = 0; i < 2000; i++) {
        put_number(queue, i);
    }
    for (int i = 0; i < 4; i++) {
        put_number(queue, -1);
    }
    for (int i = 0; i < 4; i++) {
        void *part;

        pthread_join(threads[i], &part);
        sum += (int64_t)(intptr_t)part;
    }
    MRT_EQUAL(sum, 2000 * 1999 / 2);
    MRT_OK(mr_queue_destroy(queue));
}

/* Handles that travel, and lives that end */

/* Two queues: orders come through the first, an answer goes to the second. */
typedef struct couple {
    mr_queue first, second;
} couple;

static bool make_couple(couple *c)
{
    return make(&c->first, 0, 0) && make(&c->second, mr_size() - 1, 0);
}

static void destroy_couple(couple c)
{
    MRT_OK(mr_queue_destroy(c.first));
    MRT_OK(mr_queue_destroy(c.second));
}

static int answer_where_told(const void *argument, size_t size)
{
    mr_queue orders = *(const mr_queue *)argument, answers;
    int64_t number = 42;

    (void)size;
    if (CHILD_OK(mr_queue_get(orders, &answers, sizeof answers, NULL, GUARD))) {
        CHILD_OK(mr_queue_put(answers, &number, sizeof number, GUARD));
    }
    return child_result();
}

static void queue_handle_works_after_a_way_through_a_queue(void)
{
    couple c;

    if (!make_couple(&c)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, answer_where_told, &c.first, sizeof c.first);
        MRT_OK(mr_queue_put(c.first, &c.second, sizeof c.second, GUARD));
        get_number(c.second, 42);
        END(child, 0);
    }
    destroy_couple(c);
}

static int create_and_send(const void *argument, size_t size)
{
    mr_queue answers = *(const mr_queue *)argument, mine;
    int64_t number = 8;

    (void)size;
    if (CHILD_OK(mr_queue_create(&mine, NULL))) {
        CHILD_OK(mr_queue_put(mine, &number, sizeof number, GUARD));
        CHILD_OK(mr_queue_put(answers, &mine, sizeof mine, GUARD));
    }
    return child_result();
}

static void queue_outlives_its_creator(void)
{
    mr_queue answers, theirs;

    if (!make(&answers, 0, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, create_and_send, &answers, sizeof answers);
        if (MRT_OK(mr_queue_get(answers, &theirs, sizeof theirs, NULL, 0))) {
            get_number(theirs, 8);
            put_number(theirs, 9);
            get_number(theirs, 9);
            MRT_OK(mr_queue_destroy(theirs));
        }
    }
    MRT_OK(mr_queue_destroy(answers));
}

static int put_and_die(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    int64_t number = 21;

    (void)size;
    CHILD_OK(mr_queue_put(queue, &number, sizeof number, GUARD));
    kill(getpid(), SIGKILL);
    return child_result();
}

static void queue_item_outlives_its_producer(void)
{
    mr_queue queue;
    mr_process child;

    if (!make(&queue, mr_size() - 1, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        START(&child, rank, put_and_die, &queue, sizeof queue);
        END(child, -SIGKILL);
        get_number(queue, 21);
    }
    MRT_OK(mr_queue_destroy(queue));
}

static int say_so_and_get(const void *argument, size_t size)
{
    const couple *c = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_put(c->first, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(c->second, &number, sizeof number, NULL, MR_FOREVER));
    return child_result();
}

static void queue_loses_nothing_to_a_waiter_that_was_killed(void)
{
    couple c;

    if (!make_couple(&c)) {
        return;
    }
    for (int i = 0; i < 10; i++) {
        mr_process child;

        if (!START(&child, rank_of(i), say_so_and_get, &c, sizeof c)) {
            break;
        }
        MRT_OK(mr_queue_get(c.first, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        put_number(c.second, i);
        get_number(c.second, i);
    }
    destroy_couple(c);
}

static int get_until_closed(const void *argument, size_t size)
{
    const couple *c = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_put(c->first, NULL, 0, GUARD));
    CHILD_ERROR(
        mr_queue_get(c->second, &number, sizeof number, NULL, MR_FOREVER),
        MR_ERR_CLOSED);
    CHILD_ERROR(
        mr_queue_get(c->second, &number, sizeof number, NULL, MR_FOREVER),
        MR_ERR_STALE);
    return child_result();
}

static int put_until_closed(const void *argument, size_t size)
{
    const couple *c = argument;
    int64_t number = 2;

    (void)size;
    CHILD_OK(mr_queue_put(c->first, NULL, 0, GUARD));
    CHILD_ERROR(mr_queue_put(c->second, &number, sizeof number, MR_FOREVER),
                MR_ERR_CLOSED);
    return child_result();
}

static void waiters_get_closed(mr_process_function *wait, bool full)
{
    enum { WAITERS = 3 };
    mr_process children[WAITERS];
    couple c;

    if (!make(&c.first, 0, 0) || !make(&c.second, mr_size() - 1, 1) ||
        (full && !put_number(c.second, 0))) {
        return;
    }
    for (int i = 0; i < WAITERS; i++) {
        START(&children[i], rank_of(i), wait, &c, sizeof c);
    }
    for (int i = 0; i < WAITERS; i++) {
        MRT_OK(mr_queue_get(c.first, NULL, 0, NULL, GUARD));
    }
    for (int i = 0; i < WAITERS; i++) {
        MRT_CHECK(child_sleeps(children[i]));
    }
    MRT_OK(mr_queue_destroy(c.second));
    for (int i = 0; i < WAITERS; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_queue_destroy(c.first));
}

static void queue_destroy_wakes_those_who_get(void)
{
    waiters_get_closed(get_until_closed, false);
}

static void queue_destroy_wakes_those_who_put(void)
{
    waiters_get_closed(put_until_closed, true);
}

typedef struct thread_waiter {
    mr_queue queue;
    pid_t volatile thread;
    mr_error result;
} thread_waiter;

static void *get_until_closed_in_a_thread(void *argument)
{
    thread_waiter *waiter = argument;
    int64_t number;

    __atomic_store_n(&waiter->thread, gettid(), __ATOMIC_RELEASE);
    waiter->result =
        mr_queue_get(waiter->queue, &number, sizeof number, NULL, MR_FOREVER);
    return NULL;
}

static void queue_destroy_wakes_threads(void)
{
    thread_waiter waiter = {.thread = 0};
    pthread_t thread;

    if (!make(&waiter.queue, 0, 0)) {
        return;
    }
    pthread_create(&thread, NULL, get_until_closed_in_a_thread, &waiter);
    while (__atomic_load_n(&waiter.thread, __ATOMIC_ACQUIRE) == 0) {
        sched_yield();
    }
    MRT_CHECK(thread_sleeps(getpid(), waiter.thread));
    MRT_OK(mr_queue_destroy(waiter.queue));
    pthread_join(thread, NULL);
    MRT_EQUAL(waiter.result, MR_ERR_CLOSED);
}

static void queue_can_be_made_and_destroyed_many_times(void)
{
    for (int i = 0; i < 5000; i++) {
        mr_queue queue;

        if (!make(&queue, rank_of(i), (size_t)(i % 3)) ||
            !put_number(queue, i) || !MRT_OK(mr_queue_destroy(queue))) {
            return;
        }
    }
}

static int bounce(const void *argument, size_t size)
{
    const couple *c = argument;

    (void)size;
    for (int64_t i = 0; i < 1000; i++) {
        int64_t number;

        CHILD_OK(mr_queue_get(c->first, &number, sizeof number, NULL, GUARD));
        CHILD_CHECK(number == i);
        CHILD_OK(mr_queue_put(c->second, &number, sizeof number, GUARD));
    }
    return child_result();
}

static void queue_goes_there_and_back_a_thousand_times(void)
{
    couple c;

    if (!make_couple(&c)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, bounce, &c, sizeof c);
        for (int i = 0; i < 1000; i++) {
            put_number(c.first, i);
            get_number(c.second, i);
        }
        END(child, 0);
    }
    destroy_couple(c);
}

static const mrt_test tests[] = {
    {"queue_create_refuses_null", queue_create_refuses_null, 0},
    {"queue_create_refuses_ranks_that_do_not_exist",
     queue_create_refuses_ranks_that_do_not_exist, 0},
    {"queue_put_refuses_bad_arguments", queue_put_refuses_bad_arguments, 0},
    {"queue_get_refuses_bad_arguments", queue_get_refuses_bad_arguments, 0},
    {"queue_questions_refuse_null", queue_questions_refuse_null, 0},
    {"queue_put_refuses_what_can_never_fit",
     queue_put_refuses_what_can_never_fit, 0},
    {"queue_is_stale_after_destroy", queue_is_stale_after_destroy, 0},
    {"queue_handles_that_name_nothing_are_stale",
     queue_handles_that_name_nothing_are_stale, 0},
    {"queue_handle_of_another_kind_is_stale",
     queue_handle_of_another_kind_is_stale, 0},
    {"queue_is_stale_in_a_child_too", queue_is_stale_in_a_child_too, 0},
    {"queue_gives_items_in_the_order_they_were_put",
     queue_gives_items_in_the_order_they_were_put, 0},
    {"queue_carries_items_of_any_size", queue_carries_items_of_any_size, 0},
    {"queue_keeps_a_copy_of_an_item", queue_keeps_a_copy_of_an_item, 0},
    {"queue_carries_mixed_sizes_between_processes",
     queue_carries_mixed_sizes_between_processes, 60},
    {"queue_get_loses_nothing_when_the_buffer_is_too_small",
     queue_get_loses_nothing_when_the_buffer_is_too_small, 0},
    {"queue_get_accepts_a_null_size", queue_get_accepts_a_null_size, 0},
    {"queue_memory_is_used_again", queue_memory_is_used_again, 0},
    {"queue_tells_its_size", queue_tells_its_size, 0},
    {"queue_without_maxsize_is_never_full", queue_without_maxsize_is_never_full,
     0},
    {"queue_get_times_out_when_empty", queue_get_times_out_when_empty, 0},
    {"queue_put_times_out_when_full", queue_put_times_out_when_full, 0},
    {"queue_takes_any_negative_timeout_as_forever",
     queue_takes_any_negative_timeout_as_forever, 0},
    {"queue_with_maxsize_makes_producers_wait",
     queue_with_maxsize_makes_producers_wait, 0},
    {"queue_keeps_the_order_of_each_producer",
     queue_keeps_the_order_of_each_producer, 60},
    {"queue_with_maxsize_keeps_the_order_of_each_producer",
     queue_with_maxsize_keeps_the_order_of_each_producer, 60},
    {"queue_serves_threads_beside_children",
     queue_serves_threads_beside_children, 60},
    {"queue_shares_items_among_threads", queue_shares_items_among_threads, 0},
    {"queue_handle_works_after_a_way_through_a_queue",
     queue_handle_works_after_a_way_through_a_queue, 0},
    {"queue_outlives_its_creator", queue_outlives_its_creator, 0},
    {"queue_item_outlives_its_producer", queue_item_outlives_its_producer, 0},
    {"queue_loses_nothing_to_a_waiter_that_was_killed",
     queue_loses_nothing_to_a_waiter_that_was_killed, 0},
    {"queue_destroy_wakes_those_who_get", queue_destroy_wakes_those_who_get, 0},
    {"queue_destroy_wakes_those_who_put", queue_destroy_wakes_those_who_put, 0},
    {"queue_destroy_wakes_threads", queue_destroy_wakes_threads, 0},
    {"queue_can_be_made_and_destroyed_many_times",
     queue_can_be_made_and_destroyed_many_times, 0},
    {"queue_goes_there_and_back_a_thousand_times",
     queue_goes_there_and_back_a_thousand_times, 60},
};

int main(int argc, char **argv)
{
    return suite_main("queue", tests, MRT_COUNT(tests), argc, argv);
}
