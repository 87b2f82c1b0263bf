/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting: lists, marks, doorbells, several objects at once.
 */
#include "unit/fake.h"

#include <poll.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "util/clock.h"

/* ---- lists, by hand ------------------------------------------------------ */

enum { WAITERS = 3 };

/* Waiters that one thread plays, each an endpoint with a record. */
typedef struct cast {
    mri_record *self;
    uint64_t endpoint; /* of self */
    mri_object *object;
    mri_record *waiters[WAITERS];
    uint64_t endpoints[WAITERS];
    mr_lock lock;
} cast;

static mri_wait *entry_of(const cast *c, unsigned int number)
{
    return &c->waiters[number]->inline_waits[0];
}

static bool is_marked(const cast *c, unsigned int number)
{
    return mri_load(&entry_of(c, number)->notified) != 0;
}

static bool is_inside(const cast *c, unsigned int number)
{
    return mri_load(&entry_of(c, number)->list) != 0;
}

static void cast_start(cast *c)
{
    memset(c, 0, sizeof *c);
    fake_start(1, FAKE_MEMORY);
    c->self = mri_self();
    c->endpoint = mri_self_endpoint();
    MRT_OK(mr_lock_create(&c->lock, NULL));
    c->object = mri_row(c->lock.handle);
    for (unsigned int i = 0; i < WAITERS; i++) {
        c->endpoints[i] = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + i);
        c->waiters[i] = mri_self();
        MRT_CHECK(mri_wait_enter(c->waiters[i], entry_of(c, i), c->object, 0,
                                 mri_identity(c->lock.handle)));
    }
    fake_return(c->endpoint, c->self);
}

static void cast_stop(cast *c)
{
    for (unsigned int i = 0; i < WAITERS; i++) {
        if (c->waiters[i]) {
            mri_wait_leave(c->waiters[i], entry_of(c, i), true);
            fake_return(c->endpoints[i], c->waiters[i]);
            mri_self_leave();
        }
    }
    fake_return(c->endpoint, c->self);
    MRT_OK(mr_lock_destroy(c->lock));
    fake_stop();
}

static void wake_marks_the_first_waiter_that_is_not_marked(void)
{
    cast c;

    cast_start(&c);
    mri_wake(c.self, c.object, 0);
    MRT_CHECK(is_marked(&c, 0) && !is_marked(&c, 1) && !is_marked(&c, 2));
    MRT_EQUAL(mri_bell(c.waiters[0]), 1);
    mri_wake(c.self, c.object, 0);
    MRT_CHECK(is_marked(&c, 0) && is_marked(&c, 1) && !is_marked(&c, 2));
    mri_wait_arm(entry_of(&c, 0));
    mri_wake(c.self, c.object, 0);
    MRT_CHECK(is_marked(&c, 0) && is_marked(&c, 1) && !is_marked(&c, 2));
    MRT_EQUAL(mri_bell(c.waiters[0]), 2);
    MRT_EQUAL(mri_bell(c.waiters[2]), 0);
    cast_stop(&c);
}

static void mark_is_passed_on_by_who_leaves_with_it(void)
{
    cast c;

    cast_start(&c);
    mri_wake(c.self, c.object, 0);
    mri_wait_leave(c.waiters[0], entry_of(&c, 0), true);
    MRT_CHECK(!is_inside(&c, 0) && is_marked(&c, 1));
    MRT_EQUAL(mri_bell(c.waiters[1]), 1);
    mri_wait_arm(entry_of(&c, 1));
    mri_wait_leave(c.waiters[1], entry_of(&c, 1), true);
    MRT_CHECK(!is_marked(&c, 2)); /* what it was woken for, it took */
    cast_stop(&c);
}

static void who_was_not_served_wakes_the_next(void)
{
    cast c;

    cast_start(&c);
    mri_wait_leave(c.waiters[1], entry_of(&c, 1), false);
    MRT_CHECK(is_marked(&c, 0) && !is_marked(&c, 2));
    cast_stop(&c);
}

static void mark_of_a_dead_waiter_is_passed_on(void)
{
    cast c;

    cast_start(&c);
    mri_wake(c.self, c.object, 0);
    fake_reap(c.endpoints[0]);
    c.waiters[0] = NULL;
    MRT_CHECK(is_marked(&c, 1) && !is_marked(&c, 2));
    fake_reap(c.endpoints[2]);
    c.waiters[2] = NULL;
    cast_stop(&c);
}

static void wake_all_marks_all(void)
{
    cast c;

    cast_start(&c);
    mri_wake_all(c.self, c.object, 0);
    for (unsigned int i = 0; i < WAITERS; i++) {
        MRT_CHECK(is_marked(&c, i) && is_inside(&c, i));
        MRT_EQUAL(mri_bell(c.waiters[i]), 1);
    }
    cast_stop(&c);
}

static void evicted_waiters_are_rung_and_outside(void)
{
    cast c;

    cast_start(&c);
    mri_wait_evict(c.self, c.object);
    for (unsigned int i = 0; i < WAITERS; i++) {
        MRT_CHECK(!is_inside(&c, i));
        MRT_EQUAL(mri_bell(c.waiters[i]), 1);
    }
    cast_stop(&c);
}

static void list_of_another_identity_is_not_entered(void)
{
    cast c;

    cast_start(&c);
    mri_wait_leave(c.waiters[0], entry_of(&c, 0), true);
    MRT_CHECK(!mri_wait_enter(c.waiters[0], entry_of(&c, 0), c.object, 0,
                              mri_identity(c.lock.handle) + 1));
    MRT_CHECK(!is_inside(&c, 0));
    cast_stop(&c);
}

static void sleep_ends_at_the_deadline_or_at_once(void)
{
    mri_record *self;
    uint64_t bell;

    fake_start(1, FAKE_MEMORY);
    self = mri_self();
    bell = mri_bell(self);
    MRT_CHECK(!mri_sleep(self, bell, 1));
    mri_ring(self);
    MRT_CHECK(mri_sleep(self, bell, 1));
    MRT_EQUAL(mri_load(&self->sleeping), MRI_AWAKE);
    MRT_EQUAL(mri_load(&mri_segment_at(0)->awake), 1);
    fake_stop();
}

enum { RINGS = 2000 };

/* Thread 0 sleeps, again and again; the others ring it whatever it does. */
static void sleep_or_ring(unsigned int number, void *user)
{
    mri_word *sleeper = user;

    if (number == 0) {
        mri_record *self = mri_self();
        uint64_t bell = mri_bell(self);

        mri_store(sleeper, mri_ref_of(self));
        while (mri_bell(self) < 2 * RINGS) {
            MRT_CHECK(mri_sleep(self, bell, mri_deadline(GUARD)));
            bell = mri_bell(self);
        }
        return;
    }
    while (mri_load(sleeper) == 0) {
        mrt_pause();
    }
    for (unsigned int i = 0; i < RINGS; i++) {
        mri_ring(mri_at(mri_load(sleeper)));
    }
}

/* A thread that is rung counts at once, and no more when it wakes. */
static void thread_that_is_rung_counts_as_awake_once(void)
{
    mri_word sleeper = 0;
    mri_record *self;

    fake_start(1, FAKE_MEMORY);
    self = mri_self();
    mri_sleeping(self, MRI_ON_FUTEX);
    MRT_EQUAL(mri_load(&mri_segment_at(0)->awake), 0);
    mri_ring(self);
    mri_ring(self);
    MRT_EQUAL(mri_load(&mri_segment_at(0)->awake), 1);
    mri_sleeping(self, MRI_AWAKE);
    MRT_EQUAL(mri_load(&mri_segment_at(0)->awake), 1);
    fake_threads(3, sleep_or_ring, &sleeper);
    MRT_EQUAL(mri_load(&mri_segment_at(0)->awake), 1);
    fake_stop();
}

/* ---- no wake is lost ----------------------------------------------------- */

enum { SLEEPERS = 4, NERVOUS = 4, TOKENS = 400 };

typedef struct passing {
    mr_queue tokens;
    mr_queue answers;
} passing;

/* One token at a time: if its wake goes to somebody who gives up just then
 * and does not pass it on, nobody ever answers. */
static void hand_out_tokens(const passing *p)
{
    size_t size;
    int answer;

    for (int i = 1; i <= TOKENS; i++) {
        MRT_OK(mr_queue_put(p->tokens, &i, sizeof i, GUARD));
        if (!MRT_OK(mr_queue_get(p->answers, &answer, sizeof answer, &size,
                                 GUARD)) ||
            !MRT_EQUAL(answer, i)) {
            break;
        }
    }
    for (int i = 0; i < SLEEPERS + NERVOUS; i++) {
        MRT_OK(mr_queue_put(p->tokens, NULL, 0, GUARD));
    }
}

static void answer_tokens(unsigned int number, void *user)
{
    const passing *p = user;
    uint64_t seed = number + 1;

    if (number == 0) {
        hand_out_tokens(p);
        return;
    }
    for (;;) {
        double timeout = number <= SLEEPERS
                             ? MR_FOREVER
                             : 1e-6 * (double)(fake_random(&seed) % 200 + 1);
        int token;
        size_t size;
        mr_error error =
            mr_queue_get(p->tokens, &token, sizeof token, &size, timeout);

        if (error == MR_ERR_TIMEOUT) {
            continue;
        }
        if (!MRT_OK(error) || size == 0) {
            break;
        }
        MRT_OK(mr_queue_put(p->answers, &token, size, GUARD));
    }
}

static void no_wake_is_lost_to_those_who_give_up(void)
{
    passing p;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_queue_create(&p.tokens, NULL));
    MRT_OK(mr_queue_create(&p.answers, NULL));
    fake_threads(1 + SLEEPERS + NERVOUS, answer_tokens, &p);
    MRT_OK(mr_queue_destroy(p.tokens));
    MRT_OK(mr_queue_destroy(p.answers));
    fake_stop();
}

/* ---- any of several ------------------------------------------------------ */

enum { QUEUES = 5, ITEMS = 300 };

typedef struct many {
    mr_queue queues[QUEUES];
    mri_word got;
} many;

static void many_start(many *m)
{
    memset(m, 0, sizeof *m);
    fake_start(2, FAKE_MEMORY);
    for (unsigned int i = 0; i < QUEUES; i++) {
        mr_queue_options options = {.place = MR_ON_RANK((int)i % 2)};

        MRT_OK(mr_queue_create(&m->queues[i], &options));
    }
}

static void many_stop(many *m)
{
    for (unsigned int i = 0; i < QUEUES; i++) {
        MRT_OK(mr_queue_destroy(m->queues[i]));
    }
    fake_stop();
}

static mr_error wait_many(const many *m, double timeout, bool *ready)
{
    mr_handle handles[QUEUES];

    for (unsigned int i = 0; i < QUEUES; i++) {
        handles[i] = m->queues[i].handle;
    }
    return mr_wait(handles, QUEUES, timeout, ready);
}

static void wait_tells_all_that_are_ready(void)
{
    bool ready[QUEUES];
    many m;

    many_start(&m);
    MRT_ERROR(wait_many(&m, 0, ready), MR_ERR_TIMEOUT);
    MRT_ERROR(wait_many(&m, 0.001, ready), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_put(m.queues[1], NULL, 0, 0));
    MRT_OK(mr_queue_put(m.queues[4], NULL, 0, 0));
    MRT_OK(wait_many(&m, 0, ready));
    for (unsigned int i = 0; i < QUEUES; i++) {
        MRT_EQUAL(ready[i], i == 1 || i == 4);
    }
    many_stop(&m);
}

static void wait_refuses_what_it_cannot_wait_for(void)
{
    enum { MANY = 5000 };
    static bool ready[MANY];
    static mr_handle handles[MANY];
    uint64_t before;
    many m;

    many_start(&m);
    before = fake_used(0);
    MRT_ERROR(mr_wait(NULL, 1, 0, ready), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait(handles, 1, 0, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_wait(handles, 0, 0, ready), MR_ERR_ARGUMENT);
    for (unsigned int i = 0; i < MANY; i++) {
        handles[i] = m.queues[i % QUEUES].handle;
    }
    MRT_ERROR(mr_wait(handles, MANY, 0.001, ready), MR_ERR_TIMEOUT);
    handles[7].generation++;
    MRT_ERROR(mr_wait(handles, MANY, 0.001, ready), MR_ERR_STALE);
    MRT_ERROR(wait_many(&m, __builtin_nan(""), ready), MR_ERR_ARGUMENT);
    MRT_EQUAL(fake_used(0), before);
    many_stop(&m);
}

static void put_everywhere(unsigned int number, void *user)
{
    many *m = user;
    uint64_t seed = 5;
    bool ready[QUEUES];
    size_t size;

    if (number == 0) {
        for (unsigned int i = 0; i < ITEMS; i++) {
            MRT_OK(mr_queue_put(m->queues[fake_random(&seed) % QUEUES], NULL, 0,
                                0));
        }
        return;
    }
    while (mri_load(&m->got) < ITEMS) {
        mr_error error = wait_many(m, number == 1 ? 0.01 : 0.0005, ready);

        for (unsigned int i = 0; !error && i < QUEUES; i++) {
            if (ready[i] &&
                mr_queue_get(m->queues[i], NULL, 0, &size, 0) == MR_OK) {
                mri_add(&m->got, 1);
            }
        }
    }
}

static void several_can_wait_for_several(void)
{
    many m;

    many_start(&m);
    fake_threads(4, put_everywhere, &m);
    MRT_EQUAL(mri_load(&m.got), ITEMS);
    many_stop(&m);
}

static void wait_for_ever_for_any(unsigned int number, void *user)
{
    many *m = user;
    bool ready[QUEUES];
    size_t size;

    if (number == 0) {
        fake_await_sleep(fake_endpoint_of(1));
        fake_await_sleep(fake_endpoint_of(2));
        MRT_OK(mr_queue_put(m->queues[3], NULL, 0, 0));
    } else if (number == 1) {
        /* It was woken first and takes nothing; the wake is the other's. */
        MRT_OK(wait_many(m, GUARD, ready));
        MRT_CHECK(ready[3]);
    } else {
        fake_await_sleep(fake_endpoint_of(1));
        MRT_OK(mr_queue_get(m->queues[3], NULL, 0, &size, MR_FOREVER));
        /* So that it is ready for the other, too. */
        MRT_OK(mr_queue_put(m->queues[3], NULL, 0, 0));
    }
}

static void wait_that_takes_nothing_passes_its_wake_on(void)
{
    for (unsigned int i = 0; i < 20; i++) {
        many m;

        many_start(&m);
        fake_threads(3, wait_for_ever_for_any, &m);
        many_stop(&m);
    }
}

static void wait_and_be_told(unsigned int number, void *user)
{
    many *m = user;
    bool ready[QUEUES];

    if (number == 0) {
        fake_await_sleep(fake_endpoint_of(1));
        MRT_OK(mr_queue_destroy(m->queues[2]));
    } else {
        MRT_ERROR(wait_many(m, GUARD, ready), MR_ERR_CLOSED);
    }
}

static void wait_ends_when_one_is_destroyed(void)
{
    many m;

    many_start(&m);
    fake_threads(2, wait_and_be_told, &m);
    MRT_OK(mr_queue_create(&m.queues[2], NULL));
    many_stop(&m);
}

/* ---- wait sets ----------------------------------------------------------- */

/* One thread takes from all queues when the descriptor says so; the watching
 * thread is one of rank 0. */
static void take_by_descriptor(many *m)
{
    mr_wait_set *set = NULL;
    struct pollfd one = {.events = POLLIN};

    MRT_OK(mr_wait_set_create(&set));
    MRT_OK(mr_wait_set_descriptor(set, &one.fd));
    for (unsigned int i = 0; i < QUEUES; i++) {
        MRT_OK(mr_wait_set_add(set, m->queues[i].handle, &m->queues[i]));
    }
    while (mri_load(&m->got) < ITEMS &&
           MRT_CHECK(poll(&one, 1, (int)(GUARD * 1000)) == 1)) {
        mr_ready ready[QUEUES];
        size_t count = 0;
        size_t size;

        MRT_OK(mr_wait_set_ready(set, ready, QUEUES, &count));
        for (size_t i = 0; i < count; i++) {
            const mr_queue *queue = ready[i].user;

            MRT_OK(ready[i].error);
            if (mr_queue_get(*queue, NULL, 0, &size, 0) == MR_OK) {
                mri_add(&m->got, 1);
            }
        }
    }
    MRT_OK(mr_wait_set_destroy(set));
}

static void put_or_take_by_descriptor(unsigned int number, void *user)
{
    many *m = user;
    uint64_t seed = number;

    if (number == 0) {
        take_by_descriptor(m);
        return;
    }
    for (unsigned int i = 0; i < ITEMS / 3; i++) {
        MRT_OK(
            mr_queue_put(m->queues[fake_random(&seed) % QUEUES], NULL, 0, 0));
    }
}

static void wait_set_misses_no_item(void)
{
    many m;

    many_start(&m);
    fake_threads(4, put_or_take_by_descriptor, &m);
    MRT_EQUAL(mri_load(&m.got), ITEMS);
    many_stop(&m);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"wake_marks_the_first_waiter_that_is_not_marked",
         wake_marks_the_first_waiter_that_is_not_marked, 0},
        {"mark_is_passed_on_by_who_leaves_with_it",
         mark_is_passed_on_by_who_leaves_with_it, 0},
        {"who_was_not_served_wakes_the_next", who_was_not_served_wakes_the_next,
         0},
        {"mark_of_a_dead_waiter_is_passed_on",
         mark_of_a_dead_waiter_is_passed_on, 0},
        {"wake_all_marks_all", wake_all_marks_all, 0},
        {"evicted_waiters_are_rung_and_outside",
         evicted_waiters_are_rung_and_outside, 0},
        {"list_of_another_identity_is_not_entered",
         list_of_another_identity_is_not_entered, 0},
        {"sleep_ends_at_the_deadline_or_at_once",
         sleep_ends_at_the_deadline_or_at_once, 0},
        {"thread_that_is_rung_counts_as_awake_once",
         thread_that_is_rung_counts_as_awake_once, 0},
        {"no_wake_is_lost_to_those_who_give_up",
         no_wake_is_lost_to_those_who_give_up, 60},
        {"wait_tells_all_that_are_ready", wait_tells_all_that_are_ready, 0},
        {"wait_refuses_what_it_cannot_wait_for",
         wait_refuses_what_it_cannot_wait_for, 0},
        {"several_can_wait_for_several", several_can_wait_for_several, 0},
        {"wait_that_takes_nothing_passes_its_wake_on",
         wait_that_takes_nothing_passes_its_wake_on, 0},
        {"wait_ends_when_one_is_destroyed", wait_ends_when_one_is_destroyed, 0},
        {"wait_set_misses_no_item", wait_set_misses_no_item, 0},
    };

    return mrt_main("wait", tests, MRT_COUNT(tests), argc, argv);
}
