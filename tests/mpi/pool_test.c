/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_pool: every task runs once and its output lies where it
 * belongs, whatever the sizes, the chunks and the fate of the others.
 */
#include "mpi/support.h"

#include <pthread.h>

static bool make(mr_pool *pool, size_t workers)
{
    const mr_pool_options options = {.workers = workers};

    return MRT_OK(mr_pool_create(pool, &options));
}

static mr_error square(const void *input, void *output, const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    (void)task;
    *(int64_t *)output = n * n;
    return MR_OK;
}

/* Maps square over 0 to count - 1 and looks at each result. */
static void squares(mr_pool pool, size_t count, size_t chunk)
{
    const mr_map_options options = {.chunk = chunk};
    int64_t *in = calloc(count + 1, sizeof *in);
    int64_t *out = calloc(count + 1, sizeof *out);
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        in[i] = (int64_t)i;
        out[i] = -1;
    }
    MRT_OK(mr_pool_map(pool, square, NULL, 0, in, sizeof *in, out, sizeof *out,
                       count, &options));
    for (size_t i = 0; i < count; i++) {
        wrong += in[i] != (int64_t)i || out[i] != (int64_t)(i * i);
    }
    MRT_EQUAL(wrong, 0);
    free(in);
    free(out);
}

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

static void map_refuses_what_can_never_fit(void)
{
    int64_t in[2] = {1, 2}, out[2];
    mr_pool pool;
    mr_error error;

    if (!make(&pool, 0)) {
        return;
    }
    error = mr_pool_map(pool, square, NULL, 0, in, (size_t)1 << 45, out, 8, 2,
                        NULL);
    MRT_CHECK(error == MR_ERR_TOO_LARGE || error == MR_ERR_NO_MEMORY);
    error = mr_pool_map(pool, square, NULL, 0, in, 8, out, (size_t)1 << 45, 2,
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

static int map_with_anothers_pool(const void *argument, size_t size)
{
    mr_pool pool = *(const mr_pool *)argument;
    int64_t in[2] = {1, 2}, out[2];

    (void)size;
    CHILD_ERROR(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 2, NULL),
                MR_ERR_STATE);
    return child_result();
}

static void map_refuses_callers_that_did_not_create_the_pool(void)
{
    mr_pool pool;

    if (make(&pool, 0)) {
        RUN(ANYWHERE, map_with_anothers_pool, &pool, sizeof pool);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* Results */

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

        if (!MRT_OK(mr_array_create(&array, MR_INT64, 500, NULL, &options)) ||
            !MRT_OK(mr_array_data(array, &data))) {
            break;
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

/* Uneven tasks */

static mr_error spin(const void *input, void *output, const mr_task *task)
{
    int64_t turns = *(const int64_t *)input;
    volatile int64_t sum = 0;

    (void)task;
    for (int64_t i = 0; i < turns; i++) {
        sum = sum + i;
    }
    *(int64_t *)output = sum;
    return MR_OK;
}

static void map_balances_uneven_tasks(void)
{
    static const size_t chunks[] = {0, 1, 100};
    enum { COUNT = 2000 };
    static int64_t in[COUNT], out[COUNT];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t k = 0; k < MRT_COUNT(chunks); k++) {
        const mr_map_options options = {.chunk = chunks[k]};

        for (int i = 0; i < COUNT; i++) {
            in[i] = i == (int)k * 999 ? 1000000 : 1000;
            out[i] = -1;
        }
        MRT_OK(mr_pool_map(pool, spin, NULL, 0, in, sizeof in[0], out,
                           sizeof out[0], COUNT, &options));
        for (int i = 0; i < COUNT; i++) {
            MRT_EQUAL(out[i], in[i] * (in[i] - 1) / 2);
        }
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Workers */

static void pool_has_as_many_workers_as_ranks(void)
{
    size_t workers = 0;
    mr_pool pool;

    if (MRT_OK(mr_pool_create(&pool, NULL))) {
        MRT_OK(mr_pool_size(pool, &workers));
        MRT_EQUAL(workers, mr_size());
        squares(pool, 100, 0);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* All workers meet: each task waits until as many have begun. */
typedef struct meeting {
    mr_value begun;
    mr_queue tokens;
} meeting;

typedef struct visitor {
    unsigned int worker;
    int rank;
} visitor;

static mr_error meet(const void *input, void *output, const mr_task *task)
{
    const meeting *m = task->context;
    const int64_t one = 1;
    visitor *me = output;
    int64_t before = -1;
    mr_error error = mr_value_add(m->begun, &one, &before);

    (void)input;
    me->worker = task->worker;
    me->rank = mr_rank();
    if (before + 1 == (int64_t)task->workers) {
        for (unsigned int i = 0; i < task->workers && error == MR_OK; i++) {
            error = mr_queue_put(m->tokens, NULL, 0, GUARD);
        }
    }
    if (error == MR_OK) {
        error = mr_queue_get(m->tokens, NULL, 0, NULL, GUARD);
    }
    return error;
}

static void all_workers_meet(size_t workers)
{
    const mr_map_options options = {.chunk = 1, .timeout = GUARD};
    visitor visitors[32];
    unsigned int seen = 0, ranks = 0;
    size_t size = 0;
    meeting m;
    mr_pool pool;

    if (!make(&pool, workers) ||
        !MRT_OK(mr_value_create(&m.begun, MR_INT64, NULL, NULL)) ||
        !MRT_OK(mr_queue_create(&m.tokens, NULL))) {
        return;
    }
    MRT_OK(mr_pool_size(pool, &size));
    MRT_EQUAL(size, workers);
    MRT_OK(mr_pool_map(pool, meet, &m, sizeof m, NULL, 0, visitors,
                       sizeof visitors[0], workers, &options));
    for (size_t i = 0; i < workers; i++) {
        seen |= 1u << visitors[i].worker;
        ranks |= 1u << visitors[i].rank;
    }
    MRT_EQUAL(seen, (1u << workers) - 1);
    if (workers >= (size_t)mr_size()) {
        MRT_EQUAL(ranks, (1u << mr_size()) - 1);
    }
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_value_destroy(m.begun));
    MRT_OK(mr_queue_destroy(m.tokens));
}

static void pool_uses_all_its_workers_at_once(void)
{
    all_workers_meet((size_t)mr_size());
}

static void pool_may_have_more_workers_than_ranks(void)
{
    all_workers_meet((size_t)mr_size() + 1);
    all_workers_meet(2 * (size_t)mr_size() + 3);
}

static void pool_may_have_fewer_workers_than_ranks(void)
{
    for (size_t workers = 1; workers < (size_t)mr_size(); workers++) {
        all_workers_meet(workers);
    }
}

static void two_pools_take_turns(void)
{
    mr_pool first, second;

    if (!make(&first, 0) || !make(&second, (size_t)mr_size() + 2)) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        squares(first, 100, 0);
        squares(second, 100, 1);
    }
    MRT_OK(mr_pool_destroy(first));
    squares(second, 100, 0);
    MRT_OK(mr_pool_destroy(second));
}

static void *map_in_a_thread(void *argument)
{
    mr_pool pool = *(const mr_pool *)argument;

    for (int i = 0; i < 50; i++) {
        squares(pool, 200, (size_t)(i % 3));
    }
    return NULL;
}

static void two_pools_work_at_the_same_time(void)
{
    pthread_t threads[2];
    mr_pool pools[2];

    if (!make(&pools[0], 0) || !make(&pools[1], 0)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, map_in_a_thread, &pools[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        MRT_OK(mr_pool_destroy(pools[i]));
    }
}

static void pool_can_be_made_and_destroyed_many_times(void)
{
    for (size_t i = 0; i < 50; i++) {
        mr_pool pool;

        if (!make(&pool, 1 + i % 5)) {
            return;
        }
        squares(pool, 10, 0);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static int map_in_a_child(const void *argument, size_t size)
{
    const mr_pool_options options = {.workers = 2};
    int64_t in[100], out[100];
    mr_pool pool;

    for (int i = 0; i < 100; i++) {
        in[i] = i;
    }
    if (CHILD_OK(mr_pool_create(&pool, &options))) {
        CHILD_OK(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 100, NULL));
        for (int i = 0; i < 100; i++) {
            CHILD_CHECK(out[i] == i * i);
        }
        /* Whether it is destroyed is the caller's choice. */
        if (size == 0) {
            CHILD_OK(mr_pool_destroy(pool));
        }
    }
    (void)argument;
    return child_result();
}

static void pool_works_in_a_child(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, map_in_a_child, NULL, 0);
    }
}

static void pool_ends_with_its_creator(void)
{
    mr_pool pool;

    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, map_in_a_child, "keep", 4);
    }
    if (make(&pool, 0)) {
        squares(pool, 100, 1);
        MRT_OK(mr_pool_destroy(pool));
    }
}

static int do_nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static mr_error create_in_a_task(const void *input, void *output,
                                 const mr_task *task)
{
    mr_pool pool;
    mr_process process;

    (void)input;
    (void)output;
    (void)task;
    if (mr_pool_create(&pool, NULL) != MR_ERR_STATE) {
        return mr_task_fail(MR_ERR_USER, "a pool in a task");
    }
    if (mr_process_create(&process, do_nothing, NULL, 0, NULL) !=
        MR_ERR_STATE) {
        return mr_task_fail(MR_ERR_USER, "a process in a task");
    }
    return MR_OK;
}

static void tasks_cannot_create_pools_and_processes(void)
{
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.chunk = 1, .error = &error};
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    if (!MRT_OK(mr_pool_map(pool, create_in_a_task, NULL, 0, NULL, 0, NULL, 0,
                            100, &options))) {
        MRT_TEXT(error.text, "");
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Threads of the creator: one map at a time, and no destroy meanwhile */

typedef struct gate {
    mr_queue begun, open;
} gate;

static mr_error wait_at_the_gate(const void *input, void *output,
                                 const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = mr_queue_put(g->begun, NULL, 0, GUARD);

    (void)input;
    if (error == MR_OK) {
        error = mr_queue_get(g->open, NULL, 0, NULL, GUARD);
    }
    if (output) {
        *(int64_t *)output = (int64_t)task->index;
    }
    return error;
}

typedef struct under_way {
    mr_pool pool;
    gate g;
    mr_error result;
} under_way;

static void *map_at_the_gate(void *argument)
{
    under_way *u = argument;

    u->result = mr_pool_map(u->pool, wait_at_the_gate, &u->g, sizeof u->g, NULL,
                            0, NULL, 0, 1, NULL);
    return NULL;
}

static bool make_gate(gate *g)
{
    return MRT_OK(mr_queue_create(&g->begun, NULL)) &&
           MRT_OK(mr_queue_create(&g->open, NULL));
}

static void destroy_gate(const gate *g)
{
    MRT_OK(mr_queue_destroy(g->begun));
    MRT_OK(mr_queue_destroy(g->open));
}

static void pool_has_one_map_under_way(void)
{
    int64_t in[2] = {1, 2}, out[2];
    pthread_t thread;
    under_way u;

    if (!make(&u.pool, 0) || !make_gate(&u.g)) {
        return;
    }
    pthread_create(&thread, NULL, map_at_the_gate, &u);
    MRT_OK(mr_queue_get(u.g.begun, NULL, 0, NULL, GUARD));
    MRT_ERROR(mr_pool_map(u.pool, square, NULL, 0, in, 8, out, 8, 2, NULL),
              MR_ERR_STATE);
    MRT_ERROR(mr_pool_destroy(u.pool), MR_ERR_STATE);
    MRT_OK(mr_queue_put(u.g.open, NULL, 0, GUARD));
    pthread_join(thread, NULL);
    MRT_EQUAL(u.result, MR_OK);
    squares(u.pool, 100, 0);
    MRT_OK(mr_pool_destroy(u.pool));
    destroy_gate(&u.g);
}

static void map_times_out(void)
{
    enum { COUNT = 100 };
    const mr_map_options options = {.chunk = 1, .timeout = 4 * SHORT};
    int64_t out[COUNT];
    size_t begun = 0, workers = 0;
    double started;
    mr_pool pool;
    gate g;

    if (!make(&pool, 0) || !make_gate(&g)) {
        return;
    }
    MRT_OK(mr_pool_size(pool, &workers));
    started = mrt_now();
    MRT_ERROR(mr_pool_map(pool, wait_at_the_gate, &g, sizeof g, NULL, 0, out,
                          sizeof out[0], COUNT, &options),
              MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= 4 * SHORT);
    for (int i = 0; i < COUNT; i++) {
        MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    }
    /* Those that had begun end now; the others never begin. */
    squares(pool, 1000, 1);
    MRT_OK(mr_queue_qsize(g.begun, &begun));
    MRT_CHECK(begun >= 1 && begun <= workers);
    MRT_OK(mr_pool_destroy(pool));
    destroy_gate(&g);
}

static void map_without_timeout_waits(void)
{
    static const double timeouts[] = {0, MR_FOREVER, 1e300};
    int64_t in = 100000, out;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(timeouts); i++) {
        const mr_map_options options = {.timeout = timeouts[i]};

        MRT_OK(mr_pool_map(pool, spin, NULL, 0, &in, 8, &out, 8, 1, &options));
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Failing tasks */

enum { FAILING = 37 };

static mr_error fail_one(const void *input, void *output, const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    if (n == FAILING) {
        return mr_task_fail(MR_ERR_USER + 5, "row %d of %s", FAILING,
                            (const char *)task->context);
    }
    *(int64_t *)output = n + 1;
    return MR_OK;
}

static void map_tells_which_task_failed(void)
{
    enum { COUNT = 200 };
    int64_t in[COUNT], out[COUNT];
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t chunk = 0; chunk < 3; chunk++) {
        mr_task_error error;
        const mr_map_options options = {.chunk = chunk, .error = &error};

        memset(&error, 0xee, sizeof error);
        for (int i = 0; i < COUNT; i++) {
            in[i] = i;
            out[i] = -1;
        }
        MRT_ERROR(mr_pool_map(pool, fail_one, "table", 6, in, 8, out, 8, COUNT,
                              &options),
                  MR_ERR_USER + 5);
        MRT_EQUAL(error.code, MR_ERR_USER + 5);
        MRT_EQUAL(error.index, FAILING);
        MRT_EQUAL(error.signal, 0);
        MRT_CHECK(error.rank >= 0 && error.rank < mr_size());
        MRT_TEXT(error.host, mr_host());
        MRT_TEXT(error.text, "row 37 of table");
        for (int i = 0; i < COUNT; i++) {
            if (i != FAILING) {
                MRT_EQUAL(out[i], i + 1);
            }
        }
    }
    squares(pool, 100, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error fail_always(const void *input, void *output,
                            const mr_task *task)
{
    const mr_value *count = task->context;
    const int64_t one = 1;
    mr_error error = mr_value_add(*count, &one, NULL);

    (void)input;
    (void)output;
    if (error != MR_OK) {
        return error;
    }
    return (mr_error)(MR_ERR_USER + task->index);
}

static void map_runs_all_tasks_although_they_fail(void)
{
    mr_task_error error;
    const mr_map_options options = {.chunk = 1, .error = &error};
    int64_t count = 0;
    mr_value value;
    mr_pool pool;
    mr_error result;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        return;
    }
    memset(&error, 0xee, sizeof error);
    result = mr_pool_map(pool, fail_always, &value, sizeof value, NULL, 0, NULL,
                         0, 500, &options);
    MRT_EQUAL(result, error.code);
    MRT_CHECK(error.index < 500);
    MRT_EQUAL(error.code, MR_ERR_USER + error.index);
    MRT_EQUAL(error.signal, 0);
    MRT_CHECK(memchr(error.text, '\0', sizeof error.text) != NULL);
    MRT_OK(mr_value_get(value, &count));
    MRT_EQUAL(count, 500);
    MRT_OK(mr_value_destroy(value));
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error fail_with_much_text(const void *input, void *output,
                                    const mr_task *task)
{
    char text[1000];

    (void)input;
    (void)output;
    (void)task;
    memset(text, 't', sizeof text);
    text[sizeof text - 1] = '\0';
    return mr_task_fail(MR_OK, "%s", text);
}

static void texts_of_failures_are_cut(void)
{
    mr_task_error error;
    const mr_map_options options = {.error = &error};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    memset(&error, 0xee, sizeof error);
    MRT_ERROR(mr_pool_map(pool, fail_with_much_text, NULL, 0, NULL, 0, NULL, 0,
                          3, &options),
              MR_ERR_USER);
    MRT_EQUAL(strnlen(error.text, sizeof error.text), MR_TEXT_SIZE - 1);
    MRT_EQUAL(error.text[0], 't');
    MRT_OK(mr_pool_destroy(pool));
}

/* A text that nobody returned is not told of another task. */
static mr_error speak_and_succeed(const void *input, void *output,
                                  const mr_task *task)
{
    (void)input;
    (void)output;
    if (task->index < 50) {
        mr_task_fail(MR_ERR_USER + 1, "forgotten");
        return MR_OK;
    }
    return task->index == 99 ? MR_ERR_USER + 2 : MR_OK;
}

static void text_of_a_task_that_succeeded_is_forgotten(void)
{
    mr_task_error error;
    const mr_map_options options = {.chunk = 1, .error = &error};
    mr_pool pool;

    if (!make(&pool, 1)) {
        return;
    }
    memset(&error, 0xee, sizeof error);
    MRT_ERROR(mr_pool_map(pool, speak_and_succeed, NULL, 0, NULL, 0, NULL, 0,
                          100, &options),
              MR_ERR_USER + 2);
    MRT_EQUAL(error.index, 99);
    MRT_CHECK(strstr(error.text, "forgotten") == NULL);
    MRT_OK(mr_pool_destroy(pool));
}

static void map_needs_no_place_for_an_error(void)
{
    mr_pool pool;
    mr_value value;

    if (!make(&pool, 0) ||
        !MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL))) {
        return;
    }
    MRT_ERROR(mr_pool_map(pool, fail_always, &value, sizeof value, NULL, 0,
                          NULL, 0, 1, NULL),
              MR_ERR_USER);
    MRT_OK(mr_value_destroy(value));
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
    {"map_refuses_what_is_no_function", map_refuses_what_is_no_function, 0},
    {"pool_is_stale_after_destroy", pool_is_stale_after_destroy, 0},
    {"pool_handles_that_name_nothing_are_stale",
     pool_handles_that_name_nothing_are_stale, 0},
    {"map_refuses_callers_that_did_not_create_the_pool",
     map_refuses_callers_that_did_not_create_the_pool, 0},
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
    {"map_balances_uneven_tasks", map_balances_uneven_tasks, 60},
    {"pool_has_as_many_workers_as_ranks", pool_has_as_many_workers_as_ranks, 0},
    {"pool_uses_all_its_workers_at_once", pool_uses_all_its_workers_at_once, 0},
    {"pool_may_have_more_workers_than_ranks",
     pool_may_have_more_workers_than_ranks, 0},
    {"pool_may_have_fewer_workers_than_ranks",
     pool_may_have_fewer_workers_than_ranks, 0},
    {"two_pools_take_turns", two_pools_take_turns, 0},
    {"two_pools_work_at_the_same_time", two_pools_work_at_the_same_time, 60},
    {"pool_can_be_made_and_destroyed_many_times",
     pool_can_be_made_and_destroyed_many_times, 60},
    {"pool_works_in_a_child", pool_works_in_a_child, 0},
    {"pool_ends_with_its_creator", pool_ends_with_its_creator, 0},
    {"tasks_cannot_create_pools_and_processes",
     tasks_cannot_create_pools_and_processes, 0},
    {"pool_has_one_map_under_way", pool_has_one_map_under_way, 0},
    {"map_times_out", map_times_out, 0},
    {"map_without_timeout_waits", map_without_timeout_waits, 0},
    {"map_tells_which_task_failed", map_tells_which_task_failed, 0},
    {"map_runs_all_tasks_although_they_fail",
     map_runs_all_tasks_although_they_fail, 0},
    {"texts_of_failures_are_cut", texts_of_failures_are_cut, 0},
    {"text_of_a_task_that_succeeded_is_forgotten",
     text_of_a_task_that_succeeded_is_forgotten, 0},
    {"map_needs_no_place_for_an_error", map_needs_no_place_for_an_error, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pool", tests, MRT_COUNT(tests), argc, argv);
}
