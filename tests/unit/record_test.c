/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records: latches, notes, intents, and what repair makes of them.
 */
#include "unit/fake.h"

#include <pthread.h>
#include <string.h>

#include "engine/reaper.h"

/* Some shared words, in a row that is as good as any. */
typedef struct words {
    mri_word latch;
    mri_word other_latch;
    mri_word a;
    mri_word b;
    mri_word intended;
} words;

static words *shared(void)
{
    mri_segment *segment = mri_segment_at(0);

    return mri_table_row(&segment->objects, MRI_OBJECTS_MAX - 1);
}

/* Let a thread run until it dies, then repair and reap it. */
static void live_and_die(fake_body *body)
{
    fake_threads(1, body, NULL);
    mri_reap_repair(fake_endpoint_of(0));
    fake_reap(fake_endpoint_of(0));
}

static void expect_words(uint64_t a, uint64_t b)
{
    MRT_EQUAL(mri_load(&shared()->latch), 0);
    MRT_EQUAL(mri_load(&shared()->other_latch), 0);
    MRT_EQUAL(mri_load(&shared()->a), a);
    MRT_EQUAL(mri_load(&shared()->b), b);
}

/* ---- notes --------------------------------------------------------------- */

static void die_before_commit(unsigned int number, void *unused)
{
    mri_record *self = mri_self();

    (void)number;
    (void)unused;
    mri_store(&shared()->a, 1);
    mri_store(&shared()->b, 2);
    mri_latch(self, &shared()->latch);
    mri_latch(self, &shared()->other_latch);
    mri_set(self, &shared()->a, 10);
    mri_set(self, &shared()->b, 20);
    mri_set(self, &shared()->a, 100);
    fake_die();
}

static void notes_are_undone_when_their_thread_dies(void)
{
    fake_start(2, FAKE_MEMORY);
    live_and_die(die_before_commit);
    expect_words(1, 2);
    fake_stop();
}

static void die_after_commit(unsigned int number, void *unused)
{
    mri_record *self = mri_self();

    (void)number;
    (void)unused;
    mri_latch(self, &shared()->latch);
    mri_set(self, &shared()->a, 10);
    mri_set(self, &shared()->b, 20);
    mri_commit(self);
    fake_die();
}

static void committed_changes_stay_when_their_thread_dies(void)
{
    fake_start(2, FAKE_MEMORY);
    live_and_die(die_after_commit);
    expect_words(10, 20);
    fake_stop();
}

/* ---- intents ------------------------------------------------------------ */

static void die_with_an_intent(unsigned int number, void *user)
{
    mri_record *self = mri_self();
    const bool *kept = user;

    (void)number;
    (void)!mri_allocate(self, 0, MRI_HEAP, 64, 0);
    mri_latch(self, &shared()->latch);
    mri_intent(self, &shared()->intended, 5, 0, 0);
    if (*kept) {
        mri_store(&shared()->intended, 5);
    }
    fake_die();
}

static void intent_counts_only_if_its_store_was_made(void)
{
    static const bool both[] = {false, true};

    for (size_t i = 0; i < MRT_COUNT(both); i++) {
        uint64_t before;

        fake_start(1, FAKE_MEMORY);
        before = fake_used(0);
        fake_threads(1, die_with_an_intent, (void *)&both[i]);
        fake_reap(fake_endpoint_of(0));
        /* Kept: the block is in the object's hands, that is, in ours. */
        MRT_EQUAL(fake_used(0), before + (both[i] ? 64 : 0));
        MRT_EQUAL(mri_load(&shared()->latch), 0);
        fake_stop();
    }
}

static void die_with_an_intentd_block(unsigned int number, void *unused)
{
    mri_record *self = mri_self();
    mri_ref block;

    (void)number;
    (void)unused;
    (void)!mri_allocate(self, 0, MRI_HEAP, 64, 0);
    block = mri_load(&self->owned[0].block);
    mri_store(&self->owned[0].block, 0);
    mri_latch(self, &shared()->latch);
    mri_intent(self, &shared()->intended, 5, block, 64);
    mri_store(&shared()->intended, 5);
    fake_die();
}

static void intended_block_is_freed_after_death(void)
{
    uint64_t before;

    fake_start(1, FAKE_MEMORY);
    before = fake_used(0);
    live_and_die(die_with_an_intentd_block);
    MRT_EQUAL(fake_used(0), before);
    fake_stop();
}

/* ---- latches ------------------------------------------------------------- */

enum { ADDS = 20000 };

static void add_under_latch(unsigned int number, void *user)
{
    mri_record *self = mri_self();
    uint64_t *plain = user;

    (void)number;
    for (unsigned int i = 0; i < ADDS; i++) {
        mri_latch(self, &shared()->latch);
        ++*plain;
        mri_unlatch(self, &shared()->latch);
    }
}

static void latch_excludes_others(void)
{
    uint64_t plain = 0;

    fake_start(2, FAKE_MEMORY);
    fake_threads(4, add_under_latch, &plain);
    MRT_EQUAL(plain, 4 * ADDS);
    fake_stop();
}

static void reap_first(void)
{
    mri_reap_repair(fake_endpoint_of(0));
}

static void latch_of_a_dead_thread_is_had_by_repair(void)
{
    mri_record *self;

    fake_start(1, FAKE_MEMORY);
    fake_threads(1, die_before_commit, NULL);
    self = mri_self();
    mri_stalled = reap_first;
    mri_latch(self, &shared()->latch);
    mri_stalled = NULL;
    MRT_EQUAL(mri_load(&shared()->a), 1);
    mri_unlatch(self, &shared()->latch);
    fake_reap(fake_endpoint_of(0));
    expect_words(1, 2);
    fake_stop();
}

/* A latch that is wanted, and another has it. */
static void die_while_waiting(unsigned int number, void *user)
{
    mri_record *self = mri_self();

    (void)number;
    mri_store(&self->held[0], mri_ref_of(user));
    fake_die();
}

static void latch_of_another_is_not_freed(void)
{
    mri_record *self;

    fake_start(1, FAKE_MEMORY);
    self = mri_self();
    mri_latch(self, &shared()->latch);
    fake_threads(1, die_while_waiting, &shared()->latch);
    fake_reap(fake_endpoint_of(0));
    MRT_EQUAL(mri_load(&shared()->latch), mri_ref_of(self));
    mri_unlatch(self, &shared()->latch);
    fake_stop();
}

/* ---- repair again ------------------------------------------------------- */

typedef struct two_deaths {
    uint64_t dead;
} two_deaths;

static void change(unsigned int number, void *unused)
{
    mri_record *self = mri_self();

    (void)number;
    (void)unused;
    mri_latch(self, &shared()->latch);
    mri_set(self, &shared()->a, 10);
    mri_set(self, &shared()->b, 20);
    mri_commit(self);
    mri_set(self, &shared()->a, 11);
    mri_set(self, &shared()->b, 21);
    mri_commit(self);
    mri_unlatch(self, &shared()->latch);
}

static void repair(unsigned int number, void *user)
{
    const two_deaths *m = user;

    (void)number;
    mri_reap_repair(m->dead);
}

/* Die at point k of a change, and the repairer at point j of the repair. */
static bool die_twice(int64_t k, int64_t j, bool *repairer_died)
{
    two_deaths m;
    bool died;
    uint64_t repairer;
    uint64_t a;

    memset(shared(), 0, sizeof(words));
    m.dead = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    died = fake_dies_at(k, change, 0, NULL);
    mri_self_leave();
    repairer = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 1);
    *repairer_died = fake_dies_at(j, repair, 0, &m);
    mri_self_leave();
    mri_become(0, true);
    fake_reap(repairer);
    fake_reap(m.dead);
    a = mri_load(&shared()->a);
    MRT_CHECK(a == 0 || a == 10 || a == 11);
    expect_words(a, a ? a + 10 : 0);
    return died;
}

static void repair_can_be_done_again_after_a_death_in_it(void)
{
    bool died = true;

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    for (int64_t k = 1; died; k++) {
        bool repairer_died = true;

        for (int64_t j = 1; repairer_died; j++) {
            died = die_twice(k, j, &repairer_died);
        }
    }
    fake_stop();
}

/* ---- the table ----------------------------------------------------------- */

static void have_a_record(unsigned int number, void *user)
{
    mri_record **record = user;

    (void)number;
    *record = mri_self();
    MRT_CHECK(*record != NULL);
    MRT_EQUAL(mri_load(&(*record)->owner), mri_self_endpoint());
}

static void record_is_given_back_at_thread_exit(void)
{
    mri_record *first = NULL;
    mri_record *later = NULL;
    uint64_t used;

    fake_start(1, FAKE_MEMORY);
    fake_threads(1, have_a_record, &first);
    used = mri_load(&mri_segment_at(0)->records.used);
    for (unsigned int i = 0; i < 50; i++) {
        fake_threads(1, have_a_record, &later);
        MRT_CHECK(later == first);
    }
    MRT_EQUAL(mri_load(&mri_segment_at(0)->records.used), used);
    MRT_EQUAL(mri_load(&mri_segment_at(0)->awake), 1);
    fake_stop();
}

static void records_are_limited(void)
{
    uint64_t self = 0;
    unsigned int count = 0;

    fake_start(1, FAKE_MEMORY);
    self = mri_self_endpoint();
    for (count = 0; count <= MRI_RECORDS_MAX; count++) {
        mri_become(self, true);
        if (!mri_self()) {
            break;
        }
    }
    MRT_EQUAL(count, MRI_RECORDS_MAX - 1);
    mri_record_free(
        mri_table_row(&mri_segment_at(0)->records, MRI_RECORDS_MAX / 2));
    MRT_CHECK(mri_self() != NULL);
    fake_stop();
}

static void there_is_no_record_outside_a_job(void)
{
    MRT_CHECK(mri_self() == NULL);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"there_is_no_record_outside_a_job", there_is_no_record_outside_a_job,
         0},
        {"notes_are_undone_when_their_thread_dies",
         notes_are_undone_when_their_thread_dies, 0},
        {"committed_changes_stay_when_their_thread_dies",
         committed_changes_stay_when_their_thread_dies, 0},
        {"intent_counts_only_if_its_store_was_made",
         intent_counts_only_if_its_store_was_made, 0},
        {"intended_block_is_freed_after_death",
         intended_block_is_freed_after_death, 0},
        {"latch_excludes_others", latch_excludes_others, 0},
        {"latch_of_a_dead_thread_is_had_by_repair",
         latch_of_a_dead_thread_is_had_by_repair, 0},
        {"latch_of_another_is_not_freed", latch_of_another_is_not_freed, 0},
        {"repair_can_be_done_again_after_a_death_in_it",
         repair_can_be_done_again_after_a_death_in_it, 0},
        {"record_is_given_back_at_thread_exit",
         record_is_given_back_at_thread_exit, 0},
        {"records_are_limited", records_are_limited, 0},
    };

    return mrt_main("record", tests, MRT_COUNT(tests), argc, argv);
}
