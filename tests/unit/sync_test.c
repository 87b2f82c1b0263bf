/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Synchronisation objects but for Lock and RWLock: RLock, Semaphore, Event,
 * Condition, Barrier; their waiters, time-outs and deaths.
 */
#include "unit/fake.h"

#include <multirank.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/reaper.h"

enum { THREADS = 5, ROUNDS = 400 };

typedef struct stage {
    mr_lock lock;
    mr_semaphore semaphore;
    mr_event event;
    mr_condition condition;
    mr_barrier barrier;
    uint64_t plain; /* ThreadSanitizer sees whether an object orders it */
    atomic_uint count;
    atomic_uint seen[THREADS];
    mr_error errors[THREADS];
} stage;

static stage the;

static void start(void)
{
    memset(&the, 0, sizeof the);
    fake_start(2, FAKE_MEMORY);
}

static void await_waiting(mr_handle handle, uint64_t wanted)
{
    mr_barrier_state state = {0};

    do {
        mrt_pause();
        MRT_OK(mr_barrier_get_state((mr_barrier){handle}, &state));
    } while (state.waiting != wanted && !mrt_failed());
}

/* ---- RLock --------------------------------------------------------------- */

static void release_of_another_thread(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    MRT_ERROR(mr_lock_release(the.lock), MR_ERR_NOT_HELD);
    MRT_ERROR(mr_lock_acquire(the.lock, 0), MR_ERR_TIMEOUT);
}

static void rlock_is_taken_again_by_its_thread_alone(void)
{
    const mr_lock_options options = {.recursive = true};

    start();
    MRT_OK(mr_lock_create(&the.lock, &options));
    MRT_ERROR(mr_lock_release(the.lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    MRT_OK(mr_lock_acquire(the.lock, 0));
    fake_threads(1, release_of_another_thread, NULL);
    MRT_OK(mr_lock_release(the.lock));
    fake_threads(1, release_of_another_thread, NULL);
    MRT_OK(mr_lock_release(the.lock));
    MRT_ERROR(mr_lock_release(the.lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_lock_destroy(the.lock));
    fake_stop();
}

/* ---- Semaphore ----------------------------------------------------------- */

static void semaphore_counts(void)
{
    unsigned int value = 0;

    start();
    MRT_OK(mr_semaphore_create(&the.semaphore, 2, NULL));
    MRT_OK(mr_semaphore_acquire(the.semaphore, 0));
    MRT_OK(mr_semaphore_acquire(the.semaphore, 0));
    MRT_ERROR(mr_semaphore_acquire(the.semaphore, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_semaphore_acquire(the.semaphore, 0.01), MR_ERR_TIMEOUT);
    MRT_OK(mr_semaphore_release(the.semaphore, 7));
    MRT_OK(mr_semaphore_get_value(the.semaphore, &value));
    MRT_EQUAL(value, 7);
    MRT_ERROR(mr_semaphore_release(the.semaphore, MR_SEMAPHORE_MAX),
              MR_ERR_LIMIT);
    MRT_ERROR(mr_semaphore_release(the.semaphore, 0), MR_ERR_ARGUMENT);
    MRT_OK(mr_semaphore_destroy(the.semaphore));
    MRT_ERROR(mr_semaphore_create(&the.semaphore, MR_SEMAPHORE_MAX + 1, NULL),
              MR_ERR_ARGUMENT);
    fake_stop();
}

static void bounded_semaphore_refuses_more_than_its_first_value(void)
{
    const mr_semaphore_options options = {.bounded = true};

    start();
    MRT_OK(mr_semaphore_create(&the.semaphore, 2, &options));
    MRT_ERROR(mr_semaphore_release(the.semaphore, 1), MR_ERR_NOT_HELD);
    MRT_OK(mr_semaphore_acquire(the.semaphore, 0));
    MRT_ERROR(mr_semaphore_release(the.semaphore, 2), MR_ERR_NOT_HELD);
    MRT_OK(mr_semaphore_release(the.semaphore, 1));
    MRT_OK(mr_semaphore_destroy(the.semaphore));
    fake_stop();
}

/* Thread 0 gives what the others take, one by one and several at a time. */
static void give_or_take(unsigned int number, void *user)
{
    unsigned int *given = user;

    if (number == 0) {
        for (unsigned int i = 0; i < ROUNDS; i++) {
            unsigned int n = 1 + i % (THREADS - 1);

            MRT_OK(mr_semaphore_release(the.semaphore, n));
            *given += n;
        }
        atomic_store(&the.count, 1);
        return;
    }
    while (!atomic_load(&the.count)) {
        if (mr_semaphore_acquire(the.semaphore, 0.01) == MR_OK) {
            atomic_fetch_add(&the.seen[number], 1);
        }
    }
}

static void semaphore_gives_each_count_once(void)
{
    unsigned int given = 0;
    unsigned int taken = 0;
    unsigned int left = 0;

    start();
    MRT_OK(mr_semaphore_create(&the.semaphore, 0, NULL));
    fake_threads(THREADS, give_or_take, &given);
    for (unsigned int i = 0; i < THREADS; i++) {
        taken += the.seen[i];
    }
    MRT_OK(mr_semaphore_get_value(the.semaphore, &left));
    MRT_EQUAL(taken + left, given);
    MRT_OK(mr_semaphore_destroy(the.semaphore));
    fake_stop();
}

static void wait_for_semaphore(unsigned int number, void *user)
{
    (void)user;
    if (number) {
        MRT_OK(mr_semaphore_acquire(the.semaphore, GUARD));
        return;
    }
    for (unsigned int i = 1; i < THREADS; i++) {
        fake_await_sleep(fake_endpoint_of(i));
    }
    MRT_OK(mr_semaphore_release(the.semaphore, THREADS - 1));
}

static void release_of_several_wakes_as_many(void)
{
    start();
    MRT_OK(mr_semaphore_create(&the.semaphore, 0, NULL));
    fake_threads(THREADS, wait_for_semaphore, NULL);
    MRT_OK(mr_semaphore_destroy(the.semaphore));
    fake_stop();
}

/* ---- Event --------------------------------------------------------------- */

static void event_is_set_until_it_is_cleared(void)
{
    bool set = true;

    start();
    MRT_OK(mr_event_create(&the.event, NULL));
    MRT_OK(mr_event_is_set(the.event, &set));
    MRT_CHECK(!set);
    MRT_ERROR(mr_event_wait(the.event, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_event_set(the.event));
    MRT_OK(mr_event_set(the.event));
    MRT_OK(mr_event_wait(the.event, 0));
    MRT_OK(mr_event_wait(the.event, 0));
    MRT_OK(mr_event_is_set(the.event, &set));
    MRT_CHECK(set);
    MRT_OK(mr_event_clear(the.event));
    MRT_OK(mr_event_clear(the.event));
    MRT_ERROR(mr_event_wait(the.event, 0.01), MR_ERR_TIMEOUT);
    MRT_OK(mr_event_destroy(the.event));
    fake_stop();
}

static void wait_for_event(unsigned int number, void *user)
{
    (void)user;
    if (number) {
        MRT_OK(mr_event_wait(the.event, GUARD));
        return;
    }
    for (unsigned int i = 1; i < THREADS; i++) {
        fake_await_sleep(fake_endpoint_of(i));
    }
    MRT_OK(mr_event_set(the.event));
    MRT_OK(mr_event_clear(the.event));
}

static void short_set_releases_all_who_wait(void)
{
    start();
    MRT_OK(mr_event_create(&the.event, NULL));
    for (unsigned int i = 0; i < 20; i++) {
        fake_threads(THREADS, wait_for_event, NULL);
    }
    MRT_OK(mr_event_destroy(the.event));
    fake_stop();
}

/* ---- Condition ----------------------------------------------------------- */

/* The locks that a condition may have. */
enum { OWN = 0, PLAIN, RECURSIVE, LOCKS };

static void make_condition(unsigned int kind)
{
    const mr_lock_options recursive = {.recursive = kind == RECURSIVE};
    mr_condition_options options = {0};

    start();
    if (kind != OWN) {
        MRT_OK(mr_lock_create(&options.lock, &recursive));
    }
    MRT_OK(mr_condition_create(&the.condition, &options));
    MRT_OK(mr_condition_get_lock(the.condition, &the.lock));
}

static void end_condition(unsigned int kind)
{
    MRT_OK(mr_condition_destroy(the.condition));
    if (kind != OWN) {
        MRT_OK(mr_lock_destroy(the.lock));
    }
    fake_stop();
}

static void condition_wants_its_lock_held(void)
{
    for (unsigned int kind = 0; kind < LOCKS; kind++) {
        make_condition(kind);
        MRT_ERROR(mr_condition_wait(the.condition, 0), MR_ERR_NOT_HELD);
        MRT_ERROR(mr_condition_notify(the.condition, 1), MR_ERR_NOT_HELD);
        MRT_ERROR(mr_condition_notify_all(the.condition), MR_ERR_NOT_HELD);
        end_condition(kind);
    }
}

static void wait_that_times_out_holds_the_lock_again(void)
{
    for (unsigned int kind = 0; kind < LOCKS; kind++) {
        unsigned int depth = kind == PLAIN ? 1 : 3;

        make_condition(kind);
        for (unsigned int i = 0; i < depth; i++) {
            MRT_OK(mr_lock_acquire(the.lock, 0));
        }
        MRT_ERROR(mr_condition_wait(the.condition, 0), MR_ERR_TIMEOUT);
        MRT_ERROR(mr_condition_wait(the.condition, 0.01), MR_ERR_TIMEOUT);
        for (unsigned int i = 0; i < depth; i++) {
            MRT_OK(mr_lock_release(the.lock));
        }
        MRT_ERROR(mr_lock_release(the.lock), MR_ERR_NOT_HELD);
        end_condition(kind);
    }
}

static bool waiters_are(uint64_t wanted)
{
    mri_object *object = mri_row(the.condition.handle);
    uint64_t found = 0;

    mri_latch(mri_self(), &object->wait_latch);
    for (mri_ref at = mri_peek(&object->lists[1].first); at;
         at = mri_peek(&((mri_wait *)mri_at(at))->next)) {
        found++;
    }
    mri_unlatch(mri_self(), &object->wait_latch);
    return found == wanted;
}

static void await_waiters(uint64_t wanted)
{
    while (!waiters_are(wanted) && !mrt_failed()) {
        mrt_pause();
    }
}

static void wait_for_notification(unsigned int number)
{
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    the.plain++;
    the.errors[number] = mr_condition_wait(the.condition, GUARD);
    the.plain++;
    atomic_fetch_add(&the.count, 1);
    MRT_OK(mr_lock_release(the.lock));
}

/* Thread 0 notifies two, then all. */
static void notify_two_then_all(unsigned int number, void *user)
{
    (void)user;
    if (number) {
        wait_for_notification(number);
        return;
    }
    await_waiters(THREADS - 1);
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    MRT_OK(mr_condition_notify(the.condition, 2));
    MRT_EQUAL(atomic_load(&the.count), 0);
    MRT_OK(mr_lock_release(the.lock));
    await_waiters(THREADS - 3);
    while (atomic_load(&the.count) < 2 && !mrt_failed()) {
        mrt_pause();
    }
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    MRT_EQUAL(atomic_load(&the.count), 2);
    MRT_OK(mr_condition_notify_all(the.condition));
    MRT_OK(mr_lock_release(the.lock));
}

static void notify_releases_as_many_as_it_says(void)
{
    for (unsigned int kind = 0; kind < LOCKS; kind++) {
        make_condition(kind);
        fake_threads(THREADS, notify_two_then_all, NULL);
        for (unsigned int i = 1; i < THREADS; i++) {
            MRT_OK(the.errors[i]);
        }
        MRT_EQUAL(the.plain, 2 * (THREADS - 1));
        end_condition(kind);
    }
}

static void notification_is_not_kept_for_later_waiters(void)
{
    make_condition(OWN);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    MRT_OK(mr_condition_notify(the.condition, 3));
    MRT_OK(mr_condition_notify_all(the.condition));
    MRT_ERROR(mr_condition_wait(the.condition, 0.01), MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(the.lock));
    end_condition(OWN);
}

/* Threads 1 and 2 wait and die; notify(2) is for 3 and 4. */
static void die_or_wait(unsigned int number, void *user)
{
    (void)user;
    if (number == 1 || number == 2) {
        MRT_OK(mr_lock_acquire(the.lock, GUARD));
        /* As far as a call comes before it sleeps. */
        mri_be_active(mri_self(), mri_ref_of(mri_row(the.condition.handle)),
                      true);
        (void)!mri_ops_of(MRI_CONDITION)
            ->tries[2](mri_self(), mri_row(the.condition.handle),
                       &(mri_call){0});
        mri_store(&mri_self()->active, 0);
        fake_die();
    }
    if (number) {
        wait_for_notification(number);
        return;
    }
    fake_await_death(1);
    fake_await_death(2);
    await_waiters(2);
    fake_reap(fake_endpoint_of(1));
    fake_reap(fake_endpoint_of(2));
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    MRT_OK(mr_condition_notify(the.condition, 2));
    MRT_OK(mr_lock_release(the.lock));
}

static void dead_waiter_takes_no_notification(void)
{
    make_condition(OWN);
    fake_threads(THREADS, die_or_wait, NULL);
    MRT_OK(the.errors[3]);
    MRT_OK(the.errors[4]);
    end_condition(OWN);
}

static bool has_ten(void *user)
{
    return *(uint64_t *)user >= 10;
}

static void count_to_ten(unsigned int number, void *user)
{
    (void)user;
    MRT_OK(mr_lock_acquire(the.lock, GUARD));
    if (number) {
        for (unsigned int i = 0; i < 10; i++) {
            the.plain++;
            MRT_OK(mr_condition_notify(the.condition, 1));
            MRT_OK(mr_lock_release(the.lock));
            MRT_OK(mr_lock_acquire(the.lock, GUARD));
        }
    } else {
        MRT_OK(
            mr_condition_wait_for(the.condition, has_ten, &the.plain, GUARD));
        MRT_CHECK(the.plain >= 10);
    }
    MRT_OK(mr_lock_release(the.lock));
}

static void wait_for_ends_when_the_predicate_holds(void)
{
    make_condition(OWN);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    MRT_ERROR(mr_condition_wait_for(the.condition, has_ten, &the.plain, 0.02),
              MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(the.lock));
    fake_threads(2, count_to_ten, NULL);
    end_condition(OWN);
}

/* ---- Barrier ------------------------------------------------------------- */

static void pass_rounds(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    for (unsigned int round = 0; round < ROUNDS && !mrt_failed(); round++) {
        unsigned int mine = THREADS;

        MRT_OK(mr_barrier_wait(the.barrier, GUARD, &mine));
        MRT_CHECK(mine < THREADS);
        if (mine == 0) {
            the.plain++; /* one at a time: the next round orders it */
        }
        atomic_fetch_add(&the.seen[mine % THREADS], 1);
    }
}

static void parties_of_a_barrier_have_numbers(void)
{
    start();
    MRT_OK(mr_barrier_create(&the.barrier, THREADS, NULL));
    fake_threads(THREADS, pass_rounds, NULL);
    for (unsigned int i = 0; i < THREADS; i++) {
        MRT_EQUAL(the.seen[i], ROUNDS);
    }
    MRT_EQUAL(the.plain, ROUNDS);
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

static void act(void)
{
    the.plain++;
}

static void pass_with_action(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    for (uint64_t round = 1; round <= ROUNDS && !mrt_failed(); round++) {
        MRT_OK(mr_barrier_wait(the.barrier, GUARD, NULL));
        MRT_EQUAL(the.plain, round);
        MRT_OK(mr_barrier_wait(the.barrier, GUARD, NULL));
        round++;
        MRT_EQUAL(the.plain, round);
    }
}

static void action_runs_once_before_any_party_goes_on(void)
{
    const mr_barrier_options options = {.action = act};

    start();
    MRT_OK(mr_barrier_create(&the.barrier, THREADS, &options));
    fake_threads(THREADS, pass_with_action, NULL);
    MRT_EQUAL(the.plain, ROUNDS);
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

/* While the round acts, another party comes for the next one. */
static void come_and_give_up(void)
{
    MRT_ERROR(mr_barrier_wait(the.barrier, 0.01, NULL), MR_ERR_TIMEOUT);
}

static void party_that_gives_up_before_its_round_breaks_the_barrier(void)
{
    const mr_barrier_options options = {.action = come_and_give_up};
    mr_barrier_state state;

    start();
    MRT_OK(mr_barrier_create(&the.barrier, 1, &options));
    MRT_ERROR(mr_barrier_wait(the.barrier, GUARD, NULL), MR_ERR_BROKEN);
    MRT_OK(mr_barrier_get_state(the.barrier, &state));
    MRT_CHECK(state.broken);
    MRT_EQUAL(state.waiting, 0);
    MRT_OK(mr_barrier_reset(the.barrier));
    MRT_ERROR(mr_barrier_wait(the.barrier, GUARD, NULL), MR_ERR_BROKEN);
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

static void wait_or_give_up(unsigned int number, void *user)
{
    (void)user;
    if (number == 0) {
        await_waiting(the.barrier.handle, 2);
        the.errors[0] = mr_barrier_wait(the.barrier, 0.02, NULL);
    } else {
        the.errors[number] = mr_barrier_wait(the.barrier, GUARD, NULL);
    }
}

static void party_that_gives_up_breaks_the_barrier(void)
{
    mr_barrier_state state;

    start();
    MRT_OK(mr_barrier_create(&the.barrier, 4, NULL));
    fake_threads(3, wait_or_give_up, NULL);
    MRT_ERROR(the.errors[0], MR_ERR_TIMEOUT);
    MRT_ERROR(the.errors[1], MR_ERR_BROKEN);
    MRT_ERROR(the.errors[2], MR_ERR_BROKEN);
    MRT_ERROR(mr_barrier_wait(the.barrier, GUARD, NULL), MR_ERR_BROKEN);
    MRT_OK(mr_barrier_get_state(the.barrier, &state));
    MRT_CHECK(state.broken);
    MRT_EQUAL(state.parties, 4);
    MRT_OK(mr_barrier_reset(the.barrier));
    MRT_OK(mr_barrier_get_state(the.barrier, &state));
    MRT_CHECK(!state.broken);
    MRT_EQUAL(state.waiting, 0);
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

typedef mr_error end_round(mr_barrier barrier);

static void wait_or_end(unsigned int number, void *user)
{
    end_round *how = *(end_round **)user;

    if (number == 0) {
        await_waiting(the.barrier.handle, 2);
        MRT_OK(how(the.barrier));
    } else {
        the.errors[number] = mr_barrier_wait(the.barrier, GUARD, NULL);
    }
}

static void check_end(end_round *how, bool stays_broken)
{
    mr_barrier_state state;

    start();
    MRT_OK(mr_barrier_create(&the.barrier, 4, NULL));
    fake_threads(3, wait_or_end, &how);
    MRT_ERROR(the.errors[1], MR_ERR_BROKEN);
    MRT_ERROR(the.errors[2], MR_ERR_BROKEN);
    MRT_OK(mr_barrier_get_state(the.barrier, &state));
    MRT_CHECK(state.broken == stays_broken);
    MRT_EQUAL(state.waiting, 0);
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

static void reset_and_abort_send_parties_away(void)
{
    check_end(mr_barrier_reset, false);
    check_end(mr_barrier_abort, true);
}

/* Thread 1 takes part in a round and dies after it. */
static void die_after_a_round(unsigned int number, void *user)
{
    (void)user;
    if (number < 2) {
        MRT_OK(mr_barrier_wait(the.barrier, GUARD, NULL));
    }
    if (number == 1) {
        fake_die();
    }
    if (number == 2) {
        fake_await_death(1);
        await_waiting(the.barrier.handle, 1);
        fake_reap(fake_endpoint_of(1));
        return;
    }
    the.errors[0] = mr_barrier_wait(the.barrier, GUARD, NULL);
}

static void crash_of_a_member_breaks_the_barrier(void)
{
    start();
    MRT_OK(mr_barrier_create(&the.barrier, 2, NULL));
    fake_threads(3, die_after_a_round, NULL);
    MRT_ERROR(the.errors[0], MR_ERR_BROKEN);
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

static void barrier_of_one_never_waits(void)
{
    unsigned int number = 7;

    start();
    MRT_OK(mr_barrier_create(&the.barrier, 1, NULL));
    MRT_OK(mr_barrier_wait(the.barrier, 0, &number));
    MRT_EQUAL(number, 0);
    MRT_OK(mr_barrier_wait(the.barrier, 0, NULL));
    MRT_OK(mr_barrier_destroy(the.barrier));
    fake_stop();
}

/* ---- ends that are no endpoint's ----------------------------------------- */

/* A process object that is destroyed is told to other nodes without an
 * endpoint: what is free stays free. */
static void end_of_no_endpoint_leaves_free_locks_alone(void)
{
    const mri_gone gone = {.process = {.kind = MRI_PROCESS, .slot = 20}};

    start();
    MRT_OK(mr_lock_create(&the.lock, NULL));
    mri_reap_far(mri_self(), 0, &gone);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    MRT_OK(mr_lock_release(the.lock));
    MRT_OK(mr_lock_destroy(the.lock));
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        MRT_TEST(rlock_is_taken_again_by_its_thread_alone),
        MRT_TEST(semaphore_counts),
        MRT_TEST(bounded_semaphore_refuses_more_than_its_first_value),
        MRT_TEST(semaphore_gives_each_count_once),
        MRT_TEST(release_of_several_wakes_as_many),
        MRT_TEST(event_is_set_until_it_is_cleared),
        MRT_TEST(short_set_releases_all_who_wait),
        MRT_TEST(condition_wants_its_lock_held),
        MRT_TEST(wait_that_times_out_holds_the_lock_again),
        MRT_TEST(notify_releases_as_many_as_it_says),
        MRT_TEST(notification_is_not_kept_for_later_waiters),
        MRT_TEST(dead_waiter_takes_no_notification),
        MRT_TEST(wait_for_ends_when_the_predicate_holds),
        MRT_TEST(parties_of_a_barrier_have_numbers),
        MRT_TEST(action_runs_once_before_any_party_goes_on),
        MRT_TEST(party_that_gives_up_before_its_round_breaks_the_barrier),
        MRT_TEST(party_that_gives_up_breaks_the_barrier),
        MRT_TEST(reset_and_abort_send_parties_away),
        MRT_TEST(crash_of_a_member_breaks_the_barrier),
        MRT_TEST(barrier_of_one_never_waits),
        MRT_TEST(end_of_no_endpoint_leaves_free_locks_alone),
    };

    return mrt_main("sync", tests, MRT_COUNT(tests), argc, argv);
}
