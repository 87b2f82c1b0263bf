/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A map goes on while main does something else: a future tells when it has
 * ended.  Two maps of one pool are under way at a time here.
 */
#include "tour.h"

#include <stdio.h>

enum { COUNT = 8 };

static mr_error cube(const void *input, void *output, const mr_task *task)
{
    const int64_t *number = input;

    (void)task;
    *(int64_t *)output = *number * *number * *number;
    return MR_OK;
}

static mr_error negate(const void *input, void *output, const mr_task *task)
{
    (void)task;
    *(int64_t *)output = -*(const int64_t *)input;
    return MR_OK;
}

void tour_future(void)
{
    int64_t numbers[COUNT], cubes[COUNT], negative[COUNT];
    mr_future first, second;
    mr_progress progress;
    mr_pool pool;

    for (int i = 0; i < COUNT; i++) {
        numbers[i] = i;
    }
    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_map_async(&first, pool, cube, NULL, 0, numbers,
                            sizeof numbers[0], cubes, sizeof cubes[0], COUNT,
                            NULL));
    CHECK(mr_pool_map_async(&second, pool, negate, NULL, 0, numbers,
                            sizeof numbers[0], negative, sizeof negative[0],
                            COUNT, NULL));
    printf("Both maps are under way\n");

    CHECK(mr_future_get(first, MR_FOREVER, NULL));
    printf("Cubes: ");
    print_list(cubes, COUNT);
    CHECK(mr_future_get(second, MR_FOREVER, NULL));
    printf("Negative: ");
    print_list(negative, COUNT);
    CHECK(mr_future_progress(second, &progress));
    printf("%zu of %zu tasks have ended\n", progress.ended, progress.tasks);

    CHECK(mr_future_destroy(first));
    CHECK(mr_future_destroy(second));
    CHECK(mr_pool_destroy(pool));
}
