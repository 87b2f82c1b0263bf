/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The allocator of shared memory.
 */
#include "unit/fake.h"

#include <stdlib.h>
#include <string.h>

enum { LARGEST_CLASS = MRI_CLASS_MIN << (MRI_CLASSES - 1) };

/* A block, out of the hand: here the tests are the objects. */
typedef struct block {
    mri_ref at;
    size_t size;
    unsigned char mark;
} block;

static mr_error take(mri_pool pool, size_t size, block *out)
{
    mri_record *self = mri_self();
    mr_error error = mri_allocate(self, 0, pool, size, 0);

    if (!error) {
        out->at = mri_load(&self->owned[0].block);
        out->size = mri_load(&self->owned[0].size);
        mri_store(&self->owned[0].block, 0);
    }
    return error;
}

static void give(block *in)
{
    mri_record *self = mri_self();

    if (!in->at) {
        return;
    }
    mri_store(&self->owned[0].size, in->size);
    mri_store(&self->owned[0].block, in->at);
    mri_owned_free(self, 0);
    in->at = 0;
}

static void fill(block *b, unsigned char mark)
{
    b->mark = mark;
    memset(mri_at(b->at), mark, b->size);
}

static bool is_filled(const block *b)
{
    const unsigned char *bytes = mri_at(b->at);

    return bytes[0] == b->mark && memcmp(bytes, bytes + 1, b->size - 1) == 0;
}

static bool overlap(const block *a, const block *b)
{
    return a->at < b->at + b->size && b->at < a->at + a->size;
}

/* ---- one thread ---------------------------------------------------------- */

static void allocator_gives_blocks_of_all_sizes(void)
{
    block blocks[200];
    unsigned int count = 0;
    uint64_t before;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t size = 1; size <= 1 << 19; size *= 2) {
        for (size_t more = 0; more < 3; more++) {
            block *b = &blocks[count];

            if (!MRT_OK(take(MRI_HEAP, size + more - 1, b))) {
                break;
            }
            MRT_CHECK(b->size >= size + more - 1);
            MRT_EQUAL(b->at % MRI_CLASS_MIN, 0);
            fill(b, (unsigned char)(count + 1));
            for (unsigned int i = 0; i < count; i++) {
                MRT_CHECK(!overlap(&blocks[i], b));
            }
            count++;
        }
    }
    for (unsigned int i = 0; i < count; i++) {
        MRT_CHECK(is_filled(&blocks[i]));
        give(&blocks[i]);
    }
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void allocator_reuses_what_was_freed(void)
{
    block first;
    block second;

    fake_start(1, FAKE_MEMORY);
    for (size_t size = 64; size <= 1 << 20; size *= 4) {
        if (MRT_OK(take(MRI_HEAP, size, &first))) {
            mri_ref at = first.at;

            give(&first);
            MRT_OK(take(MRI_HEAP, size, &second));
            MRT_EQUAL(second.at, at);
            give(&second);
        }
    }
    fake_stop();
}

/* Free runs in each order: they always become one again. */
static void allocator_merges_neighbours(void)
{
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {0, 2, 1, 3},
                                    {1, 3, 0, 2}, {1, 3, 2, 0}, {2, 0, 3, 1}};
    enum { PART = 256 * 1024 };

    fake_start(1, FAKE_MEMORY);
    for (size_t order = 0; order < MRT_COUNT(orders); order++) {
        block parts[4];
        block whole;

        for (unsigned int i = 0; i < 4; i++) {
            MRT_OK(take(MRI_HEAP, PART, &parts[i]));
            fill(&parts[i], (unsigned char)i);
        }
        for (unsigned int i = 0; i < 4; i++) {
            give(&parts[orders[order][i]]);
        }
        MRT_OK(take(MRI_HEAP, 4 * PART, &whole));
        fill(&whole, 9);
        give(&whole);
    }
    MRT_CHECK(mri_load(&mri_segment_at(0)->heap.top) -
                  mri_segment_at(0)->heap.start <
              6 * PART);
    fake_stop();
}

/* Take until nothing is left; gives the number of blocks. */
static unsigned int exhaust(mri_pool pool, size_t size, block *blocks,
                            unsigned int most)
{
    mr_error error = MR_OK;
    unsigned int count = 0;

    while (count < most) {
        error = take(pool, size, &blocks[count]);
        if (error) {
            break;
        }
        count++;
    }
    MRT_ERROR(error, MR_ERR_NO_MEMORY);
    return count;
}

static void allocator_is_exhausted_and_recovers(void)
{
    enum { MOST = FAKE_MEMORY / 64 + 1 };
    static const size_t sizes[] = {64, 2048, 32768, 32769, 300000};
    block *blocks = malloc(MOST * sizeof *blocks);

    fake_start(1, FAKE_MEMORY);
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        uint64_t before = fake_used(0);
        unsigned int count = exhaust(MRI_HEAP, sizes[i], blocks, MOST);

        MRT_CHECK(count * sizes[i] > FAKE_MEMORY / 2);
        for (unsigned int j = 0; j < count; j++) {
            give(&blocks[j]);
        }
        MRT_EQUAL(fake_used(0), before);
        MRT_EQUAL(exhaust(MRI_HEAP, sizes[i], blocks, MOST), count);
        for (unsigned int j = count; j-- > 0;) {
            give(&blocks[j]);
        }
        fake_stop();
        fake_start(1, FAKE_MEMORY);
    }
    fake_stop();
    free(blocks);
}

static void allocator_tells_what_can_never_fit(void)
{
    block unused;

    fake_start(1, FAKE_MEMORY);
    MRT_ERROR(take(MRI_HEAP, FAKE_MEMORY + 1, &unused), MR_ERR_TOO_LARGE);
    MRT_ERROR(take(MRI_HEAP, SIZE_MAX, &unused), MR_ERR_TOO_LARGE);
    MRT_ERROR(take(MRI_HEAP, SIZE_MAX - MRI_PAGE, &unused), MR_ERR_TOO_LARGE);
    MRT_ERROR(take(MRI_ARRAYS, FAKE_MEMORY + 1, &unused), MR_ERR_TOO_LARGE);
    fake_stop();
}

/* Both arenas draw on one budget; what one cannot have stays for others. */
static void allocator_has_room_after_a_failure(void)
{
    block array = {0};
    block large = {0};
    block small = {0};

    fake_start(1, FAKE_MEMORY);
    MRT_OK(take(MRI_ARRAYS, FAKE_MEMORY / 2, &array));
    MRT_ERROR(take(MRI_HEAP, FAKE_MEMORY / 4 * 3, &large), MR_ERR_NO_MEMORY);
    MRT_OK(take(MRI_HEAP, 100000, &small));
    give(&small);
    MRT_OK(take(MRI_HEAP, FAKE_MEMORY / 4, &large));
    give(&large);
    give(&array);
    fake_stop();
}

/* Also if smaller blocks were there before. */
static void allocator_has_room_for_all_when_all_is_free(void)
{
    static const size_t sizes[] = {FAKE_MEMORY / 8 * 3, FAKE_MEMORY / 4 * 3,
                                   FAKE_MEMORY / 2};

    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        block first = {0};
        block second = {0};

        fake_start(1, FAKE_MEMORY);
        MRT_OK(take(MRI_ARRAYS, sizes[i] / 2, &first));
        MRT_OK(take(MRI_ARRAYS, sizes[i] / 2, &second));
        give(&first);
        give(&second);
        MRT_OK(take(MRI_ARRAYS, FAKE_MEMORY / 8 * 7, &first));
        give(&first);
        MRT_OK(take(MRI_ARRAYS, FAKE_MEMORY / 2, &first));
        MRT_OK(take(MRI_ARRAYS, FAKE_MEMORY / 8 * 3, &second));
        give(&first);
        give(&second);
        fake_stop();
    }
}

/* Small blocks come from slabs; empty slabs are not kept from others. */
static void allocator_has_room_for_large_when_all_small_is_free(void)
{
    enum { MOST = FAKE_MEMORY / MRI_CLASS_MIN };
    block *blocks = calloc(MOST, sizeof *blocks);
    block large = {0};
    uint64_t before;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    for (size_t size = MRI_CLASS_MIN; size <= LARGEST_CLASS; size *= 2) {
        size_t count = 0;

        while (count < MOST && take(MRI_HEAP, size, &blocks[count]) == MR_OK) {
            count++;
        }
        MRT_CHECK(count * size > FAKE_MEMORY / 2);
        for (size_t i = 0; i < count; i++) {
            give(&blocks[size % 3 ? i : count - 1 - i]);
        }
        MRT_EQUAL(fake_used(0), before);
        MRT_OK(take(MRI_HEAP, FAKE_MEMORY / 8 * 7, &large));
        give(&large);
        MRT_OK(take(MRI_ARRAYS, FAKE_MEMORY / 8 * 7, &large));
        give(&large);
    }
    fake_stop();
    free(blocks);
}

/* ---- many threads -------------------------------------------------------- */

enum { THREADS = 4, KEPT = 24, ROUNDS = 6000 };

static size_t any_size(uint64_t *seed)
{
    uint64_t random = fake_random(seed);

    return 1 + random % ((uint64_t)64 << random / 65536 % 12);
}

static void take_and_give(unsigned int number, void *unused)
{
    block kept[KEPT] = {0};
    uint64_t seed = number + 1;

    (void)unused;
    for (unsigned int i = 0; i < ROUNDS; i++) {
        block *b = &kept[fake_random(&seed) % KEPT];

        if (b->at) {
            MRT_CHECK(is_filled(b));
            give(b);
        } else if (!take(MRI_HEAP, any_size(&seed), b)) {
            fill(b, (unsigned char)(number * 64 + i % 64));
        }
    }
    for (unsigned int i = 0; i < KEPT; i++) {
        if (kept[i].at) {
            MRT_CHECK(is_filled(&kept[i]));
            give(&kept[i]);
        }
    }
}

static void check_threads(int64_t memory)
{
    uint64_t before;

    fake_start(1, memory);
    before = fake_used(0);
    fake_threads(THREADS, take_and_give, NULL);
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

static void allocator_keeps_threads_apart(void)
{
    check_threads(32 << 20);
}

static void allocator_keeps_threads_apart_when_memory_is_scarce(void)
{
    check_threads(2 << 20);
}

/* ---- deaths -------------------------------------------------------------- */

static void take_three_and_give_one(unsigned int number, void *user)
{
    mri_record *self = mri_self();
    const size_t *sizes = user;

    (void)number;
    (void)!mri_allocate(self, 0, MRI_HEAP, sizes[0], 0);
    (void)!mri_allocate(self, 0, MRI_HEAP, sizes[1], 1);
    mri_owned_free(self, 0);
    (void)!mri_allocate(self, 0, MRI_HEAP, sizes[2], 0);
    mri_owned_free(self, 1);
    mri_owned_free(self, 0);
}

static void allocator_loses_nothing_by_a_death_at_any_point(void)
{
    static const size_t sizes[][3] = {
        {64, 64, 64}, {100000, 50000, 70000}, {40000, 200, 40000}};

    if (!fake_has_points()) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        uint64_t endpoint;
        bool died = true;

        for (int64_t k = 1; died; k++) {
            uint64_t before;

            fake_start(1, FAKE_MEMORY);
            before = fake_used(0);
            endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
            died =
                fake_dies_at(k, take_three_and_give_one, 0, (void *)sizes[i]);
            mri_self_leave();
            mri_become(0, true);
            fake_reap(endpoint);
            MRT_EQUAL(fake_used(0), before);
            take_three_and_give_one(0, (void *)sizes[i]);
            MRT_EQUAL(fake_used(0), before);
            fake_stop();
        }
    }
}

static void release_hand(unsigned int number, void *unused)
{
    (void)number;
    (void)unused;
    mri_owned_free(mri_self(), 0);
}

/* The last block of a slab, while another slab has room. */
static void allocator_loses_no_slab_by_a_death_at_any_point(void)
{
    bool died = fake_has_points();

    for (int64_t k = 1; died; k++) {
        block blocks[4] = {{0}};
        uint64_t endpoint;
        uint64_t before;

        fake_start(1, FAKE_MEMORY);
        before = fake_used(0);
        for (size_t i = 0; i < MRT_COUNT(blocks); i++) {
            MRT_OK(take(MRI_HEAP, LARGEST_CLASS, &blocks[i]));
        }
        give(&blocks[0]);
        give(&blocks[1]);
        endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
        mri_store(&mri_self()->owned[0].size, blocks[2].size);
        mri_store(&mri_self()->owned[0].block, blocks[2].at);
        died = fake_dies_at(k, release_hand, 0, NULL);
        mri_self_leave();
        mri_become(0, true);
        fake_reap(endpoint);
        MRT_EQUAL(fake_used(0), before + LARGEST_CLASS);
        give(&blocks[3]);
        MRT_EQUAL(fake_used(0), before);
        MRT_OK(take(MRI_HEAP, FAKE_MEMORY / 8 * 7, &blocks[0]));
        give(&blocks[0]);
        fake_stop();
    }
}

/* ---- items and the rest -------------------------------------------------- */

enum { MANY_BLOCKS = 4096 };

/* Fills all that a pool may have with blocks of a size; their number. */
static unsigned int fill_pool(mri_pool pool, size_t size, block *blocks)
{
    unsigned int count = 0;
    mr_error error = MR_OK;

    while (count < MANY_BLOCKS && !error) {
        error = take(pool, size, &blocks[count]);
        count += !error;
    }
    MRT_ERROR(error, MR_ERR_NO_MEMORY);
    return count;
}

static void give_all(block *blocks, unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        give(&blocks[i]);
    }
}

/* Whatever the sizes, of which some fit into what others leave. */
static void items_leave_a_rest_to_all_else(void)
{
    static block items[2][MANY_BLOCKS];
    static const size_t sizes[] = {64, 2048, LARGEST_CLASS, 100000};
    block other;

    for (unsigned int i = 0; i < MRT_COUNT(sizes); i++) {
        unsigned int count[2] = {0};

        fake_start(1, FAKE_MEMORY);
        count[0] = fill_pool(MRI_QUEUE_ITEMS, LARGEST_CLASS, items[0]);
        MRT_CHECK(count[0] * (size_t)LARGEST_CLASS > FAKE_MEMORY / 2);
        MRT_OK(take(MRI_PIPE_ITEMS, sizes[i], &other));
        give(&other);
        count[1] = fill_pool(MRI_PIPE_ITEMS, LARGEST_CLASS, items[1]);
        MRT_CHECK(count[1] > 0);
        MRT_OK(take(MRI_HEAP, sizes[i], &other));
        give(&other);
        give_all(items[0], count[0]);
        give_all(items[1], count[1]);
        MRT_OK(take(MRI_QUEUE_ITEMS, sizes[i], &other));
        give(&other);
        fake_stop();
    }
}

static void item_that_would_take_the_rest_is_too_large(void)
{
    const mri_segment *segment;
    block b;

    fake_start(1, FAKE_MEMORY);
    segment = mri_segment_at(0);
    MRT_ERROR(take(MRI_QUEUE_ITEMS,
                   FAKE_MEMORY - mri_rest(segment, MRI_QUEUE_ITEMS) + 1, &b),
              MR_ERR_TOO_LARGE);
    MRT_OK(take(MRI_HEAP,
                FAKE_MEMORY / 2 + mri_rest(segment, MRI_PIPE_ITEMS) / 2, &b));
    give(&b);
    fake_stop();
}

/* ---- a system call that takes its time ----------------------------------- */

static mri_word backing; /* somebody is inside the call for large memory */
static mri_word go_on;

static void back_slowly(uint64_t size)
{
    if (size > 1 << 20) {
        mri_store(&backing, 1);
        while (!mri_load(&go_on)) {
            mrt_pause();
        }
    }
}

static void meet_a_slow_backing(unsigned int number, void *user)
{
    block b;

    (void)user;
    if (number == 0) {
        MRT_OK(take(MRI_HEAP, 2 << 20, &b));
        give(&b);
        return;
    }
    while (!mri_load(&backing)) {
        mrt_pause();
    }
    for (size_t size = 1; size <= 1 << 17; size *= 2) {
        if (MRT_OK(take(MRI_HEAP, size, &b))) {
            give(&b);
        }
    }
    if (MRT_OK(take(MRI_ARRAYS, 1 << 19, &b))) {
        give(&b);
    }
    mri_store(&go_on, 1);
}

static void others_allocate_while_memory_is_backed(void)
{
    fake_start(1, 2 * FAKE_MEMORY);
    mri_store(&backing, 0);
    mri_store(&go_on, 0);
    mri_before_backing = back_slowly;
    fake_threads(2, meet_a_slow_backing, NULL);
    mri_before_backing = NULL;
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"allocator_gives_blocks_of_all_sizes",
         allocator_gives_blocks_of_all_sizes, 0},
        {"allocator_reuses_what_was_freed", allocator_reuses_what_was_freed, 0},
        {"allocator_merges_neighbours", allocator_merges_neighbours, 0},
        {"allocator_is_exhausted_and_recovers",
         allocator_is_exhausted_and_recovers, 0},
        {"allocator_tells_what_can_never_fit",
         allocator_tells_what_can_never_fit, 0},
        {"allocator_has_room_after_a_failure",
         allocator_has_room_after_a_failure, 0},
        {"allocator_has_room_for_all_when_all_is_free",
         allocator_has_room_for_all_when_all_is_free, 0},
        {"allocator_has_room_for_large_when_all_small_is_free",
         allocator_has_room_for_large_when_all_small_is_free, 0},
        {"allocator_loses_no_slab_by_a_death_at_any_point",
         allocator_loses_no_slab_by_a_death_at_any_point, 0},
        {"allocator_keeps_threads_apart", allocator_keeps_threads_apart, 0},
        {"allocator_keeps_threads_apart_when_memory_is_scarce",
         allocator_keeps_threads_apart_when_memory_is_scarce, 0},
        {"allocator_loses_nothing_by_a_death_at_any_point",
         allocator_loses_nothing_by_a_death_at_any_point, 0},
        {"items_leave_a_rest_to_all_else", items_leave_a_rest_to_all_else, 0},
        {"item_that_would_take_the_rest_is_too_large",
         item_that_would_take_the_rest_is_too_large, 0},
        {"others_allocate_while_memory_is_backed",
         others_allocate_while_memory_is_backed, 0},
    };

    return mrt_main("allocator", tests, MRT_COUNT(tests), argc, argv);
}
