/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the records of threads: taking and freeing them, latches, notes, and
 * the repair of what a dead thread left behind.
 *
 * Order of the stores is all that matters here: a note is complete before
 * the word changes, a latch is listed before it is taken, and listed no
 * longer only after it was given back.
 */
#include "memory/record.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"
#include "util/rank_local.h"

_Thread_local mri_record *mri_self_record
    __attribute__((tls_model("initial-exec")));
void (*mri_stalled)(void);
void (*_Atomic mri_before_leave)(mri_record *self);
void (*_Atomic mri_working_thread_ends)(mri_record *self);

/* The endpoint that a thread is if it became no other. */
static MRI_RANK_LOCAL uint64_t endpoint_of_rank;
#define process_endpoint MRI_OWN(endpoint_of_rank)

static _Thread_local uint64_t thread_endpoint;
static pthread_key_t leave_key;
static pthread_once_t leave_once = PTHREAD_ONCE_INIT;

mri_endpoint *mri_endpoint_at(uint64_t id)
{
    mri_segment *segment = mri_segment_at(mri_index_of(mri_endpoint_rank(id)));

    return mri_table_row(&segment->endpoints, mri_endpoint_slot(id));
}

uint64_t mri_self_endpoint(void)
{
    return thread_endpoint ? thread_endpoint : process_endpoint;
}

mri_record *mri_act_as(mri_record *record)
{
    mri_record *before = mri_self_record;

    mri_self_record = record;
    thread_endpoint = record ? mri_peek(&record->owner) : 0;
    return before;
}

void mri_become(uint64_t endpoint, bool thread_only)
{
    mri_self_record = NULL;
    if (thread_only) {
        thread_endpoint = endpoint;
    } else {
        thread_endpoint = 0;
        process_endpoint = endpoint;
    }
}

/* Records are taken by one store, so nothing needs repair here. */
static mri_record *claim_in(mri_segment *segment, uint64_t endpoint)
{
    mri_table *table = &segment->records;

    for (uint64_t i = 0; i < table->max; i++) {
        mri_record *record = mri_table_row(table, i);
        uint64_t used = mri_load(&table->used);
        uint64_t nobody = 0;

        while (i >= mri_load(&table->backed)) {
            if (mri_table_grow(table)) {
                return NULL;
            }
        }
        while (used <= i && !mri_cas(&table->used, &used, i + 1)) {
        }
        if (mri_load(&record->owner) == 0 &&
            mri_cas(&record->owner, &nobody, endpoint)) {
            return record;
        }
    }
    return NULL;
}

/* In a process that the user's code has forked, the record is that of a thread
 * of its parent. */
static void leave_at_exit(void *unused)
{
    void (*ends)(mri_record *) = atomic_load(&mri_working_thread_ends);
    mri_record *record = mri_self_record;

    (void)unused;
    if (!record || !mri_node.base ||
        mri_peek(&record->pid) != (uint64_t)getpid()) {
        return;
    }
    if (mri_peek(&record->working) && ends) {
        ends(record);
    }
    mri_self_leave();
}

static void make_key(void)
{
    pthread_key_create(&leave_key, leave_at_exit);
}

static mri_record *refuse(const char *text)
{
    static atomic_bool warned;
    bool again = atomic_exchange(&warned, true);

    (void)!mri_fail(MR_ERR_STATE, again ? MR_LOG_DEBUG : MR_LOG_WARNING, "%s",
                    text);
    return NULL;
}

mri_record *mri_self_claim(void)
{
    uint64_t endpoint = mri_self_endpoint();
    mri_segment *segment;
    mri_record *record;

    if (!mri_node.base || !endpoint) {
        return refuse("there is no job: call mr_init first, and nothing after "
                      "mr_finalize");
    }
    segment = mri_segment_at(mri_index_of(mri_endpoint_rank(endpoint)));
    record = claim_in(segment, endpoint);
    if (!record) {
        return refuse("too many threads of this rank and its processes use the "
                      "library at once");
    }
    mri_store(&record->pid, (uint64_t)getpid());
    mri_store(&record->sleeping, MRI_AWAKE);
    mri_add(&segment->awake, 1);
    record->depth = 0;
    record->pipelined = 0;
    record->told_it_may_hold = false;
    mri_self_record = record;
    pthread_once(&leave_once, make_key);
    pthread_setspecific(leave_key, record);
    return record;
}

mri_record *mri_proxy_claim(unsigned int index, uint64_t endpoint)
{
    mri_record *record = claim_in(mri_segment_at(index), endpoint);

    if (record) {
        mri_store(&record->sleeping, MRI_BY_SERVICE);
        record->depth = 0;
        record->pipelined = 0;
        record->told_it_may_hold = true; /* its own node tells of its end */
    }
    return record;
}

void mri_self_leave(void)
{
    mri_record *record = mri_self_record;
    void (*before_leave)(mri_record *) = atomic_load(&mri_before_leave);

    if (!record || !mri_node.base) {
        return;
    }
    if (before_leave) {
        before_leave(record);
    }
    mri_self_record = NULL;
    pthread_setspecific(leave_key, NULL);
    mri_add(&mri_segment_at(mri_segment_of(mri_ref_of(record)))->awake,
            (uint64_t)-1);
    mri_record_free(record);
}

/*
 * A latch is held for some ten stores, so its holder is done soon, is not
 * running, or is dead.  Spin for the first, yield for the second; the third
 * is repaired by the holder's fork server.  Not inline, lest mri_latch save
 * registers for it.
 */
__attribute__((noinline)) static void latch_contended(mri_word *latch,
                                                      uint64_t me)
{
    for (unsigned int round = 0;; round++) {
        uint64_t free = 0;

        if (mri_peek(latch) == 0 && mri_cas(latch, &free, me)) {
            return;
        }
        if (round < 200) {
            mri_pause();
        } else if (round < 400) {
            sched_yield();
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
            if (mri_stalled) {
                mri_stalled();
            }
        }
    }
}

void mri_latch(mri_record *self, mri_word *latch)
{
    uint64_t me = mri_ref_of(self);
    uint64_t free = 0;

    assert(self->depth < MRI_HELD_MAX);
    mri_store(&self->held[self->depth++], mri_ref_of(latch));
    if (!mri_cas(latch, &free, me)) {
        latch_contended(latch, me);
    }
}

bool mri_latch_if_free(mri_record *self, mri_word *latch)
{
    uint64_t free = 0;

    assert(self->depth < MRI_HELD_MAX);
    mri_store(&self->held[self->depth], mri_ref_of(latch));
    if (mri_cas(latch, &free, mri_ref_of(self))) {
        self->depth++;
        return true;
    }
    mri_store(&self->held[self->depth], 0);
    return false;
}

void mri_unlatch(mri_record *self, mri_word *latch)
{
    assert(mri_peek(latch) == mri_ref_of(self));
    mri_swap(latch, 0);
    self->depth--;
    assert(mri_peek(&self->held[self->depth]) == mri_ref_of(latch));
    mri_store(&self->held[self->depth], 0);
}

void mri_set(mri_record *self, mri_word *word, uint64_t value)
{
    uint64_t count = mri_peek(&self->notes);

    assert(count < MRI_NOTES_MAX && self->depth > 0);
    mri_store(&self->log[count].word, mri_ref_of(word));
    mri_store(&self->log[count].old, mri_peek(word));
    mri_store(&self->notes, count + 1);
    mri_store(word, value);
}

void mri_intent(mri_record *self, mri_word *word, uint64_t value, mri_ref block,
                uint64_t size)
{
    mri_store(&self->intent_value, value);
    mri_store(&self->intent_block, block);
    mri_store(&self->intent_size, size);
    mri_store(&self->intent_word, mri_ref_of(word));
}

/* Size first: an owned slot without a block is empty whatever its size. */
void mri_intent_done(mri_record *self)
{
    mri_store(&self->owned[0].block, 0);
    mri_store(&self->owned[0].size, mri_peek(&self->intent_size));
    mri_store(&self->owned[0].block, mri_peek(&self->intent_block));
    mri_store(&self->intent_word, 0);
}

void mri_record_repair(mri_record *dead)
{
    uint64_t intent = mri_load(&dead->intent_word);

    for (uint64_t left = mri_load(&dead->notes); left > 0; left--) {
        mri_note *note = &dead->log[left - 1];

        mri_store(mri_at(mri_load(&note->word)), mri_load(&note->old));
    }
    mri_store(&dead->notes, 0);
    if (intent && mri_load(mri_at(intent)) == mri_load(&dead->intent_value)) {
        mri_intent_done(dead);
    }
    mri_store(&dead->intent_word, 0);
    for (unsigned int i = 0; i < MRI_HELD_MAX; i++) {
        uint64_t latch = mri_load(&dead->held[i]);
        uint64_t holder = mri_ref_of(dead);

        if (latch) {
            mri_cas(mri_at(latch), &holder, 0);
        }
        mri_store(&dead->held[i], 0);
    }
    dead->depth = 0;
    mri_store(&dead->gone, 1);
}

void mri_record_free(mri_record *record)
{
    mri_store(&record->active, 0);
    mri_store(&record->working, 0);
    mri_store(&record->sleeping, MRI_AWAKE);
    mri_store(&record->waits, 0);
    mri_store(&record->waits_count, 0);
    mri_store(&record->gone, 0);
    mri_store(&record->owner, 0);
}

void mri_records_visit(unsigned int segment,
                       void (*visit)(mri_record *record, void *user),
                       void *user)
{
    mri_table *table = &mri_segment_at(segment)->records;
    uint64_t used = mri_load(&table->used);

    for (uint64_t i = 0; i < used; i++) {
        mri_record *record = mri_table_row(table, i);

        if (i < mri_load(&table->backed) && mri_load(&record->owner) != 0) {
            visit(record, user);
        }
    }
}
