/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RWLock: readers, writers, their turns and their deaths.
 */
#include "unit/fake.h"

#include <multirank.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 5, ROUNDS = 400 };

typedef struct stage {
    mr_rwlock rwlock;
    uint64_t plain; /* ThreadSanitizer sees whether the lock orders it */
    atomic_uint count;
} stage;

static stage the;

static void start(void)
{
    memset(&the, 0, sizeof the);
    fake_start(2, FAKE_MEMORY);
}

static void try_both(unsigned int number, void *user)
{
    mr_error reading = *(mr_error *)user;

    (void)number;
    MRT_ERROR(mr_rwlock_acquire_read(the.rwlock, 0), reading);
    if (!reading) {
        MRT_OK(mr_rwlock_release(the.rwlock));
    }
    MRT_ERROR(mr_rwlock_acquire_write(the.rwlock, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_rwlock_release(the.rwlock), MR_ERR_NOT_HELD);
}

static void readers_share_and_a_writer_does_not(void)
{
    mr_error reading = MR_OK;

    start();
    MRT_OK(mr_rwlock_create(&the.rwlock, NULL));
    MRT_ERROR(mr_rwlock_release(the.rwlock), MR_ERR_NOT_HELD);
    MRT_OK(mr_rwlock_acquire_read(the.rwlock, 0));
    MRT_OK(mr_rwlock_acquire_read(the.rwlock, 0));
    fake_threads(1, try_both, &reading);
    MRT_OK(mr_rwlock_release(the.rwlock));
    fake_threads(1, try_both, &reading);
    MRT_OK(mr_rwlock_release(the.rwlock));
    MRT_OK(mr_rwlock_acquire_write(the.rwlock, 0));
    reading = MR_ERR_TIMEOUT;
    fake_threads(1, try_both, &reading);
    MRT_OK(mr_rwlock_release(the.rwlock));
    MRT_ERROR(mr_rwlock_release(the.rwlock), MR_ERR_NOT_HELD);
    MRT_OK(mr_rwlock_destroy(the.rwlock));
    fake_stop();
}

static void read_and_write(unsigned int number, void *user)
{
    (void)user;
    for (unsigned int i = 0; i < ROUNDS && !mrt_failed(); i++) {
        if (number < 2) {
            MRT_OK(mr_rwlock_acquire_write(the.rwlock, GUARD));
            MRT_EQUAL(atomic_fetch_add(&the.count, 100), 0);
            the.plain++;
            atomic_fetch_sub(&the.count, 100);
        } else {
            MRT_OK(mr_rwlock_acquire_read(the.rwlock, GUARD));
            MRT_CHECK(atomic_fetch_add(&the.count, 1) < 100);
            MRT_CHECK(the.plain <= 2 * ROUNDS);
            atomic_fetch_sub(&the.count, 1);
        }
        MRT_OK(mr_rwlock_release(the.rwlock));
    }
}

static void writers_exclude_all_and_nobody_starves(void)
{
    start();
    MRT_OK(mr_rwlock_create(&the.rwlock, NULL));
    fake_threads(THREADS, read_and_write, NULL);
    MRT_EQUAL(the.plain, 2 * ROUNDS);
    MRT_OK(mr_rwlock_destroy(the.rwlock));
    fake_stop();
}

/* Thread 0 reads; 1 waits to write; 2 may not read before it. */
static void come_after_a_writer(unsigned int number, void *user)
{
    (void)user;
    if (number == 0) {
        MRT_OK(mr_rwlock_acquire_read(the.rwlock, GUARD));
        atomic_store(&the.count, 1);
        fake_await_sleep(fake_endpoint_of(1));
        atomic_store(&the.count, 2);
        fake_await_sleep(fake_endpoint_of(2));
        MRT_OK(mr_rwlock_acquire_read(the.rwlock, 0)); /* it reads already */
        MRT_OK(mr_rwlock_release(the.rwlock));
        MRT_OK(mr_rwlock_release(the.rwlock));
        return;
    }
    while (atomic_load(&the.count) < number && !mrt_failed()) {
        mrt_pause();
    }
    if (number == 1) {
        MRT_OK(mr_rwlock_acquire_write(the.rwlock, GUARD));
        the.plain = 1;
    } else {
        MRT_ERROR(mr_rwlock_acquire_read(the.rwlock, 0), MR_ERR_TIMEOUT);
        MRT_OK(mr_rwlock_acquire_read(the.rwlock, GUARD));
        MRT_EQUAL(the.plain, 1);
    }
    MRT_OK(mr_rwlock_release(the.rwlock));
}

static void new_reader_does_not_overtake_a_writer_that_waits(void)
{
    start();
    MRT_OK(mr_rwlock_create(&the.rwlock, NULL));
    fake_threads(3, come_after_a_writer, NULL);
    MRT_OK(mr_rwlock_destroy(the.rwlock));
    fake_stop();
}

static void die_holding(unsigned int number, void *user)
{
    (void)number;
    if (*(bool *)user) {
        MRT_OK(mr_rwlock_acquire_write(the.rwlock, 0));
    } else {
        MRT_OK(mr_rwlock_acquire_read(the.rwlock, 0));
    }
    fake_die();
}

static void dead_holders_are_no_holders(void)
{
    bool writes = false;

    start();
    MRT_OK(mr_rwlock_create(&the.rwlock, NULL));
    fake_threads(1, die_holding, &writes);
    MRT_ERROR(mr_rwlock_acquire_write(the.rwlock, 0), MR_ERR_TIMEOUT);
    fake_reap(fake_endpoint_of(0));
    MRT_OK(mr_rwlock_acquire_write(the.rwlock, 0));
    MRT_OK(mr_rwlock_release(the.rwlock));
    writes = true;
    fake_threads(1, die_holding, &writes);
    fake_reap(fake_endpoint_of(0));
    MRT_ERROR(mr_rwlock_acquire_read(the.rwlock, 0), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_rwlock_release(the.rwlock));
    MRT_ERROR(mr_rwlock_acquire_write(the.rwlock, 0), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_rwlock_release(the.rwlock));
    MRT_OK(mr_rwlock_acquire_read(the.rwlock, 0));
    MRT_OK(mr_rwlock_release(the.rwlock));
    MRT_OK(mr_rwlock_destroy(the.rwlock));
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        MRT_TEST(readers_share_and_a_writer_does_not),
        MRT_TEST(writers_exclude_all_and_nobody_starves),
        MRT_TEST(new_reader_does_not_overtake_a_writer_that_waits),
        MRT_TEST(dead_holders_are_no_holders),
    };

    return mrt_main("rwlock", tests, MRT_COUNT(tests), argc, argv);
}
