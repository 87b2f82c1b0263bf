/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death while a queue comes to its end, and inside calls for many items.  The
 * items are numbers: rank 0 puts 0, 1, ..., a victim puts VICTIMS, ...
 */
#include "fault/kill.h"

#include "engine/channel.h"

enum {
    GETTERS = 0,
    JOINERS = MRI_LISTS,
    CELLS = 30,
    MANY = 45,
    VICTIMS = 1000
};

/* ---- items --------------------------------------------------------------- */

/* Numbers in front of bytes that make items of a size. */
typedef struct large_number {
    int64_t number;
    unsigned char rest[LARGE - sizeof(int64_t)];
} large_number;

/* The next number; -1: there is none until then, -2: nor will there be. */
static int64_t get(mr_queue queue, double timeout)
{
    large_number item = {.number = -3};
    mr_error error = mr_queue_get(queue, &item, sizeof item, NULL, timeout);

    return error == MR_OK                ? item.number
           : error == MR_ERR_TIMEOUT     ? -1
           : error == MR_ERR_END_OF_FILE ? -2
                                         : -3;
}

static void put_numbers(const scene *s, int64_t first, int64_t end)
{
    large_number item = {0};

    for (int64_t i = first; i < end; i++) {
        item.number = i;
        MRT_OK(mr_queue_put(s->queue, &item, s->item, GUARD));
    }
}

/* ---- scenes -------------------------------------------------------------- */

static bool make_queue_of(scene *s, size_t size, int64_t items,
                          bool per_producer)
{
    const mr_queue_options options = {.place = s->place,
                                      .per_producer = per_producer};

    s->item = size;
    s->extra = items;
    if (!MRT_OK(mr_queue_create(&s->queue, &options))) {
        return false;
    }
    put_numbers(s, 0, items);
    return !mrt_failed();
}

static bool make_queue(scene *s, size_t size, int64_t items)
{
    return make_queue_of(s, size, items, false);
}

static bool no_items_per_producer(scene *s)
{
    return make_queue_of(s, sizeof(int64_t), 0, true);
}

static bool many_items_per_producer(scene *s)
{
    return make_queue_of(s, sizeof(int64_t), MANY, true);
}

static bool no_items(scene *s)
{
    return make_queue(s, sizeof(int64_t), 0);
}

static bool no_large_items(scene *s)
{
    return make_queue(s, sizeof(large_number), 0);
}

static bool many_items(scene *s)
{
    return make_queue(s, sizeof(int64_t), MANY);
}

/* Put together, and so small that they lie side by side. */
static bool run_of_items(scene *s)
{
    int64_t items[MANY];

    for (int64_t i = 0; i < MANY; i++) {
        items[i] = i;
    }
    if (!make_queue(s, sizeof(int64_t), 0)) {
        return false;
    }
    s->extra = MANY;
    return MRT_OK(
        mr_queue_put_many(s->queue, items, sizeof items[0], MANY, NULL, GUARD));
}

static bool many_large_items(scene *s)
{
    return make_queue(s, sizeof(large_number), 3);
}

static int end_of_file_getter(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_CHECK(get(s->queue, GUARD) == -2);
    return child_result();
}

static int joiner(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_join(s->queue, GUARD));
    return child_result();
}

static bool with_peer(scene *s, mr_process_function *function,
                      unsigned int list)
{
    if (!start_peer(s, function)) {
        return false;
    }
    await_sleepers(s->queue.handle, list, 1, NULL);
    return !mrt_failed();
}

static bool empty_with_getter(scene *s)
{
    return no_items(s) && with_peer(s, end_of_file_getter, GETTERS);
}

static bool per_producer_with_getter(scene *s)
{
    return no_items_per_producer(s) &&
           with_peer(s, end_of_file_getter, GETTERS);
}

/* One item was taken and is not done. */
static bool one_to_be_done(scene *s)
{
    return make_queue(s, sizeof(int64_t), 1) &&
           MRT_EQUAL(get(s->queue, GUARD), 0) && with_peer(s, joiner, JOINERS);
}

/* ---- operations ---------------------------------------------------------- */

static void put_many(const scene *s)
{
    unsigned char items[MANY * sizeof(int64_t)];
    size_t put = 0;

    for (int64_t i = 0; i < MANY; i++) {
        int64_t number = VICTIMS + i;

        memcpy(items + (size_t)i * sizeof number, &number, sizeof number);
    }
    CHILD_OK(
        mr_queue_put_many(s->queue, items, sizeof(int64_t), MANY, &put, GUARD));
    CHILD_CHECK(put == MANY);
}

static void put_many_large(const scene *s)
{
    large_number items[3] = {
        {.number = VICTIMS}, {.number = VICTIMS + 1}, {.number = VICTIMS + 2}};
    size_t put = 0;

    CHILD_OK(
        mr_queue_put_many(s->queue, items, sizeof items[0], 3, &put, GUARD));
    CHILD_CHECK(put == 3);
}

static void get_many(const scene *s)
{
    large_number items[3];
    size_t count = 0;

    CHILD_OK(mr_queue_get_many(s->queue, items, sizeof items, (size_t)s->extra,
                               &count, NULL, GUARD));
    CHILD_CHECK(count == (size_t)s->extra);
}

static void get_one(const scene *s)
{
    CHILD_CHECK(get(s->queue, GUARD) == 0);
}

static void create_per_producer(const scene *s)
{
    const mr_queue_options options = {.place = s->place, .per_producer = true};
    mr_queue queue;

    CHILD_OK(mr_queue_create(&queue, &options));
    CHILD_OK(mr_queue_destroy(queue));
}

static void close_queue(const scene *s)
{
    CHILD_OK(mr_queue_close(s->queue));
}

static void attach(const scene *s)
{
    CHILD_OK(mr_queue_attach(s->queue));
}

static void detach(const scene *s)
{
    CHILD_OK(mr_queue_detach(s->queue));
}

static void nothing(const scene *s)
{
    (void)s;
}

static void task_done(const scene *s)
{
    CHILD_OK(mr_queue_task_done(s->queue, 1));
}

static void join_gives_up(const scene *s)
{
    CHILD_ERROR(mr_queue_join(s->queue, 0.001), MR_ERR_TIMEOUT);
}

/* ---- checks -------------------------------------------------------------- */

static void use_queue(const scene *s)
{
    for (int64_t number = 0; number < 2 * CELLS; number++) {
        CHILD_OK(mr_queue_put(s->queue, &number, sizeof number, GUARD));
        CHILD_CHECK(get(s->queue, GUARD) == number);
    }
    CHILD_CHECK(get(s->queue, 0) == -1);
}

static void finish(scene *s)
{
    USE(use_queue, s);
    MRT_OK(mr_queue_destroy(s->queue));
}

/* The victim's numbers from its first one on, up to any. */
static void check_put_many(scene *s)
{
    int64_t count = 0;
    int64_t number;

    while ((number = get(s->queue, 0)) == VICTIMS + count) {
        count++;
    }
    MRT_EQUAL(number, -1);
    MRT_CHECK(s->killed || count == (s->item == LARGE ? 3 : MANY));
    check_effect(s, count > 0);
    finish(s);
}

/* The victim has taken the first ones, at most so many. */
static void check_get_of(scene *s, size_t count)
{
    size_t left = 0;

    MRT_OK(mr_queue_qsize(s->queue, &left));
    MRT_CHECK(left <= (size_t)s->extra);
    MRT_CHECK(s->killed ? left + count >= (size_t)s->extra
                        : left + count == (size_t)s->extra);
    check_effect(s, left < (size_t)s->extra);
    for (int64_t i = s->extra - (int64_t)left; i < s->extra; i++) {
        MRT_EQUAL(get(s->queue, 0), i);
    }
    finish(s);
}

static void check_get_many(scene *s)
{
    check_get_of(s, (size_t)s->extra);
}

static void check_get_one(scene *s)
{
    check_get_of(s, 1);
}

static bool is_closed(const scene *s)
{
    int64_t number = 1;
    mr_error error = mr_queue_put(s->queue, &number, sizeof number, GUARD);

    MRT_CHECK(error == MR_OK || error == MR_ERR_CLOSED);
    return error == MR_ERR_CLOSED;
}

static void end_peer(const scene *s)
{
    END(s->peer, 0);
}

/* The peer waits for the end of file: it sees that, and nothing else. */
static void check_close(scene *s)
{
    bool ended = false;

    /* A killed victim may have closed nothing; a put would end the peer's wait,
     * so the queue itself is looked at. */
    ended = mri_channel_is_closed(
        (const mri_channel *)mri_row(s->queue.handle)->body);
    check_effect(s, ended);
    MRT_OK(mr_queue_close(s->queue));
    end_peer(s);
    MRT_CHECK(is_closed(s));
    MRT_OK(mr_queue_destroy(s->queue));
}

/* Dead or not, the only producer puts no more. */
static void check_last_producer(scene *s)
{
    end_peer(s);
    MRT_CHECK(is_closed(s));
    MRT_OK(mr_queue_destroy(s->queue));
}

/* A victim that was a producer for a moment has closed the queue. */
static void check_attach(scene *s)
{
    double end = mrt_now() + GUARD;
    bool ended = false;

    while (!s->killed && !ended && mrt_now() < end) {
        ended = get(s->queue, SHORT) == -2;
    }
    MRT_CHECK(s->killed || ended);
    MRT_OK(mr_queue_close(s->queue));
    MRT_EQUAL(get(s->queue, 0), -2);
    MRT_OK(mr_queue_destroy(s->queue));
}

/* A queue that a dead victim had made is nobody's. */
static void check_orphans(scene *s)
{
    const listing known = {
        .kind = MRI_QUEUE, .count = 1, .handles = {s->queue.handle}};

    if (several_nodes()) {
        MRT_CHECK(destroy_orphans(&known) <= 1);
    } else {
        MRT_CHECK(destroy_orphans(&known) <= (s->killed ? 1u : 0u));
    }
    finish(s);
}

static void check_task_done(scene *s)
{
    mr_error error = mr_queue_task_done(s->queue, 1);

    MRT_CHECK(error == MR_OK || error == MR_ERR_STATE);
    check_effect(s, error == MR_ERR_STATE);
    end_peer(s);
    finish(s);
}

static void check_join_gives_up(scene *s)
{
    MRT_OK(mr_queue_task_done(s->queue, 1));
    end_peer(s);
    finish(s);
}

#define ROW(name, prepare, begin, operate, check, to_the_end)  \
    {                                                          \
        name, prepare, begin, operate, NULL, check, to_the_end \
    }

const operation operations[] = {
    ROW("queue_put_many", no_items, NULL, put_many, check_put_many, false),
    ROW("queue_put_many_large", no_large_items, NULL, put_many_large,
        check_put_many, false),
    ROW("queue_get_many", many_items, NULL, get_many, check_get_many, false),
    ROW("queue_get_many_of_a_run", run_of_items, NULL, get_many, check_get_many,
        false),
    ROW("queue_get_one_of_a_run", run_of_items, NULL, get_one, check_get_one,
        false),
    ROW("queue_get_many_large", many_large_items, NULL, get_many,
        check_get_many, false),
    ROW("queue_per_producer_put_many", no_items_per_producer, NULL, put_many,
        check_put_many, false),
    ROW("queue_per_producer_get_many", many_items_per_producer, NULL, get_many,
        check_get_many, false),
    ROW("queue_per_producer_close", per_producer_with_getter, NULL, close_queue,
        check_close, false),
    ROW("queue_per_producer_create", no_items, NULL, create_per_producer,
        check_orphans, false),
    ROW("queue_close", empty_with_getter, NULL, close_queue, check_close,
        false),
    ROW("queue_attach", no_items, NULL, attach, check_attach, false),
    ROW("queue_detach", empty_with_getter, attach, detach, check_last_producer,
        false),
    ROW("queue_end_of_producer", empty_with_getter, attach, nothing,
        check_last_producer, true),
    ROW("queue_task_done", one_to_be_done, NULL, task_done, check_task_done,
        false),
    ROW("queue_join_gives_up", one_to_be_done, NULL, join_gives_up,
        check_join_gives_up, false),
};

int main(int argc, char **argv)
{
    return kill_main("queue_end", MRT_COUNT(operations), NULL, 0, argc, argv);
}
