/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death with lent items: each is freed or is in the queue, once.  The items
 * that rank 0 puts before have the seeds 0, 1, ..., the victim's has VICTIMS.
 */
#include "fault/kill.h"

enum { VICTIMS = 100 };

static unsigned char bytes[HUGE_];

static void put_some(const scene *s, unsigned int first, unsigned int end)
{
    for (unsigned int i = first; i < end; i++) {
        pattern_fill(bytes, s->item, i);
        MRT_OK(mr_queue_put(s->queue, bytes, s->item, GUARD));
    }
}

/* Is the next item the one with that seed? */
static bool get(const scene *s, unsigned int seed)
{
    size_t size = 0;

    return mr_queue_get(s->queue, bytes, sizeof bytes, &size, 0) == MR_OK &&
           size == s->item && pattern_holds(bytes, size, seed);
}

/* ---- scenes -------------------------------------------------------------- */

static bool make_queue(scene *s, size_t size, unsigned int items)
{
    const mr_queue_options options = {.place = s->place};

    s->item = size;
    s->extra = items;
    if (!MRT_OK(mr_queue_create(&s->queue, &options))) {
        return false;
    }
    put_some(s, 0, items);
    return !mrt_failed();
}

static bool small(scene *s)
{
    return make_queue(s, SMALL, 2);
}

static bool large(scene *s)
{
    return make_queue(s, LARGE, 2);
}

static bool huge(scene *s)
{
    return make_queue(s, HUGE_, 2);
}

/* ---- operations ---------------------------------------------------------- */

/* The victim's item, between begin and operate. */
static mr_item item;

static void reserve(const scene *s)
{
    CHILD_OK(mr_queue_reserve(s->queue, s->item, &item, GUARD));
}

static void reserve_and_fill(const scene *s)
{
    reserve(s);
    pattern_fill(item.data, s->item, VICTIMS);
}

static void commit(const scene *s)
{
    CHILD_OK(mr_queue_commit(s->queue, &item, GUARD));
}

static void take(const scene *s)
{
    CHILD_OK(mr_queue_take(s->queue, &item, GUARD));
    CHILD_CHECK(item.size == s->item && pattern_holds(item.data, s->item, 0));
}

static void release(const scene *s)
{
    (void)s;
    CHILD_OK(mr_item_release(&item));
}

static void put_gathered(const scene *s)
{
    mr_buffer buffers[2] = {{bytes, 1000}, {bytes + 1000, s->item - 1000}};

    pattern_fill(bytes, s->item, VICTIMS);
    CHILD_OK(mr_queue_put_gathered(s->queue, buffers, 2, GUARD));
}

/* ---- checks -------------------------------------------------------------- */

static void use_queue(const scene *s)
{
    size_t size = 0;

    pattern_fill(bytes, LARGE, 7);
    CHILD_OK(mr_queue_put(s->queue, bytes, LARGE, GUARD));
    CHILD_OK(mr_queue_get(s->queue, bytes, sizeof bytes, &size, GUARD));
    CHILD_CHECK(size == LARGE && pattern_holds(bytes, size, 7));
}

/* That no memory is lost is checked for every row. */
static void finish(scene *s)
{
    bool empty = false;

    MRT_OK(mr_queue_empty(s->queue, &empty));
    MRT_CHECK(empty);
    USE(use_queue, s);
    MRT_OK(mr_queue_destroy(s->queue));
}

static void check_unchanged(scene *s)
{
    MRT_CHECK(get(s, 0));
    MRT_CHECK(get(s, 1));
    finish(s);
}

static void check_put(scene *s)
{
    size_t left = 0;

    MRT_CHECK(get(s, 0));
    MRT_CHECK(get(s, 1));
    MRT_OK(mr_queue_qsize(s->queue, &left));
    check_effect(s, left == 1);
    if (left) {
        MRT_CHECK(get(s, VICTIMS));
    }
    finish(s);
}

/* The first item is gone or still the first. */
static void check_taken(scene *s)
{
    size_t left = 0;

    MRT_OK(mr_queue_qsize(s->queue, &left));
    check_effect(s, left == 1);
    if (left == 2) {
        MRT_CHECK(get(s, 0));
    }
    MRT_CHECK(get(s, 1));
    finish(s);
}

static void check_released(scene *s)
{
    MRT_CHECK(get(s, 1));
    finish(s);
}

#define ROW(name, prepare, begin, operate, check)         \
    {                                                     \
        name, prepare, begin, operate, NULL, check, false \
    }

const operation operations[] = {
    ROW("reserve_small", small, NULL, reserve, check_unchanged),
    ROW("reserve_huge", huge, NULL, reserve, check_unchanged),
    ROW("commit_small", small, reserve_and_fill, commit, check_put),
    ROW("commit_large", large, reserve_and_fill, commit, check_put),
    ROW("commit_huge", huge, reserve_and_fill, commit, check_put),
    ROW("take_small", small, NULL, take, check_taken),
    ROW("take_large", large, NULL, take, check_taken),
    ROW("take_huge", huge, NULL, take, check_taken),
    ROW("release_small", small, take, release, check_released),
    ROW("release_huge", huge, take, release, check_released),
    ROW("put_gathered", large, NULL, put_gathered, check_put),
};

int main(int argc, char **argv)
{
    return kill_main("lent", MRT_COUNT(operations), NULL, 0, argc, argv);
}
