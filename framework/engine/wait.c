/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns waiting: lists, doorbells, sleeping and spinning.  Latch: the
 * object's wait_latch, never together with another.
 */
#include "engine/wait.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "engine/interrupt.h"
#include "util/clock.h"
#include "util/settings.h"

/* ---- doorbells ----------------------------------------------------------- */

/* The futex is the lower half of the bell. */
static uint32_t *futex_of(mri_record *record)
{
    uint32_t *halves = (uint32_t *)&record->bell;

    return &halves[__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__];
}

/* The service thread of the proxy's rank is to look for bells that have rung.
 */
static void ring_service(const mri_record *proxy)
{
    mri_segment *segment = mri_segment_at(mri_segment_of(mri_ref_of(proxy)));
    mri_ref service = mri_load(&segment->service);

    mri_add(&segment->rung, 1);
    if (service) {
        mri_ring(mri_at(service));
    }
}

static void count_awake(const mri_record *record, bool awake)
{
    mri_segment *segment = mri_segment_at(mri_segment_of(mri_ref_of(record)));

    mri_add(&segment->awake, awake ? 1 : (uint64_t)-1);
}

/* It counts as awake from now on and not only when it runs: who rings may wait
 * next, on the processor that it needs. */
static void wake_from_futex(mri_record *record)
{
    uint64_t how = MRI_ON_FUTEX;

    if (mri_cas(&record->sleeping, &how, MRI_WOKEN)) {
        count_awake(record, true);
    }
    syscall(SYS_futex, futex_of(record), FUTEX_WAKE, 1, NULL, NULL, 0);
}

void mri_ring(mri_record *record)
{
    uint64_t how;

    mri_add(&record->bell, 1);
    how = mri_load(&record->sleeping);
    if (how == MRI_ON_FUTEX || how == MRI_WOKEN) {
        wake_from_futex(record);
    } else if (how == MRI_IN_POLL) {
        /* SIGURG does nothing to a process that does not wait for it. */
        kill((pid_t)mri_load(&record->pid), SIGURG);
    } else if (how == MRI_BY_SERVICE) {
        ring_service(record);
    }
    mri_fault_point();
}

void mri_sleeping(mri_record *self, uint64_t how)
{
    uint64_t before = mri_swap(&self->sleeping, how);

    if (mri_is_awake(before) != mri_is_awake(how)) {
        count_awake(self, mri_is_awake(how));
    }
}

/* Sleep until the bell differs from `bell`, the deadline has passed, or, where
 * `signals` says so, a signal has been handled. */
static void sleep_on_futex(mri_record *self, uint64_t bell, int64_t deadline,
                           bool signals)
{
    struct timespec until = {.tv_sec = deadline / 1000000000,
                             .tv_nsec = deadline % 1000000000};
    bool over = false;

    do {
        /* Said again after a wake that was for an earlier sleep. */
        mri_sleeping(self, MRI_ON_FUTEX);
        if (mri_load(&self->bell) == bell) {
            over =
                syscall(SYS_futex, futex_of(self), FUTEX_WAIT_BITSET,
                        (uint32_t)bell, deadline == MRI_NEVER ? NULL : &until,
                        NULL, FUTEX_BITSET_MATCH_ANY) != 0 &&
                (errno == ETIMEDOUT || (signals && errno == EINTR));
        }
    } while (!over && mri_load(&self->bell) == bell);
    mri_sleeping(self, MRI_AWAKE);
}

bool mri_sleep(mri_record *self, uint64_t bell, int64_t deadline)
{
    sleep_on_futex(self, bell, deadline, false);
    return mri_load(&self->bell) != bell;
}

mr_error mri_sleep_in_call(mri_record *self, uint64_t bell, int64_t deadline)
{
    if (!mri_may_be_interrupted()) {
        return mri_sleep(self, bell, deadline) ? MR_OK : MR_ERR_TIMEOUT;
    }
    while (mri_load(&self->bell) == bell) {
        if (mri_is_interrupted()) {
            return MR_ERR_INTERRUPTED;
        }
        if (mri_now() >= deadline) {
            return MR_ERR_TIMEOUT;
        }
        sleep_on_futex(self, bell, mri_interrupt_deadline(deadline), true);
    }
    return MR_OK;
}

/* ---- spinning ------------------------------------------------------------ */

/* A network is slower than another core: where there is one, spins are longer
 * by a factor. */
enum { YIELDS = 3, ROUNDS_PER_LOOK = 64, FAR = 4, SWITCH = 64 };

static int64_t threads_awake(void)
{
    uint64_t awake = 0;

    for (unsigned int i = 0; i < mri_node.count; i++) {
        awake += mri_peek(&mri_segment_at(i)->awake);
    }
    return (int64_t)awake;
}

static _Thread_local unsigned int own_processors;

void mri_spin_beside_own(unsigned int processors)
{
    own_processors = processors;
}

static bool own_are_crowded(void)
{
    unsigned int own = mri_segment_of(mri_ref_of(mri_self()));

    return own_processors && (int64_t)mri_peek(&mri_segment_at(own)->awake) >
                                 (int64_t)own_processors;
}

/* A thread that waits for others of its own rank lets them run, but first spins
 * for about as long as a switch takes: another rank may be done by then
 * (competitive spinning; Karlin, Li, Manasse and Owicki, SOSP 1991). */
void mri_spin_start(mri_spinner *spinner)
{
    bool own = own_are_crowded();
    bool crowded =
        own || threads_awake() > (int64_t)mri_segment_at(0)->processors;

    *spinner = (mri_spinner){.end = crowded ? 0 : MRI_NEVER,
                             .rounds = own ? SWITCH : 0,
                             .yields = crowded ? YIELDS : 0};
}

void mri_spin_start_anyway(mri_spinner *spinner)
{
    *spinner = (mri_spinner){.end = MRI_NEVER};
}

void mri_spin_start_or_sleep(mri_spinner *spinner)
{
    mri_spin_start(spinner);
    spinner->rounds = 0;
    spinner->yields = 0;
}

/* Neither this nor the next is inline: a round of mri_spin would save
 * registers for them. */
static bool __attribute__((noinline)) yield(mri_spinner *spinner)
{
    if (spinner->yields == 0) {
        return false;
    }
    spinner->yields--;
    sched_yield();
    return true;
}

static bool __attribute__((noinline)) has_time(mri_spinner *spinner)
{
    int64_t now = mri_now();

    if (spinner->end == MRI_NEVER) {
        spinner->end = now + mri_settings()->spin * 1000 *
                                 (mri_node.count < mri_node.ranks ? FAR : 1);
    }
    return now < spinner->end;
}

/* The clock is looked at seldom, and not before the first rounds. */
bool mri_spin(mri_spinner *spinner)
{
    if (spinner->end == 0) {
        if (spinner->rounds == 0) {
            return yield(spinner);
        }
        spinner->rounds--;
        mri_pause();
        return true;
    }
    mri_pause();
    return ++spinner->round % ROUNDS_PER_LOOK || has_time(spinner);
}

void mri_spin_look(mri_spinner *spinner)
{
    spinner->round = ROUNDS_PER_LOOK - 1;
}

/* ---- lists --------------------------------------------------------------- */

static mri_wait *wait_at(uint64_t ref)
{
    return ref ? mri_at(ref) : NULL;
}

bool mri_wait_enter(mri_record *self, mri_wait *entry, mri_object *object,
                    unsigned int number, uint64_t identity)
{
    mri_list *list = mri_list_at(object, number);
    mri_ref me = mri_ref_of(entry);
    mri_wait *last;
    bool alive;

    assert(!mri_load(&entry->list) && number < mri_lists_of(object));
    mri_store(&entry->record, mri_ref_of(self));
    mri_store(&entry->object, mri_ref_of(object));
    mri_store(&entry->notified, 0);
    mri_latch(self, &object->wait_latch);
    alive = mri_load(&object->identity) == identity;
    if (alive) {
        last = wait_at(mri_peek(&list->last));
        mri_set(self, &entry->next, 0);
        mri_set(self, &entry->previous, mri_peek(&list->last));
        mri_set(self, last ? &last->next : &list->first, me);
        mri_set(self, &list->last, me);
        mri_set(self, &entry->list, mri_ref_of(list));
        mri_commit(self);
    }
    mri_unlatch(self, &object->wait_latch);
    return alive;
}

void mri_wait_arm(mri_wait *entry)
{
    mri_swap(&entry->notified, 0);
}

/* A part of a noted change under the object's wait_latch. */
static void unlink_entry(mri_record *self, mri_wait *entry)
{
    mri_list *list = mri_at(mri_peek(&entry->list));
    mri_wait *next = wait_at(mri_peek(&entry->next));
    mri_wait *previous = wait_at(mri_peek(&entry->previous));

    assert(mri_peek(&entry->list));
    assert(mri_peek(previous ? &previous->next : &list->first) ==
           mri_ref_of(entry));
    assert(mri_peek(next ? &next->previous : &list->last) == mri_ref_of(entry));
    mri_set(self, previous ? &previous->next : &list->first,
            mri_peek(&entry->next));
    mri_set(self, next ? &next->previous : &list->last,
            mri_peek(&entry->previous));
    mri_set(self, &entry->list, 0);
}

static void wake_first(mri_record *self, mri_object *object, mri_list *list)
{
    mri_record *record = NULL;
    mri_wait *entry;

    mri_latch(self, &object->wait_latch);
    for (entry = wait_at(mri_peek(&list->first)); entry;
         entry = wait_at(mri_peek(&entry->next))) {
        if (!mri_peek(&entry->notified)) {
            mri_store(&entry->notified, 1);
            record = mri_at(mri_peek(&entry->record));
            break;
        }
    }
    mri_unlatch(self, &object->wait_latch);
    if (record) {
        mri_ring(record);
    }
}

/* Whether the entry is in a list is known under the latch only: who turns it
 * out may die before that is committed. */
void mri_wait_leave(mri_record *self, mri_wait *entry, bool served)
{
    mri_object *object;
    mri_list *list;
    bool pass_on = !served;

    assert(!mri_peek(&self->notes));
    if (!mri_load(&entry->object)) {
        return;
    }
    object = mri_at(mri_peek(&entry->object));
    mri_latch(self, &object->wait_latch);
    list = mri_peek(&entry->list) ? mri_at(mri_peek(&entry->list)) : NULL;
    if (list) {
        pass_on |= mri_peek(&entry->notified) != 0;
        unlink_entry(self, entry);
        mri_commit(self);
    }
    mri_unlatch(self, &object->wait_latch);
    mri_store(&entry->object, 0);
    /* The latch was a barrier: a waiter that is not seen here will try. */
    if (list && pass_on && mri_peek(&list->first)) {
        wake_first(self, object, list);
    }
}

void mri_wait_evict(mri_record *self, mri_object *object)
{
    unsigned int lists = mri_lists_of(object);

    for (unsigned int i = 0; i < lists; i++) {
        for (;;) {
            mri_wait *entry;

            mri_latch(self, &object->wait_latch);
            entry = wait_at(mri_peek(&mri_list_at(object, i)->first));
            if (entry) {
                /* Rung while it is in the list, lest a kill in between
                 * leaves it asleep and in no list. */
                mri_ring(mri_at(mri_peek(&entry->record)));
                unlink_entry(self, entry);
                mri_commit(self);
            }
            mri_unlatch(self, &object->wait_latch);
            if (!entry) {
                break;
            }
        }
    }
}

void mri_wake_first(mri_record *self, mri_object *object, unsigned int number)
{
    wake_first(self, object, mri_list_at(object, number));
}

void mri_wake_all(mri_record *self, mri_object *object, unsigned int number)
{
    mri_list *list = mri_list_at(object, number);
    mri_wait *entry;

    if (!mri_peek(&list->first)) {
        return;
    }
    mri_latch(self, &object->wait_latch);
    for (entry = wait_at(mri_peek(&list->first)); entry;
         entry = wait_at(mri_peek(&entry->next))) {
        mri_store(&entry->notified, 1);
        mri_ring(mri_at(mri_peek(&entry->record)));
    }
    mri_unlatch(self, &object->wait_latch);
}
