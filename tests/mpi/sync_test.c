/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contracts of RLock, Semaphore and Event, and what all objects of
 * synchronisation have in common: what they refuse, how they are waited for
 * and destroyed.  The Lock has its contract in lock_test.c.
 */
#include "mpi/sync_support.h"

#include <pthread.h>

/* ---- all kinds ----------------------------------------------------------- */

typedef struct kind {
    mr_error (*make)(mr_handle *handle, int place);
    void (*expect)(mr_handle handle, mr_error expected); /* of all calls */
    mr_error (*destroy)(mr_handle handle);
    mr_error (*wait)(mr_handle handle, double timeout);
    void (*hold)(mr_handle handle); /* so that others wait; NULL: they do */
} kind;

static mr_error make_lock(mr_handle *handle, int place)
{
    const mr_lock_options options = {.place = place};

    return mr_lock_create((mr_lock *)handle, &options);
}

static mr_error make_rlock(mr_handle *handle, int place)
{
    const mr_lock_options options = {.place = place, .recursive = true};

    return mr_lock_create((mr_lock *)handle, &options);
}

static mr_error wait_lock(mr_handle handle, double timeout)
{
    return mr_lock_acquire((mr_lock){handle}, timeout);
}

static mr_error destroy_lock(mr_handle handle)
{
    return mr_lock_destroy((mr_lock){handle});
}

static void expect_lock(mr_handle handle, mr_error expected)
{
    MRT_ERROR(mr_lock_release((mr_lock){handle}), expected);
}

static void hold_lock(mr_handle handle)
{
    MRT_OK(mr_lock_acquire((mr_lock){handle}, 0));
}

static mr_error make_semaphore(mr_handle *handle, int place)
{
    const mr_semaphore_options options = {.place = place};

    return mr_semaphore_create((mr_semaphore *)handle, 0, &options);
}

static mr_error wait_semaphore(mr_handle handle, double timeout)
{
    return mr_semaphore_acquire((mr_semaphore){handle}, timeout);
}

static mr_error destroy_semaphore(mr_handle handle)
{
    return mr_semaphore_destroy((mr_semaphore){handle});
}

static void expect_semaphore(mr_handle handle, mr_error expected)
{
    unsigned int value;

    MRT_ERROR(mr_semaphore_release((mr_semaphore){handle}, 1), expected);
    MRT_ERROR(mr_semaphore_get_value((mr_semaphore){handle}, &value), expected);
}

static mr_error make_event(mr_handle *handle, int place)
{
    const mr_event_options options = {.place = place};

    return mr_event_create((mr_event *)handle, &options);
}

static mr_error wait_event(mr_handle handle, double timeout)
{
    return mr_event_wait((mr_event){handle}, timeout);
}

static mr_error destroy_event(mr_handle handle)
{
    return mr_event_destroy((mr_event){handle});
}

static void expect_event(mr_handle handle, mr_error expected)
{
    bool set;

    MRT_ERROR(mr_event_set((mr_event){handle}), expected);
    MRT_ERROR(mr_event_clear((mr_event){handle}), expected);
    MRT_ERROR(mr_event_is_set((mr_event){handle}, &set), expected);
}

static mr_error make_condition(mr_handle *handle, int place)
{
    const mr_condition_options options = {.place = place};

    return mr_condition_create((mr_condition *)handle, &options);
}

/* Under the own lock, whose handle is the same. */
static mr_error wait_condition(mr_handle handle, double timeout)
{
    mr_error error = mr_lock_acquire((mr_lock){handle}, GUARD);

    if (is_held(error)) {
        error = mr_condition_wait((mr_condition){handle}, timeout);
        (void)!mr_lock_release((mr_lock){handle});
    }
    return error;
}

static mr_error destroy_condition(mr_handle handle)
{
    return mr_condition_destroy((mr_condition){handle});
}

static bool no(void *argument)
{
    (void)argument;
    return false;
}

static void expect_condition(mr_handle handle, mr_error expected)
{
    const mr_condition c = {handle};
    mr_lock lock;

    MRT_ERROR(mr_condition_wait(c, 0), expected);
    MRT_ERROR(mr_condition_wait_for(c, no, NULL, 0), expected);
    MRT_ERROR(mr_condition_notify(c, 1), expected);
    MRT_ERROR(mr_condition_notify_all(c), expected);
    MRT_ERROR(mr_condition_get_lock(c, &lock), expected);
}

static mr_error make_barrier(mr_handle *handle, int place)
{
    const mr_barrier_options options = {.place = place};

    return mr_barrier_create((mr_barrier *)handle, 100, &options);
}

static mr_error wait_barrier(mr_handle handle, double timeout)
{
    return mr_barrier_wait((mr_barrier){handle}, timeout, NULL);
}

static mr_error destroy_barrier(mr_handle handle)
{
    return mr_barrier_destroy((mr_barrier){handle});
}

static void expect_barrier(mr_handle handle, mr_error expected)
{
    mr_barrier_state state;

    MRT_ERROR(mr_barrier_reset((mr_barrier){handle}), expected);
    MRT_ERROR(mr_barrier_abort((mr_barrier){handle}), expected);
    MRT_ERROR(mr_barrier_get_state((mr_barrier){handle}, &state), expected);
}

static mr_error make_rwlock(mr_handle *handle, int place)
{
    const mr_rwlock_options options = {.place = place};

    return mr_rwlock_create((mr_rwlock *)handle, &options);
}

static mr_error wait_to_read(mr_handle handle, double timeout)
{
    return mr_rwlock_acquire_read((mr_rwlock){handle}, timeout);
}

static mr_error wait_to_write(mr_handle handle, double timeout)
{
    return mr_rwlock_acquire_write((mr_rwlock){handle}, timeout);
}

static mr_error destroy_rwlock(mr_handle handle)
{
    return mr_rwlock_destroy((mr_rwlock){handle});
}

static void expect_rwlock(mr_handle handle, mr_error expected)
{
    MRT_ERROR(mr_rwlock_release((mr_rwlock){handle}), expected);
}

static void hold_rwlock(mr_handle handle)
{
    MRT_OK(mr_rwlock_acquire_write((mr_rwlock){handle}, 0));
}

static const kind kinds[] = {
    {make_lock, expect_lock, destroy_lock, wait_lock, hold_lock},
    {make_rlock, expect_lock, destroy_lock, wait_lock, hold_lock},
    {make_semaphore, expect_semaphore, destroy_semaphore, wait_semaphore, NULL},
    {make_event, expect_event, destroy_event, wait_event, NULL},
    {make_condition, expect_condition, destroy_condition, wait_condition, NULL},
    {make_barrier, expect_barrier, destroy_barrier, wait_barrier, NULL},
    {make_rwlock, expect_rwlock, destroy_rwlock, wait_to_read, hold_rwlock},
    {make_rwlock, expect_rwlock, destroy_rwlock, wait_to_write, hold_rwlock},
};

static void expect_from_all(const kind *k, mr_handle handle, mr_error expected)
{
    MRT_ERROR(k->wait(handle, 0), expected);
    MRT_ERROR(k->wait(handle, MR_FOREVER), expected);
    k->expect(handle, expected);
    MRT_ERROR(k->destroy(handle), expected);
}

static void create_refuses_null_and_ranks_that_do_not_exist(void)
{
    const int places[] = {MR_ON_RANK(mr_size()), -1, INT32_MAX, INT32_MIN};

    for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
        mr_handle handle;

        MRT_ERROR(kinds[i].make(NULL, 0), MR_ERR_ARGUMENT);
        for (size_t j = 0; j < MRT_COUNT(places); j++) {
            MRT_ERROR(kinds[i].make(&handle, places[j]), MR_ERR_ARGUMENT);
        }
    }
}

static void waits_refuse_nan_and_change_nothing(void)
{
    for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
        mr_handle handle;

        MRT_OK(kinds[i].make(&handle, MR_ON_RANK(mr_size() - 1)));
        MRT_ERROR(kinds[i].wait(handle, NOT_A_NUMBER), MR_ERR_ARGUMENT);
        MRT_OK(kinds[i].destroy(handle));
    }
}

static void all_are_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
            mr_handle handle, next;

            MRT_OK(kinds[i].make(&handle, MR_ON_RANK(rank)));
            MRT_OK(kinds[i].destroy(handle));
            expect_from_all(&kinds[i], handle, MR_ERR_STALE);
            MRT_OK(kinds[i].make(&next, MR_ON_RANK(rank)));
            expect_from_all(&kinds[i], handle, MR_ERR_STALE);
            MRT_OK(kinds[i].destroy(next));
        }
    }
}

static void handles_that_name_nothing_are_stale(void)
{
    mr_queue queue;

    MRT_OK(mr_queue_create(&queue, NULL));
    for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
        mr_handle handle, strange[STRANGE_HANDLES];

        MRT_OK(kinds[i].make(&handle, MR_ON_RANK(mr_size() - 1)));
        strange_handles(handle, strange);
        for (int j = 0; j < STRANGE_HANDLES; j++) {
            expect_from_all(&kinds[i], strange[j], MR_ERR_STALE);
        }
        expect_from_all(&kinds[i], queue.handle, MR_ERR_STALE);
        MRT_OK(kinds[i].destroy(handle));
    }
    MRT_OK(mr_queue_destroy(queue));
}

typedef struct wait_order {
    scene scene;
    size_t kind;
    mr_handle handle;
} wait_order;

static int wait_until_closed(const void *argument, size_t size)
{
    const wait_order *order = argument;

    (void)size;
    tell_ready(&order->scene);
    CHILD_ERROR(kinds[order->kind].wait(order->handle, MR_FOREVER),
                MR_ERR_CLOSED);
    CHILD_ERROR(kinds[order->kind].wait(order->handle, MR_FOREVER),
                MR_ERR_STALE);
    return child_result();
}

static void destroy_wakes_those_who_wait(void)
{
    enum { WAITERS = 3 };
    wait_order order;

    make_queues(&order.scene);
    for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
        mr_process waiters[WAITERS];

        order.kind = i;
        MRT_OK(kinds[i].make(&order.handle, MR_ON_RANK(mr_size() - 1)));
        if (kinds[i].hold) {
            kinds[i].hold(order.handle);
        }
        for (int j = 0; j < WAITERS; j++) {
            START(&waiters[j], rank_of(j), wait_until_closed, &order,
                  sizeof order);
            await_ready(&order.scene);
        }
        for (int j = 0; j < WAITERS; j++) {
            MRT_CHECK(child_sleeps(waiters[j]));
        }
        MRT_OK(kinds[i].destroy(order.handle));
        for (int j = 0; j < WAITERS; j++) {
            END(waiters[j], 0);
        }
    }
    destroy_queues(&order.scene);
}

static int wait_in_vain(const void *argument, size_t size)
{
    const wait_order *order = argument;
    const kind *k = &kinds[order->kind];
    double started = mrt_now();

    (void)size;
    CHILD_ERROR(k->wait(order->handle, SHORT), MR_ERR_TIMEOUT);
    CHILD_CHECK(mrt_now() - started >= SHORT);
    return child_result();
}

static void every_wait_has_a_time_out(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
            wait_order order = {.kind = i};

            MRT_OK(kinds[i].make(&order.handle, MR_ON_RANK(mr_size() - 1)));
            if (kinds[i].hold) {
                kinds[i].hold(order.handle);
            }
            RUN(rank, wait_in_vain, &order, sizeof order);
            MRT_OK(kinds[i].destroy(order.handle));
        }
    }
}

/* ---- RLock --------------------------------------------------------------- */

static void rlock_has_an_owner_and_a_count(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_lock lock;

        MRT_OK(make_rlock(&lock.handle, MR_ON_RANK(rank)));
        MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
        for (int i = 0; i < 3; i++) {
            MRT_OK(mr_lock_acquire(lock, i % 2 ? 0 : MR_FOREVER));
        }
        for (int i = 0; i < 3; i++) {
            MRT_OK(mr_lock_release(lock));
        }
        MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
        MRT_OK(mr_lock_destroy(lock));
    }
}

static void *may_not_release(void *argument)
{
    const mr_lock *lock = argument;

    MRT_ERROR(mr_lock_release(*lock), MR_ERR_NOT_HELD);
    MRT_ERROR(mr_lock_acquire(*lock, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_lock_acquire(*lock, SHORT), MR_ERR_TIMEOUT);
    return NULL;
}

static int child_may_not_release(const void *argument, size_t size)
{
    const mr_lock *lock = argument;

    (void)size;
    CHILD_ERROR(mr_lock_release(*lock), MR_ERR_NOT_HELD);
    CHILD_ERROR(mr_lock_acquire(*lock, SHORT), MR_ERR_TIMEOUT);
    return child_result();
}

static void rlock_release_by_another_is_an_error(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        pthread_t thread;
        mr_lock lock;

        MRT_OK(make_rlock(&lock.handle, MR_ON_RANK(rank)));
        MRT_OK(mr_lock_acquire(lock, 0));
        pthread_create(&thread, NULL, may_not_release, &lock);
        pthread_join(thread, NULL);
        RUN(rank_of(rank + 1), child_may_not_release, &lock, sizeof lock);
        MRT_OK(mr_lock_release(lock));
        MRT_OK(mr_lock_destroy(lock));
    }
}

static int hold_rlock_twice(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    tell_ready(s);
    await_go(s);
    return child_result();
}

static void rlock_of_a_killed_holder_is_passed_on(void)
{
    scene s;

    make_queues(&s);
    MRT_OK(make_rlock(&s.lock.handle, MR_ON_RANK(mr_size() - 1)));
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, hold_rlock_twice, &s, sizeof s);
        await_ready(&s);
        MRT_ERROR(mr_lock_acquire(s.lock, 0), MR_ERR_TIMEOUT);
        kill_child(child);
        MRT_ERROR(mr_lock_acquire(s.lock, GUARD), MR_ERR_HOLDER_DIED);
        MRT_OK(mr_lock_acquire(s.lock, 0));
        MRT_OK(mr_lock_release(s.lock));
        MRT_OK(mr_lock_release(s.lock));
        MRT_ERROR(mr_lock_release(s.lock), MR_ERR_NOT_HELD);
    }
    MRT_OK(mr_lock_destroy(s.lock));
    destroy_queues(&s);
}

/* ---- Semaphore ----------------------------------------------------------- */

static void semaphore_counts_up_to_its_limit(void)
{
    unsigned int value = 0;
    mr_semaphore semaphore;

    MRT_ERROR(mr_semaphore_create(&semaphore, MR_SEMAPHORE_MAX + 1, NULL),
              MR_ERR_ARGUMENT);
    MRT_OK(make_semaphore(&semaphore.handle, MR_ON_RANK(mr_size() - 1)));
    MRT_ERROR(mr_semaphore_get_value(semaphore, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_semaphore_release(semaphore, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_semaphore_release(semaphore, MR_SEMAPHORE_MAX + 1),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_semaphore_acquire(semaphore, SHORT), MR_ERR_TIMEOUT);
    MRT_OK(mr_semaphore_release(semaphore, MR_SEMAPHORE_MAX));
    MRT_ERROR(mr_semaphore_release(semaphore, 1), MR_ERR_LIMIT);
    MRT_OK(mr_semaphore_acquire(semaphore, 0));
    MRT_OK(mr_semaphore_get_value(semaphore, &value));
    MRT_EQUAL(value, MR_SEMAPHORE_MAX - 1);
    MRT_OK(mr_semaphore_destroy(semaphore));
}

static void bounded_semaphore_release_above_its_start_is_an_error(void)
{
    const mr_semaphore_options options = {.place = MR_ON_RANK(mr_size() - 1),
                                          .bounded = true};
    mr_semaphore semaphore;

    MRT_OK(mr_semaphore_create(&semaphore, 2, &options));
    MRT_ERROR(mr_semaphore_release(semaphore, 1), MR_ERR_NOT_HELD);
    MRT_OK(mr_semaphore_acquire(semaphore, 0));
    MRT_ERROR(mr_semaphore_release(semaphore, 2), MR_ERR_NOT_HELD);
    MRT_OK(mr_semaphore_release(semaphore, 1));
    MRT_OK(mr_semaphore_destroy(semaphore));
}

static int take_one(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    tell_ready(s);
    CHILD_OK(mr_semaphore_acquire(s->semaphore, MR_FOREVER));
    return child_result();
}

/* One of the waiters is killed: it takes nothing with it. */
static void semaphore_release_wakes_as_many_living_ones(void)
{
    mr_process waiters[4];
    unsigned int value = 9;
    scene s;

    make_queues(&s);
    MRT_OK(make_semaphore(&s.semaphore.handle, MR_ON_RANK(mr_size() - 1)));
    for (int i = 0; i < 4; i++) {
        start_sleeper(&waiters[i], i, take_one, &s);
    }
    kill_child(waiters[0]);
    MRT_OK(mr_semaphore_release(s.semaphore, 1));
    MRT_OK(mr_semaphore_release(s.semaphore, 2));
    for (int i = 1; i < 4; i++) {
        END(waiters[i], 0);
    }
    MRT_OK(mr_semaphore_get_value(s.semaphore, &value));
    MRT_EQUAL(value, 0);
    MRT_OK(mr_semaphore_destroy(s.semaphore));
    destroy_queues(&s);
}

/* ---- Event --------------------------------------------------------------- */

static int wait_for_event(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    tell_ready(s);
    CHILD_OK(mr_event_wait(s->event, MR_FOREVER));
    return child_result();
}

static void event_is_set_until_it_is_cleared(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_event event;

        MRT_OK(make_event(&event.handle, MR_ON_RANK(rank)));
        for (int set = 0; set < 2; set++) {
            bool found = !set;

            MRT_OK(set ? mr_event_set(event) : mr_event_clear(event));
            for (int again = 0; again < 2; again++) {
                MRT_OK(mr_event_is_set(event, &found));
                MRT_EQUAL(found, set);
                MRT_ERROR(mr_event_wait(event, 0),
                          set ? MR_OK : MR_ERR_TIMEOUT);
            }
        }
        MRT_OK(mr_event_clear(event));
        MRT_ERROR(mr_event_wait(event, 0), MR_ERR_TIMEOUT);
        MRT_OK(mr_event_destroy(event));
    }
}

/* Also when it is cleared at once. */
static void event_set_wakes_all_who_wait(void)
{
    mr_process waiters[3];
    bool set = true;
    scene s;

    make_queues(&s);
    MRT_OK(make_event(&s.event.handle, MR_ON_RANK(mr_size() - 1)));
    MRT_ERROR(mr_event_is_set(s.event, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_event_wait(s.event, SHORT), MR_ERR_TIMEOUT);
    for (int i = 0; i < 3; i++) {
        start_sleeper(&waiters[i], i, wait_for_event, &s);
    }
    MRT_OK(mr_event_set(s.event));
    MRT_OK(mr_event_clear(s.event));
    for (int i = 0; i < 3; i++) {
        END(waiters[i], 0);
    }
    MRT_OK(mr_event_is_set(s.event, &set));
    MRT_CHECK(!set);
    MRT_OK(mr_event_set(s.event));
    MRT_OK(mr_event_set(s.event));
    MRT_OK(mr_event_wait(s.event, 0));
    MRT_OK(mr_event_is_set(s.event, &set));
    MRT_CHECK(set);
    MRT_OK(mr_event_destroy(s.event));
    destroy_queues(&s);
}

/* ---- waiting for several ------------------------------------------------- */

enum { A_SEMAPHORE, AN_EVENT, AN_RLOCK, A_CONDITION, WAITABLE };

static int make_one_ready(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    await_go(s);
    if (s->number == A_SEMAPHORE) {
        CHILD_OK(mr_semaphore_release(s->semaphore, 1));
    } else {
        CHILD_OK(mr_event_set(s->event));
    }
    return child_result();
}

static void wait_takes_semaphores_events_and_locks(void)
{
    mr_handle handles[WAITABLE];
    bool ready[WAITABLE] = {0};
    scene s;

    make_queues(&s);
    MRT_OK(make_semaphore(&s.semaphore.handle, MR_ON_RANK(mr_size() - 1)));
    MRT_OK(make_event(&s.event.handle, MR_ON_RANK(0)));
    MRT_OK(make_rlock(&s.lock.handle, MR_ON_RANK(mr_size() - 1)));
    MRT_OK(make_condition(&s.condition.handle, MR_ON_RANK(0)));
    handles[A_SEMAPHORE] = s.semaphore.handle;
    handles[AN_EVENT] = s.event.handle;
    handles[AN_RLOCK] = s.lock.handle;
    handles[A_CONDITION] = s.condition.handle;
    hold_lock(s.lock.handle);
    hold_lock(s.condition.handle);
    MRT_ERROR(mr_wait(handles, WAITABLE, SHORT, ready), MR_ERR_TIMEOUT);
    for (int i = A_SEMAPHORE; i <= AN_EVENT; i++) {
        mr_process child;

        s.number = i;
        START(&child, rank_of(i), make_one_ready, &s, sizeof s);
        let_go(&s);
        MRT_OK(mr_wait(handles, WAITABLE, GUARD, ready));
        MRT_CHECK(ready[i] && !ready[AN_RLOCK] && !ready[A_CONDITION]);
        END(child, 0);
        MRT_ERROR(mr_semaphore_acquire(s.semaphore, 0),
                  i == A_SEMAPHORE ? MR_OK : MR_ERR_TIMEOUT);
    }
    MRT_OK(mr_event_clear(s.event));
    MRT_OK(mr_lock_release(s.lock));
    MRT_OK(mr_lock_release((mr_lock){s.condition.handle}));
    MRT_OK(mr_wait(handles + AN_RLOCK, 2, GUARD, ready));
    MRT_CHECK(ready[0] && ready[1]);
    MRT_OK(mr_semaphore_destroy(s.semaphore));
    MRT_OK(mr_event_destroy(s.event));
    MRT_OK(mr_lock_destroy(s.lock));
    MRT_ERROR(mr_lock_destroy((mr_lock){s.condition.handle}), MR_ERR_ARGUMENT);
    MRT_OK(mr_condition_destroy(s.condition));
    destroy_queues(&s);
}

static const mrt_test tests[] = {
    MRT_TEST(create_refuses_null_and_ranks_that_do_not_exist),
    MRT_TEST(waits_refuse_nan_and_change_nothing),
    MRT_TEST(all_are_stale_after_destroy),
    MRT_TEST(handles_that_name_nothing_are_stale),
    {"every_wait_has_a_time_out", every_wait_has_a_time_out, 60},
    {"destroy_wakes_those_who_wait", destroy_wakes_those_who_wait, 60},
    MRT_TEST(rlock_has_an_owner_and_a_count),
    MRT_TEST(rlock_release_by_another_is_an_error),
    MRT_TEST(rlock_of_a_killed_holder_is_passed_on),
    MRT_TEST(semaphore_counts_up_to_its_limit),
    MRT_TEST(bounded_semaphore_release_above_its_start_is_an_error),
    MRT_TEST(semaphore_release_wakes_as_many_living_ones),
    MRT_TEST(event_is_set_until_it_is_cleared),
    MRT_TEST(event_set_wakes_all_who_wait),
    MRT_TEST(wait_takes_semaphores_events_and_locks),
};

int main(int argc, char **argv)
{
    return suite_main("sync", tests, MRT_COUNT(tests), argc, argv);
}
