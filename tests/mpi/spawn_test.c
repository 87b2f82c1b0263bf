/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tasks that make tasks, in real workers: near, far and over hosts, and with
 * workers that die.
 */
#include "mpi/iterate_support.h"

#include <signal.h>
#include <unistd.h>

/* ---- a tree that waits --------------------------------------------------- */

/* Leaves below a task of that many levels. */
static mr_error leaves(const void *input, void *output, const mr_task *task)
{
    int64_t levels = *(const int64_t *)input - 1;
    int64_t sums[2] = {0, 0}, sum = 1;
    mr_error error = MR_OK;

    (void)task;
    for (int i = 0; !error && levels >= 0 && i < 2; i++) {
        error = mr_task_spawn(leaves, &levels, sizeof levels, &sums[i],
                              sizeof sums[i]);
    }
    error = error ? error : mr_task_wait(NULL);
    if (levels >= 0) {
        sum = sums[0] + sums[1];
    }
    memcpy(output, &sum, sizeof sum);
    return error;
}

static void tasks_wait_for_what_they_spawn(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int round = 0; round < 20; round++) {
        int64_t levels[4] = {12, 3, 0, 10}, sums[4];

        MRT_OK(mr_pool_map(pool, leaves, NULL, 0, levels, sizeof *levels, sums,
                           sizeof *sums, 4, NULL));
        for (int i = 0; i < 4; i++) {
            MRT_EQUAL(sums[i], 1 << levels[i]);
        }
        MRT_OK(mr_pool_apply(pool, leaves, NULL, 0, levels, sizeof *levels,
                             sums, sizeof *sums, NULL));
        MRT_EQUAL(sums[0], 1 << levels[0]);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void one_worker_waits_for_itself(void)
{
    int64_t levels = 14, sum = 0;
    mr_pool pool;

    if (!make(&pool, 1)) {
        return;
    }
    MRT_OK(mr_pool_apply(pool, leaves, NULL, 0, &levels, sizeof levels, &sum,
                         sizeof sum, NULL));
    MRT_EQUAL(sum, 1 << levels);
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error fail(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    return mr_task_fail(MR_ERR_USER + 5, "thirteen");
}

static mr_error return_leaves(const void *input, void *output,
                              const mr_task *task)
{
    int64_t levels = *(const int64_t *)input % 8, sum = 0;
    mr_error error =
        mr_task_spawn(leaves, &levels, sizeof levels, &sum, sizeof sum);

    (void)output;
    if (mr_task_add(leaves, &levels, sizeof levels) != MR_ERR_STATE) {
        return mr_task_fail(MR_ERR_USER, "a task was added");
    }
    error = error ? error : mr_task_wait(NULL);
    error = error ? error : mr_task_return(&sum, sizeof sum);
    /* One more, which nobody waits for. */
    if (!error && task->index % 2) {
        error = mr_task_spawn(task->index == 13 ? fail : leaves, &levels,
                              sizeof levels, &sum, sizeof sum);
    }
    return error;
}

static void tasks_of_iterators_spawn(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!iterate(&iterator, pool, both[i], return_leaves, NULL, 0, COUNT,
                     0)) {
            return;
        }
        for (size_t k = 0; k < COUNT; k++) {
            MRT_OK(mr_iterator_next(iterator, &result, GUARD));
            if (result.index == 13) {
                MRT_EQUAL(result.error.code, MR_ERR_USER + 5);
                MRT_TEXT(result.error.text, "thirteen");
            } else if (MRT_EQUAL(result.error.code, MR_OK)) {
                MRT_EQUAL(*(const int64_t *)result.data, 1 << result.index % 8);
            }
        }
        ends(iterator);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- tasks that nobody waits for ----------------------------------------- */

/* The graph: node n of `nodes` leads to 2 n and 2 n + 1.  Each visit counts. */
typedef struct graph {
    mr_array visits;
    int64_t nodes;
} graph;

static mr_error visit(const void *input, void *output, const mr_task *task)
{
    const graph *g = task->context;
    const int64_t one = 1;
    int64_t n = *(const int64_t *)input;
    mr_error error = mr_array_add(g->visits, (size_t)n, &one, NULL);

    (void)output;
    for (int64_t next = 2 * n; !error && next < 2 * n + 2; next++) {
        if (next < g->nodes) {
            error = mr_task_add(visit, &next, sizeof next);
        }
    }
    return error;
}

static void check_visits(const graph *g)
{
    int64_t *visits = calloc((size_t)g->nodes, sizeof *visits);
    size_t wrong = 0;

    MRT_OK(mr_array_get(g->visits, 0, (size_t)g->nodes, visits));
    for (int64_t i = 1; i < g->nodes; i++) {
        wrong += visits[i] != 1;
    }
    MRT_EQUAL(wrong, 0);
    free(visits);
}

static void map_ends_with_the_last_task_that_was_added(void)
{
    graph g = {.nodes = 3000};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int round = 0; round < 5; round++) {
        int64_t roots[3] = {4, 5, 6};
        int64_t above[3] = {1, 2, 3};

        MRT_OK(
            mr_array_create(&g.visits, MR_INT64, (size_t)g.nodes, NULL, NULL));
        MRT_OK(mr_pool_map(pool, visit, &g, sizeof g, roots, sizeof *roots,
                           NULL, 0, 3, NULL));
        MRT_OK(mr_pool_apply(pool, visit, &g, sizeof g, &(int64_t){7},
                             sizeof *roots, NULL, 0, NULL));
        for (int i = 0; i < 3; i++) {
            MRT_OK(mr_array_set(g.visits, (size_t)above[i], 1, &(int64_t){1}));
        }
        check_visits(&g);
        MRT_OK(mr_array_destroy(g.visits));
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- workers that have left ---------------------------------------------- */

/* The workers of the node, as a set, of tasks that wait until all have come. */
static mr_error come(const void *input, void *output, const mr_task *task)
{
    const gate *g = task->context;
    const int64_t one = 1;
    int64_t now = 0;
    double end = mrt_now() + GUARD;

    (void)input;
    (void)output;
    MRT_OK(mr_value_add(g->begun, &one, NULL));
    while (mr_value_get(g->begun, &now) == MR_OK && now < 2 &&
           mrt_now() < end) {
        mrt_pause();
    }
    return now >= 2 ? MR_OK : MR_ERR_TIMEOUT;
}

/* The others of its node have found nothing to do and are gone. */
static mr_error spawn_late(const void *input, void *output, const mr_task *task)
{
    const struct timespec moment = {.tv_nsec = 50000000};
    mr_error error = MR_OK;

    (void)input;
    (void)output;
    (void)task;
    nanosleep(&moment, NULL);
    for (int i = 0; !error && i < 2; i++) {
        error = mr_task_spawn(come, NULL, 0, NULL, 0);
    }
    return error ? error : mr_task_wait(NULL);
}

static void workers_that_have_left_come_back(void)
{
    mr_pool pool;

    if (!make(&pool, (size_t)mr_size() * 2)) {
        return;
    }
    for (int round = 0; round < 5; round++) {
        gate g;

        make_gate(&g);
        MRT_OK(mr_pool_apply(pool, spawn_late, &g, sizeof g, NULL, 0, NULL, 0,
                             NULL));
        destroy_gate(&g);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- maps inside tasks --------------------------------------------------- */

typedef struct nest {
    mr_pool pool;
    int64_t depth;
} nest;

enum { WIDTH = 2 };

static mr_error map_deeper(const void *input, void *output, const mr_task *task)
{
    const nest *n = task->context;
    nest deeper = {n->pool, n->depth - 1};
    int64_t in[WIDTH], out[WIDTH] = {0}, sum = *(const int64_t *)input;
    mr_error error = MR_OK;

    if (task->context_size != sizeof *n || task->count > WIDTH) {
        return MR_ERR_USER;
    }
    for (int64_t i = 0; i < WIDTH; i++) {
        in[i] = i;
    }
    if (n->depth > 0) {
        error = mr_pool_map(n->pool, map_deeper, &deeper, sizeof deeper, in,
                            sizeof *in, out, sizeof *out, WIDTH, NULL);
        for (int64_t i = 0; i < WIDTH; i++) {
            sum += out[i];
        }
    }
    memcpy(output, &sum, sizeof sum);
    return error;
}

/* Of 2^10 leaves and all above them every second adds one. */
static void maps_are_nested_ten_deep(void)
{
    for (size_t workers = 1; workers <= 3; workers += 2) {
        int64_t input = 0, sum = 0;
        nest n = {.depth = 10};

        if (!make(&n.pool, workers)) {
            return;
        }
        MRT_OK(mr_pool_apply(n.pool, map_deeper, &n, sizeof n, &input,
                             sizeof input, &sum, sizeof sum, NULL));
        MRT_EQUAL(sum, (1 << 10) - 1);
        MRT_OK(mr_pool_destroy(n.pool));
    }
}

static mr_error fail_at_seven(const void *input, void *output,
                              const mr_task *task)
{
    (void)input;
    if (task->context || task->context_size) {
        return MR_ERR_USER;
    }
    *(int64_t *)output = (int64_t)task->index;
    return task->index == 7 ? mr_task_fail(MR_ERR_USER + 7, "seven") : MR_OK;
}

static mr_error map_many(const void *input, void *output, const mr_task *task)
{
    enum { MANY = 5000 };
    const mr_pool *pool = task->context;
    static int64_t out[MANY];
    mr_task_error first;
    const mr_map_options options = {.error = &first};
    size_t wrong = 0;

    (void)input;
    (void)output;
    memset(out, 0, sizeof out);
    if (mr_pool_map(*pool, fail_at_seven, NULL, 0, NULL, 0, out, sizeof *out,
                    MANY, &options) != MR_ERR_USER + 7) {
        return mr_task_fail(MR_ERR_USER, "the map did not fail");
    }
    if (first.index != 7 || strcmp(first.text, "seven") != 0) {
        return mr_task_fail(MR_ERR_USER, "it failed at %zu", first.index);
    }
    for (int64_t i = 0; i < MANY; i++) {
        wrong += i != 7 && out[i] != i;
    }
    return wrong ? mr_task_fail(MR_ERR_USER, "%zu are wrong", wrong) : MR_OK;
}

static void map_inside_a_task_tells_its_own_failures(void)
{
    mr_task_error first;
    const mr_map_options options = {.error = &first};
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    if (!MRT_OK(mr_pool_map(pool, map_many, &pool, sizeof pool, NULL, 0, NULL,
                            0, 4, &options))) {
        fprintf(stderr, "%s\n", first.text);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error map_elsewhere(const void *input, void *output,
                              const mr_task *task)
{
    const mr_pool *pools = task->context;
    mr_iterator *iterator;

    (void)output;
    CHILD_ERROR(
        mr_pool_map(pools[1], square, NULL, 0, NULL, 0, NULL, 0, 1, NULL),
        MR_ERR_STATE);
    CHILD_ERROR(
        mr_pool_imap(&iterator, pools[0], square, NULL, 0, NULL, 0, 1, NULL),
        MR_ERR_STATE);
    (void)input;
    return child_result() ? MR_ERR_USER : MR_OK;
}

static void task_maps_only_with_its_own_pool(void)
{
    mr_pool pools[2];

    if (!MRT_OK(mr_pool_create(&pools[0], NULL)) ||
        !MRT_OK(mr_pool_create(&pools[1], NULL))) {
        return;
    }
    MRT_OK(mr_pool_apply(pools[0], map_elsewhere, pools, sizeof pools, NULL, 0,
                         NULL, 0, NULL));
    MRT_OK(mr_pool_destroy(pools[1]));
    MRT_OK(mr_pool_destroy(pools[0]));
}

/* ---- deaths -------------------------------------------------------------- */

/* Of the workers only children die, as a rank would end the job. */
static mr_error die_in_a_child(const void *input, void *output,
                               const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    if (in_child()) {
        raise(SIGKILL);
    }
    return MR_OK;
}

static mr_error spawn_a_death(const void *input, void *output,
                              const mr_task *task)
{
    int64_t levels = 8, sum = 0, got = 0;
    mr_error error = MR_OK;

    (void)input;
    (void)task;
    for (int i = 0; !error && i < 20; i++) {
        error = i == 10 ? mr_task_spawn(die_in_a_child, NULL, 0, NULL, 0)
                        : mr_task_spawn(leaves, &levels, sizeof levels, &got,
                                        sizeof got);
    }
    error = error ? error : mr_task_wait(NULL);
    sum = got;
    memcpy(output, &sum, sizeof sum);
    return error;
}

/* The map ends, with the death or without one, and the pool goes on. */
static void map_ends_although_workers_die(void)
{
    mr_pool pool;
    int deaths = 0;

    if (!make(&pool, (size_t)mr_size() + 2)) {
        return;
    }
    for (int round = 0; round < 20; round++) {
        int64_t sums[8];
        mr_task_error first = {.code = MR_OK};
        const mr_map_options map_options = {.error = &first,
                                            .timeout = 4 * GUARD};
        mr_error error = mr_pool_map(pool, spawn_a_death, NULL, 0, NULL, 0,
                                     sums, sizeof *sums, 8, &map_options);

        MRT_CHECK(error == MR_OK || error == MR_ERR_WORKER_DIED);
        if (error) {
            deaths++;
            MRT_EQUAL(first.signal, SIGKILL);
        }
    }
    MRT_CHECK(deaths > 0);
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- time-outs ----------------------------------------------------------- */

static mr_error spawn_for_ever(const void *input, void *output,
                               const mr_task *task)
{
    mr_error error = mr_task_spawn(spawn_for_ever, NULL, 0, NULL, 0);

    (void)input;
    (void)output;
    (void)task;
    return error ? error : mr_task_add(spawn_for_ever, NULL, 0);
}

static void time_out_ends_a_tree_that_grows_for_ever(void)
{
    const mr_map_options options = {.timeout = SHORT};
    int64_t levels = 5, sum = 0;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int round = 0; round < 5; round++) {
        MRT_ERROR(mr_pool_map(pool, spawn_for_ever, NULL, 0, NULL, 0, NULL, 0,
                              4, &options),
                  MR_ERR_TIMEOUT);
        MRT_OK(mr_pool_apply(pool, leaves, NULL, 0, &levels, sizeof levels,
                             &sum, sizeof sum, NULL));
        MRT_EQUAL(sum, 1 << levels);
    }
    MRT_OK(mr_pool_destroy(pool));
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"tasks_wait_for_what_they_spawn", tasks_wait_for_what_they_spawn, 0},
        {"one_worker_waits_for_itself", one_worker_waits_for_itself, 0},
        {"tasks_of_iterators_spawn", tasks_of_iterators_spawn, 0},
        {"map_ends_with_the_last_task_that_was_added",
         map_ends_with_the_last_task_that_was_added, 0},
        {"workers_that_have_left_come_back", workers_that_have_left_come_back,
         0},
        {"maps_are_nested_ten_deep", maps_are_nested_ten_deep, 0},
        {"map_inside_a_task_tells_its_own_failures",
         map_inside_a_task_tells_its_own_failures, 0},
        {"task_maps_only_with_its_own_pool", task_maps_only_with_its_own_pool,
         0},
        {"map_ends_although_workers_die", map_ends_although_workers_die, 0},
        {"time_out_ends_a_tree_that_grows_for_ever",
         time_out_ends_a_tree_that_grows_for_ever, 0},
    };

    return suite_main("spawn", tests, MRT_COUNT(tests), argc, argv);
}
