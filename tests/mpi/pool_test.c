/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_pool_map: what it refuses, and that every output lies
 * where it belongs, whatever the sizes and the chunks.
 */
#include "mpi/pool_support.h"

/* What it refuses */

static void pool_create_refuses_bad_arguments(void)
{
    const size_t workers[] = {4097, SIZE_MAX};
    mr_pool pool;

    MRT_ERROR(mr_pool_create(NULL, NULL), MR_ERR_ARGUMENT);
    for (size_t i = 0; i < MRT_COUNT(workers); i++) {
        const mr_pool_options options = {.workers = workers[i]};

        MRT_ERROR(mr_pool_create(&pool, &options), MR_ERR_ARGUMENT);
    }
}

static void pool_size_refuses_null(void)
{
    mr_pool pool;

    if (make(&pool, 0)) {
        MRT_ERROR(mr_pool_size(pool, NULL), MR_ERR_ARGUMENT);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static void map_refuses_null(void)
{
    int64_t in[2] = {1, 2}, out[2];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(mr_pool_map(pool, NULL, NULL, 0, in, 8, out, 8, 2, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map(pool, square, NULL, 1, in, 8, out, 8, 2, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, NULL, 8, out, 8, 2, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, in, 8, NULL, 8, 2, NULL),
              MR_ERR_ARGUMENT);
    squares(pool, 10, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_refuses_sizes_that_overflow(void)
{
    int64_t in[2] = {1, 2}, out[2];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(
        mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, SIZE_MAX / 4, NULL),
        MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, in, SIZE_MAX, out, 8, 2, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(
        mr_pool_map(pool, square, NULL, 0, in, 8, out, SIZE_MAX / 2, 3, NULL),
        MR_ERR_ARGUMENT);
    squares(pool, 10, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_refuses_outputs_that_overlap_inputs(void)
{
    int64_t numbers[30] = {1, 2, 3};
    int32_t *halves = (int32_t *)numbers;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, numbers, 8, numbers + 1, 8, 10,
                          NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, numbers + 9, 8, numbers, 8, 10,
                          NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(
        mr_pool_map(pool, square, NULL, 0, halves, 4, numbers, 8, 10, NULL),
        MR_ERR_ARGUMENT);
    MRT_OK(mr_pool_map(pool, square, NULL, 0, numbers, 8, numbers + 10, 8, 10,
                       NULL));
    MRT_OK(
        mr_pool_map(pool, square, NULL, 0, numbers, 8, numbers, 8, 10, NULL));
    MRT_EQUAL(numbers[2], 9);
    MRT_EQUAL(numbers[12], 9);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_refuses_what_can_never_fit(void)
{
    int64_t in[2] = {1, 2}, out[2];
    mr_pool pool;
    mr_error error;

    if (!make(&pool, 0)) {
        return;
    }
    error = mr_pool_map(pool, square, NULL, 0, in, (size_t)1 << 45, NULL, 0, 2,
                        NULL);
    MRT_CHECK(error == MR_ERR_TOO_LARGE || error == MR_ERR_NO_MEMORY);
    error = mr_pool_map(pool, square, NULL, 0, NULL, 0, out, (size_t)1 << 45, 2,
                        NULL);
    MRT_CHECK(error == MR_ERR_TOO_LARGE || error == MR_ERR_NO_MEMORY);
    error =
        mr_pool_map(pool, square, in, (size_t)1 << 45, in, 8, out, 8, 2, NULL);
    MRT_CHECK(error == MR_ERR_TOO_LARGE || error == MR_ERR_NO_MEMORY);
    squares(pool, 10, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_refuses_a_timeout_that_is_no_number(void)
{
    const mr_map_options options = {.timeout = NOT_A_NUMBER};
    int64_t in[2] = {1, 2}, out[2];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 2, &options),
              MR_ERR_ARGUMENT);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_refuses_what_is_no_function(void)
{
    char *heap = malloc(64);
    int64_t in[2] = {1, 2}, out[2];
    mr_pool pool;

    if (make(&pool, 0)) {
        MRT_ERROR(mr_pool_map(pool, (mr_task_function *)(uintptr_t)heap, NULL,
                              0, in, 8, out, 8, 2, NULL),
                  MR_ERR_FUNCTION);
        squares(pool, 10, 0);
        MRT_OK(mr_pool_destroy(pool));
    }
    free(heap);
}

static void everything_is_stale(mr_pool pool)
{
    int64_t in[2] = {1, 2}, out[2] = {3, 4};
    size_t workers = 99;

    MRT_ERROR(mr_pool_size(pool, &workers), MR_ERR_STALE);
    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 2, NULL),
              MR_ERR_STALE);
    MRT_ERROR(mr_pool_destroy(pool), MR_ERR_STALE);
    MRT_CHECK(workers == 99 && out[0] == 3 && out[1] == 4);
}

static void pool_is_stale_after_destroy(void)
{
    mr_pool pool, next;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_OK(mr_pool_destroy(pool));
    everything_is_stale(pool);
    if (make(&next, 0)) {
        everything_is_stale(pool);
        MRT_OK(mr_pool_destroy(next));
    }
}

static void pool_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_queue queue;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    strange_handles(pool.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_pool){strange[i]});
    }
    if (MRT_OK(mr_queue_create(&queue, NULL))) {
        everything_is_stale((mr_pool){queue.handle});
        MRT_OK(mr_queue_destroy(queue));
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void map_gives_results_in_order(void)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 10, 100, 1001, 65536};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(counts); i++) {
        squares(pool, counts[i], 0);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void map_takes_any_chunk(void)
{
    static const size_t chunks[] = {1, 2, 3, 64, 999, 1000, 1001, SIZE_MAX};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(chunks); i++) {
        squares(pool, 1000, chunks[i]);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void map_of_a_million_tasks(void)
{
    mr_pool pool;

    if (make(&pool, 0)) {
        squares(pool, 1000000, 0);
        squares(pool, 1000000, 1);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static void map_after_map_a_thousand_times(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < 1000; i++) {
        squares(pool, i % 17, i % 3);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void map_of_no_tasks_calls_nothing(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_OK(mr_pool_map(pool, square, NULL, 0, NULL, 0, NULL, 0, 0, NULL));
    squares(pool, 0, 5);
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error tell_index(const void *input, void *output, const mr_task *task)
{
    if (input) {
        return mr_task_fail(MR_ERR_USER, "there is an input");
    }
    *(size_t *)output = task->index;
    return MR_OK;
}

static void map_without_inputs_gives_tasks_their_index(void)
{
    size_t out[1000];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_OK(mr_pool_map(pool, tell_index, NULL, 0, NULL, 0, out, sizeof out[0],
                       1000, NULL));
    for (size_t i = 0; i < 1000; i++) {
        MRT_EQUAL(out[i], i);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error add_input(const void *input, void *output, const mr_task *task)
{
    const mr_value *sum = task->context;

    (void)output;
    return mr_value_add(*sum, input, NULL);
}

static void map_without_outputs_runs_each_task_once(void)
{
    int64_t in[1000], sum = 0;
    mr_value value;
    mr_pool pool;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        return;
    }
    for (int i = 0; i < 1000; i++) {
        in[i] = (int64_t)1 << (i % 50);
        sum += in[i];
    }
    MRT_OK(mr_pool_map(pool, add_input, &value, sizeof value, in, sizeof in[0],
                       NULL, 0, 1000, NULL));
    MRT_OK(mr_value_get(value, in));
    MRT_EQUAL(in[0], sum);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_pool_destroy(pool));
}

/* Inputs and outputs of odd sizes: patterns go in and come out. */
static mr_error turn_pattern(const void *input, void *output,
                             const mr_task *task)
{
    if (!pattern_holds(input, task->input_size, (unsigned)task->index)) {
        return mr_task_fail(MR_ERR_USER, "input %zu is wrong", task->index);
    }
    pattern_fill(output, task->output_size, (unsigned)task->index + 1);
    return MR_OK;
}

static void map_carries_inputs_and_outputs_of_any_size(void)
{
    static const size_t sizes[][3] = {{1, 1, 999},       {3, 5, 999},
                                      {57, 1, 500},      {1, 57, 500},
                                      {1000, 3000, 101}, {1 << 20, 8, 11},
                                      {8, 1 << 20, 11},  {8 << 20, 8 << 20, 3}};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t k = 0; k < MRT_COUNT(sizes); k++) {
        size_t in_size = sizes[k][0], out_size = sizes[k][1];
        size_t count = sizes[k][2], wrong = 0;
        char *in = malloc(in_size * count), *out = calloc(out_size, count);

        for (size_t i = 0; i < count; i++) {
            pattern_fill(in + i * in_size, in_size, (unsigned)i);
        }
        MRT_OK(mr_pool_map(pool, turn_pattern, NULL, 0, in, in_size, out,
                           out_size, count, NULL));
        for (size_t i = 0; i < count; i++) {
            wrong +=
                !pattern_holds(out + i * out_size, out_size, (unsigned)i + 1);
        }
        MRT_EQUAL(wrong, 0);
        free(in);
        free(out);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error check_zeros(const void *input, void *output,
                            const mr_task *task)
{
    (void)input;
    for (size_t i = 0; i < task->output_size; i++) {
        if (((const char *)output)[i] != 0) {
            return mr_task_fail(MR_ERR_USER, "output %zu is not zeroed",
                                task->index);
        }
    }
    memset(output, 0xff, task->output_size);
    return MR_OK;
}

static void map_begins_with_zeroed_outputs(void)
{
    char out[200][40];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    memset(out, 0xee, sizeof out);
    for (int again = 0; again < 3; again++) {
        MRT_OK(mr_pool_map(pool, check_zeros, NULL, 0, NULL, 0, out,
                           sizeof out[0], 200, NULL));
        MRT_EQUAL(out[199][39], (char)0xff);
    }
    MRT_OK(mr_pool_destroy(pool));
}

typedef struct description {
    mr_task task;
    int rank;
} description;

static mr_error describe(const void *input, void *output, const mr_task *task)
{
    description *d = output;

    (void)input;
    d->task = *task;
    d->rank = mr_rank();
    return MR_OK;
}

static void tasks_are_told_what_they_are(void)
{
    enum { COUNT = 300 };
    static description out[COUNT];
    char in[COUNT];
    mr_pool pool;

    memset(in, 0, sizeof in);
    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    MRT_OK(mr_pool_map(pool, describe, "text", 5, in, 1, out, sizeof out[0],
                       COUNT, NULL));
    for (size_t i = 0; i < COUNT; i++) {
        MRT_EQUAL(out[i].task.index, i);
        MRT_EQUAL(out[i].task.count, COUNT);
        MRT_EQUAL(out[i].task.context_size, 5);
        MRT_EQUAL(out[i].task.input_size, 1);
        MRT_EQUAL(out[i].task.output_size, sizeof out[0]);
        MRT_EQUAL(out[i].task.workers, mr_size() + 1);
        MRT_CHECK(out[i].task.worker < out[i].task.workers);
        MRT_CHECK(out[i].rank >= 0 && out[i].rank < mr_size());
    }
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error check_context(const void *input, void *output,
                              const mr_task *task)
{
    size_t expected = *(const size_t *)input;

    (void)output;
    if (task->context_size != expected ||
        (expected == 0) != (task->context == NULL) ||
        !pattern_holds(task->context, expected, 5)) {
        return mr_task_fail(MR_ERR_USER, "the context is wrong");
    }
    return MR_OK;
}

static void tasks_share_a_context(void)
{
    static const size_t sizes[] = {0, 1, 57, 4096, 8 << 20};
    char *context = malloc(8 << 20);
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1)) {
        free(context);
        return;
    }
    for (size_t k = 0; k < MRT_COUNT(sizes); k++) {
        size_t in[8];

        pattern_fill(context, sizes[k], 5);
        for (int i = 0; i < 8; i++) {
            in[i] = sizes[k];
        }
        MRT_OK(mr_pool_map(pool, check_context, sizes[k] ? context : NULL,
                           sizes[k], in, sizeof in[0], NULL, 0, 8, NULL));
    }
    MRT_OK(mr_pool_destroy(pool));
    free(context);
}

/* Arrays in place */

static void map_works_in_place_on_arrays(void)
{
    enum { COUNT = 10000 };
    mr_array in, out;
    void *inputs, *outputs;
    int64_t number;
    mr_pool pool;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_array_create(&in, MR_INT64, COUNT, NULL, NULL)) ||
        !MRT_OK(mr_array_create(&out, MR_INT64, COUNT, NULL, NULL)) ||
        !MRT_OK(mr_array_data(in, &inputs)) ||
        !MRT_OK(mr_array_data(out, &outputs))) {
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        ((int64_t *)inputs)[i] = i;
    }
    MRT_OK(mr_pool_map(pool, square, NULL, 0, inputs, sizeof number, outputs,
                       sizeof number, COUNT, NULL));
    for (size_t i = 0; i < COUNT; i++) {
        MRT_OK(mr_array_get(out, i, 1, &number));
        MRT_EQUAL(number, i * i);
    }
    /* A part of one array is both. */
    MRT_OK(mr_pool_map(pool, square, NULL, 0, (int64_t *)inputs + 10,
                       sizeof number, (int64_t *)inputs + 10, sizeof number,
                       100, NULL));
    for (size_t i = 0; i < 200; i++) {
        MRT_EQUAL(((int64_t *)inputs)[i], i < 10 || i >= 110 ? i : i * i);
    }
    MRT_OK(mr_array_destroy(in));
    MRT_OK(mr_array_destroy(out));
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error add_one(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int64_t *)output += 1;
    return MR_OK;
}

static void outputs_in_place_hold_what_was_there(void)
{
    mr_pool pool;
    mr_array array;
    void *data;

    if (!make(&pool, 0)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_array_options options = {.place = MR_ON_RANK(rank)};

        if (!MRT_OK(mr_array_create(&array, MR_INT64, 500, NULL, &options))) {
            break;
        }
        if (mr_array_data(array, &data) == MR_ERR_FAR) {
            MRT_OK(mr_array_destroy(array));
            continue; /* there is no such memory here */
        }
        for (int again = 1; again <= 3; again++) {
            MRT_OK(mr_pool_map(pool, add_one, NULL, 0, NULL, 0, data, 8, 500,
                               NULL));
            for (int i = 0; i < 500; i++) {
                MRT_EQUAL(((int64_t *)data)[i], again);
            }
        }
        MRT_OK(mr_array_destroy(array));
    }
    MRT_OK(mr_pool_destroy(pool));
}

static const mrt_test tests[] = {
    {"pool_create_refuses_bad_arguments", pool_create_refuses_bad_arguments, 0},
    {"pool_size_refuses_null", pool_size_refuses_null, 0},
    {"map_refuses_null", map_refuses_null, 0},
    {"map_refuses_sizes_that_overflow", map_refuses_sizes_that_overflow, 0},
    {"map_refuses_what_can_never_fit", map_refuses_what_can_never_fit, 0},
    {"map_refuses_a_timeout_that_is_no_number",
     map_refuses_a_timeout_that_is_no_number, 0},
    {"map_refuses_outputs_that_overlap_inputs",
     map_refuses_outputs_that_overlap_inputs, 0},
    {"map_refuses_what_is_no_function", map_refuses_what_is_no_function, 0},
    {"pool_is_stale_after_destroy", pool_is_stale_after_destroy, 0},
    {"pool_handles_that_name_nothing_are_stale",
     pool_handles_that_name_nothing_are_stale, 0},
    {"map_gives_results_in_order", map_gives_results_in_order, 0},
    {"map_takes_any_chunk", map_takes_any_chunk, 0},
    {"map_of_a_million_tasks", map_of_a_million_tasks, 60},
    {"map_after_map_a_thousand_times", map_after_map_a_thousand_times, 60},
    {"map_of_no_tasks_calls_nothing", map_of_no_tasks_calls_nothing, 0},
    {"map_without_inputs_gives_tasks_their_index",
     map_without_inputs_gives_tasks_their_index, 0},
    {"map_without_outputs_runs_each_task_once",
     map_without_outputs_runs_each_task_once, 0},
    {"map_carries_inputs_and_outputs_of_any_size",
     map_carries_inputs_and_outputs_of_any_size, 60},
    {"map_begins_with_zeroed_outputs", map_begins_with_zeroed_outputs, 0},
    {"tasks_are_told_what_they_are", tasks_are_told_what_they_are, 0},
    {"tasks_share_a_context", tasks_share_a_context, 0},
    {"map_works_in_place_on_arrays", map_works_in_place_on_arrays, 0},
    {"outputs_in_place_hold_what_was_there",
     outputs_in_place_hold_what_was_there, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pool", tests, MRT_COUNT(tests), argc, argv);
}
