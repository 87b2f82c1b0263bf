/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of queues: what only holds items that were got serves again, the
 * same queue or others, and a put that waits for it is woken.
 */
#include "unit/fake.h"

#include <stdlib.h>
#include <string.h>

#include "engine/channel_cells.h"
#include "engine/operation.h"

enum { LARGE = 100000, SMALL_SEGMENT = 1 << 20 };

static unsigned char bytes[LARGE];

static mri_channel *channel_of(mr_queue queue)
{
    return (mri_channel *)mri_row(queue.handle)->body;
}

/* How many of the next items to get, all of one size, share a block. */
static uint64_t sharing(mr_queue queue, size_t size)
{
    const mri_channel *channel = channel_of(queue);
    const mri_cells *first = mri_at(mri_peek(&channel->get_block));
    uint64_t cells = first->count - mri_place_cell(mri_peek(&channel->head));

    if (size > MRI_RUN_ITEM_MAX) {
        return 1;
    }
    return size <= MRI_CELL_BYTES ? cells : cells / mri_run_cells(size, 1);
}

/* ---- all memory of a segment --------------------------------------------- */

/* Blocks that the test has, none of which fits any more. */
typedef struct taken {
    struct {
        mri_ref at;
        uint64_t size;
    } blocks[SMALL_SEGMENT / MRI_CLASS_MIN];
    size_t count;
} taken;

static taken all;

static void take_all_memory(void)
{
    mri_owned *owned = &mri_self()->owned[0];

    all.count = 0;
    for (size_t size = 64 << 10; size >= MRI_CLASS_MIN; size /= 2) {
        while (!mri_allocate(mri_self(), 0, MRI_HEAP, size, 0)) {
            all.blocks[all.count].at = mri_peek(&owned->block);
            all.blocks[all.count++].size = mri_peek(&owned->size);
            mri_store(&owned->block, 0);
        }
    }
}

static void give_all_memory(void)
{
    mri_owned *owned = &mri_self()->owned[0];

    while (all.count) {
        mri_store(&owned->size, all.blocks[--all.count].size);
        mri_store(&owned->block, all.blocks[all.count].at);
        mri_owned_free(mri_self(), 0);
    }
}

/* ---- one queue ----------------------------------------------------------- */

static void check_get(mr_queue queue, size_t size)
{
    static unsigned char out[LARGE];
    size_t got;

    MRT_OK(mr_queue_get(queue, out, sizeof out, &got, GUARD));
    MRT_EQUAL(got, size);
    MRT_BYTES(out, bytes, size);
}

/* However many items pass it. */
static void queue_without_items_needs_no_memory(void)
{
    static const size_t sizes[] = {0, 8, 56, 57, 700, 1800};
    static unsigned char out[800];
    mr_queue queue;
    size_t count;

    fake_start(1, SMALL_SEGMENT);
    MRT_OK(mr_queue_create(&queue, NULL));
    take_all_memory();
    for (unsigned int round = 0; round < 600; round++) {
        size_t size = sizes[round / 100];

        memset(bytes, (int)round, sizeof bytes);
        if (!MRT_OK(mr_queue_put(queue, bytes, size, 0))) {
            break;
        }
        check_get(queue, size);
        MRT_OK(mr_queue_put_many(queue, bytes, 8, 100, &count, 0));
        MRT_OK(mr_queue_get_many(queue, out, sizeof out, 100, &count, NULL, 0));
        MRT_EQUAL(count, 100);
    }
    give_all_memory();
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

static void check_blocks_of(size_t size, unsigned int items)
{
    mr_queue queue;
    uint64_t used;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&queue, NULL));
    MRT_OK(mr_queue_put(queue, bytes, size, 0));
    check_get(queue, size); /* so it has a block where such an item fits */
    for (unsigned int i = 0; i < items; i++) {
        MRT_OK(mr_queue_put(queue, bytes, size, 0));
    }
    while (mri_peek(&channel_of(queue)->get_block) !=
           mri_peek(&channel_of(queue)->put_block)) {
        const mri_cells *first =
            mri_at(mri_peek(&channel_of(queue)->get_block));
        uint64_t block = mri_cells_bytes(first);

        used = fake_used(0);
        for (uint64_t left = sharing(queue, size); left > 0; left--) {
            MRT_EQUAL(fake_used(0), used);
            check_get(queue, size);
        }
        MRT_CHECK(fake_used(0) + block <= used);
    }
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

static void get_of_the_last_item_gives_its_block_back(void)
{
    check_blocks_of(8, 200);
    check_blocks_of(700, 50);
    check_blocks_of(2048, 20);
}

typedef struct drained {
    mr_queue queue;
    size_t size;
    bool together;
} drained;

static void drain_or_put(unsigned int number, void *user)
{
    const drained *d = user;
    size_t items = 0;

    if (number == 1) {
        MRT_OK(mr_queue_put(d->queue, bytes, d->size, GUARD));
        return;
    }
    fake_await_sleep(fake_endpoint_of(1));
    MRT_OK(mr_queue_qsize(d->queue, &items));
    if (d->together && d->size) {
        static unsigned char out[8192];
        size_t count;

        MRT_OK(mr_queue_get_many(d->queue, out, sizeof out, items, &count, NULL,
                                 0));
        MRT_EQUAL(count, items);
    } else {
        for (; items > 0; items--) {
            check_get(d->queue, d->size);
        }
    }
    check_get(d->queue, d->size);
}

/* Nobody else gives anything back. */
static void put_that_waits_for_memory_goes_on_in_an_empty_queue(void)
{
    static const size_t sizes[] = {0, 8, 56, 57, 700, 1800};

    for (unsigned int i = 0; i < 2 * MRT_COUNT(sizes); i++) {
        drained d = {.size = sizes[i / 2], .together = i % 2};
        mr_error error;

        fake_start(2, SMALL_SEGMENT);
        MRT_OK(mr_queue_create(&d.queue, NULL));
        take_all_memory();
        do {
            error = mr_queue_put(d.queue, bytes, d.size, 0);
        } while (!error);
        MRT_ERROR(error, MR_ERR_TIMEOUT);
        fake_threads(2, drain_or_put, &d);
        give_all_memory();
        MRT_OK(mr_queue_destroy(d.queue));
        fake_stop();
    }
}

enum { SIDES = 3, ROUNDS = 2000 };

static void pass_items(unsigned int number, void *user)
{
    const mr_queue *queue = user;

    for (unsigned int i = 0; i < ROUNDS; i++) {
        size_t size = i % 3 == 0 ? 8 : i % 3 * 300;

        if (number < SIDES &&
            !MRT_OK(mr_queue_put(*queue, bytes, size, GUARD))) {
            return;
        }
        if (number >= SIDES) {
            unsigned char out[600];

            if (!MRT_OK(mr_queue_get(*queue, out, sizeof out, NULL, GUARD))) {
                return;
            }
        }
    }
}

/* Each block that is full makes producers wait until it has no items. */
static void many_pass_items_without_memory(void)
{
    mr_queue queue;

    fake_start(2, SMALL_SEGMENT);
    MRT_OK(mr_queue_create(&queue, NULL));
    take_all_memory();
    fake_threads(2 * SIDES, pass_items, &queue);
    give_all_memory();
    MRT_OK(mr_queue_destroy(queue));
    fake_stop();
}

static bool is_at_the_end_of_a_block(const mri_channel *channel)
{
    const mri_cells *last = mri_at(mri_peek(&channel->put_block));

    return mri_place_cell(mri_peek(&channel->tail)) == last->count;
}

/* A producer that ends in the middle of a put may leave a block without items,
 * and the next item may need a larger one. */
static void queue_finds_items_behind_an_empty_block(void)
{
    static const size_t sizes[] = {8, 2048};

    fake_start(1, FAKE_MEMORY);
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        mri_call call = {.in = bytes, .in_size = 100};
        mr_queue queue;
        mr_item item;
        size_t items;

        MRT_OK(mr_queue_create(&queue, NULL));
        while (!is_at_the_end_of_a_block(channel_of(queue))) {
            MRT_OK(mr_queue_put(queue, bytes, 8, 0));
        }
        MRT_OK(mr_queue_reserve(queue, 100, &item, 0));
        call.argument = item.row;
        MRT_OK(mr_item_release(&item));
        MRT_ERROR(mri_channel_commit(mri_self(), channel_of(queue), &call),
                  MR_ERR_ARGUMENT);
        MRT_EQUAL(mri_place_cell(mri_peek(&channel_of(queue)->tail)), 0);
        MRT_OK(mr_queue_qsize(queue, &items));
        while (items-- > 0) {
            check_get(queue, 8);
        }
        MRT_OK(mr_queue_put(queue, bytes, sizes[i], 0));
        check_get(queue, sizes[i]);
        MRT_ERROR(mr_queue_get(queue, NULL, 0, NULL, 0), MR_ERR_TIMEOUT);
        MRT_OK(mr_queue_qsize(queue, &items));
        MRT_EQUAL(items, 0);
        MRT_OK(mr_queue_destroy(queue));
    }
    fake_stop();
}

static void put_small(unsigned int number, void *user)
{
    const mr_queue *queue = user;

    (void)number;
    (void)!mr_queue_put(*queue, bytes, 8, 0);
}

static void drain(mr_queue queue)
{
    mr_error error = MR_OK;

    while (!error) {
        error = mr_queue_get(queue, NULL, 0, NULL, 0);
        if (error == MR_ERR_TRUNCATED) {
            check_get(queue, 8);
            error = MR_OK;
        }
    }
    MRT_ERROR(error, MR_ERR_TIMEOUT);
}

/* A producer dies at some point of a put that chains a block, and before that
 * is noticed a consumer gets all that there is. */
static void consumer_does_not_follow_a_link_that_is_undone(void)
{
    bool more = fake_has_points();

    for (int64_t k = 1; more; k++) {
        uint64_t self, endpoint;
        mri_record *record;
        mr_queue queue, others[3];

        fake_start(1, FAKE_MEMORY);
        self = mri_self_endpoint();
        record = mri_self();
        MRT_OK(mr_queue_create(&queue, NULL));
        while (!is_at_the_end_of_a_block(channel_of(queue))) {
            MRT_OK(mr_queue_put(queue, bytes, 8, 0));
        }
        endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
        more = fake_dies_at(k, put_small, 0, &queue);
        if (!more) {
            mri_self_leave();
        }
        fake_return(self, record);
        drain(queue);
        fake_reap(endpoint);
        drain(queue);
        /* Memory that was freed is used again. */
        for (size_t i = 0; i < MRT_COUNT(others); i++) {
            MRT_OK(mr_queue_create(&others[i], NULL));
        }
        for (unsigned int i = 0; i < 100; i++) {
            MRT_OK(mr_queue_put(queue, bytes, 8, 0));
            check_get(queue, 8);
        }
        for (size_t i = 0; i < MRT_COUNT(others); i++) {
            MRT_OK(mr_queue_destroy(others[i]));
        }
        MRT_OK(mr_queue_destroy(queue));
        fake_stop();
    }
}

/* ---- two queues ---------------------------------------------------------- */

typedef struct two_queues {
    mr_queue full;
    mr_queue other;
    size_t size;
    uint64_t share; /* items whose memory comes back together */
} two_queues;

static void empty_some_for_the_other(unsigned int number, void *user)
{
    const two_queues *q = user;

    if (number == 1) {
        MRT_OK(mr_queue_put(q->other, bytes, q->size, GUARD));
        return;
    }
    fake_await_sleep(fake_endpoint_of(1));
    for (uint64_t i = 0; i < q->share; i++) {
        check_get(q->full, q->size);
    }
}

/* Small items share a block, which comes back with the last of them. */
static void check_exhaustion(size_t size)
{
    two_queues q = {.size = size};
    unsigned int count = 0;
    size_t before = 0;
    size_t after;
    mr_error error;

    fake_start(2, SMALL_SEGMENT);
    MRT_OK(mr_queue_create(&q.full, NULL));
    MRT_OK(mr_queue_create(&q.other, NULL));
    do {
        error = mr_queue_put(q.full, bytes, size, 0);
        count++;
    } while (!error);
    MRT_ERROR(error, MR_ERR_TIMEOUT);
    MRT_CHECK(count * (size + sizeof(mri_cell)) > 1 << 17);
    while (!(error = mr_queue_put(q.other, bytes, size, 0.001))) {
        before++;
    }
    MRT_ERROR(error, MR_ERR_TIMEOUT);
    q.share = sharing(q.full, size);
    fake_threads(2, empty_some_for_the_other, &q);
    MRT_OK(mr_queue_qsize(q.other, &after));
    MRT_EQUAL(after, before + 1);
    MRT_OK(mr_queue_destroy(q.full));
    MRT_OK(mr_queue_destroy(q.other));
    fake_stop();
}

static void put_waits_for_memory_that_another_queue_frees(void)
{
    check_exhaustion(LARGE);
    check_exhaustion(10000);
    check_exhaustion(100);
    check_exhaustion(8);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        MRT_TEST(queue_without_items_needs_no_memory),
        MRT_TEST(get_of_the_last_item_gives_its_block_back),
        MRT_TEST(put_that_waits_for_memory_goes_on_in_an_empty_queue),
        MRT_TEST(many_pass_items_without_memory),
        MRT_TEST(queue_finds_items_behind_an_empty_block),
        MRT_TEST(consumer_does_not_follow_a_link_that_is_undone),
        MRT_TEST(put_waits_for_memory_that_another_queue_frees),
    };

    return mrt_main("queue_memory", tests, MRT_COUNT(tests), argc, argv);
}
