/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time steps: heat spreads along a rod, one map for each step.
 *
 * The two states of the rod lie in shared Arrays, and tasks on any node read
 * and write their slices.  mr_pool_map returns when all tasks have run: it is
 * the barrier between two steps.
 */
#include "../check.h"

enum { CELLS = 1200, BLOCK = 100, STEPS = 200 };

/* [recipe] */
struct rod {
    mr_array now, next;
};

static mr_error step(const void *input, void *output, const mr_task *task)
{
    const struct rod *rod = task->context;
    const size_t first = task->index * BLOCK;
    double cells[BLOCK + 2] = {0}, changed[BLOCK]; /* with both neighbours */
    const size_t left = first > 0, right = first + BLOCK < CELLS;
    mr_error error;

    (void)input, (void)output;
    error = mr_array_get(rod->now, first - left, left + BLOCK + right,
                         cells + 1 - left);
    if (error) {
        return error; /* a task never calls exit(), so no CHECK here */
    }
    for (size_t i = 0; i < BLOCK; i++) {
        changed[i] = (cells[i] + 2 * cells[i + 1] + cells[i + 2]) / 4;
    }
    return mr_array_set(rod->next, first, BLOCK, changed);
}

static void run(mr_pool pool, struct rod rod)
{
    for (int i = 0; i < STEPS; i++) {
        const struct rod swapped = {rod.next, rod.now};

        CHECK(mr_pool_map(pool, step, &rod, sizeof rod, NULL, 0, NULL, 0,
                          CELLS / BLOCK, NULL));
        rod = swapped;
    }
}
/* [end] */

int main(int argc, char **argv)
{
    static double start[CELLS];
    double middle;
    struct rod rod;
    mr_pool pool;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    start[CELLS / 2] = 1000;
    CHECK(mr_array_create(&rod.now, MR_DOUBLE, CELLS, start, NULL));
    CHECK(mr_array_create(&rod.next, MR_DOUBLE, CELLS, NULL, NULL));
    CHECK(mr_pool_create(&pool, NULL));
    run(pool, rod);
    /* After an even number of steps the state is where it was at first. */
    CHECK(mr_array_get(rod.now, CELLS / 2, 1, &middle));
    printf("after %d steps the middle has %.3f degrees\n", STEPS, middle);
    CHECK(mr_pool_destroy(pool));
    return mr_finalize();
}
