/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A signal ends a blocked call on each object of synchronisation, near and far,
 * of rank 0 and of a process: nothing is taken, and the object goes on.
 *
 * The hook says yes once for each signal.
 */
#include "mpi/sync_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>

static atomic_bool rung;
static atomic_bool told;

static void note(int number)
{
    (void)number;
    atomic_store(&rung, true);
}

static bool ask(void *argument)
{
    (void)argument;
    if (atomic_exchange(&rung, false)) {
        atomic_store(&told, true);
        return true;
    }
    return false;
}

static void listen_to_signals(void)
{
    const struct sigaction action = {.sa_handler = note};

    atomic_store(&rung, false);
    atomic_store(&told, false);
    mr_set_interrupt(ask, NULL);
    sigaction(SIGALRM, &action, NULL);
}

/* A signal comes soon: before or while the next call sleeps. */
static void signal_soon(void)
{
    const struct itimerval soon = {.it_value = {.tv_usec = 30000}};

    listen_to_signals();
    setitimer(ITIMER_REAL, &soon, NULL);
}

/* ---- each call ----------------------------------------------------------- */

static void *hold_for_another(void *argument)
{
    const mr_lock *lock = argument;

    CHILD_OK(mr_lock_acquire(*lock, 0));
    return NULL;
}

/* A thread that ended has it. */
static void end_a_lock(int place)
{
    const mr_lock_options options = {.place = place};
    pthread_t thread;
    mr_lock lock;

    CHILD_OK(mr_lock_create(&lock, &options));
    pthread_create(&thread, NULL, hold_for_another, &lock);
    pthread_join(thread, NULL);
    signal_soon();
    CHILD_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_INTERRUPTED);
    CHILD_OK(mr_lock_release(lock));
    CHILD_OK(mr_lock_acquire(lock, 0));
    CHILD_OK(mr_lock_destroy(lock));
}

static void end_a_semaphore(int place)
{
    const mr_semaphore_options options = {.place = place};
    unsigned int value = 9;
    mr_semaphore semaphore;
    bool ready;

    CHILD_OK(mr_semaphore_create(&semaphore, 0, &options));
    signal_soon();
    CHILD_ERROR(mr_semaphore_acquire(semaphore, MR_FOREVER),
                MR_ERR_INTERRUPTED);
    signal_soon();
    CHILD_ERROR(mr_wait(&semaphore.handle, 1, MR_FOREVER, &ready),
                MR_ERR_INTERRUPTED);
    CHILD_OK(mr_semaphore_release(semaphore, 1));
    CHILD_OK(mr_semaphore_get_value(semaphore, &value));
    CHILD_CHECK(value == 1);
    CHILD_OK(mr_semaphore_acquire(semaphore, 0));
    CHILD_OK(mr_semaphore_destroy(semaphore));
}

static void end_an_event(int place)
{
    const mr_event_options options = {.place = place};
    mr_event event;

    CHILD_OK(mr_event_create(&event, &options));
    signal_soon();
    CHILD_ERROR(mr_event_wait(event, MR_FOREVER), MR_ERR_INTERRUPTED);
    CHILD_OK(mr_event_set(event));
    CHILD_OK(mr_event_wait(event, 0));
    CHILD_OK(mr_event_destroy(event));
}

static void end_a_condition(int place)
{
    const mr_condition_options options = {.place = place};
    mr_condition condition;
    mr_lock lock;

    CHILD_OK(mr_condition_create(&condition, &options));
    CHILD_OK(mr_condition_get_lock(condition, &lock));
    CHILD_OK(mr_lock_acquire(lock, 0));
    signal_soon();
    CHILD_ERROR(mr_condition_wait(condition, MR_FOREVER), MR_ERR_INTERRUPTED);
    CHILD_OK(mr_condition_notify(condition, 1)); /* the lock is held */
    CHILD_ERROR(mr_condition_wait(condition, SHORT), MR_ERR_TIMEOUT);
    CHILD_OK(mr_lock_release(lock));
    CHILD_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    CHILD_OK(mr_condition_destroy(condition));
}

static void end_a_barrier(int place)
{
    const mr_barrier_options options = {.place = place};
    mr_barrier_state state = {0};
    mr_barrier barrier;

    CHILD_OK(mr_barrier_create(&barrier, 2, &options));
    signal_soon();
    CHILD_ERROR(mr_barrier_wait(barrier, MR_FOREVER, NULL), MR_ERR_INTERRUPTED);
    CHILD_OK(mr_barrier_get_state(barrier, &state));
    CHILD_CHECK(state.broken && state.waiting == 0);
    CHILD_OK(mr_barrier_destroy(barrier));
}

/* The thread holds the lock itself, and would wait for ever. */
static void end_an_rwlock(int place)
{
    const mr_rwlock_options options = {.place = place};
    mr_rwlock lock;

    CHILD_OK(mr_rwlock_create(&lock, &options));
    CHILD_OK(mr_rwlock_acquire_write(lock, 0));
    signal_soon();
    CHILD_ERROR(mr_rwlock_acquire_read(lock, MR_FOREVER), MR_ERR_INTERRUPTED);
    signal_soon();
    CHILD_ERROR(mr_rwlock_acquire_write(lock, MR_FOREVER), MR_ERR_INTERRUPTED);
    CHILD_OK(mr_rwlock_release(lock));
    CHILD_OK(mr_rwlock_acquire_read(lock, 0));
    CHILD_OK(mr_rwlock_release(lock));
    CHILD_OK(mr_rwlock_acquire_write(lock, 0));
    CHILD_OK(mr_rwlock_destroy(lock));
}

static void end_each(int place)
{
    end_a_lock(place);
    end_a_semaphore(place);
    end_an_event(place);
    end_a_condition(place);
    end_a_barrier(place);
    end_an_rwlock(place);
    mr_set_interrupt(NULL, NULL);
}

static void signal_ends_each_call_of_a_rank(void)
{
    child_failures = 0;
    for (int rank = 0; rank < mr_size(); rank++) {
        end_each(MR_ON_RANK(rank));
    }
    MRT_EQUAL(child_failures, 0);
}

static int end_each_in_a_process(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    for (int rank = 0; rank < mr_size(); rank++) {
        end_each(MR_ON_RANK(rank));
    }
    return child_result();
}

static void signal_ends_each_call_of_a_process(void)
{
    RUN(0, end_each_in_a_process, NULL, 0);
}

/* ---- while the lock is taken back ---------------------------------------- */

static int notify_and_hold(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_condition_notify(s->condition, 1));
    tell_ready(s);
    await_go(s);
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

/* Rings when the waiter has been notified, and lets it have the lock when its
 * call has asked the hook. */
static void *ring_then_let_go(void *argument)
{
    const scene *s = argument;
    double end;

    MRT_OK(mr_queue_get(s->ready, NULL, 0, NULL, GUARD));
    end = mrt_now() + GUARD;
    atomic_store(&rung, true);
    while (!atomic_load(&told) && mrt_now() < end) {
        mrt_pause();
    }
    MRT_CHECK(atomic_load(&told));
    MRT_OK(mr_queue_put(s->go, NULL, 0, GUARD));
    return NULL;
}

/* On another node the owner has completed the wait but for the lock. */
static void signal_comes_while_a_condition_takes_its_lock_back(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_condition_options options = {.place = MR_ON_RANK(rank)};
        mr_process holder;
        pthread_t thread;
        scene s;

        make_queues(&s);
        MRT_OK(mr_condition_create(&s.condition, &options));
        MRT_OK(mr_condition_get_lock(s.condition, &s.lock));
        MRT_OK(mr_lock_acquire(s.lock, 0));
        START(&holder, rank_of(rank + 1), notify_and_hold, &s, sizeof s);
        listen_to_signals();
        pthread_create(&thread, NULL, ring_then_let_go, &s);
        MRT_ERROR(mr_condition_wait(s.condition, MR_FOREVER),
                  mri_is_far((unsigned int)rank) ? MR_OK : MR_ERR_INTERRUPTED);
        pthread_join(thread, NULL);
        mr_set_interrupt(NULL, NULL);
        MRT_OK(mr_condition_notify(s.condition, 1)); /* the lock is held */
        MRT_OK(mr_lock_release(s.lock));
        END(holder, 0);
        MRT_OK(mr_condition_destroy(s.condition));
        destroy_queues(&s);
    }
}

static const mrt_test tests[] = {
    {"signal_ends_each_call_of_a_rank", signal_ends_each_call_of_a_rank, 60},
    {"signal_ends_each_call_of_a_process", signal_ends_each_call_of_a_process,
     60},
    {"signal_comes_while_a_condition_takes_its_lock_back",
     signal_comes_while_a_condition_takes_its_lock_back, 0},
};

int main(int argc, char **argv)
{
    return suite_main("sync_interrupt", tests, MRT_COUNT(tests), argc, argv);
}
