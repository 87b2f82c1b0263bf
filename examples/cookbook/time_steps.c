/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time steps: heat spreads along a rod, one map for each step.
 *
 * The two states of the rod lie in shared Arrays, and tasks on any node read
 * and write their slices.  mr_pool_map returns when all tasks have run: it is
 * the barrier between two steps.  A task returns errors; it never calls exit(),
 * so it has no CHECK.
 */
#include "../check.h"

enum { CELLS = 1200, BLOCK = 100, STEPS = 200 };

/* [recipe] */
struct rod {
    mr_array now, next; /* with one cell more at each end, which stays cold */
};

static mr_error step(const void *input, void *output, const mr_task *task)
{
    const struct rod *rod = task->context;
    const size_t first = task->index * BLOCK;
    double cells[BLOCK + 2], changed[BLOCK];
    mr_error error = mr_array_get(rod->now, first, BLOCK + 2, cells);

    for (int i = 0; i < BLOCK && !error; i++) {
        changed[i] = (cells[i] + 2 * cells[i + 1] + cells[i + 2]) / 4;
    }
    return error ? error : mr_array_set(rod->next, first + 1, BLOCK, changed);
}

static void run(mr_pool pool, struct rod rod)
{
    for (int i = 0; i < STEPS; i++) {
        CHECK(mr_pool_map(pool, step, &rod, sizeof rod, NULL, 0, NULL, 0,
                          CELLS / BLOCK, NULL));
        rod = (struct rod){rod.next, rod.now};
    }
}
/* [end] */

int main(int argc, char **argv)
{
    static double start[CELLS + 2];
    double middle;
    struct rod rod;
    mr_pool pool;

    CHECK(mr_init(&argc, &argv)); /* returns on rank 0 only */
    start[1 + CELLS / 2] = 1000;
    CHECK(mr_array_create(&rod.now, MR_DOUBLE, CELLS + 2, start, NULL));
    CHECK(mr_array_create(&rod.next, MR_DOUBLE, CELLS + 2, NULL, NULL));
    CHECK(mr_pool_create(&pool, NULL));
    run(pool, rod);
    /* After an even number of steps the state is where it was at first. */
    CHECK(mr_array_get(rod.now, 1 + CELLS / 2, 1, &middle));
    printf("after %d steps the middle has %.3f degrees\n", STEPS, middle);
    CHECK(mr_pool_destroy(pool));
    return mr_finalize();
}
