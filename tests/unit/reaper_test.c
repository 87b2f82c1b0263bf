/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reaper that dies itself, at each store that it makes: another one reaps
 * both, and no block and no row is lost or given back twice.
 */
#include "unit/fake.h"

#include <multirank/barrier.h>
#include <multirank/rwlock.h>
#include <stdio.h>

#include "engine/operation.h"
#include "engine/reaper.h"

enum { CHAIN = 3, CHECKED = 8 };

static uint64_t dead;

/* Ends with blocks in its hands and objects half made. */
static void leave_much(unsigned int number, void *user)
{
    mri_record *self = mri_self();

    (void)number;
    (void)user;
    MRT_OK(mri_allocate(self, 0, MRI_HEAP, 100, 0));
    MRT_OK(mri_allocate(self, 0, MRI_HEAP, 100000, 1));
    MRT_OK(mri_allocate(self, 0, MRI_ARRAYS, 5000, 2));
    for (unsigned int i = 0; i < CHAIN; i++) {
        mri_object *object;

        MRT_OK(mri_object_build(self, 0, MRI_LOCK, &object));
    }
    fake_die();
}

static void reap_the_dead(unsigned int number, void *user)
{
    mri_gone gone = {.endpoint = dead};

    (void)number;
    (void)user;
    mri_reap(mri_self(), &gone);
}

/* Rows and blocks that were freed twice would be given to two. */
static void check_that_all_are_different(void)
{
    mr_lock locks[CHECKED];

    for (unsigned int i = 0; i < CHECKED; i++) {
        MRT_OK(mr_lock_create(&locks[i], NULL));
        for (unsigned int j = 0; j < i; j++) {
            MRT_CHECK(locks[i].handle.slot != locks[j].handle.slot);
        }
    }
    for (unsigned int i = 0; i < CHECKED; i++) {
        MRT_OK(mr_lock_destroy(locks[i]));
    }
}

/* One dies, and a reaper of it at its k-th point; both are reaped.  True if the
 * reaper died. */
static bool reap_twice(int64_t k, fake_body *dies, fake_body *reaps)
{
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();
    uint64_t reaper;
    bool died;

    dead = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    MRT_CHECK(fake_dies(dies, 0, NULL));
    reaper = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 1);
    died = fake_dies_at(k, reaps, 0, NULL);
    if (!died) {
        mri_self_leave();
    }
    fake_return(self, record);
    mri_reap_repair(reaper);
    mri_reap_repair(dead);
    fake_reap(reaper);
    fake_reap(dead);
    return died;
}

/* True if the reaper died. */
static bool reap_once(int64_t k)
{
    uint64_t used = fake_used(0);
    uint64_t rows = mri_objects_in_use(0);
    bool died = reap_twice(k, leave_much, reap_the_dead);

    if (!MRT_EQUAL(fake_used(0), used) ||
        !MRT_EQUAL(mri_objects_in_use(0), rows)) {
        printf("       by a death at point %lld\n", (long long)k);
    }
    check_that_all_are_different();
    return died;
}

/* What the dead one held, or was a member of. */
static struct held {
    mr_barrier barrier;
    mr_rwlock rwlock;
    mr_lock rlock;
} held;

static void make_held(void)
{
    const mr_lock_options recursive = {.recursive = true};

    MRT_OK(mr_barrier_create(&held.barrier, 1, NULL));
    MRT_OK(mr_rwlock_create(&held.rwlock, NULL));
    MRT_OK(mr_lock_create(&held.rlock, &recursive));
}

static void hold_and_die(unsigned int number, void *user)
{
    (void)number;
    (void)user;
    MRT_OK(mr_barrier_wait(held.barrier, 0, NULL));
    MRT_OK(mr_rwlock_acquire_write(held.rwlock, 0));
    MRT_OK(mr_lock_acquire(held.rlock, 0));
    fake_die();
}

static void check_held(void)
{
    mr_barrier_state state = {0};

    MRT_OK(mr_barrier_get_state(held.barrier, &state));
    MRT_CHECK(state.broken);
    MRT_ERROR(mr_rwlock_acquire_write(held.rwlock, 0), MR_ERR_HOLDER_DIED);
    MRT_ERROR(mr_lock_acquire(held.rlock, 0), MR_ERR_HOLDER_DIED);
    /* Each gets the same row again, so that all points are met. */
    MRT_OK(mr_lock_destroy(held.rlock));
    MRT_OK(mr_rwlock_destroy(held.rwlock));
    MRT_OK(mr_barrier_destroy(held.barrier));
}

static void reap_the_killed(unsigned int number, void *user)
{
    mri_gone gone = {.endpoint = dead, .status = -9};

    (void)number;
    (void)user;
    mri_reap(mri_self(), &gone);
}

/* True if the reaper died. */
static bool forget_once(int64_t k)
{
    bool died;

    make_held();
    died = reap_twice(k, hold_and_die, reap_the_killed);
    check_held();
    if (mrt_failed()) {
        printf("       by a death at point %lld\n", (long long)k);
    }
    return died;
}

static void reaper_may_die_while_objects_forget(void)
{
    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    for (int64_t k = 1; !mrt_failed() && forget_once(k); k++) {
    }
    fake_stop();
}

static void reaper_may_die_at_any_point(void)
{
    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    check_that_all_are_different();
    for (int64_t k = 1; !mrt_failed() && reap_once(k); k++) {
    }
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"reaper_may_die_at_any_point", reaper_may_die_at_any_point, 0},
        {"reaper_may_die_while_objects_forget",
         reaper_may_die_while_objects_forget, 0},
    };

    return mrt_main("reaper", tests, MRT_COUNT(tests), argc, argv);
}
