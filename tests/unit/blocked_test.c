/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Blocked calls: what they leave in an object while they wait is taken back
 * however they end; two objects in one call; lists beyond the second;
 * interrupts.
 *
 * The object of these tests is a gate: a thread that waits is counted, passes
 * when somebody opens, and may have to take a lock before it goes on, as in
 * Condition.wait.  It takes the place of the kind MRI_PIPE.
 */
#include "unit/fake.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "engine/operation.h"
#include "engine/wait.h"
#include "objects/kinds.h"

/* ---- the gate ------------------------------------------------------------ */

enum { WAIT = 0, OPEN, TRIES };

/* Waiters are in the second of the further lists. */
enum { MORE_LISTS = 2, WAITERS = MRI_LISTS + 1 };

/* What a waiter notes: that it is counted, and that it needs only the lock, as
 * it has passed or its time is up. */
enum { COUNTED = 1, PASSED, LATE };

typedef struct gate {
    mri_word latch;
    mri_word waiting; /* threads that are counted */
    mri_word open;    /* how many may pass */
    mr_handle lock;   /* to be taken behind the gate; kind MRI_NONE: none */
} gate;

static gate *gate_of(mri_object *object)
{
    return (gate *)object->body;
}

/* Count a waiter, or no more, in one noted change. */
static void count(mri_record *self, mri_object *object, mri_record *waiter,
                  int by, uint64_t state)
{
    gate *g = gate_of(object);

    mri_latch(self, &g->latch);
    mri_set(self, &g->waiting, mri_peek(&g->waiting) + (uint64_t)(int64_t)by);
    mri_wait_note(self, waiter, object, state);
    mri_commit(self);
    mri_unlatch(self, &g->latch);
}

/* MR_OK: the lock is the caller's, or there is none. */
static mr_error take_lock(mri_record *self, mri_object *object, mri_call *call)
{
    mr_handle handle = gate_of(object)->lock;
    mri_object *lock;
    mr_error error;

    if (handle.kind == MRI_NONE) {
        return MR_OK;
    }
    lock = mri_enter_second(self, handle, MRI_LOCK);
    if (!lock) {
        return MR_ERR_CLOSED;
    }
    error = mri_lock_ops.tries[0](self, lock, call);
    if (error == MRI_WOULD_BLOCK) {
        mri_wait_second(self, call, lock, call->list);
    }
    mri_leave_second(self);
    return error;
}

static bool may_pass(gate *g)
{
    uint64_t open = mri_load(&g->open);

    return open && mri_cas(&g->open, &open, open - 1);
}

static mr_error try_wait(mri_record *self, mri_object *object, mri_call *call)
{
    bool late = mri_peek(&self->wait_state) == LATE;
    mr_error error;

    call->list = WAITERS;
    if (!mri_peek(&self->wait_state)) {
        count(self, object, self, 1, COUNTED);
    }
    if (mri_peek(&self->wait_state) == COUNTED) {
        if (!may_pass(gate_of(object))) {
            return MRI_WOULD_BLOCK;
        }
        mri_store(&self->wait_state, PASSED);
    }
    error = take_lock(self, object, call);
    if (error != MRI_WOULD_BLOCK) {
        count(self, object, self, -1, 0);
        return late && !error ? MR_ERR_TIMEOUT : error;
    }
    return error;
}

static mr_error try_open(mri_record *self, mri_object *object, mri_call *call)
{
    mri_add(&gate_of(object)->open, call->argument);
    mri_wake_all(self, object, WAITERS);
    return MR_OK;
}

/* A living thread with a lock to take goes on until it has that. */
static mr_error abandon(mri_record *self, mri_object *object,
                        mri_record *waiter, mr_error why)
{
    bool goes_on = self == waiter && gate_of(object)->lock.kind != MRI_NONE &&
                   why == MR_ERR_TIMEOUT;

    if (goes_on) {
        mri_store(&self->wait_state, LATE);
        return MRI_WOULD_BLOCK;
    }
    count(self, object, waiter, -1, 0);
    return why;
}

static bool ready(mri_object *object, unsigned int variant)
{
    (void)variant;
    return mri_load(&gate_of(object)->open) != 0;
}

static unsigned int ready_list(mri_object *object, unsigned int variant)
{
    (void)object;
    (void)variant;
    return WAITERS;
}

static mri_try *const tries[] = {[WAIT] = try_wait, [OPEN] = try_open};

static const mri_kind_ops gate_ops = {.name = "gate",
                                      .kind = MRI_PIPE,
                                      .tries = tries,
                                      .count = TRIES,
                                      .more_lists = MORE_LISTS,
                                      .ready = ready,
                                      .ready_list = ready_list,
                                      .abandon = abandon};

/* ---- the stage ----------------------------------------------------------- */

typedef struct stage {
    mr_handle gate;
    mr_lock lock;
    mr_queue queue;
    double timeout;
    mr_error error; /* of the thread that waited */
} stage;

static stage the;

static void stage_start(bool with_lock)
{
    mri_object *object = NULL;

    memset(&the, 0, sizeof the);
    fake_start(1, FAKE_MEMORY);
    mri_kind_register(&gate_ops);
    MRT_OK(mr_lock_create(&the.lock, NULL));
    MRT_OK(mr_queue_create(&the.queue, NULL));
    MRT_OK(mri_object_build(mri_self(), 0, MRI_PIPE, &object));
    if (with_lock) {
        gate_of(object)->lock = the.lock.handle;
    }
    the.gate = mri_object_publish(mri_self(), object);
    the.timeout = GUARD;
}

static void stage_stop(void)
{
    mr_set_interrupt(NULL, NULL);
    (void)!mr_lock_destroy(the.lock);
    (void)!mr_queue_destroy(the.queue);
    (void)!mri_object_destroy(the.gate, MRI_PIPE);
    fake_stop();
    mri_kind_register(&mri_pipe_ops);
}

static uint64_t waiting(void)
{
    return mri_load(&gate_of(mri_row(the.gate))->waiting);
}

static mr_error wait_at_gate(double timeout)
{
    mri_call call = {0};

    return mri_operate(&gate_ops, the.gate, WAIT, &call, timeout);
}

static void open_gate(uint64_t times)
{
    mri_call call = {.argument = times};

    MRT_OK(mri_operate(&gate_ops, the.gate, OPEN, &call, 0));
}

/* Thread 0 waits; thread 1 runs `other` once it sleeps. */
typedef void scene(void);

static void play(unsigned int number, void *user)
{
    scene *other = *(scene **)user;

    if (number == 0) {
        the.error = wait_at_gate(the.timeout);
    } else {
        fake_await_sleep(fake_endpoint_of(0));
        other();
    }
}

static void wait_beside(scene *other)
{
    fake_threads(2, play, &other);
}

/* ---- how a call ends ----------------------------------------------------- */

static void open_one(void)
{
    MRT_EQUAL(waiting(), 1);
    open_gate(1);
}

static void waiter_passes_from_a_list_beyond_the_second(void)
{
    stage_start(false);
    wait_beside(open_one);
    MRT_OK(the.error);
    MRT_EQUAL(waiting(), 0);
    stage_stop();
}

static void look_only(void)
{
    MRT_EQUAL(waiting(), 1);
}

static void what_a_call_left_is_taken_back_when_its_time_is_up(void)
{
    stage_start(false);
    the.timeout = 0.05;
    wait_beside(look_only);
    MRT_ERROR(the.error, MR_ERR_TIMEOUT);
    MRT_EQUAL(waiting(), 0);
    MRT_ERROR(wait_at_gate(0), MR_ERR_TIMEOUT);
    MRT_EQUAL(waiting(), 0);
    stage_stop();
}

static void destroy_gate(void)
{
    MRT_OK(mri_object_destroy(the.gate, MRI_PIPE));
}

static void what_a_call_left_goes_with_a_destroyed_object(void)
{
    stage_start(false);
    wait_beside(destroy_gate);
    MRT_ERROR(the.error, MR_ERR_CLOSED);
    stage_stop();
}

static void wait_and_die(unsigned int number, void *unused)
{
    (void)number;
    (void)unused;
    fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    /* As far as a call comes before it sleeps. */
    mri_be_active(mri_self(), mri_ref_of(mri_row(the.gate)), true);
    (void)!try_wait(mri_self(), mri_row(the.gate), &(mri_call){0});
    mri_wait_enter(mri_self(), &mri_self()->inline_waits[0], mri_row(the.gate),
                   WAITERS, mri_identity(the.gate));
    mri_store(&mri_self()->active, 0);
    fake_die();
}

static void what_a_call_left_is_taken_back_after_a_death(void)
{
    uint64_t me = mri_endpoint_id(1, 0, MRI_SLOT_RANK);
    mri_record *self;
    uint64_t dead;

    stage_start(false);
    me = mri_self_endpoint();
    self = mri_self();
    MRT_CHECK(fake_dies(wait_and_die, 0, NULL));
    dead = mri_self_endpoint();
    fake_return(me, self);
    MRT_EQUAL(waiting(), 1);
    fake_reap(dead);
    MRT_EQUAL(waiting(), 0);
    stage_stop();
}

static void wait_briefly(unsigned int number, void *unused)
{
    (void)number;
    (void)unused;
    fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    (void)!wait_at_gate(0);
    mri_self_leave();
}

static void death_at_each_point_of_a_blocked_call_leaves_nothing(void)
{
    uint64_t me;
    mri_record *self;
    bool died = true;

    if (!fake_has_points()) {
        return;
    }
    stage_start(false);
    me = mri_self_endpoint();
    self = mri_self();
    for (int64_t k = 1; died && !mrt_failed(); k++) {
        uint64_t dead;

        died = fake_dies_at(k, wait_briefly, 0, NULL);
        dead = mri_self_endpoint();
        fake_return(me, self);
        if (died) {
            fake_reap(dead);
        }
        MRT_EQUAL(waiting(), 0);
    }
    stage_stop();
}

/* ---- a second object ----------------------------------------------------- */

static void open_then_release(void)
{
    open_gate(1);
    MRT_OK(mr_lock_release(the.lock));
}

static void call_takes_a_second_object_too(void)
{
    stage_start(true);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    wait_beside(open_then_release);
    MRT_OK(the.error);
    MRT_EQUAL(waiting(), 0);
    MRT_ERROR(mr_lock_acquire(the.lock, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(the.lock));
    stage_stop();
}

/* It sleeps without a deadline then, which its own time-out does not end. */
static void release_when_late(void)
{
    while (mri_load(&mri_row(the.lock.handle)->lists[0].first) == 0) {
        mrt_pause();
    }
    MRT_EQUAL(waiting(), 1);
    MRT_OK(mr_lock_release(the.lock));
}

static void call_goes_on_after_its_time_until_it_has_the_second_object(void)
{
    stage_start(true);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    the.timeout = 0.02;
    wait_beside(release_when_late);
    MRT_ERROR(the.error, MR_ERR_TIMEOUT);
    MRT_EQUAL(waiting(), 0);
    MRT_OK(mr_lock_release(the.lock)); /* it has been taken */
    stage_stop();
}

static void destroy_lock(void)
{
    open_gate(1);
    while (mri_load(&mri_row(the.lock.handle)->lists[0].first) == 0) {
        mrt_pause();
    }
    MRT_OK(mr_lock_destroy(the.lock));
}

static void second_object_that_is_destroyed_ends_the_call(void)
{
    stage_start(true);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    wait_beside(destroy_lock);
    MRT_ERROR(the.error, MR_ERR_CLOSED);
    MRT_EQUAL(waiting(), 0);
    stage_stop();
}

/* ---- interrupts ---------------------------------------------------------- */

static volatile sig_atomic_t signalled;
static pthread_t sleeper;

static void note_signal(int number)
{
    (void)number;
    signalled = 1;
}

static bool ask(void *argument)
{
    MRT_CHECK(argument == &the);
    return signalled;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_signal};

    signalled = 0;
    sigaction(SIGUSR1, &action, NULL);
    mr_set_interrupt(ask, &the);
}

typedef mr_error blocking(void);

static void be_interrupted(unsigned int number, void *user)
{
    blocking *call = *(blocking **)user;

    if (number == 0) {
        sleeper = pthread_self();
        the.error = call();
    } else {
        fake_await_sleep(fake_endpoint_of(0));
        pthread_kill(sleeper, SIGUSR1);
    }
}

static void interrupt(blocking *call)
{
    catch_signals();
    fake_threads(2, be_interrupted, &call);
    MRT_ERROR(the.error, MR_ERR_INTERRUPTED);
    mr_set_interrupt(NULL, NULL);
}

static mr_error get_for_ever(void)
{
    char item[8];

    return mr_queue_get(the.queue, item, sizeof item, NULL, MR_FOREVER);
}

static mr_error acquire_for_ever(void)
{
    return mr_lock_acquire(the.lock, MR_FOREVER);
}

static mr_error wait_for_two(void)
{
    mr_handle handles[] = {the.queue.handle, the.lock.handle};
    bool found[2];

    return mr_wait(handles, 2, MR_FOREVER, found);
}

static mr_error wait_for_ever(void)
{
    return wait_at_gate(MR_FOREVER);
}

static void signal_ends_each_blocked_call_and_takes_nothing(void)
{
    char item[8] = "";

    stage_start(false);
    MRT_OK(mr_lock_acquire(the.lock, 0));
    interrupt(get_for_ever);
    interrupt(acquire_for_ever);
    interrupt(wait_for_two);
    interrupt(wait_for_ever);
    MRT_EQUAL(waiting(), 0);
    MRT_OK(mr_queue_put(the.queue, "still", 6, 0));
    MRT_OK(mr_queue_get(the.queue, item, sizeof item, NULL, 0));
    MRT_TEXT(item, "still");
    MRT_OK(mr_lock_release(the.lock));
    stage_stop();
}

static bool never(void *count)
{
    ++*(unsigned int *)count;
    return false;
}

static void hook_that_says_no_leaves_the_time_out(void)
{
    unsigned int asked = 0;

    stage_start(false);
    mr_set_interrupt(never, &asked);
    MRT_ERROR(wait_at_gate(0.2), MR_ERR_TIMEOUT);
    MRT_CHECK(asked >= 2); /* a signal may come before the sleep */
    stage_stop();
}

static const mrt_test tests[] = {
    {"waiter_passes_from_a_list_beyond_the_second",
     waiter_passes_from_a_list_beyond_the_second, 0},
    {"what_a_call_left_is_taken_back_when_its_time_is_up",
     what_a_call_left_is_taken_back_when_its_time_is_up, 0},
    {"what_a_call_left_goes_with_a_destroyed_object",
     what_a_call_left_goes_with_a_destroyed_object, 0},
    {"what_a_call_left_is_taken_back_after_a_death",
     what_a_call_left_is_taken_back_after_a_death, 0},
    {"death_at_each_point_of_a_blocked_call_leaves_nothing",
     death_at_each_point_of_a_blocked_call_leaves_nothing, 0},
    {"call_takes_a_second_object_too", call_takes_a_second_object_too, 0},
    {"call_goes_on_after_its_time_until_it_has_the_second_object",
     call_goes_on_after_its_time_until_it_has_the_second_object, 0},
    {"second_object_that_is_destroyed_ends_the_call",
     second_object_that_is_destroyed_ends_the_call, 0},
    {"signal_ends_each_blocked_call_and_takes_nothing",
     signal_ends_each_blocked_call_and_takes_nothing, 0},
    {"hook_that_says_no_leaves_the_time_out",
     hook_that_says_no_leaves_the_time_out, 0},
};

int main(int argc, char **argv)
{
    return mrt_main("blocked", tests, MRT_COUNT(tests), argc, argv);
}
