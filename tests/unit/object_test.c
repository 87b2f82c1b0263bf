/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tables of objects: identity, destruction, limits.
 */
#include "unit/fake.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/operation.h"
#include "pool/batch.h"

static void handle_becomes_stale_when_its_object_is_destroyed(void)
{
    mr_lock lock;
    mr_lock next;
    mr_value value;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&lock, NULL));
    MRT_OK(mr_lock_destroy(lock));
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_STALE);
    MRT_ERROR(mr_lock_destroy(lock), MR_ERR_STALE);
    MRT_OK(mr_lock_create(&next, NULL));
    MRT_EQUAL(next.handle.slot, lock.handle.slot);
    MRT_EQUAL(next.handle.generation, lock.handle.generation + 1);
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_STALE);
    MRT_OK(mr_lock_destroy(next));
    MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL));
    MRT_EQUAL(value.handle.slot, lock.handle.slot);
    lock.handle.generation = value.handle.generation;
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_STALE);
    MRT_OK(mr_value_destroy(value));
    fake_stop();
}

static void handles_that_name_nothing_are_stale(void)
{
    const mr_handle strange[] = {
        {0},
        {.owner = 2, .slot = 4, .generation = 1, .kind = MRI_LOCK},
        {.owner = UINT32_MAX, .generation = 1, .kind = MRI_LOCK},
        {.slot = UINT32_MAX, .generation = 1, .kind = MRI_LOCK},
        {.slot = MRI_OBJECTS_MAX, .generation = 1, .kind = MRI_LOCK},
        {.slot = MRI_OBJECTS_MAX - 1, .generation = 1, .kind = MRI_LOCK},
        {.slot = 0, .generation = 1, .kind = MRI_LOCK},
        {.slot = 4, .generation = 0, .kind = MRI_LOCK},
        {.slot = 4, .generation = 1, .kind = UINT16_MAX},
    };

    fake_start(2, FAKE_MEMORY);
    for (size_t i = 0; i < MRT_COUNT(strange); i++) {
        mr_lock lock = {strange[i]};
        mr_queue queue = {strange[i]};
        mr_value value = {strange[i]};
        mr_pipe_end end = {strange[i]};
        mr_array array = {strange[i]};
        int64_t number = 0;
        size_t count;
        bool ready;

        MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_STALE);
        MRT_ERROR(mr_lock_destroy(lock), MR_ERR_STALE);
        MRT_ERROR(mr_queue_put(queue, NULL, 0, 0), MR_ERR_STALE);
        MRT_ERROR(mr_queue_destroy(queue), MR_ERR_STALE);
        MRT_ERROR(mr_value_get(value, &number), MR_ERR_STALE);
        MRT_ERROR(mr_value_destroy(value), MR_ERR_STALE);
        MRT_ERROR(mr_pipe_send(end, NULL, 0, 0), MR_ERR_STALE);
        MRT_ERROR(mr_pipe_close(end), MR_ERR_STALE);
        MRT_ERROR(mr_array_length(array, &count), MR_ERR_STALE);
        MRT_ERROR(mr_array_destroy(array), MR_ERR_STALE);
        MRT_CHECK(mr_wait(&strange[i], 1, 0, &ready) != MR_OK);
    }
    fake_stop();
}

static void objects_lie_where_they_are_placed(void)
{
    mr_lock_options options = {.place = MR_ON_RANK(1)};
    mr_lock lock;

    fake_start(2, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&lock, &options));
    MRT_EQUAL(lock.handle.owner, 1);
    MRT_OK(mr_lock_destroy(lock));
    options.place = MR_ON_RANK(2);
    MRT_ERROR(mr_lock_create(&lock, &options), MR_ERR_ARGUMENT);
    options.place = -1;
    MRT_ERROR(mr_lock_create(&lock, &options), MR_ERR_ARGUMENT);
    fake_stop();
}

static void calls_outside_a_job_are_refused(void)
{
    mr_lock lock = {0};
    mr_queue queue;
    mr_value value;
    bool ready;

    MRT_ERROR(mr_lock_create(&lock, NULL), MR_ERR_STATE);
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_STATE);
    MRT_ERROR(mr_lock_destroy(lock), MR_ERR_STATE);
    MRT_ERROR(mr_queue_create(&queue, NULL), MR_ERR_STATE);
    MRT_ERROR(mr_value_create(&value, MR_INT32, NULL, NULL), MR_ERR_STATE);
    MRT_ERROR(mr_wait(&lock.handle, 1, 0, &ready), MR_ERR_STATE);
    MRT_EQUAL(mr_rank(), -1);
    MRT_EQUAL(mr_size(), 0);
}

static void quiet_log(mr_log_level level, const char *text, void *user)
{
    (void)level;
    (void)text;
    (void)user;
}

static void objects_are_limited_and_rows_used_again(void)
{
    mr_lock *locks = calloc(MRI_OBJECTS_MAX, sizeof *locks);
    unsigned int count = 0;
    unsigned int first;
    mr_error error;

    mr_log_set_hook(quiet_log, NULL);
    fake_start(1, FAKE_MEMORY);
    first = fake_objects();
    for (unsigned int round = 0; round < 2; round++) {
        for (count = 0; count < MRI_OBJECTS_MAX; count++) {
            error = mr_lock_create(&locks[count], NULL);
            if (error) {
                MRT_EQUAL(error, MR_ERR_LIMIT);
                break;
            }
        }
        MRT_EQUAL(count, MRI_OBJECTS_MAX - first);
        MRT_EQUAL(fake_objects(), MRI_OBJECTS_MAX);
        while (count-- > 0) {
            if (!MRT_OK(mr_lock_destroy(locks[count]))) {
                break;
            }
        }
        MRT_EQUAL(fake_objects(), first);
    }
    mr_log_set_hook(NULL, NULL);
    fake_stop();
    free(locks);
}

/* ---- destruction while others are inside --------------------------------- */

enum { USERS = 3, LIVES = 300, LARGE = 100 };

/* What can be made, used and destroyed. */
typedef struct subject {
    mri_kind kind;
    mr_error (*create)(mr_handle *handle);
    mr_error (*use)(mr_handle handle, unsigned int number);
    mr_error (*destroy)(mr_handle handle);
} subject;

typedef struct target {
    const subject *subject;
    mri_word slots; /* generation and slot of the object */
    mri_word end;
} target;

static mr_error create_queue(mr_handle *handle)
{
    mr_queue_options options = {.maxsize = 3, .place = MR_ON_RANK(1)};
    mr_queue queue;
    mr_error error = mr_queue_create(&queue, &options);

    *handle = queue.handle;
    return error;
}

static mr_error use_queue(mr_handle handle, unsigned int number)
{
    mr_queue queue = {handle};
    char item[LARGE] = {0};
    size_t size;

    return number % 2 ? mr_queue_put(queue, item, sizeof item, 0.002)
                      : mr_queue_get(queue, item, sizeof item, &size, 0.002);
}

static mr_error destroy_queue(mr_handle handle)
{
    mr_queue queue = {handle};

    MRT_CHECK(mr_queue_put(queue, "x", 1, 0) != MR_ERR_STALE);
    return mr_queue_destroy(queue);
}

static const subject queues = {MRI_QUEUE, create_queue, use_queue,
                               destroy_queue};

/* A batch, which is brief; nobody works. */
static mr_error create_part(mr_handle *handle)
{
    mri_batch_spec spec = {.count = 3, .total = 3};

    return mri_batch_create(1, &spec, NULL, 0, handle);
}

static mr_error use_part(mr_handle handle, unsigned int number)
{
    uint64_t ended;
    bool left;

    return number % 2 ? mri_batch_left(handle, &left)
                      : mri_batch_await(handle, 0, &ended);
}

static mr_error destroy_part(mr_handle handle)
{
    mri_batch_cancel(handle);
    return MR_OK;
}

static const subject parts = {MRI_BATCH, create_part, use_part, destroy_part};

static mr_handle handle_of(target *t)
{
    uint64_t slots = mri_load(&t->slots);

    return (mr_handle){.owner = 1,
                       .slot = (uint32_t)slots,
                       .generation = (uint32_t)(slots >> 32),
                       .kind = (uint16_t)t->subject->kind};
}

static void recreate(target *t)
{
    mr_handle handle;

    if (MRT_OK(t->subject->create(&handle))) {
        mri_store(&t->slots, (uint64_t)handle.generation << 32 | handle.slot);
    }
}

static bool may_be(mr_error error)
{
    return error == MR_OK || error == MR_ERR_STALE || error == MR_ERR_CLOSED ||
           error == MR_ERR_TIMEOUT;
}

static void destroy_and_recreate(target *t)
{
    for (unsigned int i = 0; i < LIVES; i++) {
        MRT_OK(t->subject->destroy(handle_of(t)));
        recreate(t);
    }
    mri_store(&t->end, 1);
    MRT_OK(t->subject->destroy(handle_of(t)));
}

static void use_what_may_be_destroyed(unsigned int number, void *user)
{
    target *t = user;

    if (number == 0) {
        destroy_and_recreate(t);
        return;
    }
    while (!mri_load(&t->end)) {
        MRT_CHECK(may_be(t->subject->use(handle_of(t), number)));
    }
}

static void can_be_destroyed_while_others_use_them(const subject *kind)
{
    target t = {.subject = kind};
    uint64_t before;

    fake_start(2, FAKE_MEMORY);
    before = fake_used(1);
    recreate(&t);
    fake_threads(1 + USERS, use_what_may_be_destroyed, &t);
    MRT_EQUAL(fake_used(1), before);
    fake_stop();
}

static void objects_can_be_destroyed_while_others_use_them(void)
{
    can_be_destroyed_while_others_use_them(&queues);
}

static void brief_objects_can_be_destroyed_while_others_use_them(void)
{
    can_be_destroyed_while_others_use_them(&parts);
}

typedef struct second_use {
    mr_lock lock;
    atomic_bool inside;
} second_use;

static unsigned int state_of(mr_lock lock)
{
    return mri_identity_state(mri_load(&mri_row(lock.handle)->identity));
}

/* Thread 0 is in the object as its second one while thread 1 destroys it. */
static void use_or_destroy(unsigned int number, void *user)
{
    second_use *use = user;
    mri_record *self = mri_self();

    if (number == 1) {
        while (!atomic_load(&use->inside)) {
            sched_yield();
        }
        MRT_OK(mr_lock_destroy(use->lock));
        return;
    }
    MRT_CHECK(mri_enter_second(self, use->lock.handle, MRI_LOCK) != NULL);
    atomic_store(&use->inside, true);
    while (state_of(use->lock) == MRI_LIVE) {
        sched_yield();
    }
    for (int i = 0; i < 1000; i++) {
        if (!MRT_EQUAL(state_of(use->lock), MRI_DYING)) {
            break;
        }
        sched_yield();
    }
    mri_leave_second(self);
}

static void object_stays_while_a_call_uses_it_as_its_second(void)
{
    second_use use = {.inside = false};

    fake_start(1, FAKE_MEMORY);
    MRT_OK(mr_lock_create(&use.lock, NULL));
    fake_threads(2, use_or_destroy, &use);
    MRT_EQUAL(state_of(use.lock), MRI_FREE);
    fake_stop();
}

static void wait_for_ever(unsigned int number, void *user)
{
    const mr_queue *queue = user;
    size_t size;

    if (number == 0) {
        for (unsigned int i = 1; i <= USERS; i++) {
            fake_await_sleep(fake_endpoint_of(i));
        }
        MRT_OK(mr_queue_destroy(*queue));
    } else {
        MRT_ERROR(mr_queue_get(*queue, NULL, 0, &size, MR_FOREVER),
                  MR_ERR_CLOSED);
    }
}

static void waiters_of_a_destroyed_object_are_told(void)
{
    mr_queue queue;

    fake_start(2, FAKE_MEMORY);
    for (unsigned int i = 0; i < 20; i++) {
        MRT_OK(mr_queue_create(&queue, NULL));
        fake_threads(1 + USERS, wait_for_ever, &queue);
    }
    fake_stop();
}

typedef struct victims {
    mr_lock locks[LIVES];
    mri_word destroyed;
} victims;

static void destroy_all(unsigned int number, void *user)
{
    victims *all = user;

    (void)number;
    for (unsigned int i = 0; i < LIVES; i++) {
        mr_error error = mr_lock_destroy(all->locks[i]);

        MRT_CHECK(error == MR_OK || error == MR_ERR_STALE);
        mri_add(&all->destroyed, error == MR_OK);
    }
}

static void object_is_destroyed_once(void)
{
    victims all = {0};

    fake_start(2, FAKE_MEMORY);
    for (unsigned int i = 0; i < LIVES; i++) {
        MRT_OK(mr_lock_create(&all.locks[i], NULL));
    }
    fake_threads(4, destroy_all, &all);
    MRT_EQUAL(mri_load(&all.destroyed), LIVES);
    fake_stop();
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"calls_outside_a_job_are_refused", calls_outside_a_job_are_refused, 0},
        {"handle_becomes_stale_when_its_object_is_destroyed",
         handle_becomes_stale_when_its_object_is_destroyed, 0},
        {"handles_that_name_nothing_are_stale",
         handles_that_name_nothing_are_stale, 0},
        {"objects_lie_where_they_are_placed", objects_lie_where_they_are_placed,
         0},
        {"objects_are_limited_and_rows_used_again",
         objects_are_limited_and_rows_used_again, 0},
        {"objects_can_be_destroyed_while_others_use_them",
         objects_can_be_destroyed_while_others_use_them, 0},
        {"brief_objects_can_be_destroyed_while_others_use_them",
         brief_objects_can_be_destroyed_while_others_use_them, 0},
        {"object_stays_while_a_call_uses_it_as_its_second",
         object_stays_while_a_call_uses_it_as_its_second, 0},
        {"waiters_of_a_destroyed_object_are_told",
         waiters_of_a_destroyed_object_are_told, 0},
        {"object_is_destroyed_once", object_is_destroyed_once, 0},
    };

    return mrt_main("object", tests, MRT_COUNT(tests), argc, argv);
}
