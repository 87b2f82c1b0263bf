/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the fake job: the endpoints of threads, their deaths, and the look at
 * what they left.
 */
#include "unit/fake.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/reaper.h"
#include "runtime/job/identity.h"
#include "runtime/job/job.h"
#include "runtime/job/map_segments.h"
#include "util/fault.h"

enum { MOST_THREADS = 64, MOST_RANKS = 64, PROCESSORS = 2 };

typedef struct fake_thread {
    pthread_t thread;
    fake_body *body;
    unsigned int number;
    void *user;
    mri_word endpoint;
    mri_word dead;
} fake_thread;

static fake_thread threads[MOST_THREADS];

/* Where the calling thread goes when it dies. */
static _Thread_local jmp_buf *end_of_life;

/* ---- start and end ------------------------------------------------------- */

bool fake_start(unsigned int ranks, int64_t memory)
{
    static const uint32_t leaders[MOST_RANKS]; /* one node */

    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
    mri_objects_begin();
    mri_objects_register();
    mri_here =
        (mri_job_identity){.role = MRI_RANK, .pid = getpid(), .size = ranks};
    snprintf(mri_here.host, sizeof mri_here.host, "fake");
    if (!MRT_OK(mri_region_lay_out(leaders, ranks, 0)) ||
        !MRT_OK(mri_region_fake(memory))) {
        return false;
    }
    for (unsigned int rank = ranks; rank-- > 0;) {
        if (!MRT_OK(mri_segment_format(rank, rank)) ||
            !MRT_OK(mri_rank_format(rank, PROCESSORS))) {
            return false;
        }
        if (rank > 0) {
            mri_self_leave();
        }
    }
    return true;
}

void fake_stop(void)
{
    fake_quiet();
    mri_self_leave();
    mri_region_unmap();
    mri_become(0, true);
    mri_become(0, false);
    mri_here = (mri_job_identity){.role = MRI_OUTSIDE};
}

/* ---- endpoints ----------------------------------------------------------- */

uint64_t fake_endpoint(unsigned int rank, unsigned int slot)
{
    mri_endpoint *row = mri_endpoint_at(mri_endpoint_id(0, rank, slot));
    uint64_t generation = mri_load(&row->generation) + 1;
    uint64_t id = mri_endpoint_id(generation, rank, slot);

    mri_store(&row->generation, generation);
    mri_store(&row->pid, (uint64_t)getpid());
    mri_store(&row->process, 0);
    mri_store(&row->holds, 0);
    mri_store(&row->children, 0);
    mri_store(&row->daemon, 0);
    mri_store(&row->id, id);
    mri_become(id, true);
    return id;
}

void fake_return(uint64_t endpoint, mri_record *record)
{
    mri_become(endpoint, true);
    mri_self_record = record;
}

static void *run_thread(void *user)
{
    fake_thread *thread = user;
    unsigned int ranks = mri_here.size;

    mri_store(&thread->endpoint,
              fake_endpoint(thread->number % ranks,
                            MRI_SLOT_FIRST_PROCESS + thread->number / ranks));
    mri_store(&thread->dead,
              fake_dies(thread->body, thread->number, thread->user));
    return NULL;
}

void fake_threads(unsigned int count, fake_body *body, void *user)
{
    for (unsigned int i = 0; i < count; i++) {
        mri_store(&threads[i].endpoint, 0);
        mri_store(&threads[i].dead, 0);
    }
    for (unsigned int i = 0; i < count; i++) {
        threads[i].body = body;
        threads[i].number = i;
        threads[i].user = user;
        pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]);
    }
    for (unsigned int i = 0; i < count; i++) {
        pthread_join(threads[i].thread, NULL);
    }
}

uint64_t fake_endpoint_of(unsigned int number)
{
    uint64_t endpoint = mri_load(&threads[number].endpoint);

    while (!endpoint) {
        mrt_pause();
        endpoint = mri_load(&threads[number].endpoint);
    }
    return endpoint;
}

void fake_await_death(unsigned int number)
{
    while (!mri_load(&threads[number].dead)) {
        mrt_pause();
    }
}

unsigned int fake_await_any_death(unsigned int count)
{
    for (unsigned int i = 0;; i = (i + 1) % count) {
        if (mri_load(&threads[i].dead)) {
            return i;
        }
        mrt_pause();
    }
}

/* ---- deaths -------------------------------------------------------------- */

bool fake_dies(fake_body *body, unsigned int number, void *user)
{
    jmp_buf *before = end_of_life;
    jmp_buf here;
    bool dead = setjmp(here) != 0;

    if (!dead) {
        end_of_life = &here;
        body(number, user);
    }
    end_of_life = before;
    return dead;
}

_Noreturn void fake_die(void)
{
    mri_inside_task = false;
    mri_self_record = NULL;
    longjmp(*end_of_life, 1);
}

void fake_reap(uint64_t endpoint)
{
    const mri_endpoint *row = mri_endpoint_at(endpoint);
    mri_ref process = mri_load(&row->process);
    mri_gone gone = {.endpoint = endpoint,
                     .status = -SIGKILL,
                     .pid = (int64_t)mri_load(&row->pid)};

    if (process) {
        gone.process = mri_handle_of(mri_at(process));
    }
    mri_reap(mri_self(), &gone);
    mri_store(&mri_endpoint_at(endpoint)->id, 0);
}

#ifdef MRI_DEBUG

typedef struct meeting {
    fake_body *other;
    void *user;
    uint64_t endpoint;
    mri_record *record;
} meeting;

static meeting met;

bool fake_has_points(void)
{
    return true;
}

bool fake_dies_at(int64_t k, fake_body *body, unsigned int number, void *user)
{
    bool dead;

    mri_self(); /* a record is claimed by one store, before all points */
    mri_fault_instead = fake_die;
    mri_fault_arm(k);
    dead = fake_dies(body, number, user);
    mri_fault_disarm();
    mri_fault_instead = NULL;
    return dead;
}

void fake_die_later(int64_t k)
{
    mri_fault_arm(k);
}

/* Between two latches only: behind one the other would wait for ever. */
static void meet(void)
{
    uint64_t endpoint = mri_self_endpoint();
    mri_record *record = mri_self_record;

    if (record->depth == 0) {
        fake_return(met.endpoint, met.record);
        met.other(1, met.user);
        fake_return(endpoint, record);
    }
}

bool fake_meets_at(int64_t k, fake_body *body, fake_body *other, void *user)
{
    uint64_t endpoint = mri_self_endpoint();
    mri_record *record = mri_self();
    int64_t passed;

    met = (meeting){.other = other, .user = user};
    met.endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 1);
    met.record = mri_self();
    fake_return(endpoint, record);

    mri_fault_instead = meet;
    mri_fault_arm(k);
    body(0, user);
    passed = mri_fault_disarm();
    mri_fault_instead = NULL;

    fake_return(met.endpoint, met.record);
    mri_self_leave();
    fake_return(endpoint, record);
    return passed >= k;
}

#else

bool fake_has_points(void)
{
    mrt_skip("needs --enable-debug");
    return false;
}

bool fake_dies_at(int64_t k, fake_body *body, unsigned int number, void *user)
{
    (void)k;
    (void)body;
    (void)number;
    (void)user;
    return false;
}

void fake_die_later(int64_t k)
{
    (void)k;
}

bool fake_meets_at(int64_t k, fake_body *body, fake_body *other, void *user)
{
    (void)k;
    (void)body;
    (void)other;
    (void)user;
    return false;
}

#endif

/* ---- what was left ------------------------------------------------------- */

uint64_t fake_used(unsigned int rank)
{
    mri_segment *segment = mri_segment_at(rank);

    return mri_arena_used(&segment->heap) + mri_arena_used(&segment->arrays);
}

static void count_object(mri_object *object, void *user)
{
    (void)object;
    ++*(unsigned int *)user;
}

unsigned int fake_objects(void)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < mri_node.count; i++) {
        mri_objects_visit(i, count_object, &count);
    }
    return count;
}

static void check_record(mri_record *record, void *unused)
{
    (void)unused;
    MRT_EQUAL(mri_load(&record->active), 0);
    MRT_EQUAL(mri_load(&record->working), 0);
    MRT_EQUAL(mri_load(&record->building), 0);
    MRT_EQUAL(mri_load(&record->notes), 0);
    MRT_EQUAL(mri_load(&record->intent_word), 0);
    MRT_EQUAL(mri_load(&record->waits_count), 0);
    for (unsigned int i = 0; i < MRI_OWNED_MAX; i++) {
        MRT_EQUAL(mri_load(&record->owned[i].block), 0);
    }
    for (unsigned int i = 0; i < MRI_HELD_MAX; i++) {
        MRT_EQUAL(mri_load(&record->held[i]), 0);
    }
    for (unsigned int i = 0; i < MRI_WAITS_INLINE; i++) {
        MRT_EQUAL(mri_load(&record->inline_waits[i].list), 0);
    }
}

static void check_object(mri_object *object, void *unused)
{
    (void)unused;
    MRT_EQUAL(mri_load(&object->wait_latch), 0);
    for (unsigned int i = 0; i < mri_lists_of(object); i++) {
        MRT_EQUAL(mri_load(&mri_list_at(object, i)->first), 0);
        MRT_EQUAL(mri_load(&mri_list_at(object, i)->last), 0);
    }
}

static void check_arena(const mri_arena *arena)
{
    MRT_EQUAL(mri_load(&arena->latch), 0);
    for (unsigned int i = 0; i < MRI_CLASSES; i++) {
        MRT_EQUAL(mri_load(&arena->classes[i].latch), 0);
    }
}

void fake_quiet(void)
{
    for (unsigned int i = 0; i < mri_node.count; i++) {
        mri_segment *segment = mri_segment_at(i);

        MRT_EQUAL(mri_load(&segment->backing_latch), 0);
        MRT_EQUAL(mri_load(&segment->objects_latch), 0);
        check_arena(&segment->heap);
        check_arena(&segment->arrays);
        mri_records_visit(i, check_record, NULL);
        mri_objects_visit(i, check_object, NULL);
    }
}

/* ---- small things -------------------------------------------------------- */

/* Xorshift, Marsaglia, Journal of Statistical Software 8(14), 2003. */
uint64_t fake_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

typedef struct sleeper {
    uint64_t endpoint;
    bool asleep;
} sleeper;

static void look_for_sleeper(mri_record *record, void *user)
{
    sleeper *wanted = user;

    if (mri_load(&record->owner) == wanted->endpoint &&
        mri_load(&record->sleeping) == MRI_ON_FUTEX) {
        wanted->asleep = true;
    }
}

void fake_await_sleep(uint64_t endpoint)
{
    sleeper wanted = {.endpoint = endpoint};

    while (!wanted.asleep) {
        mrt_pause();
        mri_records_visit(mri_endpoint_rank(endpoint), look_for_sleeper,
                          &wanted);
    }
}
