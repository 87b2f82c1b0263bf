/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arrays that are replicated: what each node can read, and from where; that
 * nobody can change them; and that nothing stays of them.
 */
#include "mpi/support.h"

#include <signal.h>
#include <unistd.h>

#include "objects/data/array.h"

static const mr_array_options replicated = {.replicated = true};

/* Elements that tell their place, of one kind in tests of one size. */
enum { SMALL = 1000, LARGE = 1 << 20 };

static int64_t element(size_t i)
{
    return (int64_t)(i * 0x9e3779b97f4a7c15);
}

static int64_t *numbers(size_t count)
{
    int64_t *all = malloc(count * sizeof *all);

    for (size_t i = 0; MRT_CHECK(all) && i < count; i++) {
        all[i] = element(i);
    }
    return all;
}

static bool make(mr_array *array, size_t count)
{
    int64_t *all = numbers(count);
    bool made =
        MRT_OK(mr_array_create(array, MR_INT64, count, all, &replicated));

    free(all);
    return made;
}

static void replicated_array_refuses_bad_arguments(void)
{
    const mr_array_options both = {.replicated = true, .spread = true};
    const mr_array_options nowhere = {.replicated = true,
                                      .place = MR_ON_RANK(mr_size())};
    int64_t one = 1;
    mr_array array;

    MRT_ERROR(mr_array_create(&array, MR_INT64, 1, &one, &both),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, 1, &one, &nowhere),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(&array, MR_INT64, 1, NULL, &replicated),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_array_create(NULL, MR_INT64, 1, &one, &replicated),
              MR_ERR_ARGUMENT);
}

/* ---- reading ------------------------------------------------------------- */

typedef struct expected {
    mr_array array;
    size_t count;
} expected;

static int read_everything(const void *argument, size_t size)
{
    const expected *e = argument;
    size_t count = 0, first = 1, local = 0;
    void *data = NULL, *same = NULL;
    const int64_t *cells;
    int64_t some[3], last = 0;
    size_t wrong = 0;

    (void)size;
    CHILD_OK(mr_array_length(e->array, &count));
    CHILD_CHECK(count == e->count && mr_array_type(e->array) == MR_INT64);
    CHILD_OK(mr_array_get(e->array, 1, 3, some));
    CHILD_CHECK(some[0] == element(1) && some[2] == element(3));
    CHILD_OK(mr_array_get(e->array, count - 1, 1, &last));
    CHILD_CHECK(last == element(count - 1));
    CHILD_ERROR(mr_array_get(e->array, count - 1, 2, some), MR_ERR_ARGUMENT);
    CHILD_OK(MR_ARRAY_GET(e->array, 2, 1, &last));
    CHILD_CHECK(last == element(2));
    CHILD_OK(mr_array_local(e->array, &first, &local, &same));
    CHILD_CHECK(first == 0 && local == count);
    if (!CHILD_OK(mr_array_data(e->array, &data))) {
        return child_result();
    }
    CHILD_CHECK(data == same);
    cells = data;
    for (size_t i = 0; i < count; i++) {
        wrong += cells[i] != element(i);
    }
    CHILD_CHECK(wrong == 0);
    return child_result();
}

static void replicated_array_is_read_near_on_every_node(void)
{
    static const size_t counts[] = {4, SMALL, 100003, LARGE};

    for (size_t i = 0; i < MRT_COUNT(counts); i++) {
        expected e = {.count = counts[i]};

        if (!make(&e.array, e.count)) {
            return;
        }
        MRT_EQUAL(read_everything(&e, sizeof e), 0);
        for (int rank = 0; rank < mr_size(); rank++) {
            RUN(rank, read_everything, &e, sizeof e);
        }
        MRT_OK(mr_array_destroy(e.array));
    }
}

/* Where the rank of the head does not answer, the copy is still read: so it
 * does not ask. */
static int read_without_the_head(const void *argument, size_t size)
{
    const expected *e = argument;
    void *data = NULL;

    (void)size;
    CHILD_OK(mr_array_data(e->array, &data)); /* this asks once */
    CHILD_CHECK(mri_ref_of(data) >> mri_node.shift < mri_node.count);
    for (size_t i = 0; i < 1000; i++) {
        int64_t one;

        CHILD_OK(mr_array_get(e->array, i, 1, &one));
        CHILD_CHECK(one == element(i));
    }
    return child_result();
}

static void replicated_array_lies_in_the_memory_of_each_node(void)
{
    expected e = {.count = SMALL};

    if (!make(&e.array, e.count)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, read_without_the_head, &e, sizeof e);
    }
    MRT_OK(mr_array_destroy(e.array));
}

static int create_and_tell(const void *argument, size_t size)
{
    const mr_queue *to = argument;
    const mr_array_options on_zero = {.place = MR_ON_RANK(0),
                                      .replicated = true};
    int64_t all[SMALL];
    mr_array array;

    (void)size;
    for (size_t i = 0; i < SMALL; i++) {
        all[i] = element(i);
    }
    CHILD_OK(mr_array_create(&array, MR_INT64, SMALL, all, &on_zero));
    CHILD_OK(mr_queue_put(*to, &array, sizeof array, GUARD));
    return child_result();
}

static void replicated_array_is_made_by_any_process_and_outlives_it(void)
{
    mr_queue told;

    if (!MRT_OK(mr_queue_create(&told, NULL))) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        expected e = {.count = SMALL};

        RUN(rank, create_and_tell, &told, sizeof told);
        MRT_OK(mr_queue_get(told, &e.array, sizeof e.array, NULL, GUARD));
        MRT_EQUAL(read_everything(&e, sizeof e), 0);
        RUN((rank + 1) % mr_size(), read_everything, &e, sizeof e);
        MRT_OK(mr_array_destroy(e.array));
    }
    MRT_OK(mr_queue_destroy(told));
}

typedef struct record_of_many {
    int64_t number;
    char name[20];
} record_of_many;

static void replicated_array_has_structs_and_goes_to_a_file_and_back(void)
{
    char path[] = "/tmp/replicated_XXXXXX";
    record_of_many all[50] = {{0}}, got;
    int descriptor = mkstemp(path);
    mr_array array, loaded;

    close(descriptor);
    for (int i = 0; i < 50; i++) {
        all[i].number = i;
        snprintf(all[i].name, sizeof all[i].name, "row %d", i);
    }
    if (!MRT_OK(mr_array_create(&array, MR_BYTES(sizeof *all), 50, all,
                                &replicated))) {
        return;
    }
    MRT_OK(mr_array_get(array, 7, 1, &got));
    MRT_BYTES(&got, &all[7], sizeof got);
    MRT_OK(mr_array_save(array, path));
    MRT_OK(mr_array_destroy(array));
    if (MRT_OK(mr_array_load(&loaded, path, &replicated))) {
        MRT_OK(mr_array_get(loaded, 49, 1, &got));
        MRT_BYTES(&got, &all[49], sizeof got);
        MRT_ERROR(mr_array_set(loaded, 0, 1, &got), MR_ERR_STATE);
        MRT_OK(mr_array_destroy(loaded));
    }
    unlink(path);
}

/* ---- changes and the lock ------------------------------------------------ */

static int change_in_vain(const void *argument, size_t size)
{
    const expected *e = argument;
    int64_t one = 1, expect = element(0), before;
    bool exchanged;

    (void)size;
    CHILD_ERROR(mr_array_set(e->array, 0, 1, &one), MR_ERR_STATE);
    CHILD_ERROR(mr_array_add(e->array, 0, &one, NULL), MR_ERR_STATE);
    CHILD_ERROR(mr_array_min(e->array, 0, &one, &before), MR_ERR_STATE);
    CHILD_ERROR(mr_array_max(e->array, 0, &one, &before), MR_ERR_STATE);
    CHILD_ERROR(mr_array_exchange(e->array, 0, &one, &before), MR_ERR_STATE);
    CHILD_ERROR(
        mr_array_compare_exchange(e->array, 0, &expect, &one, &exchanged),
        MR_ERR_STATE);
    CHILD_ERROR(mr_array_accumulate(e->array, 0, 1, &one, MR_COMBINE_ADD),
                MR_ERR_STATE);
    CHILD_OK(mr_array_get(e->array, 0, 1, &before));
    CHILD_CHECK(before == element(0));
    return child_result();
}

static void replicated_array_cannot_be_changed(void)
{
    expected e = {.count = SMALL};

    if (!make(&e.array, e.count)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, change_in_vain, &e, sizeof e);
    }
    MRT_OK(mr_array_destroy(e.array));
}

static void replicated_array_has_a_lock_or_none(void)
{
    const mr_array_options without = {.replicated = true, .no_lock = true};
    int64_t one = 1;
    mr_array array;
    mr_lock lock;

    if (!make(&array, SMALL)) {
        return;
    }
    MRT_OK(mr_array_get_lock(array, &lock));
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_array_destroy(array));
    MRT_OK(mr_array_create(&array, MR_INT64, 1, &one, &without));
    MRT_ERROR(mr_array_get_lock(array, &lock), MR_ERR_STATE);
    MRT_OK(mr_array_destroy(array));
}

/* ---- ends ---------------------------------------------------------------- */

/* Knows the array before it is destroyed. */
static int look_twice(const void *argument, size_t size)
{
    const mr_pipe_end *end = argument;
    mr_array array;
    int64_t one;
    void *data;
    size_t count;

    (void)size;
    CHILD_OK(mr_pipe_recv(*end, &array, sizeof array, NULL, GUARD));
    CHILD_OK(mr_array_get(array, 0, 1, &one));
    CHILD_OK(mr_pipe_send(*end, NULL, 0, GUARD));
    CHILD_OK(mr_pipe_recv(*end, NULL, 0, NULL, GUARD));
    CHILD_ERROR(mr_array_get(array, 0, 1, &one), MR_ERR_STALE);
    CHILD_ERROR(mr_array_set(array, 0, 1, &one), MR_ERR_STALE);
    CHILD_ERROR(mr_array_length(array, &count), MR_ERR_STALE);
    CHILD_ERROR(mr_array_data(array, &data), MR_ERR_STALE);
    CHILD_ERROR(mr_array_destroy(array), MR_ERR_STALE);
    return child_result();
}

static void replicated_array_is_destroyed_on_all_nodes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_pipe_end end, childs;
        mr_process child;
        mr_array array;

        if (!make(&array, SMALL) ||
            !MRT_OK(mr_pipe_create(&end, &childs, true)) ||
            !START(&child, rank, look_twice, &childs, sizeof childs)) {
            return;
        }
        MRT_OK(mr_pipe_send(end, &array, sizeof array, GUARD));
        MRT_OK(mr_pipe_recv(end, NULL, 0, NULL, GUARD));
        MRT_OK(mr_array_destroy(array));
        MRT_ERROR(mr_array_destroy(array), MR_ERR_STALE);
        MRT_OK(mr_pipe_send(end, NULL, 0, GUARD));
        END(child, 0);
        MRT_OK(mr_pipe_close(end));
        MRT_OK(mr_pipe_close(childs));
    }
}

static void replicated_arrays_leave_nothing(void)
{
    uint64_t before = objects_in_use();

    for (int i = 0; i < often(100); i++) {
        mr_array array;

        if (!make(&array, SMALL) || !MRT_OK(mr_array_destroy(array))) {
            return;
        }
    }
    await_objects_in_use(before);
}

/* It is killed before this is done. */
static int create_much(const void *argument, size_t size)
{
    const mr_queue *told = argument;
    size_t count = (size_t)8 * LARGE;
    int64_t *all = calloc(count, sizeof *all);
    mr_array array;

    (void)size;
    CHILD_CHECK(all);
    CHILD_OK(mr_queue_put(*told, NULL, 0, GUARD));
    CHILD_OK(mr_array_create(&array, MR_INT64, count, all, &replicated));
    pause();
    return child_result();
}

/* While elements travel: tests/fault kills at each store. */
static void replicated_array_goes_with_a_creator_that_is_killed(void)
{
    uint64_t before = objects_in_use();
    mr_queue told;

    for (int i = 0; i < 10; i++) {
        const struct timespec moment = {.tv_nsec = i * 1000000};
        mr_process child;

        if (!MRT_OK(mr_queue_create(&told, NULL)) ||
            !START(&child, (i + 1) % mr_size(), create_much, &told,
                   sizeof told)) {
            return;
        }
        MRT_OK(mr_queue_get(told, NULL, 0, NULL, GUARD));
        nanosleep(&moment, NULL);
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        MRT_OK(mr_queue_destroy(told));
    }
    await_objects_in_use(before);
}

static void replicated_array_of_100_megabytes_arrives_everywhere(void)
{
    expected e = {.count = 100 << 17};

    if (!make(&e.array, e.count)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, read_everything, &e, sizeof e);
    }
    MRT_OK(mr_array_destroy(e.array));
}

static const mrt_test tests[] = {
    {"replicated_array_refuses_bad_arguments",
     replicated_array_refuses_bad_arguments, 0},
    {"replicated_array_is_read_near_on_every_node",
     replicated_array_is_read_near_on_every_node, 0},
    {"replicated_array_lies_in_the_memory_of_each_node",
     replicated_array_lies_in_the_memory_of_each_node, 0},
    {"replicated_array_is_made_by_any_process_and_outlives_it",
     replicated_array_is_made_by_any_process_and_outlives_it, 0},
    {"replicated_array_has_structs_and_goes_to_a_file_and_back",
     replicated_array_has_structs_and_goes_to_a_file_and_back, 0},
    {"replicated_array_cannot_be_changed", replicated_array_cannot_be_changed,
     0},
    {"replicated_array_has_a_lock_or_none", replicated_array_has_a_lock_or_none,
     0},
    {"replicated_array_is_destroyed_on_all_nodes",
     replicated_array_is_destroyed_on_all_nodes, 0},
    {"replicated_arrays_leave_nothing", replicated_arrays_leave_nothing, 0},
    {"replicated_array_goes_with_a_creator_that_is_killed",
     replicated_array_goes_with_a_creator_that_is_killed, 0},
    {"replicated_array_of_100_megabytes_arrives_everywhere",
     replicated_array_of_100_megabytes_arrives_everywhere, 0},
};

int main(int argc, char **argv)
{
    return suite_main("array_replicated", tests, MRT_COUNT(tests), argc, argv);
}
