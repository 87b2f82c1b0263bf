/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_value: single accesses are atomic, and its lock is
 * recursive and its own.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>

static bool make(mr_value *value, mr_type type, const void *initial, int rank)
{
    const mr_value_options options = {.place = MR_ON_RANK(rank)};

    return MRT_OK(mr_value_create(value, type, initial, &options));
}

static int64_t number_in(mr_value value)
{
    int64_t number = -1;

    MRT_OK(mr_value_get(value, &number));
    return number;
}

/* What it refuses */

static void value_create_refuses_bad_arguments(void)
{
    const int types[] = {0, MR_BOOL + 1, -1, MR_BYTES_FLAG};
    const int places[] = {MR_ON_RANK(mr_size()), -1, INT32_MAX, INT32_MIN};
    mr_value value;

    MRT_ERROR(mr_value_create(NULL, MR_INT32, NULL, NULL), MR_ERR_ARGUMENT);
    for (size_t i = 0; i < MRT_COUNT(types); i++) {
        MRT_ERROR(mr_value_create(&value, (mr_type)types[i], NULL, NULL),
                  MR_ERR_ARGUMENT);
    }
    for (size_t i = 0; i < MRT_COUNT(places); i++) {
        const mr_value_options options = {.place = places[i]};

        MRT_ERROR(mr_value_create(&value, MR_INT64, NULL, &options),
                  MR_ERR_ARGUMENT);
    }
}

static void value_accesses_refuse_null(void)
{
    mr_value value;

    if (!make(&value, MR_INT64, NULL, 0)) {
        return;
    }
    MRT_ERROR(mr_value_get(value, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_set(value, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_add(value, NULL, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_value_get_lock(value, NULL), MR_ERR_ARGUMENT);
    MRT_EQUAL(number_in(value), 0);
    MRT_OK(mr_value_destroy(value));
}

static void everything_is_stale(mr_value value)
{
    int64_t number = 5, before = 6;
    mr_lock lock;

    MRT_ERROR(mr_value_get(value, &number), MR_ERR_STALE);
    MRT_ERROR(mr_value_set(value, &number), MR_ERR_STALE);
    MRT_ERROR(mr_value_add(value, &number, &before), MR_ERR_STALE);
    MRT_ERROR(mr_value_get_lock(value, &lock), MR_ERR_STALE);
    MRT_ERROR(mr_value_destroy(value), MR_ERR_STALE);
    MRT_CHECK(number == 5 && before == 6);
}

static void value_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_value value, next;
        mr_lock lock;

        if (!make(&value, MR_INT64, NULL, rank)) {
            return;
        }
        MRT_OK(mr_value_get_lock(value, &lock));
        MRT_OK(mr_value_destroy(value));
        everything_is_stale(value);
        MRT_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_STALE);
        MRT_ERROR(mr_lock_release(lock), MR_ERR_STALE);
        if (make(&next, MR_INT64, NULL, rank)) {
            everything_is_stale(value);
            MRT_OK(mr_value_destroy(next));
        }
    }
}

static void value_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_value value;
    mr_queue queue;

    if (!make(&value, MR_INT64, NULL, mr_size() - 1)) {
        return;
    }
    strange_handles(value.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_value){strange[i]});
    }
    if (MRT_OK(mr_queue_create(&queue, NULL))) {
        everything_is_stale((mr_value){queue.handle});
        MRT_OK(mr_queue_destroy(queue));
    }
    MRT_OK(mr_value_destroy(value));
}

/* Single accesses */

static void value_begins_as_zero_or_as_told(void)
{
    const int32_t small = -5;
    const int64_t large = INT64_MIN;
    const double real = -2.5;

    for (int rank = 0; rank < mr_size(); rank++) {
        int32_t i32 = 1;
        int64_t i64 = 1;
        double f64 = 1;
        mr_value value;

        if (!make(&value, MR_INT32, NULL, rank)) {
            return;
        }
        MRT_OK(mr_value_get(value, &i32));
        MRT_EQUAL(i32, 0);
        MRT_OK(mr_value_destroy(value));
        make(&value, MR_INT32, &small, rank);
        MRT_OK(mr_value_get(value, &i32));
        MRT_EQUAL(i32, small);
        MRT_OK(mr_value_destroy(value));
        make(&value, MR_INT64, &large, rank);
        MRT_OK(mr_value_get(value, &i64));
        MRT_EQUAL(i64, large);
        MRT_OK(mr_value_destroy(value));
        make(&value, MR_DOUBLE, NULL, rank);
        MRT_OK(mr_value_get(value, &f64));
        MRT_CHECK(f64 == 0);
        MRT_OK(mr_value_destroy(value));
        make(&value, MR_DOUBLE, &real, rank);
        MRT_OK(mr_value_get(value, &f64));
        MRT_CHECK(f64 == real);
        MRT_OK(mr_value_destroy(value));
    }
}

/* What was in the place before does not show. */
static void value_is_zero_also_when_its_place_was_used(void)
{
    const int64_t ones = -1;
    mr_value value;

    for (int i = 0; i < 100; i++) {
        if (!make(&value, MR_INT64, &ones, mr_size() - 1)) {
            return;
        }
        MRT_OK(mr_value_destroy(value));
        make(&value, MR_INT64, NULL, mr_size() - 1);
        MRT_EQUAL(number_in(value), 0);
        MRT_OK(mr_value_set(value, &ones));
        MRT_OK(mr_value_destroy(value));
    }
}

static void value_accesses_touch_their_type_only(void)
{
    int32_t cells[3] = {111, 222, 333};
    const int32_t one = 1;
    mr_value value;

    if (!make(&value, MR_INT32, &cells[1], 0)) {
        return;
    }
    cells[1] = 0;
    MRT_OK(mr_value_get(value, &cells[1]));
    MRT_CHECK(cells[0] == 111 && cells[1] == 222 && cells[2] == 333);
    MRT_OK(mr_value_add(value, &one, &cells[1]));
    MRT_CHECK(cells[0] == 111 && cells[1] == 222 && cells[2] == 333);
    MRT_OK(mr_value_destroy(value));
}

static void value_add_tells_what_was_before(void)
{
    const int64_t amount = -7;
    const double half = 0.5;
    int64_t before = 99;
    double real = 99;
    mr_value value;

    if (!make(&value, MR_INT64, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_value_add(value, &amount, &before));
    MRT_EQUAL(before, 0);
    MRT_OK(mr_value_add(value, &amount, &before));
    MRT_EQUAL(before, -7);
    MRT_OK(mr_value_add(value, &amount, NULL));
    MRT_EQUAL(number_in(value), -21);
    MRT_OK(mr_value_destroy(value));
    make(&value, MR_DOUBLE, &half, 0);
    MRT_OK(mr_value_add(value, &half, &real));
    MRT_CHECK(real == 0.5);
    MRT_OK(mr_value_get(value, &real));
    MRT_CHECK(real == 1.0);
    MRT_OK(mr_value_destroy(value));
}

static void value_add_wraps_integers(void)
{
    const int32_t most32 = INT32_MAX, one32 = 1;
    const int64_t most64 = INT64_MAX, one64 = 1;
    int32_t i32 = 0;
    mr_value value;

    if (!make(&value, MR_INT32, &most32, 0)) {
        return;
    }
    MRT_OK(mr_value_add(value, &one32, NULL));
    MRT_OK(mr_value_get(value, &i32));
    MRT_EQUAL(i32, INT32_MIN);
    MRT_OK(mr_value_destroy(value));
    make(&value, MR_INT64, &most64, 0);
    MRT_OK(mr_value_add(value, &one64, NULL));
    MRT_EQUAL(number_in(value), INT64_MIN);
    MRT_OK(mr_value_destroy(value));
}

/* Many at once */

enum { CHILDREN = 10, TIMES = 1000 };

/* A value, and a queue for what is said about it. */
typedef struct subject {
    mr_value value;
    mr_queue ready, go;
} subject;

static int increment_under_the_lock(const void *argument, size_t size)
{
    mr_value value = *(const mr_value *)argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_value_get_lock(value, &lock));
    for (int i = 0; i < often(TIMES); i++) {
        int64_t number;

        CHILD_OK(mr_lock_acquire(lock, GUARD));
        CHILD_OK(mr_value_get(value, &number));
        number++;
        CHILD_OK(mr_value_set(value, &number));
        CHILD_OK(mr_lock_release(lock));
    }
    return child_result();
}

static int increment_at_once(const void *argument, size_t size)
{
    mr_value value = *(const mr_value *)argument;
    const int64_t one = 1;
    int64_t before, last = -1;

    (void)size;
    for (int i = 0; i < often(TIMES); i++) {
        CHILD_OK(mr_value_add(value, &one, &before));
        CHILD_CHECK(before > last);
        last = before;
    }
    return child_result();
}

static int add_halves(const void *argument, size_t size)
{
    mr_value value = *(const mr_value *)argument;
    const double half = 0.5;

    (void)size;
    for (int i = 0; i < often(TIMES); i++) {
        CHILD_OK(mr_value_add(value, &half, NULL));
    }
    return child_result();
}

static void ten_children(mr_process_function *function, mr_value value)
{
    mr_process children[CHILDREN];

    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), function, &value, sizeof value);
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
}

static void value_is_incremented_under_its_lock(void)
{
    mr_value value;

    if (make(&value, MR_INT64, NULL, mr_size() - 1)) {
        ten_children(increment_under_the_lock, value);
        MRT_EQUAL(number_in(value), CHILDREN * often(TIMES));
        MRT_OK(mr_value_destroy(value));
    }
}

static void value_is_incremented_atomically(void)
{
    mr_value value;

    if (make(&value, MR_INT64, NULL, mr_size() - 1)) {
        ten_children(increment_at_once, value);
        MRT_EQUAL(number_in(value), CHILDREN * often(TIMES));
        MRT_OK(mr_value_destroy(value));
    }
}

static void value_adds_doubles_atomically(void)
{
    double sum = 0;
    mr_value value;

    if (make(&value, MR_DOUBLE, NULL, mr_size() - 1)) {
        ten_children(add_halves, value);
        MRT_OK(mr_value_get(value, &sum));
        MRT_CHECK(sum == CHILDREN * often(TIMES) / 2);
        MRT_OK(mr_value_destroy(value));
    }
}

static void *increment_in_a_thread(void *argument)
{
    const int64_t one = 1;
    mr_value value = *(const mr_value *)argument;
    mr_lock lock;

    MRT_OK(mr_value_get_lock(value, &lock));
    for (int i = 0; i < often(TIMES); i++) {
        MRT_OK(mr_value_add(value, &one, NULL));
        MRT_OK(mr_lock_acquire(lock, GUARD));
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_OK(mr_lock_release(lock));
        MRT_OK(mr_lock_release(lock));
    }
    return NULL;
}

static void value_serves_threads_beside_children(void)
{
    pthread_t threads[3];
    mr_process child;
    mr_value value;

    if (!make(&value, MR_INT64, NULL, 0)) {
        return;
    }
    START(&child, mr_size() - 1, increment_at_once, &value, sizeof value);
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, increment_in_a_thread, &value);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    END(child, 0);
    MRT_EQUAL(number_in(value), 4 * often(TIMES));
    MRT_OK(mr_value_destroy(value));
}

/* All bits set, or none: anything else was torn. */
static int flip(const void *argument, size_t size)
{
    mr_value value = *(const mr_value *)argument;

    (void)size;
    for (int i = 0; i < often(20000); i++) {
        const int64_t number = i % 2 ? -1 : 0;

        CHILD_OK(mr_value_set(value, &number));
    }
    return child_result();
}

static void value_is_never_torn(void)
{
    mr_process child;
    mr_value value;
    bool alive = true;

    if (!make(&value, MR_INT64, NULL, mr_size() - 1)) {
        return;
    }
    START(&child, ANYWHERE, flip, &value, sizeof value);
    while (alive && MRT_OK(mr_process_is_alive(child, &alive))) {
        int64_t number = number_in(value);

        if (!MRT_CHECK(number == 0 || number == -1)) {
            break;
        }
    }
    END(child, 0);
    MRT_OK(mr_value_destroy(value));
}

/* Its lock */

static void value_lock_is_recursive(void)
{
    mr_value value;
    mr_lock lock, same;

    if (!make(&value, MR_INT64, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_value_get_lock(value, &lock));
    MRT_OK(mr_value_get_lock(value, &same));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    for (int i = 0; i < 5; i++) {
        MRT_OK(mr_lock_acquire(i % 2 ? lock : same, i % 2 ? 0 : MR_FOREVER));
    }
    for (int i = 0; i < 5; i++) {
        MRT_OK(mr_lock_release(lock));
    }
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_value_destroy(value));
}

static void value_lock_is_not_destroyed_by_itself(void)
{
    mr_value value;
    mr_lock lock;

    if (!make(&value, MR_INT64, NULL, 0)) {
        return;
    }
    MRT_OK(mr_value_get_lock(value, &lock));
    MRT_ERROR(mr_lock_destroy(lock), MR_ERR_ARGUMENT);
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_value_destroy(value));
}

static void value_accesses_do_not_wait_for_the_lock(void)
{
    mr_value value;
    mr_lock lock;

    if (!make(&value, MR_INT64, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_value_get_lock(value, &lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    RUN(ANYWHERE, increment_at_once, &value, sizeof value);
    MRT_EQUAL(number_in(value), often(TIMES));
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_value_destroy(value));
}

static int neither_take_nor_release(const void *argument, size_t size)
{
    mr_value value = *(const mr_value *)argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_value_get_lock(value, &lock));
    CHILD_ERROR(mr_lock_acquire(lock, 0), MR_ERR_TIMEOUT);
    CHILD_ERROR(mr_lock_acquire(lock, SHORT), MR_ERR_TIMEOUT);
    CHILD_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    return child_result();
}

static void *not_even_in_a_thread(void *argument)
{
    mr_lock lock;

    MRT_OK(mr_value_get_lock(*(const mr_value *)argument, &lock));
    MRT_ERROR(mr_lock_acquire(lock, 0), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_lock_acquire(lock, SHORT), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    return NULL;
}

static void value_lock_belongs_to_one_thread(void)
{
    pthread_t thread;
    mr_value value;
    mr_lock lock;

    if (!make(&value, MR_INT64, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_value_get_lock(value, &lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    RUN(ANYWHERE, neither_take_nor_release, &value, sizeof value);
    pthread_create(&thread, NULL, not_even_in_a_thread, &value);
    pthread_join(thread, NULL);
    MRT_OK(mr_lock_release(lock));
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_OK(mr_value_destroy(value));
}

static bool make_subject(subject *s)
{
    return make(&s->value, MR_INT64, NULL, mr_size() - 1) &&
           MRT_OK(mr_queue_create(&s->ready, NULL)) &&
           MRT_OK(mr_queue_create(&s->go, NULL));
}

static int hold_twice_until_killed(const void *argument, size_t size)
{
    const subject *s = argument;
    const int64_t half_done = 1;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_value_get_lock(s->value, &lock));
    CHILD_OK(mr_lock_acquire(lock, GUARD));
    CHILD_OK(mr_lock_acquire(lock, GUARD));
    CHILD_OK(mr_value_set(s->value, &half_done));
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

static void value_lock_of_a_killed_holder_is_passed_on(void)
{
    subject s;
    mr_lock lock;

    if (!make_subject(&s)) {
        return;
    }
    MRT_OK(mr_value_get_lock(s.value, &lock));
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;

        START(&child, rank, hold_twice_until_killed, &s, sizeof s);
        MRT_OK(mr_queue_get(s.ready, NULL, 0, NULL, GUARD));
        MRT_OK(mr_process_kill(child));
        MRT_ERROR(mr_lock_acquire(lock, GUARD), MR_ERR_HOLDER_DIED);
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_EQUAL(number_in(s.value), 1);
        MRT_OK(mr_lock_release(lock));
        MRT_OK(mr_lock_release(lock));
        MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
        MRT_OK(mr_lock_acquire(lock, 0));
        MRT_OK(mr_lock_release(lock));
        END(child, -SIGKILL);
    }
    MRT_OK(mr_value_destroy(s.value));
    MRT_OK(mr_queue_destroy(s.ready));
    MRT_OK(mr_queue_destroy(s.go));
}

static int wait_until_closed(const void *argument, size_t size)
{
    const subject *s = argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_value_get_lock(s->value, &lock));
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_CLOSED);
    return child_result();
}

static void value_destroy_wakes_those_who_wait_for_its_lock(void)
{
    mr_process child;
    subject s;
    mr_lock lock;

    if (!make_subject(&s)) {
        return;
    }
    MRT_OK(mr_value_get_lock(s.value, &lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    START(&child, ANYWHERE, wait_until_closed, &s, sizeof s);
    MRT_OK(mr_queue_get(s.ready, NULL, 0, NULL, GUARD));
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_value_destroy(s.value));
    END(child, 0);
    MRT_OK(mr_queue_destroy(s.ready));
    MRT_OK(mr_queue_destroy(s.go));
}

static int add_to_what_comes(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    const int64_t amount = 40;
    mr_value value;

    (void)size;
    CHILD_OK(mr_queue_get(queue, &value, sizeof value, NULL, GUARD));
    CHILD_OK(mr_value_add(value, &amount, NULL));
    return child_result();
}

static void value_handle_works_after_a_way_through_a_queue(void)
{
    mr_process child;
    subject s;

    if (!make_subject(&s)) {
        return;
    }
    START(&child, ANYWHERE, add_to_what_comes, &s.go, sizeof s.go);
    MRT_OK(mr_queue_put(s.go, &s.value, sizeof s.value, GUARD));
    END(child, 0);
    MRT_EQUAL(number_in(s.value), 40);
    MRT_OK(mr_value_destroy(s.value));
    MRT_OK(mr_queue_destroy(s.ready));
    MRT_OK(mr_queue_destroy(s.go));
}

static const mrt_test tests[] = {
    {"value_create_refuses_bad_arguments", value_create_refuses_bad_arguments,
     0},
    {"value_accesses_refuse_null", value_accesses_refuse_null, 0},
    {"value_is_stale_after_destroy", value_is_stale_after_destroy, 0},
    {"value_handles_that_name_nothing_are_stale",
     value_handles_that_name_nothing_are_stale, 0},
    {"value_begins_as_zero_or_as_told", value_begins_as_zero_or_as_told, 0},
    {"value_is_zero_also_when_its_place_was_used",
     value_is_zero_also_when_its_place_was_used, 0},
    {"value_accesses_touch_their_type_only",
     value_accesses_touch_their_type_only, 0},
    {"value_add_tells_what_was_before", value_add_tells_what_was_before, 0},
    {"value_add_wraps_integers", value_add_wraps_integers, 0},
    {"value_is_incremented_under_its_lock", value_is_incremented_under_its_lock,
     60},
    {"value_is_incremented_atomically", value_is_incremented_atomically, 0},
    {"value_adds_doubles_atomically", value_adds_doubles_atomically, 0},
    {"value_serves_threads_beside_children",
     value_serves_threads_beside_children, 60},
    {"value_is_never_torn", value_is_never_torn, 0},
    {"value_lock_is_recursive", value_lock_is_recursive, 0},
    {"value_lock_is_not_destroyed_by_itself",
     value_lock_is_not_destroyed_by_itself, 0},
    {"value_accesses_do_not_wait_for_the_lock",
     value_accesses_do_not_wait_for_the_lock, 0},
    {"value_lock_belongs_to_one_thread", value_lock_belongs_to_one_thread, 0},
    {"value_lock_of_a_killed_holder_is_passed_on",
     value_lock_of_a_killed_holder_is_passed_on, 0},
    {"value_destroy_wakes_those_who_wait_for_its_lock",
     value_destroy_wakes_those_who_wait_for_its_lock, 0},
    {"value_handle_works_after_a_way_through_a_queue",
     value_handle_works_after_a_way_through_a_queue, 0},
};

int main(int argc, char **argv)
{
    return suite_main("value", tests, MRT_COUNT(tests), argc, argv);
}
