/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A pool maps a function over many inputs: its workers share the tasks, and
 * the results come back in the order of the inputs.
 */
#include "tour.h"

static mr_error square(const void *input, void *output, const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    (void)task;
    *(int64_t *)output = n * n;
    return MR_OK;
}

static mr_error worker(const void *input, void *output, const mr_task *task)
{
    const int64_t *x = input;
    int64_t *result = output;

    (void)task;
    *result = *x * *x;
    return MR_OK;
}

void tour_pool(void)
{
    const int64_t range[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const int64_t numbers[5] = {1, 2, 3, 4, 5};
    int64_t squares[10], results[5];
    const mr_pool_options options = {.workers = 4};
    mr_pool pool;

    CHECK(mr_pool_create(&pool, &options));

    CHECK(mr_pool_map(pool, square, NULL, 0, range, sizeof range[0], squares,
                      sizeof squares[0], 10, NULL));
    print_list(squares, 10);

    CHECK(mr_pool_map(pool, worker, NULL, 0, numbers, sizeof numbers[0],
                      results, sizeof results[0], 5, NULL));
    print_list(results, 5);

    CHECK(mr_pool_destroy(pool));
}
