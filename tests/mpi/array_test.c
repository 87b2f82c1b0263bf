/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_array: slices, single elements, the memory itself, and
 * its recursive lock.
 */
#include "mpi/support.h"

#include <pthread.h>
#include <signal.h>

static bool make(mr_array *array, mr_type type, size_t count,
                 const void *initial, int rank)
{
    const mr_array_options options = {.place = MR_ON_RANK(rank)};

    return MRT_OK(mr_array_create(array, type, count, initial, &options));
}

/* What it refuses */

static void array_create_refuses_bad_arguments(void)
{
    const int types[] = {0, MR_BOOL + 1, -1, MR_BYTES_FLAG};
    const int places[] = {MR_ON_RANK(mr_size()), -1, INT32_MAX, INT32_MIN};
    mr_array array;

    MRT_ERROR(mr_array_create(NULL, MR_INT32, 1, NULL, NULL), MR_ERR_ARGUMENT);
    for (size_t i = 0; i < MRT_COUNT(types); i++) {
        MRT_ERROR(mr_array_create(&array, (mr_type)types[i], 1, NULL, NULL),
                  MR_ERR_ARGUMENT);
    }
    for (size_t i = 0; i < MRT_COUNT(places); i++) {
        const mr_array_options options = {.place = places[i]};

        MRT_ERROR(mr_array_create(&array, MR_INT64, 1, NULL, &options),
                  MR_ERR_ARGUMENT);
    }
}

static void array_create_refuses_counts_without_meaning(void)
{
    mr_array array;

    MRT_ERROR(mr_array_create(&array, MR_INT32, 0, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT32, SIZE_MAX / 4 + 1, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, SIZE_MAX / 8 + 1, NULL, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_DOUBLE, SIZE_MAX, NULL, NULL),
              MR_ERR_ARGUMENT);
}

static void array_create_refuses_more_than_the_segment(void)
{
    mr_array array;

    MRT_ERROR(mr_array_create(&array, MR_INT64, (size_t)1 << 43, NULL, NULL),
              MR_ERR_TOO_LARGE);
    MRT_ERROR(mr_array_create(&array, MR_INT64, SIZE_MAX / 8, NULL, NULL),
              MR_ERR_TOO_LARGE);
    if (make(&array, MR_INT64, 10, NULL, 0)) {
        MRT_OK(mr_array_destroy(array));
    }
}

static void array_accesses_refuse_null(void)
{
    mr_array array;

    if (!make(&array, MR_INT64, 4, NULL, 0)) {
        return;
    }
    MRT_ERROR(mr_array_length(array, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_get(array, 0, 1, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_set(array, 0, 1, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_add(array, 0, NULL, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_data(array, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_get_lock(array, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_destroy(array));
}

static void array_refuses_slices_that_leave_it(void)
{
    static const struct {
        size_t first, count;
    } slices[] = {{0, 5},        {4, 1},        {3, 2},
                  {5, 0},        {SIZE_MAX, 1}, {1, SIZE_MAX},
                  {SIZE_MAX, 0}, {2, SIZE_MAX}, {SIZE_MAX, SIZE_MAX}};
    const int64_t one = 1;
    int64_t cells[8] = {0};
    mr_array array;

    if (!make(&array, MR_INT64, 4, NULL, mr_size() - 1)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(slices); i++) {
        MRT_ERROR(mr_array_get(array, slices[i].first, slices[i].count, cells),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(mr_array_set(array, slices[i].first, slices[i].count, cells),
                  MR_ERR_ARGUMENT);
    }
    MRT_ERROR(mr_array_add(array, 4, &one, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_add(array, SIZE_MAX, &one, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_destroy(array));
}

static void array_accepts_slices_of_nothing(void)
{
    mr_array array;

    if (!make(&array, MR_INT64, 4, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_array_get(array, 0, 0, NULL));
    MRT_OK(mr_array_set(array, 0, 0, NULL));
    MRT_OK(mr_array_get(array, 4, 0, NULL));
    MRT_OK(mr_array_set(array, 4, 0, NULL));
    MRT_OK(mr_array_destroy(array));
}

static void everything_is_stale(mr_array array)
{
    int64_t number = 5, before = 6;
    size_t count = 99;
    void *data = &number;
    mr_lock lock;

    MRT_ERROR(mr_array_length(array, &count), MR_ERR_STALE);
    MRT_ERROR(mr_array_get(array, 0, 1, &number), MR_ERR_STALE);
    MRT_ERROR(mr_array_set(array, 0, 1, &number), MR_ERR_STALE);
    MRT_ERROR(mr_array_add(array, 0, &number, &before), MR_ERR_STALE);
    MRT_ERROR(mr_array_data(array, &data), MR_ERR_STALE);
    MRT_ERROR(mr_array_get_lock(array, &lock), MR_ERR_STALE);
    MRT_ERROR(mr_array_destroy(array), MR_ERR_STALE);
    MRT_CHECK(number == 5 && before == 6 && count == 99 && data == &number);
}

static void array_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_array array, next;
        mr_lock lock;

        if (!make(&array, MR_INT64, 8, NULL, rank)) {
            return;
        }
        MRT_OK(mr_array_get_lock(array, &lock));
        MRT_OK(mr_array_destroy(array));
        everything_is_stale(array);
        MRT_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_STALE);
        if (make(&next, MR_INT64, 8, NULL, rank)) {
            everything_is_stale(array);
            MRT_OK(mr_array_destroy(next));
        }
    }
}

static void array_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_array array;
    mr_value value;

    if (!make(&array, MR_INT64, 4, NULL, mr_size() - 1)) {
        return;
    }
    strange_handles(array.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_array){strange[i]});
    }
    if (MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        everything_is_stale((mr_array){value.handle});
        MRT_OK(mr_value_destroy(value));
    }
    MRT_OK(mr_array_destroy(array));
}

/* Elements */

static void array_begins_with_zeros_or_as_told(void)
{
    const double initial[4] = {1.5, -2.5, 0, 1e300};

    for (int rank = 0; rank < mr_size(); rank++) {
        double cells[4] = {9, 9, 9, 9};
        size_t count = 0;
        mr_array array;

        if (!make(&array, MR_DOUBLE, 4, NULL, rank)) {
            return;
        }
        MRT_OK(mr_array_length(array, &count));
        MRT_EQUAL(count, 4);
        MRT_OK(mr_array_get(array, 0, 4, cells));
        for (int i = 0; i < 4; i++) {
            MRT_CHECK(cells[i] == 0);
        }
        MRT_OK(mr_array_destroy(array));
        make(&array, MR_DOUBLE, 4, initial, rank);
        MRT_OK(mr_array_get(array, 0, 4, cells));
        MRT_BYTES(cells, initial, sizeof cells);
        MRT_OK(mr_array_destroy(array));
    }
}

static void array_is_zero_also_when_its_memory_was_used(void)
{
    enum { COUNT = 100000 };
    int64_t *cells = malloc(COUNT * sizeof *cells);

    for (int i = 0; i < 10; i++) {
        bool zero = true;
        mr_array array;

        memset(cells, 0xff, COUNT * sizeof *cells);
        if (!make(&array, MR_INT64, COUNT, cells, mr_size() - 1)) {
            break;
        }
        MRT_OK(mr_array_destroy(array));
        make(&array, MR_INT64, COUNT, NULL, mr_size() - 1);
        MRT_OK(mr_array_get(array, 0, COUNT, cells));
        for (int k = 0; k < COUNT; k++) {
            zero = zero && cells[k] == 0;
        }
        MRT_CHECK(zero);
        MRT_OK(mr_array_destroy(array));
    }
    free(cells);
}

static void array_slices_are_read_and_written(void)
{
    int32_t cells[100], part[10];
    mr_array array;

    if (!make(&array, MR_INT32, 100, NULL, mr_size() - 1)) {
        return;
    }
    for (int i = 0; i < 100; i++) {
        cells[i] = i;
    }
    MRT_OK(mr_array_set(array, 0, 100, cells));
    MRT_OK(mr_array_get(array, 45, 10, part));
    MRT_BYTES(part, cells + 45, sizeof part);
    for (int i = 0; i < 10; i++) {
        part[i] = -i;
    }
    MRT_OK(mr_array_set(array, 90, 10, part));
    MRT_OK(mr_array_set(array, 7, 1, part + 9));
    MRT_OK(mr_array_get(array, 0, 100, cells));
    for (int i = 0; i < 100; i++) {
        MRT_EQUAL(cells[i], i == 7 ? -9 : i < 90 ? i : 90 - i);
    }
    MRT_OK(mr_array_destroy(array));
}

static void array_accesses_touch_their_slice_only(void)
{
    int32_t cells[5] = {1, 2, 3, 4, 5};
    const int32_t two = 2;
    mr_array array;

    if (!make(&array, MR_INT32, 3, cells, 0)) {
        return;
    }
    memset(cells, 0xee, sizeof cells);
    MRT_OK(mr_array_get(array, 1, 1, cells + 2));
    MRT_EQUAL(cells[1], (int32_t)0xeeeeeeee);
    MRT_EQUAL(cells[2], 2);
    MRT_EQUAL(cells[3], (int32_t)0xeeeeeeee);
    MRT_OK(mr_array_add(array, 1, &two, cells + 2));
    MRT_EQUAL(cells[3], (int32_t)0xeeeeeeee);
    MRT_OK(mr_array_get(array, 0, 3, cells));
    MRT_CHECK(cells[0] == 1 && cells[1] == 4 && cells[2] == 3);
    MRT_OK(mr_array_destroy(array));
}

static void array_add_tells_what_was_before(void)
{
    const int64_t most = INT64_MAX, one = 1;
    const double half = 0.5;
    int64_t before = 0;
    double real = 9;
    mr_array array;

    if (!make(&array, MR_INT64, 3, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_array_add(array, 2, &most, &before));
    MRT_EQUAL(before, 0);
    MRT_OK(mr_array_add(array, 2, &one, &before));
    MRT_EQUAL(before, INT64_MAX);
    MRT_OK(mr_array_add(array, 2, &one, &before));
    MRT_EQUAL(before, INT64_MIN);
    MRT_OK(mr_array_destroy(array));
    make(&array, MR_DOUBLE, 2, NULL, 0);
    MRT_OK(mr_array_add(array, 1, &half, NULL));
    MRT_OK(mr_array_add(array, 1, &half, &real));
    MRT_CHECK(real == 0.5);
    MRT_OK(mr_array_get(array, 0, 1, &real));
    MRT_CHECK(real == 0);
    MRT_OK(mr_array_destroy(array));
}

/* Many at once */

enum { CHILDREN = 4, SHARE = 25000, TIMES = 1000 };

typedef struct share {
    mr_array array;
    int32_t self;
} share;

static int fill_share(const void *argument, size_t size)
{
    const share *s = argument;
    static double cells[SHARE];

    (void)size;
    for (int i = 0; i < SHARE; i++) {
        cells[i] = s->self * SHARE + i + 0.25;
    }
    CHILD_OK(mr_array_set(s->array, (size_t)(s->self * SHARE), SHARE, cells));
    return child_result();
}

/* Where the memory is another node's there is nothing to fill it by but
 * calls. */
static int fill_share_directly(const void *argument, size_t size)
{
    const share *s = argument;
    void *data = NULL;
    mr_error error = mr_array_data(s->array, &data);

    if (error == MR_ERR_FAR) {
        CHILD_CHECK(data == NULL);
        return fill_share(argument, size);
    }
    if (CHILD_CHECK(error == MR_OK)) {
        double *cells = (double *)data + s->self * SHARE;

        for (int i = 0; i < SHARE; i++) {
            cells[i] = s->self * SHARE + i + 0.25;
        }
    }
    return child_result();
}

static void children_fill_shares(mr_process_function *function, int owner)
{
    mr_process children[CHILDREN];
    double *cells = malloc(CHILDREN * SHARE * sizeof *cells);
    share s;

    if (!make(&s.array, MR_DOUBLE, CHILDREN * SHARE, NULL, owner)) {
        free(cells);
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        s.self = i;
        START(&children[i], rank_of(i), function, &s, sizeof s);
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_array_get(s.array, 0, CHILDREN * SHARE, cells));
    for (int i = 0; i < CHILDREN * SHARE; i++) {
        MRT_CHECK(cells[i] == i + 0.25);
    }
    MRT_OK(mr_array_destroy(s.array));
    free(cells);
}

static void array_is_filled_by_processes(void)
{
    children_fill_shares(fill_share, 0);
    children_fill_shares(fill_share, mr_size() - 1);
}

static void array_memory_is_seen_by_all_processes(void)
{
    children_fill_shares(fill_share_directly, 0);
    children_fill_shares(fill_share_directly, mr_size() - 1);
}

static void check_elements(mr_array array, int64_t *data,
                           const int64_t initial[3])
{
    int64_t number = 0;

    MRT_EQUAL((uintptr_t)data % sizeof *data, 0);
    MRT_BYTES(data, initial, 3 * sizeof *data);
    data[1] = 21;
    MRT_OK(mr_array_get(array, 1, 1, &number));
    MRT_EQUAL(number, 21);
    number = 31;
    MRT_OK(mr_array_set(array, 2, 1, &number));
    MRT_EQUAL(data[2], 31);
}

static void array_data_are_its_elements_or_far(void)
{
    const int64_t initial[3] = {10, 20, 30};

    for (int rank = 0; rank < mr_size(); rank++) {
        void *data = NULL;
        mr_array array;
        mr_error error;

        if (!make(&array, MR_INT64, 3, initial, rank)) {
            return;
        }
        error = mr_array_data(array, &data);
        MRT_CHECK((error == MR_ERR_FAR) == mri_is_far((unsigned int)rank));
        if (error == MR_OK) {
            check_elements(array, data, initial);
        } else {
            MRT_CHECK(data == NULL);
        }
        MRT_OK(mr_array_destroy(array));
    }
}

static int add_everywhere(const void *argument, size_t size)
{
    const share *s = argument;
    const int32_t one = 1;

    (void)size;
    for (int i = 0; i < often(TIMES); i++) {
        CHILD_OK(mr_array_add(s->array, i % 7, &one, NULL));
    }
    return child_result();
}

static void *add_everywhere_in_a_thread(void *argument)
{
    const share *s = argument;
    const int32_t one = 1;

    for (int i = 0; i < often(TIMES); i++) {
        MRT_OK(mr_array_add(s->array, i % 7, &one, NULL));
    }
    return NULL;
}

static void array_elements_are_added_to_atomically(void)
{
    mr_process children[CHILDREN];
    pthread_t threads[2];
    int32_t cells[7], sum = 0;
    share s = {.self = 0};

    if (!make(&s.array, MR_INT32, 7, NULL, mr_size() - 1)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), add_everywhere, &s, sizeof s);
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, add_everywhere_in_a_thread, &s);
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    MRT_OK(mr_array_get(s.array, 0, 7, cells));
    for (int i = 0; i < 7; i++) {
        sum += cells[i];
    }
    MRT_EQUAL(sum, (CHILDREN + 2) * often(TIMES));
    MRT_OK(mr_array_destroy(s.array));
}

static int flip(const void *argument, size_t size)
{
    const share *s = argument;
    int64_t cells[64];

    (void)size;
    for (int i = 0; i < often(3000); i++) {
        memset(cells, i % 2 ? 0xff : 0, sizeof cells);
        CHILD_OK(mr_array_set(s->array, 0, 64, cells));
    }
    return child_result();
}

static void array_elements_are_never_torn(void)
{
    mr_process child;
    bool alive = true;
    share s = {.self = 0};

    if (!make(&s.array, MR_INT64, 64, NULL, mr_size() - 1)) {
        return;
    }
    START(&child, ANYWHERE, flip, &s, sizeof s);
    while (alive && MRT_OK(mr_process_is_alive(child, &alive))) {
        int64_t cells[64];

        MRT_OK(mr_array_get(s.array, 0, 64, cells));
        for (int i = 0; i < 64; i++) {
            MRT_CHECK(cells[i] == 0 || cells[i] == -1);
        }
    }
    END(child, 0);
    MRT_OK(mr_array_destroy(s.array));
}

static void array_may_be_large(void)
{
    enum { COUNT = 4 << 20 }; /* 32 MiB */
    double *cells = malloc(COUNT * sizeof *cells);
    mr_array array;

    for (int i = 0; i < COUNT; i++) {
        cells[i] = i;
    }
    if (make(&array, MR_DOUBLE, COUNT, cells, mr_size() - 1)) {
        memset(cells, 0, COUNT * sizeof *cells);
        MRT_OK(mr_array_get(array, 0, COUNT, cells));
        for (int i = 0; i < COUNT; i++) {
            if (!MRT_CHECK(cells[i] == i)) {
                break;
            }
        }
        MRT_OK(mr_array_destroy(array));
    }
    free(cells);
}

/* Its lock */

/* Not in one step: that is what the lock is for. */
static bool count_once(mr_array array, size_t index)
{
    int32_t number;
    void *data;
    mr_error error = mr_array_data(array, &data);

    if (error == MR_OK) {
        ((volatile int32_t *)data)[index]++;
        return true;
    }
    if (error != MR_ERR_FAR || mr_array_get(array, index, 1, &number)) {
        return false;
    }
    number++;
    return mr_array_set(array, index, 1, &number) == MR_OK;
}

static int count_under_the_lock(const void *argument, size_t size)
{
    const share *s = argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_array_get_lock(s->array, &lock));
    for (int i = 0; i < often(TIMES); i++) {
        CHILD_OK(mr_lock_acquire(lock, GUARD));
        CHILD_OK(mr_lock_acquire(lock, 0));
        CHILD_CHECK(count_once(s->array, 0));
        CHILD_OK(mr_lock_release(lock));
        CHILD_CHECK(count_once(s->array, 1));
        CHILD_OK(mr_lock_release(lock));
    }
    return child_result();
}

static void array_lock_excludes_processes(void)
{
    mr_process children[CHILDREN];
    int32_t cells[2] = {0, 0};
    share s = {.self = 0};

    if (!make(&s.array, MR_INT32, 2, NULL, mr_size() - 1)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), count_under_the_lock, &s, sizeof s);
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    MRT_OK(mr_array_get(s.array, 0, 2, cells));
    MRT_EQUAL(cells[0], CHILDREN * often(TIMES));
    MRT_EQUAL(cells[1], CHILDREN * often(TIMES));
    MRT_OK(mr_array_destroy(s.array));
}

static void array_lock_is_recursive(void)
{
    mr_array array;
    mr_lock lock;

    if (!make(&array, MR_INT32, 1, NULL, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_array_get_lock(array, &lock));
    for (int i = 0; i < 4; i++) {
        MRT_OK(mr_lock_acquire(lock, 0));
    }
    for (int i = 0; i < 4; i++) {
        MRT_OK(mr_lock_release(lock));
    }
    MRT_ERROR(mr_lock_release(lock), MR_ERR_NOT_HELD);
    MRT_ERROR(mr_lock_destroy(lock), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_destroy(array));
}

typedef struct subject {
    mr_array array;
    mr_queue ready;
} subject;

static int wait_until_closed(const void *argument, size_t size)
{
    const subject *s = argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_array_get_lock(s->array, &lock));
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_ERROR(mr_lock_acquire(lock, MR_FOREVER), MR_ERR_CLOSED);
    return child_result();
}

static void array_destroy_wakes_those_who_wait_for_its_lock(void)
{
    mr_process child;
    subject s;
    mr_lock lock;

    if (!make(&s.array, MR_INT32, 1, NULL, mr_size() - 1) ||
        !MRT_OK(mr_queue_create(&s.ready, NULL))) {
        return;
    }
    MRT_OK(mr_array_get_lock(s.array, &lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    START(&child, ANYWHERE, wait_until_closed, &s, sizeof s);
    MRT_OK(mr_queue_get(s.ready, NULL, 0, NULL, GUARD));
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_array_destroy(s.array));
    END(child, 0);
    MRT_OK(mr_queue_destroy(s.ready));
}

static int hold_until_killed(const void *argument, size_t size)
{
    const subject *s = argument;
    mr_lock lock;

    (void)size;
    CHILD_OK(mr_array_get_lock(s->array, &lock));
    CHILD_OK(mr_lock_acquire(lock, GUARD));
    CHILD_OK(mr_queue_put(s->ready, NULL, 0, GUARD));
    CHILD_OK(mr_lock_acquire(lock, MR_FOREVER));
    raise(SIGKILL);
    return child_result();
}

static void array_lock_of_a_killed_holder_is_passed_on(void)
{
    mr_process child;
    subject s;
    mr_lock lock;

    if (!make(&s.array, MR_INT32, 1, NULL, mr_size() - 1) ||
        !MRT_OK(mr_queue_create(&s.ready, NULL))) {
        return;
    }
    MRT_OK(mr_array_get_lock(s.array, &lock));
    START(&child, ANYWHERE, hold_until_killed, &s, sizeof s);
    MRT_OK(mr_queue_get(s.ready, NULL, 0, NULL, GUARD));
    MRT_ERROR(mr_lock_acquire(lock, GUARD), MR_ERR_HOLDER_DIED);
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_release(lock));
    END(child, -SIGKILL);
    MRT_OK(mr_array_destroy(s.array));
    MRT_OK(mr_queue_destroy(s.ready));
}

static int set_in_what_comes(const void *argument, size_t size)
{
    mr_queue queue = *(const mr_queue *)argument;
    const int32_t number = 17;
    mr_array array;

    (void)size;
    CHILD_OK(mr_queue_get(queue, &array, sizeof array, NULL, GUARD));
    CHILD_OK(mr_array_set(array, 1, 1, &number));
    return child_result();
}

static void array_handle_works_after_a_way_through_a_queue(void)
{
    mr_process child;
    int32_t number = 0;
    subject s;

    if (!make(&s.array, MR_INT32, 2, NULL, mr_size() - 1) ||
        !MRT_OK(mr_queue_create(&s.ready, NULL))) {
        return;
    }
    START(&child, ANYWHERE, set_in_what_comes, &s.ready, sizeof s.ready);
    MRT_OK(mr_queue_put(s.ready, &s.array, sizeof s.array, GUARD));
    END(child, 0);
    MRT_OK(mr_array_get(s.array, 1, 1, &number));
    MRT_EQUAL(number, 17);
    MRT_OK(mr_array_destroy(s.array));
    MRT_OK(mr_queue_destroy(s.ready));
}

static const mrt_test tests[] = {
    {"array_create_refuses_bad_arguments", array_create_refuses_bad_arguments,
     0},
    {"array_create_refuses_counts_without_meaning",
     array_create_refuses_counts_without_meaning, 0},
    {"array_create_refuses_more_than_the_segment",
     array_create_refuses_more_than_the_segment, 0},
    {"array_accesses_refuse_null", array_accesses_refuse_null, 0},
    {"array_refuses_slices_that_leave_it", array_refuses_slices_that_leave_it,
     0},
    {"array_accepts_slices_of_nothing", array_accepts_slices_of_nothing, 0},
    {"array_is_stale_after_destroy", array_is_stale_after_destroy, 0},
    {"array_handles_that_name_nothing_are_stale",
     array_handles_that_name_nothing_are_stale, 0},
    {"array_begins_with_zeros_or_as_told", array_begins_with_zeros_or_as_told,
     0},
    {"array_is_zero_also_when_its_memory_was_used",
     array_is_zero_also_when_its_memory_was_used, 0},
    {"array_slices_are_read_and_written", array_slices_are_read_and_written, 0},
    {"array_accesses_touch_their_slice_only",
     array_accesses_touch_their_slice_only, 0},
    {"array_add_tells_what_was_before", array_add_tells_what_was_before, 0},
    {"array_is_filled_by_processes", array_is_filled_by_processes, 0},
    {"array_memory_is_seen_by_all_processes",
     array_memory_is_seen_by_all_processes, 0},
    {"array_data_are_its_elements_or_far", array_data_are_its_elements_or_far,
     0},
    {"array_elements_are_added_to_atomically",
     array_elements_are_added_to_atomically, 0},
    {"array_elements_are_never_torn", array_elements_are_never_torn, 0},
    {"array_may_be_large", array_may_be_large, 0},
    {"array_lock_excludes_processes", array_lock_excludes_processes, 60},
    {"array_lock_is_recursive", array_lock_is_recursive, 0},
    {"array_destroy_wakes_those_who_wait_for_its_lock",
     array_destroy_wakes_those_who_wait_for_its_lock, 0},
    {"array_lock_of_a_killed_holder_is_passed_on",
     array_lock_of_a_killed_holder_is_passed_on, 0},
    {"array_handle_works_after_a_way_through_a_queue",
     array_handle_works_after_a_way_through_a_queue, 0},
};

int main(int argc, char **argv)
{
    return suite_main("array", tests, MRT_COUNT(tests), argc, argv);
}
