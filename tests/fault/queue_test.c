/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of a queue.  Items are numbered: those that rank 0
 * puts before have the seeds 0, 1, ..., the victim's has VICTIMS, the peer's
 * PEERS.
 */
#include "fault/kill.h"

#include "engine/channel.h"

enum { GETTERS = 0, PUTTERS = 1, CELLS = 30, VICTIMS = 100, PEERS = 200 };

static unsigned char item[HUGE_];

/* ---- items --------------------------------------------------------------- */

static mr_error put(mr_queue queue, size_t size, unsigned int seed,
                    double timeout)
{
    pattern_fill(item, size, seed);
    return mr_queue_put(queue, item, size, timeout);
}

/* The seed of the next item; -1: there is none until then. */
static int get(mr_queue queue, size_t expected, double timeout)
{
    size_t size = 0;
    mr_error error = mr_queue_get(queue, item, sizeof item, &size, timeout);

    if (error == MR_ERR_TIMEOUT) {
        return -1;
    }
    if (error != MR_OK || size != expected) {
        return -2;
    }
    for (int seed = 0; seed <= PEERS; seed++) {
        if (pattern_holds(item, size, (unsigned int)seed)) {
            return seed;
        }
    }
    return -3;
}

static void put_some(const scene *s, int first, int end)
{
    for (int i = first; i < end; i++) {
        MRT_OK(put(s->queue, s->item, (unsigned int)i, GUARD));
    }
}

static void expect_some(const scene *s, int first, int end)
{
    for (int i = first; i < end; i++) {
        MRT_EQUAL(get(s->queue, s->item, GUARD), i);
    }
}

/* ---- scenes -------------------------------------------------------------- */

/* A queue with `extra` items of a size, after `gone` others have gone. */
static bool make_queue(scene *s, size_t size, size_t maxsize, int gone,
                       int items)
{
    const mr_queue_options options = {.maxsize = maxsize, .place = s->place};

    s->item = size;
    s->extra = items;
    if (!MRT_OK(mr_queue_create(&s->queue, &options))) {
        return false;
    }
    for (int i = 0; i < gone; i++) {
        put_some(s, i, i + 1);
        expect_some(s, i, i + 1);
    }
    put_some(s, 0, items);
    return !mrt_failed();
}

static bool small_items(scene *s)
{
    return make_queue(s, SMALL, 0, 0, 3);
}

/* They lie in several cells each. */
static bool middle_items(scene *s)
{
    return make_queue(s, MEDIUM, 0, 0, 3);
}

static bool full_block_of_middle(scene *s)
{
    return make_queue(s, MEDIUM, 0, 0, 2);
}

static bool full_of_middle(scene *s)
{
    return make_queue(s, MEDIUM, 2, 0, 2);
}

static bool large_items(scene *s)
{
    return make_queue(s, LARGE, 0, 0, 3);
}

static bool huge_items(scene *s)
{
    return make_queue(s, HUGE_, 0, 0, 3);
}

static bool full_block(scene *s)
{
    return make_queue(s, SMALL, 0, CELLS - 3, 3);
}

static bool full_block_of_large(scene *s)
{
    return make_queue(s, LARGE, 0, CELLS - 3, 3);
}

/* Next to get is the last of the first block. */
static bool almost_emptied_block(scene *s)
{
    return make_queue(s, SMALL, 0, CELLS - 1, 4);
}

/* Next to get is the first of the second block: it has no room in the first,
 * all items of which had gone before. */
static bool emptied_block(scene *s)
{
    if (!make_queue(s, SMALL, 0, CELLS - 1, 0)) {
        return false;
    }
    s->item = 2000;
    s->extra = 3;
    put_some(s, 0, 3);
    return !mrt_failed();
}

/* The next item begins the block again. */
static bool used_up_block(scene *s)
{
    return make_queue(s, SMALL, 0, CELLS, 0);
}

static bool no_items(scene *s)
{
    return make_queue(s, SMALL, 0, 0, 0);
}

static bool bounded(scene *s)
{
    return make_queue(s, SMALL, 4, 0, 3);
}

static bool full(scene *s)
{
    return make_queue(s, SMALL, 2, 0, 2);
}

static bool full_of_large(scene *s)
{
    return make_queue(s, LARGE, 2, 0, 2);
}

static bool many_items(scene *s)
{
    return make_queue(s, SMALL, 0, CELLS - 5, 3 * CELLS);
}

/* ---- peers --------------------------------------------------------------- */

/* Gets one item and says which. */
static int getter(const void *argument, size_t size)
{
    const scene *s = argument;
    int seed = get(s->queue, s->item, GUARD);

    (void)size;
    return seed < 0 ? 255 : seed;
}

static int putter(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(put(s->queue, s->item, PEERS, GUARD));
    return child_result();
}

static int waiter_for_closing(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error = mr_queue_get(s->queue, item, sizeof item, NULL, GUARD);

    (void)size;
    CHILD_CHECK(error == MR_ERR_CLOSED || error == MR_OK);
    return child_failures ? 255 : error == MR_OK ? 2 : 0;
}

static bool with_peer(scene *s, mr_process_function *function,
                      unsigned int list)
{
    if (!start_peer(s, function)) {
        return false;
    }
    await_sleepers(s->queue.handle, list, 1, NULL);
    return true;
}

static bool empty_with_getter(scene *s)
{
    return no_items(s) && with_peer(s, getter, GETTERS);
}

static bool full_with_putter(scene *s)
{
    return full(s) && with_peer(s, putter, PUTTERS);
}

static bool full_of_large_with_putter(scene *s)
{
    return full_of_large(s) && with_peer(s, putter, PUTTERS);
}

static bool empty_with_waiter(scene *s)
{
    return no_items(s) && with_peer(s, waiter_for_closing, GETTERS);
}

static int end_peer(const scene *s)
{
    int code = -1;

    MRT_OK(mr_process_join(s->peer, GUARD));
    MRT_OK(mr_process_exit_code(s->peer, &code));
    MRT_OK(mr_process_destroy(s->peer));
    return code;
}

/* ---- operations ---------------------------------------------------------- */

static void put_one(const scene *s)
{
    CHILD_OK(put(s->queue, s->item, VICTIMS, GUARD));
}

static void get_one(const scene *s)
{
    CHILD_CHECK(get(s->queue, s->item, GUARD) >= 0);
}

static void get_into_too_little(const scene *s)
{
    CHILD_ERROR(mr_queue_get(s->queue, item, s->item - 1, NULL, 0),
                MR_ERR_TRUNCATED);
}

static void put_gives_up(const scene *s)
{
    CHILD_ERROR(put(s->queue, s->item, VICTIMS, 0.001), MR_ERR_TIMEOUT);
}

static void get_gives_up(const scene *s)
{
    CHILD_CHECK(get(s->queue, s->item, 0.001) == -1);
}

static void create(const scene *s)
{
    const mr_queue_options options = {.place = s->place};
    mr_queue queue;

    CHILD_OK(mr_queue_create(&queue, &options));
}

static void destroy(const scene *s)
{
    CHILD_OK(mr_queue_destroy(s->queue));
}

/* ---- meanwhile ----------------------------------------------------------- */

static void make_room_for_victim(scene *s)
{
    await_sleepers(s->queue.handle, PUTTERS, 0, &s->victim);
    expect_some(s, 0, 1);
}

/* One place for two: the victim, first in line, and the peer. */
static void make_room_for_one(scene *s)
{
    await_sleepers(s->queue.handle, PUTTERS, 0, &s->victim);
    if (start_peer(s, putter)) {
        await_sleepers(s->queue.handle, PUTTERS, 1, &s->victim);
    }
    expect_some(s, 0, 1);
}

static void give_victim_an_item(scene *s)
{
    await_sleepers(s->queue.handle, GETTERS, 0, &s->victim);
    put_some(s, 0, 1);
}

/* One item for two. */
static void give_one_item(scene *s)
{
    await_sleepers(s->queue.handle, GETTERS, 0, &s->victim);
    if (start_peer(s, getter)) {
        await_sleepers(s->queue.handle, GETTERS, 1, &s->victim);
    }
    put_some(s, 0, 1);
}

/* ---- checks -------------------------------------------------------------- */

static void use_queue(const scene *s)
{
    static const size_t sizes[] = {0, SMALL, MEDIUM, LARGE, HUGE_};
    size_t count = 1;
    bool empty = false;

    for (unsigned int i = 0; i < MRT_COUNT(sizes); i++) {
        CHILD_OK(put(s->queue, sizes[i], i, GUARD));
        CHILD_OK(mr_queue_qsize(s->queue, &count));
        CHILD_CHECK(count == 1);
        CHILD_CHECK(get(s->queue, sizes[i], GUARD) == (sizes[i] ? (int)i : 0));
    }
    for (unsigned int i = 0; i < 2 * CELLS; i++) {
        CHILD_OK(put(s->queue, SMALL, i, GUARD));
        CHILD_CHECK(get(s->queue, SMALL, GUARD) == (int)i);
    }
    CHILD_OK(mr_queue_empty(s->queue, &empty));
    CHILD_CHECK(empty);
    CHILD_CHECK(get(s->queue, SMALL, 0) == -1);
}

static void finish(scene *s)
{
    MRT_EQUAL(get(s->queue, s->item, 0), -1);
    USE(use_queue, s);
    MRT_OK(mr_queue_destroy(s->queue));
}

static void check_put(scene *s)
{
    int seed;

    expect_some(s, 0, (int)s->extra);
    seed = get(s->queue, s->item, 0);
    MRT_CHECK(seed == VICTIMS || seed == -1);
    check_effect(s, seed == VICTIMS);
    finish(s);
}

/* The victim's item is gone, or still the first. */
static void check_get(scene *s)
{
    size_t left = 0;

    MRT_OK(mr_queue_qsize(s->queue, &left));
    MRT_CHECK(left == (size_t)s->extra || left == (size_t)s->extra - 1);
    check_effect(s, left == (size_t)s->extra - 1);
    expect_some(s, (int)s->extra - (int)left, (int)s->extra);
    finish(s);
}

static void check_unchanged(scene *s)
{
    expect_some(s, 0, (int)s->extra);
    finish(s);
}

/* The peer gets the victim's item, or else one of ours. */
static void check_put_for_getter(scene *s)
{
    size_t count = 0;
    int seed;

    MRT_OK(put(s->queue, s->item, 0, GUARD));
    seed = end_peer(s);
    MRT_CHECK(seed == VICTIMS || seed == 0);
    check_effect(s, seed == VICTIMS);
    if (seed == VICTIMS) {
        MRT_OK(mr_queue_qsize(s->queue, &count));
        MRT_EQUAL(count, 1);
        expect_some(s, 0, 1);
    }
    finish(s);
}

/* Two were in; the victim got one or none, then the peer has put one. */
static void check_get_for_putter(scene *s)
{
    size_t count = 0;
    int first = get(s->queue, s->item, GUARD);

    MRT_CHECK(first == 0 || first == 1);
    check_effect(s, first == 1);
    MRT_EQUAL(end_peer(s), 0);
    MRT_OK(mr_queue_qsize(s->queue, &count));
    MRT_EQUAL(count, first == 1 ? 1 : 2);
    expect_some(s, first + 1, 2);
    MRT_EQUAL(get(s->queue, s->item, GUARD), PEERS);
    finish(s);
}

static void check_put_when_room(scene *s)
{
    int seed;

    expect_some(s, 1, 2);
    seed = get(s->queue, s->item, 0);
    MRT_CHECK(seed == VICTIMS || seed == -1);
    check_effect(s, seed == VICTIMS);
    finish(s);
}

/* Both have put, in either order, but for a killed victim. */
static void check_both_put(scene *s)
{
    int found[2];

    expect_some(s, 1, 2);
    MRT_EQUAL(end_peer(s), 0);
    found[0] = get(s->queue, s->item, GUARD);
    found[1] = get(s->queue, s->item, 0);
    if (found[1] == PEERS) {
        found[1] = found[0];
        found[0] = PEERS;
    }
    MRT_EQUAL(found[0], PEERS);
    MRT_CHECK(found[1] == VICTIMS || (found[1] == -1 && s->killed));
    finish(s);
}

static void check_item_given(scene *s)
{
    int seed = get(s->queue, s->item, 0);

    MRT_CHECK(seed == 0 || seed == -1);
    check_effect(s, seed == -1);
    finish(s);
}

/* If the victim has not got the item then the peer has; the other of the two
 * gets another one. */
static void check_one_item_given(scene *s)
{
    size_t count = 0;
    int seed;

    put_some(s, 1, 2);
    seed = end_peer(s);
    MRT_CHECK(seed == 0 || seed == 1);
    MRT_CHECK(seed == 1 || s->killed);
    MRT_OK(mr_queue_qsize(s->queue, &count));
    MRT_EQUAL(count, seed == 0 ? 1 : 0);
    expect_some(s, 1, 1 + (int)count);
    finish(s);
}

static listing known;

static bool list_known(scene *s)
{
    (void)s;
    known = list_objects(MRI_QUEUE);
    return true;
}

static void check_created(scene *s)
{
    check_effect(s, destroy_orphans(&known) == 1);
}

static void check_destroyed(scene *s)
{
    size_t count = 0;
    mr_error error = mr_queue_qsize(s->queue, &count);

    check_effect(s, error == MR_ERR_STALE);
    if (error == MR_OK) {
        MRT_EQUAL(count, s->extra);
        check_unchanged(s);
    }
}

static void check_waiter_closed(scene *s)
{
    mr_error error = put(s->queue, s->item, 0, GUARD);

    check_effect(s, error == MR_ERR_STALE);
    MRT_EQUAL(end_peer(s), error == MR_OK ? 2 : 0);
    if (error == MR_OK) {
        finish(s);
    }
}

/* A putter that is turned out, with its item in its owned slot. */
static int closed_putter(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error = put(s->queue, s->item, PEERS, GUARD);

    (void)size;
    CHILD_CHECK(error == MR_ERR_CLOSED || error == MR_OK);
    return child_failures ? 255 : error == MR_OK ? 2 : 0;
}

static bool full_with_closed_putter(scene *s)
{
    return full_of_large(s) && with_peer(s, closed_putter, PUTTERS);
}

static void check_putter_closed(scene *s)
{
    int first = get(s->queue, s->item, GUARD);

    check_effect(s, first == -2);
    MRT_EQUAL(end_peer(s), first == 0 ? 2 : 0);
    if (first == 0) {
        expect_some(s, 1, 2);
        MRT_EQUAL(get(s->queue, s->item, GUARD), PEERS);
        finish(s);
    }
}

/* ---- a full segment ------------------------------------------------------ */

/* Put into `other` until nothing of the size of a huge item fits. */
static bool fill_segment(scene *s)
{
    const mr_queue_options options = {.place = s->place};
    static unsigned char filling[4 << 20];
    size_t size = sizeof filling;

    if (!MRT_OK(mr_queue_create(&s->other, &options))) {
        return false;
    }
    while (size >= HUGE_) {
        if (mr_queue_put(s->other, filling, size, 0) != MR_OK) {
            size /= 2;
        }
    }
    return MRT_ERROR(mr_queue_put(s->other, filling, HUGE_, 0), MR_ERR_TIMEOUT);
}

static void drain_segment(scene *s)
{
    void *filling;
    size_t size;

    while (mr_queue_get_alloc(s->other, &filling, &size, 0) == MR_OK) {
        free(filling);
    }
}

static int putter_without_memory(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(put(s->other, HUGE_, PEERS, GUARD));
    return child_result();
}

static mr_handle memory_of(const scene *s)
{
    mr_handle memory = s->queue.handle;

    memory.slot = MRI_ROW_MEMORY;
    return memory;
}

/* `peer` waits for room in a queue of one huge item, `process` for memory. */
static bool full_segment(scene *s)
{
    if (!make_queue(s, HUGE_, 1, 0, 1) || !fill_segment(s)) {
        return false;
    }
    s->item = SMALL; /* the peer's */
    if (!with_peer(s, putter, PUTTERS) ||
        !START(&s->process, ANYWHERE, putter_without_memory, s, sizeof *s)) {
        return false;
    }
    await_sleepers(memory_of(s), 0, 1, NULL);
    s->item = HUGE_; /* the victim's */
    return true;
}

static bool item_is_taken(const scene *s)
{
    const mri_channel *channel =
        (const mri_channel *)mri_row(s->queue.handle)->body;

    return mri_load(&channel->head) > 0;
}

/* If the victim took the item then its death lets the peer go on. */
static void check_get_from_full_segment(scene *s)
{
    bool taken = item_is_taken(s);

    check_effect(s, taken);
    if (!taken) {
        MRT_EQUAL(get(s->queue, HUGE_, GUARD), 0);
    }
    /* One block was freed, which is what the other waits for. */
    END(s->process, 0);
    MRT_EQUAL(end_peer(s), 0);
    s->item = SMALL;
    MRT_EQUAL(get(s->queue, SMALL, GUARD), PEERS);
    drain_segment(s);
    MRT_OK(mr_queue_destroy(s->other));
    finish(s);
}

/* The victim sleeps for memory, and before it another. */
static bool full_segment_with_putter(scene *s)
{
    if (!make_queue(s, HUGE_, 0, 0, 1) || !fill_segment(s) ||
        !START(&s->process, ANYWHERE, putter_without_memory, s, sizeof *s)) {
        return false;
    }
    await_sleepers(memory_of(s), 0, 1, NULL);
    return true;
}

/* Room for one of two. */
static void free_one_item(scene *s)
{
    await_sleepers(memory_of(s), 0, 1, &s->victim);
    expect_some(s, 0, 1);
    await_sleepers(memory_of(s), 0, 0, NULL);
    drain_segment(s);
}

static void check_put_into_full_segment(scene *s)
{
    int seed;

    END(s->process, 0);
    drain_segment(s);
    seed = get(s->queue, HUGE_, 0);
    MRT_CHECK(seed == VICTIMS || seed == -1);
    check_effect(s, seed == VICTIMS);
    MRT_OK(mr_queue_destroy(s->other));
    finish(s);
}

/* `process` waits for memory, and needs none when the one item is got. */
static bool used_up_block_without_memory(scene *s)
{
    if (!make_queue(s, SMALL, 0, CELLS - 1, 1) || !fill_segment(s)) {
        return false;
    }
    for (size_t size = HUGE_; size > SMALL; size /= 2) {
        while (mr_queue_put(s->other, item, size, 0) == MR_OK) {
        }
    }
    if (!START(&s->process, ANYWHERE, putter, s, sizeof *s)) {
        return false;
    }
    await_sleepers(memory_of(s), 0, 1, NULL);
    return true;
}

static void check_get_for_one_without_memory(scene *s)
{
    int first = get(s->queue, SMALL, GUARD);

    MRT_CHECK(first == 0 || first == PEERS);
    check_effect(s, first == PEERS);
    if (first == 0) {
        MRT_EQUAL(get(s->queue, SMALL, GUARD), PEERS);
    }
    END(s->process, 0);
    drain_segment(s);
    MRT_OK(mr_queue_destroy(s->other));
    finish(s);
}

#define ROW(name, prepare, operate, meanwhile, check)         \
    {                                                         \
        name, prepare, NULL, operate, meanwhile, check, false \
    }

const operation operations[] = {
    ROW("queue_put_small", small_items, put_one, NULL, check_put),
    ROW("queue_put_middle", middle_items, put_one, NULL, check_put),
    ROW("queue_put_large", large_items, put_one, NULL, check_put),
    ROW("queue_put_huge", huge_items, put_one, NULL, check_put),
    ROW("queue_put_into_next_block", full_block, put_one, NULL, check_put),
    ROW("queue_put_into_used_up_block", used_up_block, put_one, NULL,
        check_put),
    ROW("queue_put_middle_into_next_block", full_block_of_middle, put_one, NULL,
        check_put),
    ROW("queue_put_large_into_next_block", full_block_of_large, put_one, NULL,
        check_put),
    ROW("queue_put_bounded", bounded, put_one, NULL, check_put),
    ROW("queue_put_for_getter", empty_with_getter, put_one, NULL,
        check_put_for_getter),
    ROW("queue_put_times_out", full, put_gives_up, NULL, check_unchanged),
    ROW("queue_put_large_times_out", full_of_large, put_gives_up, NULL,
        check_unchanged),
    ROW("queue_put_sleeps", full, put_one, make_room_for_victim,
        check_put_when_room),
    ROW("queue_put_large_sleeps", full_of_large, put_one, make_room_for_victim,
        check_put_when_room),
    ROW("queue_put_middle_sleeps", full_of_middle, put_one,
        make_room_for_victim, check_put_when_room),
    ROW("queue_put_before_another", full, put_one, make_room_for_one,
        check_both_put),
    ROW("queue_get_small", small_items, get_one, NULL, check_get),
    ROW("queue_get_middle", middle_items, get_one, NULL, check_get),
    ROW("queue_get_large", large_items, get_one, NULL, check_get),
    ROW("queue_get_huge", huge_items, get_one, NULL, check_get),
    ROW("queue_get_last_of_block", almost_emptied_block, get_one, NULL,
        check_get),
    ROW("queue_get_from_next_block", emptied_block, get_one, NULL, check_get),
    ROW("queue_get_into_too_little", large_items, get_into_too_little, NULL,
        check_unchanged),
    ROW("queue_get_for_putter", full_with_putter, get_one, NULL,
        check_get_for_putter),
    ROW("queue_get_large_for_putter", full_of_large_with_putter, get_one, NULL,
        check_get_for_putter),
    ROW("queue_get_times_out", no_items, get_gives_up, NULL, check_unchanged),
    ROW("queue_get_sleeps", no_items, get_one, give_victim_an_item,
        check_item_given),
    ROW("queue_get_before_another", no_items, get_one, give_one_item,
        check_one_item_given),
    ROW("queue_create", list_known, create, NULL, check_created),
    ROW("queue_destroy", no_items, destroy, NULL, check_destroyed),
    ROW("queue_destroy_with_items", many_items, destroy, NULL, check_destroyed),
    ROW("queue_destroy_with_huge_items", huge_items, destroy, NULL,
        check_destroyed),
    ROW("queue_destroy_with_getter", empty_with_waiter, destroy, NULL,
        check_waiter_closed),
    ROW("queue_destroy_with_putter", full_with_closed_putter, destroy, NULL,
        check_putter_closed),
    ROW("queue_get_when_others_wait_for_memory", full_segment, get_one, NULL,
        check_get_from_full_segment),
    ROW("queue_get_when_a_put_waits_for_memory", used_up_block_without_memory,
        get_one, NULL, check_get_for_one_without_memory),
    ROW("queue_put_when_memory_is_full", full_segment_with_putter, put_one,
        free_one_item, check_put_into_full_segment),
};

int main(int argc, char **argv)
{
    return kill_main("fault/queue", MRT_COUNT(operations), NULL, 0, argc, argv);
}
