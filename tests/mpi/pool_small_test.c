/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small maps, one after the other, which use the same part again and again
 * where all workers are on one node; and single tasks.
 */
#include "mpi/pool_support.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 200, LARGEST = 3 };

/* ---- maps of all kinds --------------------------------------------------- */

/* Words of a task's input and output, 0 to LARGEST each. */
typedef struct shape {
    size_t in;
    size_t out;
    uint64_t factor; /* the context, or 0: there is none */
} shape;

static uint64_t word(const void *words, size_t i)
{
    uint64_t value;

    memcpy(&value, (const char *)words + i * sizeof value, sizeof value);
    return value;
}

static uint64_t expected(const uint64_t *input, size_t in, size_t index,
                         uint64_t factor, size_t place)
{
    uint64_t sum = index + place;

    for (size_t i = 0; i < in; i++) {
        sum += word(input, i);
    }
    return sum * (factor ? factor : 1);
}

static mr_error sum_up(const void *input, void *output, const mr_task *task)
{
    uint64_t factor = task->context ? word(task->context, 0) : 0;

    for (size_t i = 0; i < task->output_size / sizeof(uint64_t); i++) {
        uint64_t sum = expected(input, task->input_size / sizeof(uint64_t),
                                task->index, factor, i);

        memcpy((char *)output + i * sizeof sum, &sum, sizeof sum);
    }
    return MR_OK;
}

/* The same in another function. */
static mr_error sum_up_too(const void *input, void *output, const mr_task *task)
{
    return sum_up(input, output, task);
}

static void check_outputs(const uint64_t *inputs, const uint64_t *outputs,
                          const shape *s, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++) {
        for (size_t place = 0; place < s->out; place++) {
            wrong += outputs[i * s->out + place] !=
                     expected(inputs + i * s->in, s->in, i, s->factor, place);
        }
    }
    MRT_EQUAL(wrong, 0);
}

/* Arrays are used in place: then inputs and outputs are theirs. */
static void sums(mr_pool pool, const shape *s, size_t count, size_t chunk,
                 uint64_t *inputs, uint64_t *outputs)
{
    const mr_map_options options = {.chunk = chunk};

    for (size_t i = 0; i < count * s->in; i++) {
        inputs[i] = count + i;
    }
    MRT_OK(mr_pool_map(pool, chunk % 2 ? sum_up : sum_up_too,
                       s->factor ? &s->factor : NULL,
                       s->factor ? sizeof s->factor : 0, s->in ? inputs : NULL,
                       s->in * sizeof *inputs, s->out ? outputs : NULL,
                       s->out * sizeof *outputs, count, &options));
    check_outputs(inputs, outputs, s, count);
}

static void small_maps_of_all_kinds_follow_each_other(void)
{
    static uint64_t inputs[MOST * LARGEST], outputs[MOST * LARGEST];
    mr_array in, out;
    void *in_place, *out_place;
    mr_pool pool;

    MRT_OK(mr_array_create(&in, MR_INT64, MOST * LARGEST, NULL, NULL));
    MRT_OK(mr_array_create(&out, MR_INT64, MOST * LARGEST, NULL, NULL));
    MRT_OK(mr_array_data(in, &in_place));
    MRT_OK(mr_array_data(out, &out_place));
    if (!make(&pool, 0)) {
        return;
    }
    srand(7);
    for (unsigned int round = 0; round < 500 && !mrt_failed(); round++) {
        shape s = {.in = (size_t)rand() % (LARGEST + 1),
                   .out = (size_t)rand() % (LARGEST + 1),
                   .factor = rand() % 5 ? 0 : 3};

        sums(pool, &s, (size_t)rand() % MOST, (size_t)rand() % 4,
             rand() % 3 ? inputs : in_place, rand() % 3 ? outputs : out_place);
    }
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_array_destroy(in));
    MRT_OK(mr_array_destroy(out));
}

static void small_maps_of_two_pools_alternate(void)
{
    mr_pool first, second;

    if (make(&first, 0) && make(&second, (size_t)mr_size() + 1)) {
        for (size_t i = 0; i < 100; i++) {
            squares(first, i % 7, 0);
            squares(second, i % 5, 1);
        }
        MRT_OK(mr_pool_destroy(first));
        MRT_OK(mr_pool_destroy(second));
    }
}

/* ---- single tasks -------------------------------------------------------- */

static void apply_gives_the_output(void)
{
    const int64_t input = 7;
    int64_t output = 0;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        output = 0;
        MRT_OK(mr_pool_apply(pool, square, NULL, 0, &input, sizeof input,
                             &output, sizeof output, NULL));
        MRT_EQUAL(output, 49);
        squares(pool, 5, 0);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void apply_takes_a_context_and_no_input(void)
{
    const uint64_t factor = 3;
    uint64_t output = 5;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_OK(mr_pool_apply(pool, sum_up, &factor, sizeof factor, NULL, 0, &output,
                         sizeof output, NULL));
    MRT_EQUAL(output, 0);
    MRT_OK(mr_pool_apply(pool, sum_up, NULL, 0, NULL, 0, NULL, 0, NULL));
    MRT_OK(mr_pool_destroy(pool));
}

static void apply_refuses_bad_arguments(void)
{
    const mr_map_options no_number = {.timeout = NAN};
    int64_t n = 1;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(
        mr_pool_apply(pool, NULL, NULL, 0, &n, sizeof n, &n, sizeof n, NULL),
        MR_ERR_ARGUMENT);
    MRT_ERROR(
        mr_pool_apply(pool, square, NULL, 8, &n, sizeof n, &n, sizeof n, NULL),
        MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_apply(pool, square, NULL, 0, NULL, sizeof n, &n, sizeof n,
                            NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_apply(pool, square, NULL, 0, &n, sizeof n, NULL, sizeof n,
                            NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pool_apply(pool, square, NULL, 0, &n, sizeof n, &n, sizeof n,
                            &no_number),
              MR_ERR_ARGUMENT);
    MRT_OK(mr_pool_destroy(pool));
    MRT_ERROR(
        mr_pool_apply(pool, square, NULL, 0, &n, sizeof n, &n, sizeof n, NULL),
        MR_ERR_STALE);
}

/* ---- what goes wrong ----------------------------------------------------- */

static mr_error fail_if_odd(const void *input, void *output,
                            const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    if (n % 2) {
        return mr_task_fail(MR_ERR_USER + 1, "%lld is odd", (long long)n);
    }
    return square(input, output, task);
}

static void failures_of_small_maps_are_told_each_time(void)
{
    mr_task_error error;
    const mr_map_options options = {.error = &error};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int64_t n = 0; n < 20; n++) {
        const int64_t inputs[3] = {0, n, 2};
        int64_t outputs[3] = {-1, -1, -1};
        mr_error expect = n % 2 ? MR_ERR_USER + 1 : MR_OK;

        MRT_ERROR(mr_pool_map(pool, fail_if_odd, NULL, 0, inputs,
                              sizeof *inputs, outputs, sizeof *outputs, 3,
                              &options),
                  expect);
        MRT_EQUAL(error.code, expect);
        MRT_EQUAL(outputs[2], 4);
        MRT_CHECK(n % 2 ? error.index == 1 : outputs[1] == n * n);
        outputs[0] = -1;
        MRT_ERROR(mr_pool_apply(pool, fail_if_odd, NULL, 0, &n, sizeof n,
                                outputs, sizeof *outputs, &options),
                  expect);
        MRT_EQUAL(error.code, expect);
        MRT_EQUAL(outputs[0], n % 2 ? -1 : n * n);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* A child that runs one of the tasks is killed by it; ranks wait until a child
 * has begun one. */
typedef struct fate {
    int64_t number;
    mr_value begun; /* tasks that a child began */
    bool fatal;
} fate;

static mr_error meet_fate(const void *input, void *output, const mr_task *task)
{
    const fate *f = input;
    const int64_t one = 1;
    double end = mrt_now() + GUARD;
    int64_t before = 0;
    mr_process parent;

    (void)task;
    *(int64_t *)output = f->number;
    if (!f->fatal) {
        return MR_OK;
    }
    if (mr_process_parent(&parent) == MR_OK) {
        if (mr_value_add(f->begun, &one, &before) == MR_OK && before == 0) {
            raise(SIGKILL);
        }
    }
    while (before == 0 && mrt_now() < end &&
           mr_value_get(f->begun, &before) == MR_OK) {
        usleep(100);
    }
    return MR_OK;
}

static void fates(mr_pool pool, mr_value begun, bool fatal)
{
    enum { COUNT = 8 };
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.chunk = 1, .error = &error};
    fate inputs[COUNT];
    int64_t outputs[COUNT] = {0};

    for (int64_t i = 0; i < COUNT; i++) {
        inputs[i] = (fate){.number = i + 1, .begun = begun, .fatal = fatal};
    }
    MRT_ERROR(mr_pool_map(pool, meet_fate, NULL, 0, inputs, sizeof *inputs,
                          outputs, sizeof *outputs, COUNT, &options),
              fatal ? MR_ERR_WORKER_DIED : MR_OK);
    for (int64_t i = 0; i < COUNT; i++) {
        MRT_CHECK(outputs[i] == i + 1 || (fatal && (size_t)i == error.index));
    }
}

static void small_maps_go_on_after_a_death(void)
{
    mr_value begun;
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 1)) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        MRT_OK(mr_value_create(&begun, MR_INT64, NULL, NULL));
        fates(pool, begun, false);
        fates(pool, begun, true);
        fates(pool, begun, false);
        MRT_OK(mr_value_destroy(begun));
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Waits for the value to be set. */
static mr_error wait_for_go(const void *input, void *output,
                            const mr_task *task)
{
    const mr_value *go = input;
    double end = mrt_now() + GUARD;
    int64_t now = 0;

    (void)task;
    while (now == 0 && mrt_now() < end && mr_value_get(*go, &now) == MR_OK) {
        usleep(100);
    }
    *(int64_t *)output = now;
    return MR_OK;
}

/* Tasks of the one that was given up still run while the next are made. */
static void small_maps_are_right_after_one_timed_out(void)
{
    const mr_map_options soon = {.timeout = 0.01};
    const int64_t one = 1;
    int64_t outputs[2] = {0};
    mr_value inputs[2];
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() + 2)) {
        return;
    }
    for (int i = 0; i < 5; i++) {
        MRT_OK(mr_value_create(&inputs[0], MR_INT64, NULL, NULL));
        inputs[1] = inputs[0];
        squares(pool, 3, 1);
        MRT_ERROR(mr_pool_map(pool, wait_for_go, NULL, 0, inputs,
                              sizeof *inputs, outputs, sizeof *outputs, 2,
                              &soon),
                  MR_ERR_TIMEOUT);
        if (!several_nodes()) { /* one of several may have no other worker */
            squares(pool, 3, 1);
            squares(pool, 4, 1);
        }
        MRT_OK(mr_value_set(inputs[0], &one));
        squares(pool, 40, 1);
        MRT_OK(mr_pool_map(pool, wait_for_go, NULL, 0, inputs, sizeof *inputs,
                           outputs, sizeof *outputs, 2, NULL));
        MRT_CHECK(outputs[0] == 1 && outputs[1] == 1);
        MRT_OK(mr_value_destroy(inputs[0]));
    }
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error sleep_a_little(const void *input, void *output,
                               const mr_task *task)
{
    usleep(2000);
    return square(input, output, task);
}

/* These do not end before the short way is given up. */
static void small_maps_of_long_tasks_go_on_the_long_way(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int64_t i = 0; i < 20; i++) {
        const int64_t inputs[3] = {i, i + 1, i + 2};
        int64_t outputs[3] = {0};
        size_t count = 1 + (size_t)i % 3;

        MRT_OK(mr_pool_map(pool, i % 4 ? sleep_a_little : square, NULL, 0,
                           inputs, sizeof *inputs, outputs, sizeof *outputs,
                           count, NULL));
        for (size_t k = 0; k < count; k++) {
            MRT_EQUAL(outputs[k], inputs[k] * inputs[k]);
        }
    }
    MRT_OK(mr_pool_destroy(pool));
}

static int map_in_child(const void *argument, size_t size)
{
    const mr_pool_options options = {.workers = (size_t)mr_size()};
    int64_t outputs[4];
    const int64_t inputs[4] = {1, 2, 3, 4};
    mr_pool pool;

    (void)argument;
    (void)size;
    CHILD_OK(mr_pool_create(&pool, &options));
    for (int i = 0; i < 50; i++) {
        CHILD_OK(mr_pool_map(pool, square, NULL, 0, inputs, sizeof *inputs,
                             outputs, sizeof *outputs, 4, NULL));
        CHILD_CHECK(outputs[3] == 16);
    }
    CHILD_OK(mr_pool_destroy(pool));
    return child_result();
}

static void small_maps_in_a_child(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, map_in_child, NULL, 0);
    }
}

static const mrt_test tests[] = {
    {"small_maps_of_all_kinds_follow_each_other",
     small_maps_of_all_kinds_follow_each_other, 0},
    {"small_maps_of_two_pools_alternate", small_maps_of_two_pools_alternate, 0},
    {"apply_gives_the_output", apply_gives_the_output, 0},
    {"apply_takes_a_context_and_no_input", apply_takes_a_context_and_no_input,
     0},
    {"apply_refuses_bad_arguments", apply_refuses_bad_arguments, 0},
    {"failures_of_small_maps_are_told_each_time",
     failures_of_small_maps_are_told_each_time, 0},
    {"small_maps_go_on_after_a_death", small_maps_go_on_after_a_death, 0},
    {"small_maps_are_right_after_one_timed_out",
     small_maps_are_right_after_one_timed_out, 0},
    {"small_maps_of_long_tasks_go_on_the_long_way",
     small_maps_of_long_tasks_go_on_the_long_way, 0},
    {"small_maps_in_a_child", small_maps_in_a_child, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pool_small", tests, MRT_COUNT(tests), argc, argv);
}
