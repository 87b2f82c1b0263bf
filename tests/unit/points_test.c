/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Debug builds only: a death at each point of each operation, a visitor at
 * each point, and each allocation failing in turn.  All in one thread, so
 * each run is the same.
 */
#include "unit/fake.h"

#include <stdio.h>
#include <string.h>

#include "engine/reaper.h"
#include "engine/wait.h"
#include "objects/pipe.h"
#include "pool/batch.h"
#include "pool/context.h"
#include "util/fault.h"

enum { SMALL = 8, LARGE = 200, MANY = 40 };

/* What the bodies work on. */
typedef struct stage {
    mr_queue queue;
    mr_queue more[3];
    mr_lock lock;
    mr_value value;
    mr_pipe_end ends[2];
    mri_record *waiter; /* stands in list 0 of `queue`, or of `lock` */
    size_t size;        /* of items */
    unsigned int items; /* in the queue at the beginning */
    size_t maxsize;
} stage;

static char bytes[5000];

/* ---- the stage ----------------------------------------------------------- */

static void stage_start(stage *s)
{
    mr_queue_options options = {.maxsize = s->maxsize};

    MRT_OK(mr_queue_create(&s->queue, &options));
    MRT_OK(mr_lock_create(&s->lock, NULL));
    MRT_OK(mr_value_create(&s->value, MR_INT64, NULL, NULL));
    MRT_OK(mr_pipe_create(&s->ends[0], &s->ends[1], true));
    for (size_t i = 0; i < MRT_COUNT(s->more); i++) {
        MRT_OK(mr_queue_create(&s->more[i], NULL));
    }
    for (unsigned int i = 0; i < s->items; i++) {
        MRT_OK(mr_queue_put(s->queue, bytes, s->size, 0));
    }
}

static void stand_in_list(stage *s, mr_handle handle)
{
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();

    fake_endpoint(0, MRI_SLOT_FIRST_PROCESS + 2);
    s->waiter = mri_self();
    MRT_CHECK(mri_wait_enter(s->waiter, &s->waiter->inline_waits[0],
                             mri_row(handle), 0, mri_identity(handle)));
    fake_return(self, record);
}

static bool was_woken(const stage *s)
{
    return mri_bell(s->waiter) != 0 &&
           mri_load(&s->waiter->inline_waits[0].notified) != 0;
}

static void leave_list(stage *s)
{
    if (s->waiter) {
        mri_wait_leave(s->waiter, &s->waiter->inline_waits[0], true);
        mri_record_free(s->waiter);
        s->waiter = NULL;
    }
}

static void destroy_left(mri_object *object, void *user)
{
    mr_handle handle = mri_handle_of(object);

    (void)user;
    if (handle.slot >= MRI_ROWS) {
        MRT_OK(mri_object_destroy(handle, (mri_kind)handle.kind));
    }
}

/* ---- deaths -------------------------------------------------------------- */

typedef void check_function(stage *s);

/* One run; all that is left is destroyed, and then nothing is left. */
static bool die_once(int64_t k, const stage *from, fake_body *body,
                     check_function *check)
{
    stage s = *from;
    uint64_t self = mri_self_endpoint();
    mri_record *record = mri_self();
    uint64_t used = fake_used(0);
    uint64_t endpoint;
    bool died;

    stage_start(&s);
    if (check) {
        check(&s);
    }
    endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
    died = fake_dies_at(k, body, 0, &s);
    mri_self_leave();
    fake_return(self, record);
    fake_reap(endpoint);
    if (check) {
        check(&s);
    }
    leave_list(&s);
    fake_quiet();
    mri_objects_visit(0, destroy_left, NULL);
    if (!MRT_EQUAL(fake_used(0), used)) {
        printf("       after a death at point %lld\n", (long long)k);
        return false;
    }
    return died;
}

static void die_everywhere(const stage *s, fake_body *body,
                           check_function *check)
{
    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    for (int64_t k = 1; die_once(k, s, body, check); k++) {
        if (k == 100000) {
            MRT_FAIL("there is no end of points");
            break;
        }
    }
    fake_stop();
}

static void create_all(unsigned int number, void *user)
{
    mr_queue queue;
    mr_lock lock;
    mr_value value;
    mr_array array;
    mr_pipe_end ends[2];

    (void)number;
    (void)user;
    MRT_OK(mr_queue_create(&queue, NULL));
    MRT_OK(mr_lock_create(&lock, NULL));
    MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL));
    MRT_OK(mr_array_create(&array, MR_DOUBLE, 5000, NULL, NULL));
    MRT_OK(mr_pipe_create(&ends[0], &ends[1], true));
    MRT_OK(mr_pipe_send(ends[0], bytes, LARGE, 0));
    MRT_OK(mr_queue_put(queue, bytes, LARGE, 0));
    MRT_OK(mr_queue_destroy(queue));
    MRT_OK(mr_lock_destroy(lock));
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_array_destroy(array));
    MRT_OK(mr_pipe_close(ends[0]));
    MRT_OK(mr_pipe_close(ends[1]));
}

static void nothing_leaks_by_a_death_in_creation_or_destruction(void)
{
    die_everywhere(&(stage){0}, create_all, NULL);
}

enum { SLOTS = 3 };

/* A map in one part. */
static mr_error make_part(mr_handle *context, mr_handle *part)
{
    static _Alignas(mri_batch_spec) unsigned char
        room[sizeof(mri_batch_spec) + SLOTS * sizeof(mri_batch_worker)];
    mri_batch_spec *spec = (mri_batch_spec *)room;
    mr_error error = mri_context_create(0, bytes, 100, context);

    if (!error) {
        *spec = (mri_batch_spec){.context = *context,
                                 .input_size = 10,
                                 .output_size = 10,
                                 .count = 400,
                                 .total = 400,
                                 .workers = SLOTS};
        error = mri_batch_create(0, spec, bytes, 4000, part);
        mri_context_release(*context);
    }
    return error;
}

static void create_map(unsigned int number, void *user)
{
    mr_handle context, part;

    (void)number;
    (void)user;
    MRT_OK(make_part(&context, &part));
    mri_batch_cancel(part);
}

static void nothing_leaks_by_a_death_in_the_creation_of_a_map(void)
{
    die_everywhere(&(stage){0}, create_map, NULL);
}

static void put_many(unsigned int number, void *user)
{
    stage *s = user;

    (void)number;
    for (unsigned int i = 0; i < MANY; i++) {
        MRT_OK(mr_queue_put(s->queue, bytes, s->size, 0));
    }
}

static void get_many(unsigned int number, void *user)
{
    stage *s = user;
    char out[LARGE];

    (void)number;
    for (unsigned int i = 0; i < s->items; i++) {
        MRT_OK(mr_queue_get(s->queue, out, sizeof out, NULL, 0));
    }
}

/* First call: a waiter enters.  Second: if there is an item, it knows. */
static void check_getter_is_woken(stage *s)
{
    size_t count;

    if (!s->waiter) {
        stand_in_list(s, s->queue.handle);
        return;
    }
    MRT_OK(mr_queue_qsize(s->queue, &count));
    MRT_CHECK(count == 0 || was_woken(s));
    for (; count > 0; count--) {
        MRT_OK(mr_queue_get(s->queue, bytes, sizeof bytes, NULL, 0));
    }
    MRT_ERROR(mr_queue_get(s->queue, bytes, sizeof bytes, NULL, 0),
              MR_ERR_TIMEOUT);
}

static void queue_is_whole_after_a_death_in_put(void)
{
    die_everywhere(&(stage){.size = SMALL}, put_many, check_getter_is_woken);
    die_everywhere(&(stage){.size = LARGE}, put_many, check_getter_is_woken);
}

/* What was not got can be got, and there is room for more. */
static void check_queue_goes_on(stage *s)
{
    size_t count;

    MRT_OK(mr_queue_qsize(s->queue, &count));
    for (; count > 0; count--) {
        MRT_OK(mr_queue_get(s->queue, bytes, sizeof bytes, NULL, 0));
    }
    for (unsigned int i = 0; i < s->items; i++) {
        MRT_OK(mr_queue_put(s->queue, bytes, s->size, 0));
    }
}

static void queue_is_whole_after_a_death_in_get(void)
{
    die_everywhere(&(stage){.size = SMALL, .items = MANY, .maxsize = MANY},
                   get_many, check_queue_goes_on);
    die_everywhere(&(stage){.size = LARGE, .items = MANY, .maxsize = MANY},
                   get_many, check_queue_goes_on);
}

static void time_out(unsigned int number, void *user)
{
    stage *s = user;
    mr_handle handles[3];
    bool ready[3];
    char out[LARGE];

    (void)number;
    for (size_t i = 0; i < MRT_COUNT(handles); i++) {
        handles[i] = s->more[i].handle;
    }
    MRT_ERROR(mr_wait(handles, MRT_COUNT(handles), 1e-6, ready),
              MR_ERR_TIMEOUT);
    MRT_ERROR(mr_queue_get(s->more[0], out, sizeof out, NULL, 1e-6),
              MR_ERR_TIMEOUT);
    MRT_ERROR(mr_queue_put(s->queue, out, sizeof out, 1e-6), MR_ERR_TIMEOUT);
}

static void lists_are_whole_after_a_death_in_waiting(void)
{
    die_everywhere(&(stage){.size = LARGE, .items = 1, .maxsize = 1}, time_out,
                   check_queue_goes_on);
}

static void acquire_and_release(unsigned int number, void *user)
{
    stage *s = user;
    mr_lock lock;
    int64_t one = 1;

    (void)number;
    for (unsigned int i = 0; i < 2; i++) {
        MRT_OK(mr_lock_acquire(s->lock, 0));
        MRT_OK(mr_lock_release(s->lock));
    }
    MRT_OK(mr_value_get_lock(s->value, &lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_value_add(s->value, &one, NULL));
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_lock_release(lock));
}

/* Whatever the dead one held, the next holder gets it, and knows. */
static void check_locks_can_be_had(stage *s)
{
    mr_lock lock;
    mr_error error;

    if (!s->waiter) {
        stand_in_list(s, s->lock.handle);
        return;
    }
    error = mr_lock_acquire(s->lock, 0);
    MRT_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    MRT_CHECK(error == MR_OK || was_woken(s));
    MRT_OK(mr_lock_release(s->lock));
    MRT_OK(mr_value_get_lock(s->value, &lock));
    error = mr_lock_acquire(lock, 0);
    MRT_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(lock));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
}

static void locks_can_be_had_after_a_death_of_their_holder(void)
{
    die_everywhere(&(stage){0}, acquire_and_release, check_locks_can_be_had);
}

/* More holders than fit into the first table. */
static void hold_and_close(unsigned int number, void *user)
{
    stage *s = user;

    (void)number;
    for (uint64_t i = 1; i <= 20; i++) {
        MRT_OK(mri_pipe_hold(s->ends[i % 2], i));
    }
    for (uint64_t i = 1; i <= 20; i++) {
        mri_reap_unstarted(&(mri_gone){.endpoint = i});
    }
    MRT_OK(mr_pipe_attach(s->ends[0]));
    MRT_OK(mr_pipe_send(s->ends[0], bytes, LARGE, 0));
    MRT_OK(mr_pipe_recv(s->ends[1], bytes, LARGE, NULL, 0));
    MRT_OK(mr_pipe_close(s->ends[0]));
}

/* The dead one holds nothing; the creator's ends work. */
static void check_pipe_goes_on(stage *s)
{
    MRT_OK(mr_pipe_send(s->ends[1], bytes, SMALL, 0));
    MRT_OK(mr_pipe_recv(s->ends[0], bytes, LARGE, NULL, 0));
}

static void pipe_is_whole_after_a_death(void)
{
    die_everywhere(&(stage){0}, hold_and_close, check_pipe_goes_on);
}

/* ---- a look at what a dead one left, before it is repaired ------------------
 */

static uint64_t dead_endpoint;

static void reap_the_dead(void)
{
    mri_reap_repair(dead_endpoint);
}

static void get_one(unsigned int number, void *user)
{
    stage *s = user;

    (void)number;
    MRT_OK(mr_queue_get(s->queue, bytes, LARGE, NULL, 0));
}

/* A consumer that died between two blocks does not hide the items. */
static void queue_is_not_taken_for_empty_while_a_consumer_moves_on(void)
{
    bool died = true;

    if (!fake_has_points()) {
        return;
    }
    fake_start(1, FAKE_MEMORY);
    mri_stalled = reap_the_dead;
    for (int64_t k = 1; died; k++) {
        stage s = {.size = SMALL, .items = 35};
        uint64_t self = mri_self_endpoint();
        mri_record *record = mri_self();

        stage_start(&s);
        for (unsigned int i = 0; i < 31; i++) {
            get_one(0, &s);
        }
        dead_endpoint = fake_endpoint(0, MRI_SLOT_FIRST_PROCESS);
        died = fake_dies_at(k, get_one, 0, &s);
        mri_self_leave();
        fake_return(self, record);
        get_one(0, &s);
        fake_reap(dead_endpoint);
        mri_objects_visit(0, destroy_left, NULL);
    }
    mri_stalled = NULL;
    fake_stop();
}

/* ---- a visitor at each point --------------------------------------------- */

/* Each item is its number.  `got` counts how often each was got. */
typedef struct meeting {
    mr_queue queue;
    unsigned int next;
    unsigned int got[MANY * 2];
    size_t size;
} meeting;

static void put_next(meeting *m)
{
    char item[LARGE] = {0};

    memcpy(item, &m->next, sizeof m->next);
    m->next++;
    MRT_OK(mr_queue_put(m->queue, item, m->size, 0));
}

static mr_error get_next(meeting *m)
{
    char item[LARGE];
    unsigned int number;
    mr_error error = mr_queue_get(m->queue, item, sizeof item, NULL, 0);

    if (!error) {
        memcpy(&number, item, sizeof number);
        MRT_CHECK(number < m->next);
        m->got[number]++;
    }
    return error;
}

static void get_then_put(unsigned int number, void *user)
{
    (void)number;
    MRT_OK(get_next(user));
    put_next(user);
}

static void meet_everywhere(unsigned int items, size_t size)
{
    bool more = true;

    fake_start(1, FAKE_MEMORY);
    for (int64_t k = 1; more; k++) {
        meeting m = {.size = size};

        MRT_OK(mr_queue_create(&m.queue, NULL));
        while (m.next < items) {
            put_next(&m);
        }
        more = fake_meets_at(k, get_then_put, get_then_put, &m);
        while (get_next(&m) == MR_OK) {
        }
        for (unsigned int i = 0; i < m.next; i++) {
            MRT_EQUAL(m.got[i], 1);
        }
        MRT_OK(mr_queue_destroy(m.queue));
    }
    fake_stop();
}

static void items_are_got_once_whenever_another_comes(void)
{
    if (!fake_has_points()) {
        return;
    }
    for (unsigned int items = 2; items < MANY; items += 1 + items % 28) {
        meet_everywhere(items, SMALL);
        meet_everywhere(items, LARGE);
    }
}

/* ---- allocations that fail ------------------------------------------------
 */

#ifdef MRI_DEBUG

typedef mr_error constructor(stage *s);

static mr_error make_queue(stage *s)
{
    return mr_queue_create(&s->more[0], NULL);
}

static mr_error make_lock(stage *s)
{
    return mr_lock_create(&s->lock, NULL);
}

static mr_error make_value(stage *s)
{
    return mr_value_create(&s->value, MR_INT32, NULL, NULL);
}

static mr_error make_array(stage *s)
{
    mr_array array;

    (void)s;
    return mr_array_create(&array, MR_INT64, 100000, NULL, NULL);
}

static mr_error make_pipe(stage *s)
{
    return mr_pipe_create(&s->ends[0], &s->ends[1], true);
}

static mr_error make_map(stage *s)
{
    mr_handle context, part;

    (void)s;
    return make_part(&context, &part);
}

static mr_error wait_for_several(stage *s)
{
    mr_handle handles[] = {s->more[0].handle, s->more[1].handle};
    bool ready[2];
    mr_error error = mr_wait(handles, 2, 1e-6, ready);

    return error == MR_ERR_TIMEOUT ? MR_OK : error;
}

static mr_error hold_often(stage *s)
{
    mr_error error = MR_OK;

    for (uint64_t i = 1; !error && i <= 20; i++) {
        error = mri_pipe_hold(s->ends[0], i);
    }
    return error;
}

/* A put waits for memory, so here it is a time-out. */
static mr_error put_large(stage *s)
{
    mr_error error = mr_queue_put(s->queue, bytes, sizeof bytes, 0);

    return error == MR_ERR_TIMEOUT ? MR_ERR_NO_MEMORY : error;
}

/* A constructor fails by its first allocation, by its second, and so on;
 * then it succeeds. */
static void fail_everywhere(const char *name, constructor *make)
{
    mr_error error = MR_ERR_NO_MEMORY;
    unsigned int failures = 0;

    for (int64_t n = 1; error; n++) {
        stage s = {0};
        unsigned int objects;
        uint64_t used;

        fake_start(1, FAKE_MEMORY);
        stage_start(&s);
        objects = fake_objects();
        used = fake_used(0);
        mri_fault_fail_allocation(n);
        error = make(&s);
        mri_fault_fail_allocation(0);
        if (error) {
            failures++;
            MRT_ERROR(error, MR_ERR_NO_MEMORY);
            MRT_EQUAL(fake_objects(), objects);
            if (make != hold_often && !MRT_EQUAL(fake_used(0), used)) {
                printf("       %s leaks, allocation %lld\n", name,
                       (long long)n);
            }
            MRT_OK(make(&s));
        }
        fake_stop();
    }
    MRT_CHECK(failures > 0);
}

static void nothing_leaks_when_an_allocation_fails(void)
{
    fail_everywhere("queue", make_queue);
    fail_everywhere("lock", make_lock);
    fail_everywhere("value", make_value);
    fail_everywhere("array", make_array);
    fail_everywhere("pipe", make_pipe);
    fail_everywhere("map", make_map);
    fail_everywhere("wait", wait_for_several);
    fail_everywhere("hold", hold_often);
    fail_everywhere("put", put_large);
}

#else

static void nothing_leaks_when_an_allocation_fails(void)
{
    fake_has_points();
}

#endif

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"nothing_leaks_by_a_death_in_creation_or_destruction",
         nothing_leaks_by_a_death_in_creation_or_destruction, 0},
        {"nothing_leaks_by_a_death_in_the_creation_of_a_map",
         nothing_leaks_by_a_death_in_the_creation_of_a_map, 0},
        {"queue_is_whole_after_a_death_in_put",
         queue_is_whole_after_a_death_in_put, 0},
        {"queue_is_whole_after_a_death_in_get",
         queue_is_whole_after_a_death_in_get, 0},
        {"lists_are_whole_after_a_death_in_waiting",
         lists_are_whole_after_a_death_in_waiting, 0},
        {"locks_can_be_had_after_a_death_of_their_holder",
         locks_can_be_had_after_a_death_of_their_holder, 0},
        {"pipe_is_whole_after_a_death", pipe_is_whole_after_a_death, 0},
        {"queue_is_not_taken_for_empty_while_a_consumer_moves_on",
         queue_is_not_taken_for_empty_while_a_consumer_moves_on, 0},
        {"items_are_got_once_whenever_another_comes",
         items_are_got_once_whenever_another_comes, 0},
        {"nothing_leaks_when_an_allocation_fails",
         nothing_leaks_when_an_allocation_fails, 0},
    };

    return mrt_main("points", tests, MRT_COUNT(tests), argc, argv);
}
