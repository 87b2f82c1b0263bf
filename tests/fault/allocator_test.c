/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the allocator.  What is allocated lies in words of an Array,
 * which stand for the words of an object; its first word is the latch.
 */
#include "fault/kill.h"

enum {
    WORDS = 600,
    LAST = WORDS - 1,
    TINY = 64,
    MIDDLE = 16 << 10,
    RUN = 80000,
    PAGES = 81920
};

typedef struct words {
    mri_word latch;
    mri_word block[WORDS];
    uint64_t size[WORDS];
} words;

static unsigned int place_of(const scene *s)
{
    return (unsigned int)s->place - 1;
}

static words *words_of(const scene *s)
{
    void *data = NULL;

    return mr_array_data(s->array, &data) == MR_OK ? data : NULL;
}

/* Allocate into a word, or free what is in it. */
static mr_error fill_word(const scene *s, mri_pool pool, int i, size_t size)
{
    mri_record *self = mri_self();
    words *all = words_of(s);
    mr_error error = mri_allocate(self, place_of(s), pool, size, 0);

    if (error) {
        return error;
    }
    all->size[i] = size;
    mri_latch(self, &all->latch);
    mri_owned_move(self, 0, &all->block[i]);
    mri_commit(self);
    mri_unlatch(self, &all->latch);
    return MR_OK;
}

static void empty_word(const scene *s, int i)
{
    mri_record *self = mri_self();
    words *all = words_of(s);

    if (!mri_peek(&all->block[i])) {
        return;
    }
    mri_latch(self, &all->latch);
    mri_owned_take(self, 0, &all->block[i], all->size[i]);
    mri_commit(self);
    mri_unlatch(self, &all->latch);
    mri_owned_free(self, 0);
}

/* ---- scenes -------------------------------------------------------------- */

static bool make_words(scene *s)
{
    const mr_array_options options = {.place = s->place};

    return MRT_OK(mr_array_create(
        &s->array, MR_INT64, sizeof(words) / sizeof(int64_t), NULL, &options));
}

static bool no_blocks(scene *s)
{
    s->item = TINY;
    return make_words(s);
}

static bool one_small_block(scene *s)
{
    return no_blocks(s) && MRT_OK(fill_word(s, MRI_HEAP, 0, TINY));
}

static bool one_run(scene *s)
{
    s->item = RUN;
    return make_words(s) && MRT_OK(fill_word(s, MRI_HEAP, 0, RUN));
}

/* One page more than has memory behind it. */
static bool no_memory_behind(scene *s)
{
    const mri_arena *arrays = &mri_segment_at(place_of(s))->arrays;

    if (!make_words(s)) {
        return false;
    }
    s->item = mri_load(&arrays->backed) - mri_load(&arrays->top) + MRI_PAGE;
    if (s->item < RUN) {
        s->item = RUN;
    }
    return true;
}

/* Nothing is left of the last slab of the largest class. */
static bool used_slabs(scene *s)
{
    mri_class *class =
        &mri_segment_at(place_of(s))->heap.classes[MRI_CLASSES - 1];
    int i = 0;

    s->item = MIDDLE;
    if (!make_words(s)) {
        return false;
    }
    while (mri_load(&class->open)) {
        if (!MRT_OK(fill_word(s, MRI_HEAP, i++, MIDDLE))) {
            return false;
        }
    }
    return true;
}

/* Three runs side by side in words 0, 1, 2, with a block behind them. */
static bool neighbours(scene *s)
{
    words *all;
    int first = 4;

    s->item = RUN;
    if (!make_words(s)) {
        return false;
    }
    all = words_of(s);
    for (;; first += 4) {
        for (int i = 0; i < 4; i++) {
            if (!MRT_OK(fill_word(s, MRI_HEAP, first + i, RUN))) {
                return false;
            }
        }
        if (mri_load(&all->block[first + 1]) ==
                mri_load(&all->block[first]) + PAGES &&
            mri_load(&all->block[first + 2]) ==
                mri_load(&all->block[first + 1]) + PAGES &&
            mri_load(&all->block[first + 3]) ==
                mri_load(&all->block[first + 2]) + PAGES) {
            s->extra = first;
            return true;
        }
    }
}

static bool free_before(scene *s)
{
    if (!neighbours(s)) {
        return false;
    }
    empty_word(s, (int)s->extra);
    return true;
}

static bool free_after(scene *s)
{
    if (!neighbours(s)) {
        return false;
    }
    empty_word(s, (int)s->extra + 2);
    return true;
}

static bool free_around(scene *s)
{
    if (!free_before(s)) {
        return false;
    }
    empty_word(s, (int)s->extra + 2);
    return true;
}

/* ---- operations ---------------------------------------------------------- */

static void allocate(const scene *s)
{
    CHILD_OK(mri_allocate(mri_self(), place_of(s), MRI_HEAP, s->item, 0));
}

static void allocate_for_array(const scene *s)
{
    CHILD_OK(mri_allocate(mri_self(), place_of(s), MRI_ARRAYS, s->item, 0));
}

static void release(const scene *s)
{
    (void)s;
    mri_owned_free(mri_self(), 0);
}

static void fill(const scene *s)
{
    CHILD_OK(fill_word(s, MRI_HEAP, LAST, s->item));
}

static void hand_over(const scene *s)
{
    mri_record *self = mri_self();
    words *all = words_of(s);

    all->size[LAST] = s->item;
    mri_latch(self, &all->latch);
    mri_owned_move(self, 0, &all->block[LAST]);
    mri_commit(self);
    mri_unlatch(self, &all->latch);
}

static void empty_first(const scene *s)
{
    empty_word(s, 0);
}

static void empty_middle(const scene *s)
{
    empty_word(s, (int)s->extra + 1);
}

/* Part of a run that another freed. */
static void allocate_part(const scene *s)
{
    CHILD_OK(mri_allocate(mri_self(), place_of(s), MRI_HEAP, RUN / 2, 0));
}

/* ---- checks -------------------------------------------------------------- */

/* The words are on this node, so that any process can see to them. */
static void use_allocator(const scene *s)
{
    static const size_t sizes[] = {1, 64, 3000, MIDDLE, RUN, 3 * RUN};
    mri_record *self = mri_self();

    for (unsigned int i = 0; i < MRT_COUNT(sizes); i++) {
        mri_ref block;

        CHILD_OK(mri_allocate(self, place_of(s), MRI_HEAP, sizes[i], 0));
        block = mri_peek(&self->owned[0].block);
        memset(mri_at(block), 0xaa, sizes[i]);
        CHILD_OK(mri_allocate(self, place_of(s), MRI_HEAP, sizes[i], 1));
        CHILD_CHECK(mri_peek(&self->owned[1].block) != block);
        mri_owned_free(self, 0);
        mri_owned_free(self, 1);
    }
    CHILD_OK(mri_allocate(self, place_of(s), MRI_ARRAYS, RUN, 0));
    mri_owned_free(self, 0);
}

static bool is_filled(const scene *s, int i)
{
    return mri_load(&words_of(s)->block[i]) != 0;
}

static void check(scene *s)
{
    MRT_EQUAL(mri_load(&words_of(s)->latch), 0);
    USE(use_allocator, s);
    for (int i = 0; i < WORDS; i++) {
        empty_word(s, i);
    }
    USE(use_allocator, s);
    MRT_OK(mr_array_destroy(s->array));
}

static void check_filled(scene *s)
{
    check_effect(s, is_filled(s, LAST));
    check(s);
}

static void check_emptied(scene *s)
{
    check_effect(s, !is_filled(s, 0));
    check(s);
}

static void check_middle(scene *s)
{
    check_effect(s, !is_filled(s, (int)s->extra + 1));
    check(s);
}

#define ROW(name, prepare, begin, operate, check)         \
    {                                                     \
        name, prepare, begin, operate, NULL, check, false \
    }

const operation operations[] = {
    ROW("allocate_small", no_blocks, NULL, allocate, check),
    ROW("allocate_with_new_slab", used_slabs, NULL, allocate, check),
    ROW("allocate_run", one_run, NULL, allocate, check),
    ROW("allocate_part_of_run", free_around, NULL, allocate_part, check),
    ROW("allocate_new_memory", no_memory_behind, NULL, allocate_for_array,
        check),
    ROW("release_small", no_blocks, allocate, release, check),
    ROW("release_run", one_run, allocate, release, check),
    ROW("release_new_memory", no_memory_behind, allocate_for_array, release,
        check),
    ROW("hand_over_small", no_blocks, allocate, hand_over, check_filled),
    ROW("hand_over_run", one_run, allocate, hand_over, check_filled),
    ROW("allocate_and_hand_over", used_slabs, NULL, fill, check),
    ROW("take_back_small", one_small_block, NULL, empty_first, check_emptied),
    ROW("take_back_run", one_run, NULL, empty_first, check_emptied),
    ROW("release_between_used", neighbours, NULL, empty_middle, check_middle),
    ROW("release_behind_free", free_before, NULL, empty_middle, check_middle),
    ROW("release_before_free", free_after, NULL, empty_middle, check_middle),
    ROW("release_between_free", free_around, NULL, empty_middle, check_middle),
};

int main(int argc, char **argv)
{
    return kill_main("fault/allocator", MRT_COUNT(operations), NULL, 0, argc,
                     argv);
}
