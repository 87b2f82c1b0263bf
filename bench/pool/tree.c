/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trees of tasks that make tasks.
 *
 *   mpirun -np 2 bench/pool/tree
 */
#include "tree.h"
#include "../bench.h"

#include <string.h>

/* The leaves below a task of that many levels, which waits for its children. */
static mr_error join(const void *input, void *output, const mr_task *task)
{
    int64_t leaves = 1, left = 0, right = 0;
    mr_error error = MR_OK;
    int32_t levels;

    (void)task;
    memcpy(&levels, input, sizeof levels);
    if (levels-- > 0) {
        error = mr_task_spawn(join, &levels, sizeof levels, &left, sizeof left);
        if (!error) {
            error = mr_task_spawn(join, &levels, sizeof levels, &right,
                                  sizeof right);
        }
        if (!error) {
            error = mr_task_wait(NULL);
        }
        leaves = left + right;
    }
    memcpy(output, &leaves, sizeof leaves);
    return error;
}

/* Nobody waits for its children. */
static mr_error visit(const void *input, void *output, const mr_task *task)
{
    mr_error error = MR_OK;
    int32_t levels;

    (void)output;
    (void)task;
    memcpy(&levels, input, sizeof levels);
    if (levels-- > 0) {
        error = mr_task_add(visit, &levels, sizeof levels);
        if (!error) {
            error = mr_task_add(visit, &levels, sizeof levels);
        }
    }
    return error;
}

static void measure(mr_pool pool, const char *name, mr_task_function *function)
{
    int32_t levels = tree_levels();
    int64_t leaves = 0;
    double start = now();

    must(mr_pool_apply(pool, function, NULL, 0, &levels, sizeof levels, &leaves,
                       sizeof leaves, NULL),
         name);
    report(name, (now() - start) / tree_tasks(levels) * 1e9, "ns");
    check(function != join || leaves == (int64_t)1 << levels, name);
}

int main(int argc, char **argv)
{
    mr_pool pool;

    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    must(mr_pool_create(&pool, NULL), "pool");
    measure(pool, "join", join);
    measure(pool, "visit", visit);
    must(mr_pool_destroy(pool), "pool");
    return mr_finalize();
}
