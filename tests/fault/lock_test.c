/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of a lock.
 */
#include "fault/kill.h"

#include "objects/sync/sync.h"

/* ---- scenes -------------------------------------------------------------- */

static bool make_lock(scene *s)
{
    const mr_lock_options options = {.place = s->place};

    return MRT_OK(mr_lock_create(&s->lock, &options));
}

static bool is_mine(const scene *s)
{
    const mri_sync *lock = (const mri_sync *)mri_row(s->lock.handle)->body;

    return mri_load(&lock->owner) == mri_self_endpoint();
}

static bool make_held_lock(scene *s)
{
    return make_lock(s) && MRT_OK(mr_lock_acquire(s->lock, 0));
}

/* Takes the lock after any holder, and gives it back. */
static int take_turn(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    (void)size;
    CHILD_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

static bool make_lock_with_waiter(scene *s)
{
    if (!make_held_lock(s) || !start_peer(s, take_turn)) {
        return false;
    }
    await_sleepers(s->lock.handle, 0, 1, NULL);
    return true;
}

/* ---- operations ---------------------------------------------------------- */

static void acquire(const scene *s)
{
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
}

static void release(const scene *s)
{
    CHILD_OK(mr_lock_release(s->lock));
}

static void acquire_and_release(const scene *s)
{
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    CHILD_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    CHILD_OK(mr_lock_release(s->lock));
}

static void give_up(const scene *s)
{
    CHILD_ERROR(mr_lock_acquire(s->lock, 0.002), MR_ERR_TIMEOUT);
}

static void first_call(const scene *s)
{
    mri_self_leave();
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
}

static void create(const scene *s)
{
    const mr_lock_options options = {.place = s->place};
    mr_lock lock;

    CHILD_OK(mr_lock_create(&lock, &options));
}

static void destroy(const scene *s)
{
    CHILD_OK(mr_lock_destroy(s->lock));
}

/* ---- meanwhile ----------------------------------------------------------- */

static void let_victim_have_it(scene *s)
{
    await_sleepers(s->lock.handle, 0, 0, &s->victim);
    MRT_OK(mr_lock_release(s->lock));
}

static void let_both_have_it(scene *s)
{
    await_sleepers(s->lock.handle, 0, 1, &s->victim);
    MRT_OK(mr_lock_release(s->lock));
}

/* The peer comes behind the victim, so that the victim is woken first. */
static void let_both_have_it_victim_first(scene *s)
{
    await_sleepers(s->lock.handle, 0, 0, &s->victim);
    if (start_peer(s, take_turn)) {
        await_sleepers(s->lock.handle, 0, 1, &s->victim);
    }
    MRT_OK(mr_lock_release(s->lock));
}

/* ---- checks -------------------------------------------------------------- */

static void use_lock(const scene *s)
{
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_ERROR(mr_lock_acquire(s->lock, 0), MR_ERR_TIMEOUT);
    CHILD_ERROR(mr_lock_acquire(s->lock, 0.001), MR_ERR_TIMEOUT);
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_ERROR(mr_lock_release(s->lock), MR_ERR_NOT_HELD);
}

static void finish(scene *s)
{
    USE(use_lock, s);
    MRT_OK(mr_lock_destroy(s->lock));
}

/* The next holder is told of the death exactly if the victim held it. */
static bool victim_held(const scene *s)
{
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    MRT_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(s->lock));
    return error == MR_ERR_HOLDER_DIED;
}

static void check_acquired(scene *s)
{
    check_effect(s, victim_held(s));
    finish(s);
}

static void check_released(scene *s)
{
    check_effect(s, !victim_held(s));
    finish(s);
}

/* It took and gave back: in between, and only there, is the death told. */
static void check_turn(scene *s)
{
    MRT_CHECK(!victim_held(s) || s->killed);
    finish(s);
}

static void check_turn_and_peer(scene *s)
{
    END(s->peer, 0);
    check_turn(s);
}

static void check_given_to_peer(scene *s)
{
    bool mine = is_mine(s);

    check_effect(s, !mine);
    if (mine) {
        MRT_OK(mr_lock_release(s->lock));
    }
    END(s->peer, 0);
    MRT_CHECK(!victim_held(s));
    finish(s);
}

static void check_nothing_happened(scene *s)
{
    MRT_CHECK(is_mine(s));
    MRT_OK(mr_lock_release(s->lock));
    finish(s);
}

static listing known;

static bool list_known(scene *s)
{
    (void)s;
    known = list_objects(MRI_LOCK);
    return true;
}

static void check_created(scene *s)
{
    check_effect(s, destroy_orphans(&known) == 1);
}

static void check_destroyed(scene *s)
{
    mr_error error = mr_lock_acquire(s->lock, 0);

    check_effect(s, error == MR_ERR_STALE);
    if (error == MR_OK) {
        MRT_OK(mr_lock_release(s->lock));
        finish(s);
    }
}

static int wait_until_destroyed(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    (void)size;
    CHILD_CHECK(error == MR_OK || error == MR_ERR_CLOSED);
    return child_failures ? 1 : error == MR_OK ? 2 : 0;
}

static bool make_lock_to_destroy(scene *s)
{
    if (!make_held_lock(s) || !start_peer(s, wait_until_destroyed)) {
        return false;
    }
    await_sleepers(s->lock.handle, 0, 1, NULL);
    return true;
}

static void check_waiter_closed(scene *s)
{
    mr_error error = mr_lock_release(s->lock);

    check_effect(s, error == MR_ERR_STALE);
    END(s->peer, error == MR_OK ? 2 : 0);
    if (error == MR_OK) {
        MRT_CHECK(victim_held(s)); /* here: the peer */
        finish(s);
    }
}

/* Turned out of one list, it soon stands in another one. */
static int wait_elsewhere(const void *argument, size_t size)
{
    const scene *s = argument;
    mr_error error = mr_lock_acquire(s->lock, GUARD);

    (void)size;
    CHILD_CHECK(error == MR_OK || error == MR_ERR_CLOSED);
    CHILD_OK(mr_queue_get(s->queue, NULL, 0, NULL, GUARD));
    CHILD_OK(mr_queue_get(s->queue, NULL, 0, NULL, GUARD));
    return child_failures ? 1 : error == MR_OK ? 2 : 0;
}

static bool make_lock_and_queue(scene *s)
{
    if (!make_held_lock(s) || !MRT_OK(mr_queue_create(&s->queue, NULL)) ||
        !start_peer(s, wait_elsewhere)) {
        return false;
    }
    await_sleepers(s->lock.handle, 0, 1, NULL);
    return true;
}

static void check_waiter_elsewhere(scene *s)
{
    mr_error error = mr_lock_release(s->lock);

    check_effect(s, error == MR_ERR_STALE);
    for (int i = 0; i < 2; i++) {
        await_sleepers(s->queue.handle, 0, 1, NULL);
        MRT_EQUAL(count_sleepers(s->lock.handle, 0), 0);
        MRT_OK(mr_queue_put(s->queue, NULL, 0, GUARD));
    }
    END(s->peer, error == MR_OK ? 2 : 0);
    MRT_OK(mr_queue_destroy(s->queue));
    if (error == MR_OK) {
        MRT_CHECK(victim_held(s)); /* here: the peer */
        finish(s);
    }
}

const operation operations[] = {
    {.name = "lock_acquire",
     .prepare = make_lock,
     .operate = acquire,
     .check = check_acquired},
    {.name = "lock_acquire_is_the_first_call",
     .prepare = make_lock,
     .operate = first_call,
     .check = check_acquired},
    {.name = "lock_release",
     .prepare = make_lock,
     .begin = acquire,
     .operate = release,
     .check = check_released},
    {.name = "lock_acquire_and_release",
     .prepare = make_lock,
     .operate = acquire_and_release,
     .check = check_turn},
    {.name = "lock_release_with_waiter",
     .prepare = make_lock_with_waiter,
     .operate = release,
     .check = check_given_to_peer},
    {.name = "lock_acquire_times_out",
     .prepare = make_held_lock,
     .operate = give_up,
     .check = check_nothing_happened},
    {.name = "lock_acquire_sleeps",
     .prepare = make_held_lock,
     .operate = acquire,
     .meanwhile = let_victim_have_it,
     .check = check_acquired},
    {.name = "lock_acquire_behind_another",
     .prepare = make_lock_with_waiter,
     .operate = acquire_and_release,
     .meanwhile = let_both_have_it,
     .check = check_turn_and_peer},
    {.name = "lock_acquire_before_another",
     .prepare = make_held_lock,
     .operate = acquire_and_release,
     .meanwhile = let_both_have_it_victim_first,
     .check = check_turn_and_peer},
    {.name = "lock_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "lock_destroy",
     .prepare = make_lock,
     .operate = destroy,
     .check = check_destroyed},
    {.name = "lock_destroy_with_waiter",
     .prepare = make_lock_to_destroy,
     .operate = destroy,
     .check = check_waiter_closed},
    {.name = "lock_destroy_with_waiter_that_goes_on",
     .prepare = make_lock_and_queue,
     .operate = destroy,
     .check = check_waiter_elsewhere},
};

int main(int argc, char **argv)
{
    return kill_main("fault/lock", MRT_COUNT(operations), NULL, 0, argc, argv);
}
