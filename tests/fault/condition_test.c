/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of a condition.
 */
#include "fault/kill.h"

#include "objects/sync/condition.h"

/* ---- Condition ----------------------------------------------------------- */

static bool make_condition(scene *s)
{
    const mr_condition_options options = {.place = s->place};

    return MRT_OK(mr_condition_create(&s->condition, &options)) &&
           MRT_OK(mr_condition_get_lock(s->condition, &s->lock));
}

static bool make_condition_over_lock(scene *s)
{
    const mr_lock_options options = {.place = s->place};
    mr_condition_options over = {0};

    if (!MRT_OK(mr_lock_create(&s->lock, &options))) {
        return false;
    }
    over.lock = s->lock;
    return MRT_OK(mr_condition_create(&s->condition, &over));
}

static void hold(const scene *s)
{
    CHILD_CHECK(is_held(mr_lock_acquire(s->lock, GUARD)));
}

static void wait_and_release(const scene *s)
{
    CHILD_CHECK(is_held(mr_condition_wait(s->condition, GUARD)));
    CHILD_OK(mr_lock_release(s->lock));
}

static void hold_and_wait(const scene *s)
{
    hold(s);
    wait_and_release(s);
}

static void wait_impatiently(const scene *s)
{
    mr_error error = mr_condition_wait(s->condition, 0.002);

    CHILD_CHECK(error == MR_ERR_TIMEOUT || error == MR_ERR_HOLDER_DIED);
    CHILD_OK(mr_lock_release(s->lock));
}

static void notify_and_release(const scene *s)
{
    CHILD_OK(mr_condition_notify(s->condition, 1));
    CHILD_OK(mr_lock_release(s->lock));
}

static int notified_peer(const void *argument, size_t size)
{
    (void)size;
    hold_and_wait(argument);
    return child_result();
}

static bool make_condition_with_waiter(scene *s)
{
    if (!make_condition(s) || !start_peer(s, notified_peer)) {
        return false;
    }
    await_sleepers(s->condition.handle, MRI_CONDITION_WAITERS, 1, NULL);
    return true;
}

static void notify_of(const scene *s, unsigned int count)
{
    MRT_CHECK(is_held(mr_lock_acquire(s->lock, GUARD)));
    MRT_OK(mr_condition_notify(s->condition, count));
    MRT_OK(mr_lock_release(s->lock));
}

static void notify_victim(scene *s)
{
    await_sleepers(s->condition.handle, MRI_CONDITION_WAITERS, 0, &s->victim);
    notify_of(s, 1);
}

/* It is notified, and then waits for the lock for a while. */
static void notify_victim_and_hold(scene *s)
{
    await_sleepers(s->condition.handle, MRI_CONDITION_WAITERS, 0, &s->victim);
    MRT_CHECK(is_held(mr_lock_acquire(s->lock, GUARD)));
    MRT_OK(mr_condition_notify(s->condition, 1));
    await_sleepers(s->lock.handle, 0, 0, &s->victim);
    MRT_OK(mr_lock_release(s->lock));
}

static void await_both(scene *s)
{
    await_sleepers(s->condition.handle, MRI_CONDITION_WAITERS, 0, &s->victim);
    if (start_peer(s, notified_peer)) {
        await_sleepers(s->condition.handle, MRI_CONDITION_WAITERS, 1,
                       &s->victim);
    }
}

static void notify_both(scene *s)
{
    await_both(s);
    notify_of(s, 2);
}

static void notify_first_of_both(scene *s)
{
    await_both(s);
    notify_of(s, 1);
}

/* Nobody waits, and nobody is counted. */
static void check_counts(const scene *s)
{
    const mri_condition_body *c =
        (const mri_condition_body *)mri_row(s->condition.handle)->body;

    MRT_EQUAL(mri_load(&c->latch), 0);
    MRT_EQUAL(mri_load(&c->waiting), 0);
    MRT_EQUAL(mri_load(&c->eligible), 0);
    MRT_EQUAL(mri_load(&c->grants), 0);
}

static void use_condition(const scene *s)
{
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    wait_impatiently(s);
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    notify_and_release(s);
    CHILD_ERROR(mr_lock_release(s->lock), MR_ERR_NOT_HELD);
}

static void end_condition(scene *s)
{
    bool given = s->lock.handle.kind != MRI_CONDITION;

    MRT_CHECK(!died_holding(s->lock) || s->killed);
    check_counts(s);
    USE(use_condition, s);
    MRT_OK(mr_condition_destroy(s->condition));
    if (given) {
        MRT_OK(mr_lock_destroy(s->lock));
    }
}

/* Both were notified: the peer needs no more. */
static void check_both_notified(scene *s)
{
    END(s->peer, 0);
    end_condition(s);
}

static void check_one_notified(scene *s)
{
    notify_of(s, UINT32_MAX);
    END(s->peer, 0);
    end_condition(s);
}

const operation operations[] = {
    {.name = "condition_wait_times_out",
     .prepare = make_condition,
     .begin = hold,
     .operate = wait_impatiently,
     .check = end_condition},
    {.name = "condition_wait_over_a_lock_times_out",
     .prepare = make_condition_over_lock,
     .begin = hold,
     .operate = wait_impatiently,
     .check = end_condition},
    {.name = "condition_wait_sleeps",
     .prepare = make_condition,
     .begin = hold,
     .operate = wait_and_release,
     .meanwhile = notify_victim,
     .check = end_condition},
    {.name = "condition_wait_over_a_lock_sleeps",
     .prepare = make_condition_over_lock,
     .begin = hold,
     .operate = wait_and_release,
     .meanwhile = notify_victim,
     .check = end_condition},
    {.name = "condition_wait_takes_the_lock_later",
     .prepare = make_condition,
     .begin = hold,
     .operate = wait_and_release,
     .meanwhile = notify_victim_and_hold,
     .check = end_condition},
    {.name = "condition_wait_and_another_both_notified",
     .prepare = make_condition,
     .begin = hold,
     .operate = wait_and_release,
     .meanwhile = notify_both,
     .check = check_both_notified},
    {.name = "condition_wait_before_another",
     .prepare = make_condition,
     .begin = hold,
     .operate = wait_and_release,
     .meanwhile = notify_first_of_both,
     .check = check_one_notified},
    {.name = "condition_notify",
     .prepare = make_condition,
     .begin = hold,
     .operate = notify_and_release,
     .check = end_condition},
    {.name = "condition_notify_with_waiter",
     .prepare = make_condition_with_waiter,
     .begin = hold,
     .operate = notify_and_release,
     .check = check_one_notified},
};

int main(int argc, char **argv)
{
    return kill_main("fault/condition", MRT_COUNT(operations), NULL, 0, argc,
                     argv);
}
