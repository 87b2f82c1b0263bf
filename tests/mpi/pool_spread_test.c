/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Maps whose tasks are spread over all ranks, be these on one node or each on
 * its own: large inputs and outputs travel, a slow rank gets less, failures
 * tell where they were, and anybody may end the pool.
 */
#include "mpi/pool_support.h"

static mr_error turn_pattern(const void *input, void *output,
                             const mr_task *task)
{
    if (!pattern_holds(input, task->input_size, (unsigned)task->index)) {
        return mr_task_fail(MR_ERR_USER, "input %zu is wrong", task->index);
    }
    pattern_fill(output, task->output_size, (unsigned)task->index + 1);
    return MR_OK;
}

static void carry(mr_pool pool, size_t size, size_t count)
{
    char *in = calloc(count, size), *out = calloc(count, size);
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        pattern_fill(in + i * size, size, (unsigned)i);
    }
    MRT_OK(mr_pool_map(pool, turn_pattern, NULL, 0, in, size, out, size, count,
                       NULL));
    for (size_t i = 0; i < count; i++) {
        wrong += !pattern_holds(out + i * size, size, (unsigned)i + 1);
    }
    MRT_EQUAL(wrong, 0);
    free(in);
    free(out);
}

/* More than a node is given at once, and tasks of which each is. */
static void map_carries_more_than_travels_at_once(void)
{
    mr_pool pool;

    if (make(&pool, 0)) {
        carry(pool, 1 << 20, 100);
        carry(pool, 40 << 20, 3);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* The memory of an Array, of which each part is read and written. */
static mr_error add_index(const void *input, void *output, const mr_task *task)
{
    *(int64_t *)output += *(const int64_t *)input + (int64_t)task->index;
    return MR_OK;
}

static void map_in_place_reads_and_writes_all_of_an_array(void)
{
    enum { COUNT = 100003 };
    mr_array in, out;
    int64_t *inputs, *outputs;
    size_t wrong = 0;
    mr_pool pool;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_array_create(&in, MR_INT64, COUNT, NULL, NULL)) ||
        !MRT_OK(mr_array_create(&out, MR_INT64, COUNT, NULL, NULL)) ||
        !MRT_OK(mr_array_data(in, (void **)&inputs)) ||
        !MRT_OK(mr_array_data(out, (void **)&outputs))) {
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        inputs[i] = 5 * i;
        outputs[i] = 1000 + i;
    }
    MRT_OK(mr_pool_map(pool, add_index, NULL, 0, inputs, 8, outputs, 8, COUNT,
                       NULL));
    for (int i = 0; i < COUNT; i++) {
        wrong += inputs[i] != 5 * i || outputs[i] != 1000 + 7 * i;
    }
    MRT_EQUAL(wrong, 0);
    MRT_OK(mr_array_destroy(in));
    MRT_OK(mr_array_destroy(out));
    MRT_OK(mr_pool_destroy(pool));
}

/* Tasks on the last rank wait for half of all. */
typedef struct slow {
    mr_value ended;
    size_t enough;
} slow;

static mr_error end_late_on_the_last_rank(const void *input, void *output,
                                          const mr_task *task)
{
    const slow *s = task->context;
    const int64_t one = 1;
    double end = mrt_now() + GUARD;
    int64_t ended = 0;
    mr_error error = MR_OK;

    (void)input;
    *(int64_t *)output = mr_rank();
    while (mr_rank() > 0 && mr_rank() == mr_size() - 1 && error == MR_OK &&
           (size_t)ended < s->enough) {
        error = mr_value_get(s->ended, &ended);
        if (error == MR_OK && mrt_now() > end) {
            return mr_task_fail(MR_ERR_TIMEOUT, "only %d ended", (int)ended);
        }
        mrt_pause();
    }
    return error ? error : mr_value_add(s->ended, &one, NULL);
}

static void slow_rank_gets_less(void)
{
    enum { COUNT = 400 };
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.error = &error};
    int64_t ranks[COUNT];
    size_t late = 0;
    slow s = {.enough = COUNT / 2};
    mr_pool pool;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_value_create(&s.ended, MR_INT64, NULL, NULL))) {
        return;
    }
    if (!MRT_OK(mr_pool_map(pool, end_late_on_the_last_rank, &s, sizeof s, NULL,
                            0, ranks, sizeof ranks[0], COUNT, &options))) {
        MRT_TEXT(error.text, "");
    }
    for (int i = 0; i < COUNT; i++) {
        late += mr_size() > 1 && ranks[i] == mr_size() - 1;
    }
    MRT_CHECK(late <= COUNT / 2);
    MRT_OK(mr_value_destroy(s.ended));
    MRT_OK(mr_pool_destroy(pool));
}

/* Each rank fails in turn; the others wait until it had a task. */
typedef struct fault {
    mr_queue happened;
    int rank;
} fault;

static mr_error fail_on_one_rank(const void *input, void *output,
                                 const mr_task *task)
{
    const fault *f = task->context;
    mr_error error;
    bool ready;

    (void)input;
    (void)output;
    if (mr_rank() != f->rank) {
        return mr_wait(&f->happened.handle, 1, GUARD, &ready);
    }
    error = mr_queue_put(f->happened, NULL, 0, GUARD);
    return error ? error
                 : mr_task_fail(MR_ERR_USER + 7, "on %d of %s", mr_rank(),
                                mr_host());
}

static void failures_tell_rank_and_host(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_task_error error = {.code = MR_OK};
        const mr_map_options options = {.error = &error};
        char text[MR_TEXT_SIZE];
        fault f = {.rank = rank};

        if (!MRT_OK(mr_queue_create(&f.happened, NULL))) {
            break;
        }
        MRT_ERROR(mr_pool_map(pool, fail_on_one_rank, &f, sizeof f, NULL, 0,
                              NULL, 0, 8 * (size_t)mr_size(), &options),
                  MR_ERR_USER + 7);
        MRT_EQUAL(error.rank, rank);
        snprintf(text, sizeof text, "on %d of %s", rank, error.host);
        MRT_TEXT(error.text, text);
        MRT_OK(mr_queue_destroy(f.happened));
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* A pool of rank 0, told to a child that has no part in it. */
static int look_and_destroy(const void *argument, size_t size)
{
    mr_pool pool = *(const mr_pool *)argument;
    size_t workers = 0;

    (void)size;
    CHILD_OK(mr_pool_size(pool, &workers));
    CHILD_CHECK(workers == (size_t)mr_size() + 1);
    CHILD_OK(mr_pool_destroy(pool));
    CHILD_ERROR(mr_pool_destroy(pool), MR_ERR_STALE);
    return child_result();
}

static void pool_is_destroyed_from_any_rank(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        size_t workers;
        mr_pool pool;

        if (make(&pool, (size_t)mr_size() + 1)) {
            squares(pool, 100, 0);
            RUN(rank, look_and_destroy, &pool, sizeof pool);
            MRT_ERROR(mr_pool_size(pool, &workers), MR_ERR_STALE);
        }
    }
}

/* Time-outs one after the other; what had begun ends by itself. */
static mr_error wait_for_the_end(const void *input, void *output,
                                 const mr_task *task)
{
    bool ready;

    (void)input;
    (void)output;
    return mr_wait(&((const mr_queue *)task->context)->handle, 1, GUARD,
                   &ready);
}

static void maps_that_time_out_leave_the_ranks_free(void)
{
    const mr_map_options options = {.timeout = SHORT};
    mr_queue end;
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1) ||
        !MRT_OK(mr_queue_create(&end, NULL))) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        MRT_ERROR(mr_pool_map(pool, wait_for_the_end, &end, sizeof end, NULL, 0,
                              NULL, 0, 100, &options),
                  MR_ERR_TIMEOUT);
    }
    MRT_OK(mr_queue_put(end, NULL, 0, GUARD));
    squares(pool, 10000, 0);
    MRT_OK(mr_queue_destroy(end));
    MRT_OK(mr_pool_destroy(pool));
}

static const mrt_test tests[] = {
    {"map_carries_more_than_travels_at_once",
     map_carries_more_than_travels_at_once, 60},
    {"map_in_place_reads_and_writes_all_of_an_array",
     map_in_place_reads_and_writes_all_of_an_array, 0},
    {"slow_rank_gets_less", slow_rank_gets_less, 60},
    {"failures_tell_rank_and_host", failures_tell_rank_and_host, 60},
    {"pool_is_destroyed_from_any_rank", pool_is_destroyed_from_any_rank, 60},
    {"maps_that_time_out_leave_the_ranks_free",
     maps_that_time_out_leave_the_ranks_free, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pool_spread", tests, MRT_COUNT(tests), argc, argv);
}
