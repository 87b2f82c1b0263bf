/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_condition: who waits has no lock meanwhile, a notification
 * reaches as many living threads as it is for, and none waits for the dead.
 */
#include "mpi/sync_support.h"

#include <pthread.h>

/* What gives the lock. */
enum { OWN, A_LOCK, AN_RLOCK, OF_VALUE, OF_ARRAY, LOCKS };

typedef struct owner_of_lock {
    mr_value value;
    mr_array array;
} owner_of_lock;

static void make_lock(scene *s, owner_of_lock *o, int how)
{
    const int place = MR_ON_RANK(mr_size() - 1);
    const mr_lock_options lock = {.place = place, .recursive = how == AN_RLOCK};
    const mr_value_options value = {.place = place};
    const mr_array_options array = {.place = place};

    if (how == OF_VALUE) {
        MRT_OK(mr_value_create(&o->value, MR_INT64, NULL, &value));
        MRT_OK(mr_value_get_lock(o->value, &s->lock));
    } else if (how == OF_ARRAY) {
        MRT_OK(mr_array_create(&o->array, MR_INT64, 1, NULL, &array));
        MRT_OK(mr_array_get_lock(o->array, &s->lock));
    } else {
        MRT_OK(mr_lock_create(&s->lock, &lock));
    }
}

static void make(scene *s, owner_of_lock *o, int how)
{
    mr_condition_options options = {.place = MR_ON_RANK(mr_size() - 1)};

    make_queues(s);
    if (how == OWN) {
        MRT_OK(mr_condition_create(&s->condition, &options));
        MRT_OK(mr_condition_get_lock(s->condition, &s->lock));
        return;
    }
    make_lock(s, o, how);
    options.lock = s->lock;
    MRT_OK(mr_condition_create(&s->condition, &options));
}

static void destroy(const scene *s, const owner_of_lock *o, int how)
{
    MRT_OK(mr_condition_destroy(s->condition));
    if (how == OF_VALUE) {
        MRT_OK(mr_value_destroy(o->value));
    } else if (how == OF_ARRAY) {
        MRT_OK(mr_array_destroy(o->array));
    } else if (how != OWN) {
        MRT_OK(mr_lock_destroy(s->lock));
    }
    destroy_queues(s);
}

static void condition_refuses_what_is_no_lock(void)
{
    mr_condition_options options = {0};
    mr_condition condition, other;
    mr_queue queue;
    mr_lock lock;

    MRT_OK(mr_queue_create(&queue, NULL));
    options.lock.handle = queue.handle;
    MRT_ERROR(mr_condition_create(&condition, &options), MR_ERR_ARGUMENT);
    MRT_OK(mr_queue_destroy(queue));
    MRT_OK(mr_condition_create(&other, NULL));
    MRT_OK(mr_condition_get_lock(other, &options.lock));
    MRT_ERROR(mr_condition_create(&condition, &options), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_condition_get_lock(other, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_condition_wait_for(other, NULL, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_condition_notify(other, 0), MR_ERR_ARGUMENT);
    MRT_OK(mr_condition_destroy(other));
    MRT_OK(mr_lock_create(&lock, NULL));
    options.lock = lock;
    options.place = MR_ON_RANK(mr_size());
    MRT_ERROR(mr_condition_create(&condition, &options), MR_ERR_ARGUMENT);
    options.place = MR_PLACE_DEFAULT;
    MRT_OK(mr_lock_destroy(lock));
    MRT_ERROR(mr_condition_create(&condition, &options), MR_ERR_STALE);
}

static bool is_true(void *argument)
{
    return *(bool *)argument;
}

static void condition_must_hold_the_lock(void)
{
    for (int how = 0; how < LOCKS; how++) {
        owner_of_lock o;
        bool truth = false;
        scene s;

        make(&s, &o, how);
        MRT_ERROR(mr_condition_wait(s.condition, 0), MR_ERR_NOT_HELD);
        MRT_ERROR(mr_condition_wait(s.condition, MR_FOREVER), MR_ERR_NOT_HELD);
        MRT_ERROR(mr_condition_wait_for(s.condition, is_true, &truth, 0),
                  MR_ERR_NOT_HELD);
        MRT_ERROR(mr_condition_notify(s.condition, 1), MR_ERR_NOT_HELD);
        MRT_ERROR(mr_condition_notify_all(s.condition), MR_ERR_NOT_HELD);
        destroy(&s, &o, how);
    }
}

static void condition_time_out_gives_the_lock_back(void)
{
    for (int how = 0; how < LOCKS; how++) {
        bool truth = false;
        owner_of_lock o;
        scene s;

        make(&s, &o, how);
        MRT_OK(mr_lock_acquire(s.lock, 0));
        MRT_ERROR(mr_condition_wait(s.condition, NOT_A_NUMBER),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(
            mr_condition_wait_for(s.condition, is_true, &truth, NOT_A_NUMBER),
            MR_ERR_ARGUMENT);
        MRT_ERROR(mr_condition_wait(s.condition, 0), MR_ERR_TIMEOUT);
        MRT_ERROR(mr_condition_wait(s.condition, SHORT), MR_ERR_TIMEOUT);
        MRT_ERROR(mr_condition_wait_for(s.condition, is_true, &truth, SHORT),
                  MR_ERR_TIMEOUT);
        truth = true;
        MRT_OK(mr_condition_wait_for(s.condition, is_true, &truth, 0));
        MRT_OK(mr_lock_release(s.lock));
        MRT_ERROR(mr_lock_release(s.lock), MR_ERR_NOT_HELD);
        destroy(&s, &o, how);
    }
}

static int wait_to_be_notified(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_CHECK(is_held(mr_lock_acquire(s->lock, GUARD)));
    tell_ready(s);
    CHILD_CHECK(is_held(mr_condition_wait(s->condition, MR_FOREVER)));
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

/* One of them took it twice, and has it twice afterwards. */
static int wait_with_the_lock_twice(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    tell_ready(s);
    CHILD_OK(mr_condition_wait(s->condition, MR_FOREVER));
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_ERROR(mr_lock_release(s->lock), MR_ERR_NOT_HELD);
    return child_result();
}

static void notify(const scene *s, unsigned int count)
{
    MRT_CHECK(is_held(mr_lock_acquire(s->lock, GUARD)));
    MRT_OK(mr_condition_notify(s->condition, count));
    MRT_OK(mr_lock_release(s->lock));
}

static void condition_waits_over_each_kind_of_lock(void)
{
    for (int how = 0; how < LOCKS; how++) {
        mr_process first, second;
        owner_of_lock o;
        scene s;

        make(&s, &o, how);
        start_sleeper(
            &first, 1,
            how == A_LOCK ? wait_to_be_notified : wait_with_the_lock_twice, &s);
        start_sleeper(&second, how, wait_to_be_notified, &s);
        MRT_CHECK(is_held(mr_lock_acquire(s.lock, GUARD)));
        MRT_OK(mr_condition_notify_all(s.condition));
        MRT_OK(mr_lock_release(s.lock));
        END(first, 0);
        END(second, 0);
        destroy(&s, &o, how);
    }
}

static bool ask_array(void *argument)
{
    int64_t value = 0;

    CHILD_OK(mr_value_get(*(mr_value *)argument, &value));
    return value >= 3;
}

typedef struct counted {
    scene scene;
    mr_value value;
} counted;

static int wait_for_three(const void *argument, size_t size)
{
    counted c = *(const counted *)argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(c.scene.lock, GUARD));
    tell_ready(&c.scene);
    CHILD_OK(
        mr_condition_wait_for(c.scene.condition, ask_array, &c.value, GUARD));
    CHILD_OK(mr_lock_release(c.scene.lock));
    return child_result();
}

static void condition_wait_for_asks_after_each_notification(void)
{
    const int64_t one = 1;
    mr_process child;
    owner_of_lock o;
    counted c;

    make(&c.scene, &o, OWN);
    MRT_OK(mr_value_create(&c.value, MR_INT64, NULL, NULL));
    START(&child, rank_of(1), wait_for_three, &c, sizeof c);
    await_ready(&c.scene);
    for (int i = 0; i < 3; i++) {
        MRT_OK(mr_value_add(c.value, &one, NULL));
        notify(&c.scene, 1);
    }
    END(child, 0);
    MRT_OK(mr_value_destroy(c.value));
    destroy(&c.scene, &o, OWN);
}

enum { WAITERS = 4 };

static int ended(const mr_process waiters[WAITERS])
{
    int count = 0;

    for (int i = 0; i < WAITERS; i++) {
        bool alive = true;

        MRT_OK(mr_process_is_alive(waiters[i], &alive));
        count += !alive;
    }
    return count;
}

static void await_ended(const mr_process waiters[WAITERS], int count)
{
    double end = mrt_now() + GUARD;

    while (ended(waiters) < count && mrt_now() < end) {
        mrt_pause();
    }
    MRT_EQUAL(ended(waiters), count);
}

static void condition_notify_wakes_as_many_as_it_says(void)
{
    mr_process waiters[WAITERS];
    owner_of_lock o;
    scene s;

    make(&s, &o, A_LOCK);
    notify(&s, 3); /* nobody waits, and nobody has it later */
    for (int i = 0; i < WAITERS; i++) {
        start_sleeper(&waiters[i], i, wait_to_be_notified, &s);
    }
    notify(&s, 1);
    await_ended(waiters, 1);
    notify(&s, 2);
    await_ended(waiters, 3);
    notify(&s, 100);
    for (int i = 0; i < WAITERS; i++) {
        END(waiters[i], 0);
    }
    MRT_OK(mr_lock_acquire(s.lock, GUARD));
    MRT_ERROR(mr_condition_wait(s.condition, SHORT), MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(s.lock));
    destroy(&s, &o, A_LOCK);
}

static void condition_notify_all_wakes_all_who_wait(void)
{
    mr_process waiters[WAITERS];
    owner_of_lock o;
    scene s;

    make(&s, &o, OWN);
    for (int i = 0; i < WAITERS; i++) {
        start_sleeper(&waiters[i], i, wait_to_be_notified, &s);
    }
    MRT_OK(mr_lock_acquire(s.lock, GUARD));
    MRT_OK(mr_condition_notify_all(s.condition));
    MRT_EQUAL(ended(waiters), 0); /* the lock is held */
    MRT_OK(mr_lock_release(s.lock));
    for (int i = 0; i < WAITERS; i++) {
        END(waiters[i], 0);
    }
    destroy(&s, &o, OWN);
}

/* Two that wait longest are killed before it and while it is on its way. */
static void condition_notify_of_two_wakes_two_living(void)
{
    mr_process waiters[WAITERS];
    owner_of_lock o;
    scene s;

    make(&s, &o, OWN);
    for (int i = 0; i < WAITERS; i++) {
        start_sleeper(&waiters[i], i, wait_to_be_notified, &s);
    }
    kill_child(waiters[0]);
    MRT_OK(mr_lock_acquire(s.lock, GUARD));
    MRT_OK(mr_condition_notify(s.condition, 2));
    MRT_OK(mr_process_kill(waiters[1]));
    MRT_OK(mr_process_join(waiters[1], GUARD));
    MRT_OK(mr_lock_release(s.lock));
    END(waiters[1], -SIGKILL);
    END(waiters[2], 0);
    END(waiters[3], 0);
    destroy(&s, &o, OWN);
}

/* ---- a death while the lock is taken back -------------------------------- */

static void *wait_in_a_thread(void *argument)
{
    const scene *s = argument;

    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    tell_ready(s);
    (void)!mr_condition_wait(s->condition, MR_FOREVER);
    return NULL;
}

/* Its thread waits for the lock that it holds itself. */
static int hold_what_a_thread_wants_back(const void *argument, size_t size)
{
    const scene *s = argument;
    pthread_t thread;

    (void)size;
    pthread_create(&thread, NULL, wait_in_a_thread, (void *)s);
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, GUARD));
    CHILD_CHECK(is_held(mr_lock_acquire(s->lock, GUARD)));
    CHILD_OK(mr_condition_notify(s->condition, 1));
    tell_ready(s);
    await_go(s);
    return child_result();
}

static void condition_waiter_killed_while_its_own_process_has_the_lock(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process killed, other;
        owner_of_lock o;
        scene s;

        make(&s, &o, AN_RLOCK);
        START(&killed, rank, hold_what_a_thread_wants_back, &s, sizeof s);
        await_ready(&s); /* the thread is about to wait */
        start_sleeper(&other, rank + 1, wait_to_be_notified, &s);
        let_go(&s);
        await_ready(&s);
        kill_child(killed);
        MRT_CHECK(is_held(mr_lock_acquire(s.lock, GUARD)));
        MRT_OK(mr_lock_release(s.lock));
        END(other, 0); /* it has the notification of the dead one */
        destroy(&s, &o, AN_RLOCK);
    }
}

/* ---- destroy ------------------------------------------------------------- */

static int wait_until_closed(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    tell_ready(s);
    CHILD_ERROR(mr_condition_wait(s->condition, MR_FOREVER), MR_ERR_CLOSED);
    return child_result();
}

static void condition_destroy_closes_and_frees_a_given_lock(void)
{
    mr_process waiters[WAITERS];
    owner_of_lock o;
    scene s;

    make(&s, &o, A_LOCK);
    for (int i = 0; i < WAITERS; i++) {
        start_sleeper(&waiters[i], i, wait_until_closed, &s);
    }
    MRT_OK(mr_condition_destroy(s.condition));
    for (int i = 0; i < WAITERS; i++) {
        END(waiters[i], 0);
    }
    MRT_OK(mr_lock_acquire(s.lock, 0));
    MRT_OK(mr_lock_destroy(s.lock));
    destroy_queues(&s);
}

/* They are notified, and want the lock back that is destroyed. */
static void condition_waiters_are_closed_with_their_given_lock(void)
{
    mr_process waiters[WAITERS];
    owner_of_lock o;
    scene s;

    make(&s, &o, A_LOCK);
    for (int i = 0; i < WAITERS; i++) {
        start_sleeper(&waiters[i], i, wait_until_closed, &s);
    }
    MRT_OK(mr_lock_acquire(s.lock, 0));
    MRT_OK(mr_condition_notify_all(s.condition));
    for (int i = 0; i < WAITERS; i++) {
        MRT_CHECK(child_sleeps(waiters[i]));
    }
    MRT_OK(mr_lock_destroy(s.lock));
    for (int i = 0; i < WAITERS; i++) {
        END(waiters[i], 0);
    }
    MRT_ERROR(mr_condition_wait(s.condition, 0), MR_ERR_CLOSED);
    MRT_ERROR(mr_condition_notify(s.condition, 1), MR_ERR_CLOSED);
    MRT_OK(mr_condition_destroy(s.condition));
    destroy_queues(&s);
}

static const mrt_test tests[] = {
    MRT_TEST(condition_refuses_what_is_no_lock),
    MRT_TEST(condition_must_hold_the_lock),
    MRT_TEST(condition_time_out_gives_the_lock_back),
    MRT_TEST(condition_waits_over_each_kind_of_lock),
    MRT_TEST(condition_wait_for_asks_after_each_notification),
    MRT_TEST(condition_notify_wakes_as_many_as_it_says),
    MRT_TEST(condition_notify_all_wakes_all_who_wait),
    MRT_TEST(condition_notify_of_two_wakes_two_living),
    MRT_TEST(condition_waiter_killed_while_its_own_process_has_the_lock),
    MRT_TEST(condition_destroy_closes_and_frees_a_given_lock),
    MRT_TEST(condition_waiters_are_closed_with_their_given_lock),
};

int main(int argc, char **argv)
{
    return suite_main("condition", tests, MRT_COUNT(tests), argc, argv);
}
