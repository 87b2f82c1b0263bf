/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Locks: mutual exclusion, recursion, death of the holder.
 */
#include "unit/fake.h"

enum { ADDS = 3000, THREADS = 4 };

typedef struct guarded {
    mr_lock lock;
    uint64_t plain; /* ThreadSanitizer sees whether the lock orders it */
    bool recursive;
} guarded;

static void add_while_holding(unsigned int number, void *user)
{
    guarded *g = user;

    (void)number;
    for (unsigned int i = 0; i < ADDS; i++) {
        unsigned int depth = g->recursive ? 1 + i % 3 : 1;

        for (unsigned int j = 0; j < depth; j++) {
            MRT_OK(mr_lock_acquire(g->lock, GUARD));
        }
        g->plain++;
        for (unsigned int j = 0; j < depth; j++) {
            MRT_OK(mr_lock_release(g->lock));
        }
    }
}

static void lock_excludes_others(void)
{
    guarded g = {0};

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&g.lock, NULL));
    fake_threads(THREADS, add_while_holding, &g);
    MRT_EQUAL(g.plain, THREADS * ADDS);
    MRT_OK(mr_lock_destroy(g.lock));
    fake_stop();
}

static void lock_of_a_value_excludes_others_and_is_recursive(void)
{
    guarded g = {.recursive = true};
    mr_value value;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL));
    MRT_OK(mr_value_get_lock(value, &g.lock));
    fake_threads(THREADS, add_while_holding, &g);
    MRT_EQUAL(g.plain, THREADS * ADDS);
    MRT_ERROR(mr_lock_destroy(g.lock), MR_ERR_ARGUMENT);
    MRT_OK(mr_value_destroy(value));
    fake_stop();
}

static void lock_is_not_recursive(void)
{
    mr_lock lock;

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&lock, NULL));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_lock_acquire(lock, 0.001), MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(lock));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_lock_destroy(lock));
    fake_stop();
}

static void release_only(unsigned int number, void *user)
{
    const guarded *g = user;

    (void)number;
    MRT_ERROR(mr_lock_release(g->lock), g->recursive ? MR_ERR_NOT_HELD : MR_OK);
}

static void lock_may_be_released_by_others_that_of_a_value_not(void)
{
    guarded g = {0};
    mr_value value;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&g.lock, NULL));
    MRT_OK(mr_lock_acquire(g.lock, 0));
    fake_threads(1, release_only, &g);
    MRT_OK(mr_lock_acquire(g.lock, 0));
    MRT_OK(mr_lock_destroy(g.lock));

    g.recursive = true;
    MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL));
    MRT_OK(mr_value_get_lock(value, &g.lock));
    MRT_OK(mr_lock_acquire(g.lock, 0));
    fake_threads(1, release_only, &g);
    MRT_OK(mr_lock_release(g.lock));
    MRT_ERROR(mr_lock_release(g.lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_value_destroy(value));
    fake_stop();
}

/* ---- deaths -------------------------------------------------------------- */

static void die_holding(unsigned int number, void *user)
{
    const guarded *g = user;

    (void)number;
    MRT_OK(mr_lock_acquire(g->lock, GUARD));
    if (g->recursive) {
        MRT_OK(mr_lock_acquire(g->lock, GUARD));
    }
    fake_die();
}

static void check_holder_died(const guarded *g)
{
    fake_threads(1, die_holding, (void *)g);
    MRT_ERROR(mr_lock_acquire(g->lock, 0), MR_ERR_TIMEOUT);
    fake_reap(fake_endpoint_of(0));
    MRT_ERROR(mr_lock_release(g->lock), MR_ERR_NOT_HELD);
    MRT_ERROR(mr_lock_acquire(g->lock, 0), MR_ERR_HOLDER_DIED);
    MRT_ERROR(mr_lock_acquire(g->lock, 0),
              g->recursive ? MR_OK : MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(g->lock));
    if (g->recursive) {
        MRT_OK(mr_lock_release(g->lock));
    }
    MRT_OK(mr_lock_acquire(g->lock, 0));
    MRT_OK(mr_lock_release(g->lock));
}

static void next_holder_is_told_that_the_last_one_died(void)
{
    guarded g = {0};
    mr_array array;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&g.lock, NULL));
    check_holder_died(&g);
    MRT_OK(mr_lock_destroy(g.lock));
    MRT_OK(mr_array_create(&array, MR_DOUBLE, 3, NULL, NULL));
    MRT_OK(mr_array_get_lock(array, &g.lock));
    g.recursive = true;
    check_holder_died(&g);
    MRT_OK(mr_array_destroy(array));
    fake_stop();
}

/* Thread 0 reaps; 1 dies holding; the others wait for the lock. */
static void die_before_others(unsigned int number, void *user)
{
    guarded *g = user;
    mr_error error;

    if (number == 1) {
        die_holding(number, user);
    } else if (number == 0) {
        fake_await_death(1);
        for (unsigned int i = 2; i < THREADS; i++) {
            fake_await_sleep(fake_endpoint_of(i));
        }
        fake_reap(fake_endpoint_of(1));
        return;
    }
    fake_await_death(1);
    error = mr_lock_acquire(g->lock, GUARD);
    g->plain += error == MR_ERR_HOLDER_DIED ? 100 : 1;
    MRT_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(g->lock));
}

static void waiters_go_on_when_the_holder_died(void)
{
    for (unsigned int i = 0; i < 20; i++) {
        guarded g = {0};

        fake_start(2, FAKE_MEMORY);
        MRT_OK(mr_lock_create(&g.lock, NULL));
        fake_threads(THREADS, die_before_others, &g);
        MRT_EQUAL(g.plain, 100 + THREADS - 3);
        MRT_OK(mr_lock_destroy(g.lock));
        fake_stop();
    }
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"lock_excludes_others", lock_excludes_others, 0},
        {"lock_of_a_value_excludes_others_and_is_recursive",
         lock_of_a_value_excludes_others_and_is_recursive, 0},
        {"lock_is_not_recursive", lock_is_not_recursive, 0},
        {"lock_may_be_released_by_others_that_of_a_value_not",
         lock_may_be_released_by_others_that_of_a_value_not, 0},
        {"next_holder_is_told_that_the_last_one_died",
         next_holder_is_told_that_the_last_one_died, 0},
        {"waiters_go_on_when_the_holder_died",
         waiters_go_on_when_the_holder_died, 0},
    };

    return mrt_main("lock", tests, MRT_COUNT(tests), argc, argv);
}
