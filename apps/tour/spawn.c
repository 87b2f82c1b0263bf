/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks make tasks.  A task that sorts gives one half to another task, sorts
 * the other half itself and waits.  A search adds a task for each possible
 * step; nobody waits for these but the map.
 */
#include "tour.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 16, SMALL = 4 };

typedef struct list {
    int64_t numbers[COUNT];
    size_t count;
} list;

static void merge(list *out, const list *a, const list *b)
{
    size_t i = 0, k = 0;

    out->count = a->count + b->count;
    for (size_t n = 0; n < out->count; n++) {
        bool first =
            k == b->count || (i < a->count && a->numbers[i] <= b->numbers[k]);

        out->numbers[n] = first ? a->numbers[i++] : b->numbers[k++];
    }
}

/* Insert each number where it belongs. */
static void sort_small(list *out, const list *in)
{
    const list nothing = {.count = 0};
    list one = {.count = 1}, sorted = nothing;

    for (size_t i = 0; i < in->count; i++) {
        one.numbers[0] = in->numbers[i];
        merge(out, &sorted, &one);
        sorted = *out;
    }
}

static list part(const list *all, size_t first, size_t end)
{
    list made = {.count = end - first};

    memcpy(made.numbers, all->numbers + first,
           made.count * sizeof made.numbers[0]);
    return made;
}

static mr_error sort(const void *input, void *output, const mr_task *task)
{
    const list *all = input;
    list left, right, sorted[2];
    mr_error error;

    if (all->count <= SMALL) {
        sort_small(output, all);
        return MR_OK;
    }
    left = part(all, 0, all->count / 2);
    right = part(all, all->count / 2, all->count);
    error = mr_task_spawn(sort, &left, sizeof left, &sorted[0], sizeof(list));
    if (!error) {
        error = sort(&right, &sorted[1], task);
    }
    if (!error) {
        error = mr_task_wait(NULL); /* now sorted[0] is there */
    }
    if (!error) {
        merge(output, &sorted[0], &sorted[1]);
    }
    return error;
}

/* Each step goes right or down; what is counted are the ways to the corner. */
typedef struct crossing {
    mr_value ways;
    int right; /* steps that are left */
    int down;
} crossing;

static mr_error walk(const void *input, void *output, const mr_task *task)
{
    const crossing *here = input;
    const int64_t one = 1;
    mr_error error = MR_OK;

    (void)output, (void)task;
    if (here->right == 0 && here->down == 0) {
        return mr_value_add(here->ways, &one, NULL);
    }
    if (here->right > 0) {
        crossing next = {here->ways, here->right - 1, here->down};

        error = mr_task_add(walk, &next, sizeof next);
    }
    if (!error && here->down > 0) {
        crossing next = {here->ways, here->right, here->down - 1};

        error = mr_task_add(walk, &next, sizeof next);
    }
    return error;
}

void tour_spawn(void)
{
    list numbers = {.count = COUNT}, sorted;
    crossing start = {.right = 4, .down = 4};
    int64_t ways;
    mr_pool pool;

    for (size_t i = 0; i < COUNT; i++) {
        numbers.numbers[i] = (int64_t)(i * 7 % COUNT);
    }
    CHECK(mr_pool_create(&pool, NULL));
    CHECK(mr_pool_apply(pool, sort, NULL, 0, &numbers, sizeof numbers, &sorted,
                        sizeof sorted, NULL));
    print_list(sorted.numbers, COUNT);

    CHECK(mr_value_create(&start.ways, MR_INT64, NULL, NULL));
    CHECK(mr_pool_apply(pool, walk, NULL, 0, &start, sizeof start, NULL, 0,
                        NULL));
    CHECK(mr_value_get(start.ways, &ways));
    printf("%" PRId64 " ways lead to the other corner\n", ways);

    CHECK(mr_value_destroy(start.ways));
    CHECK(mr_pool_destroy(pool));
}
