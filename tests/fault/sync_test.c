/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of RLock, Semaphore, Event and Barrier, and while an
 * object of synchronisation is made or unmade.
 */
#include "fault/kill.h"

#include <stddef.h>

#include "objects/sync/condition.h"

/* ---- RLock --------------------------------------------------------------- */

static bool make_rlock(scene *s)
{
    const mr_lock_options options = {.place = s->place, .recursive = true};

    return MRT_OK(mr_lock_create(&s->lock, &options));
}

static void acquire(const scene *s)
{
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
}

static void acquire_twice(const scene *s)
{
    acquire(s);
    acquire(s);
}

static void release_twice(const scene *s)
{
    CHILD_OK(mr_lock_release(s->lock));
    CHILD_OK(mr_lock_release(s->lock));
}

static void use_rlock(const scene *s)
{
    acquire_twice(s);
    release_twice(s);
    CHILD_ERROR(mr_lock_release(s->lock), MR_ERR_NOT_HELD);
}

static void end_rlock(scene *s)
{
    USE(use_rlock, s);
    MRT_OK(mr_lock_destroy(s->lock));
}

static void check_rlock_acquired(scene *s)
{
    check_effect(s, died_holding(s->lock));
    end_rlock(s);
}

static void check_rlock_acquired_again(scene *s)
{
    MRT_CHECK(died_holding(s->lock));
    end_rlock(s);
}

/* The second release gives it back. */
static void check_rlock_released(scene *s)
{
    MRT_CHECK(!died_holding(s->lock) || s->killed);
    end_rlock(s);
}

/* ---- Semaphore ----------------------------------------------------------- */

static bool make_semaphore_of(scene *s, unsigned int value)
{
    const mr_semaphore_options options = {.place = s->place};

    return MRT_OK(mr_semaphore_create(&s->semaphore, value, &options));
}

static bool make_semaphore(scene *s)
{
    return make_semaphore_of(s, 0);
}

static bool make_semaphore_of_one(scene *s)
{
    return make_semaphore_of(s, 1);
}

static void take(const scene *s)
{
    CHILD_OK(mr_semaphore_acquire(s->semaphore, GUARD));
}

static void take_impatiently(const scene *s)
{
    CHILD_ERROR(mr_semaphore_acquire(s->semaphore, 0.002), MR_ERR_TIMEOUT);
}

static void give(const scene *s)
{
    CHILD_OK(mr_semaphore_release(s->semaphore, 1));
}

static void give_two(const scene *s)
{
    CHILD_OK(mr_semaphore_release(s->semaphore, 2));
}

static int taking_peer(const void *argument, size_t size)
{
    (void)size;
    take(argument);
    return child_result();
}

static bool make_semaphore_with_waiter(scene *s)
{
    if (!make_semaphore(s) || !start_peer(s, taking_peer)) {
        return false;
    }
    await_sleepers(s->semaphore.handle, 0, 1, NULL);
    return true;
}

static unsigned int count_of(const scene *s)
{
    unsigned int value = 99;

    MRT_OK(mr_semaphore_get_value(s->semaphore, &value));
    return value;
}

static void use_semaphore(const scene *s)
{
    give(s);
    take(s);
    take_impatiently(s);
}

/* With so many left. */
static void end_semaphore(scene *s, unsigned int left)
{
    for (unsigned int i = 0; i < left; i++) {
        MRT_OK(mr_semaphore_acquire(s->semaphore, 0));
    }
    USE(use_semaphore, s);
    MRT_OK(mr_semaphore_destroy(s->semaphore));
}

static void check_taken(scene *s)
{
    unsigned int left = count_of(s);

    MRT_CHECK(left <= 1);
    check_effect(s, left == 0);
    end_semaphore(s, left);
}

static void check_not_taken(scene *s)
{
    MRT_EQUAL(count_of(s), 0);
    end_semaphore(s, 0);
}

static void check_given(scene *s)
{
    unsigned int left = count_of(s);

    MRT_CHECK(left == 0 || left == 2);
    check_effect(s, left == 2);
    end_semaphore(s, left);
}

/* One of two given is the peer's, who is woken: or it gets one now. */
static void check_given_to_peer(scene *s)
{
    unsigned int left;

    give(s);
    END(s->peer, 0);
    left = count_of(s);
    MRT_CHECK(left == 0 || left == 2);
    check_effect(s, left == 2);
    end_semaphore(s, left);
}

static void let_victim_take(scene *s)
{
    await_sleepers(s->semaphore.handle, 0, 0, &s->victim);
    give(s);
}

static void let_victim_take_first(scene *s)
{
    await_sleepers(s->semaphore.handle, 0, 0, &s->victim);
    if (start_peer(s, taking_peer)) {
        await_sleepers(s->semaphore.handle, 0, 1, &s->victim);
    }
    give(s);
}

/* The victim took what was given, or the peer did, and then this is left. */
static void check_taken_first(scene *s)
{
    unsigned int left;

    give(s);
    END(s->peer, 0);
    left = count_of(s);
    MRT_CHECK(left <= 1 && (left == 0 || s->killed));
    end_semaphore(s, left);
}

/* ---- Event --------------------------------------------------------------- */

static bool make_event(scene *s)
{
    const mr_event_options options = {.place = s->place};

    return MRT_OK(mr_event_create(&s->event, &options));
}

static bool make_set_event(scene *s)
{
    return make_event(s) && MRT_OK(mr_event_set(s->event));
}

static void set(const scene *s)
{
    CHILD_OK(mr_event_set(s->event));
}

static void clear(const scene *s)
{
    CHILD_OK(mr_event_clear(s->event));
}

static void wait_for_event(const scene *s)
{
    CHILD_OK(mr_event_wait(s->event, GUARD));
}

static int waiting_peer(const void *argument, size_t size)
{
    (void)size;
    wait_for_event(argument);
    return child_result();
}

static bool make_event_with_waiter(scene *s)
{
    if (!make_event(s) || !start_peer(s, waiting_peer)) {
        return false;
    }
    await_sleepers(s->event.handle, 0, 1, NULL);
    return true;
}

static void use_event(const scene *s)
{
    clear(s);
    CHILD_ERROR(mr_event_wait(s->event, 0), MR_ERR_TIMEOUT);
    set(s);
    wait_for_event(s);
}

static void end_event(scene *s)
{
    USE(use_event, s);
    MRT_OK(mr_event_destroy(s->event));
}

static bool is_set(const scene *s)
{
    bool truth = false;

    MRT_OK(mr_event_is_set(s->event, &truth));
    return truth;
}

static void check_set(scene *s)
{
    check_effect(s, is_set(s));
    end_event(s);
}

static void check_cleared(scene *s)
{
    check_effect(s, !is_set(s));
    end_event(s);
}

static void check_set_with_waiter(scene *s)
{
    check_effect(s, is_set(s));
    if (!is_set(s)) {
        set(s);
    }
    END(s->peer, 0);
    end_event(s);
}

static void let_victim_go(scene *s)
{
    await_sleepers(s->event.handle, 0, 0, &s->victim);
    set(s);
}

static void check_event(scene *s)
{
    end_event(s);
}

/* ---- Barrier ------------------------------------------------------------- */

static void act(void)
{
}

static bool make_barrier_with(scene *s, mr_barrier_action *action)
{
    const mr_barrier_options options = {.place = s->place, .action = action};

    return MRT_OK(mr_barrier_create(&s->barrier, 2, &options));
}

static bool make_barrier(scene *s)
{
    return make_barrier_with(s, NULL);
}

static bool make_barrier_with_action(scene *s)
{
    return make_barrier_with(s, act);
}

static void arrive(const scene *s)
{
    CHILD_OK(mr_barrier_wait(s->barrier, GUARD, NULL));
}

static void arrive_impatiently(const scene *s)
{
    CHILD_ERROR(mr_barrier_wait(s->barrier, 0.002, NULL), MR_ERR_TIMEOUT);
}

static void break_it(const scene *s)
{
    CHILD_OK(mr_barrier_abort(s->barrier));
}

static void reset(const scene *s)
{
    CHILD_OK(mr_barrier_reset(s->barrier));
}

static int arriving_peer(const void *argument, size_t size)
{
    (void)size;
    arrive(argument);
    return child_result();
}

static int broken_peer(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_ERROR(mr_barrier_wait(s->barrier, GUARD, NULL), MR_ERR_BROKEN);
    return child_result();
}

static bool make_barrier_with_waiter(scene *s)
{
    if (!make_barrier(s) || !start_peer(s, broken_peer)) {
        return false;
    }
    await_sleepers(s->barrier.handle, 0, 1, NULL);
    return true;
}

static mr_barrier_state state_of(const scene *s)
{
    mr_barrier_state state = {0};

    MRT_OK(mr_barrier_get_state(s->barrier, &state));
    return state;
}

/* In a row with this the victim has passed a round in `begin`, so that its
 * death is noticed wherever it is. */
static void pass_two_rounds(scene *s)
{
    mr_error error;

    MRT_OK(mr_barrier_wait(s->barrier, GUARD, NULL));
    error = mr_barrier_wait(s->barrier, GUARD, NULL);
    MRT_CHECK(error == MR_OK || error == MR_ERR_BROKEN);
}

/* As new: two pass it. */
static void end_barrier(scene *s)
{
    MRT_OK(mr_barrier_reset(s->barrier));
    MRT_CHECK(!state_of(s).broken);
    MRT_EQUAL(state_of(s).waiting, 0);
    if (start_peer(s, arriving_peer)) {
        MRT_OK(mr_barrier_wait(s->barrier, GUARD, NULL));
        END(s->peer, 0);
    }
    MRT_OK(mr_barrier_destroy(s->barrier));
}

static void check_passed(scene *s)
{
    MRT_CHECK(!state_of(s).broken || s->killed);
    MRT_EQUAL(state_of(s).waiting, 0);
    end_barrier(s);
}

static void check_broken(scene *s)
{
    check_effect(s, state_of(s).broken);
    end_barrier(s);
}

static void check_broken_with_waiter(scene *s)
{
    check_effect(s, state_of(s).broken);
    MRT_OK(mr_barrier_abort(s->barrier));
    END(s->peer, 0);
    end_barrier(s);
}

static void check_reset_with_waiter(scene *s)
{
    MRT_OK(mr_barrier_reset(s->barrier));
    END(s->peer, 0);
    end_barrier(s);
}

/* ---- making and unmaking ------------------------------------------------- */

static bool make_condition(scene *s)
{
    const mr_condition_options options = {.place = s->place};

    return MRT_OK(mr_condition_create(&s->condition, &options)) &&
           MRT_OK(mr_condition_get_lock(s->condition, &s->lock));
}

static bool make_rwlock(scene *s)
{
    const mr_rwlock_options options = {.place = s->place};

    return MRT_OK(mr_rwlock_create(&s->rwlock, &options));
}

typedef struct maker {
    const char *create, *destroy; /* the rows */
    mri_kind kind;
    bool (*make)(scene *s);
    size_t handle; /* where in a scene */
} maker;

static const maker makers[] = {
    {"rlock_create", "rlock_destroy_with_waiter", MRI_RLOCK, make_rlock,
     offsetof(scene, lock)},
    {"semaphore_create", "semaphore_destroy_with_waiter", MRI_SEMAPHORE,
     make_semaphore, offsetof(scene, semaphore)},
    {"event_create", "event_destroy_with_waiter", MRI_EVENT, make_event,
     offsetof(scene, event)},
    {"condition_create", "condition_destroy_with_waiter", MRI_CONDITION,
     make_condition, offsetof(scene, condition)},
    {"barrier_create", "barrier_destroy_with_waiter", MRI_BARRIER,
     make_barrier_with_action, offsetof(scene, barrier)},
    {"rwlock_create", "rwlock_destroy_with_waiter", MRI_RWLOCK, make_rwlock,
     offsetof(scene, rwlock)},
};

static const maker *maker_of(const scene *s)
{
    const char *name = operations[s->operation].name;
    const maker *m = makers;

    while (strcmp(m->create, name) != 0 && strcmp(m->destroy, name) != 0) {
        m++;
    }
    return m;
}

static mr_handle handle_of(const scene *s)
{
    mr_handle handle;

    memcpy(&handle, (const char *)s + maker_of(s)->handle, sizeof handle);
    return handle;
}

static listing known;

static bool list_known(scene *s)
{
    known = list_objects(maker_of(s)->kind);
    return true;
}

static void create(const scene *s)
{
    scene mine = *s;

    CHILD_CHECK(maker_of(s)->make(&mine));
}

static void check_created(scene *s)
{
    check_effect(s, destroy_orphans(&known) == 1);
}

/* So that the call blocks. */
static void hold_for_others(const scene *s)
{
    switch (maker_of(s)->kind) {
    case MRI_RLOCK:
        MRT_OK(mr_lock_acquire(s->lock, 0));
        break;
    case MRI_RWLOCK:
        MRT_OK(mr_rwlock_acquire_write(s->rwlock, 0));
        break;
    default:
        break;
    }
}

static mr_error wait_at(const scene *s)
{
    switch (maker_of(s)->kind) {
    case MRI_RLOCK:
        return mr_lock_acquire(s->lock, GUARD);
    case MRI_SEMAPHORE:
        return mr_semaphore_acquire(s->semaphore, GUARD);
    case MRI_EVENT:
        return mr_event_wait(s->event, GUARD);
    case MRI_CONDITION:
        CHILD_OK(mr_lock_acquire(s->lock, 0));
        return mr_condition_wait(s->condition, GUARD);
    case MRI_BARRIER:
        return mr_barrier_wait(s->barrier, GUARD, NULL);
    default:
        return mr_rwlock_acquire_read(s->rwlock, GUARD);
    }
}

static int closed_peer(const void *argument, size_t size)
{
    (void)size;
    CHILD_ERROR(wait_at(argument), MR_ERR_CLOSED);
    return child_result();
}

static bool make_with_waiter(scene *s)
{
    unsigned int list =
        maker_of(s)->kind == MRI_CONDITION ? MRI_CONDITION_WAITERS : 0;

    if (!maker_of(s)->make(s)) {
        return false;
    }
    hold_for_others(s);
    if (!start_peer(s, closed_peer)) {
        return false;
    }
    await_sleepers(handle_of(s), list, 1, NULL);
    return true;
}

static mr_error destroy_it(const scene *s)
{
    switch (maker_of(s)->kind) {
    case MRI_RLOCK:
        return mr_lock_destroy(s->lock);
    case MRI_SEMAPHORE:
        return mr_semaphore_destroy(s->semaphore);
    case MRI_EVENT:
        return mr_event_destroy(s->event);
    case MRI_CONDITION:
        return mr_condition_destroy(s->condition);
    case MRI_BARRIER:
        return mr_barrier_destroy(s->barrier);
    default:
        return mr_rwlock_destroy(s->rwlock);
    }
}

static void destroy(const scene *s)
{
    CHILD_OK(destroy_it(s));
}

static void check_destroyed(scene *s)
{
    mr_error error = destroy_it(s);

    MRT_CHECK(error == MR_OK || error == MR_ERR_STALE);
    check_effect(s, error == MR_ERR_STALE);
    END(s->peer, 0);
}

const operation operations[] = {
    {.name = "rlock_acquire",
     .prepare = make_rlock,
     .operate = acquire,
     .check = check_rlock_acquired},
    {.name = "rlock_acquire_again",
     .prepare = make_rlock,
     .begin = acquire,
     .operate = acquire,
     .check = check_rlock_acquired_again},
    {.name = "rlock_release",
     .prepare = make_rlock,
     .begin = acquire_twice,
     .operate = release_twice,
     .check = check_rlock_released},
    {.name = "semaphore_acquire",
     .prepare = make_semaphore_of_one,
     .operate = take,
     .check = check_taken},
    {.name = "semaphore_acquire_times_out",
     .prepare = make_semaphore,
     .operate = take_impatiently,
     .check = check_not_taken},
    {.name = "semaphore_acquire_sleeps",
     .prepare = make_semaphore,
     .operate = take,
     .meanwhile = let_victim_take,
     .check = check_taken},
    {.name = "semaphore_acquire_before_another",
     .prepare = make_semaphore,
     .operate = take,
     .meanwhile = let_victim_take_first,
     .check = check_taken_first},
    {.name = "semaphore_release",
     .prepare = make_semaphore,
     .operate = give_two,
     .check = check_given},
    {.name = "semaphore_release_with_waiter",
     .prepare = make_semaphore_with_waiter,
     .operate = give_two,
     .check = check_given_to_peer},
    {.name = "event_set",
     .prepare = make_event,
     .operate = set,
     .check = check_set},
    {.name = "event_clear",
     .prepare = make_set_event,
     .operate = clear,
     .check = check_cleared},
    {.name = "event_set_with_waiter",
     .prepare = make_event_with_waiter,
     .operate = set,
     .check = check_set_with_waiter},
    {.name = "event_wait_sleeps",
     .prepare = make_event,
     .operate = wait_for_event,
     .meanwhile = let_victim_go,
     .check = check_event},
    {.name = "barrier_wait_times_out",
     .prepare = make_barrier,
     .operate = arrive_impatiently,
     .check = check_broken},
    {.name = "barrier_wait_of_a_member",
     .prepare = make_barrier,
     .begin = arrive,
     .operate = arrive,
     .meanwhile = pass_two_rounds,
     .check = check_passed},
    {.name = "barrier_wait_with_action",
     .prepare = make_barrier_with_action,
     .begin = arrive,
     .operate = arrive,
     .meanwhile = pass_two_rounds,
     .check = check_passed},
    {.name = "barrier_abort",
     .prepare = make_barrier,
     .operate = break_it,
     .check = check_broken},
    {.name = "barrier_abort_with_waiter",
     .prepare = make_barrier_with_waiter,
     .operate = break_it,
     .check = check_broken_with_waiter},
    {.name = "barrier_reset",
     .prepare = make_barrier,
     .operate = reset,
     .check = end_barrier},
    {.name = "barrier_reset_with_waiter",
     .prepare = make_barrier_with_waiter,
     .operate = reset,
     .check = check_reset_with_waiter},
    {.name = "rlock_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "rlock_destroy_with_waiter",
     .prepare = make_with_waiter,
     .operate = destroy,
     .check = check_destroyed},
    {.name = "semaphore_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "semaphore_destroy_with_waiter",
     .prepare = make_with_waiter,
     .operate = destroy,
     .check = check_destroyed},
    {.name = "event_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "event_destroy_with_waiter",
     .prepare = make_with_waiter,
     .operate = destroy,
     .check = check_destroyed},
    {.name = "condition_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "condition_destroy_with_waiter",
     .prepare = make_with_waiter,
     .operate = destroy,
     .check = check_destroyed},
    {.name = "barrier_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "barrier_destroy_with_waiter",
     .prepare = make_with_waiter,
     .operate = destroy,
     .check = check_destroyed},
    {.name = "rwlock_create",
     .prepare = list_known,
     .operate = create,
     .check = check_created},
    {.name = "rwlock_destroy_with_waiter",
     .prepare = make_with_waiter,
     .operate = destroy,
     .check = check_destroyed},
};

int main(int argc, char **argv)
{
    return kill_main("fault/sync", MRT_COUNT(operations), NULL, 0, argc, argv);
}
