/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Iterators over tasks that fail or end their worker, which are told by their
 * results; calls that have no meaning; and processes that iterate.
 */
#include "fault/census.h"
#include "mpi/iterate_support.h"

#include <signal.h>
#include <unistd.h>

/* Failures */

static mr_error fail_some(const void *input, void *output, const mr_task *task)
{
    (void)output;
    if (task->index % 10 == 3) {
        (void)!mr_task_return("lost", 4);
        return mr_task_fail(MR_ERR_USER + 7, "row %zu on %s", task->index,
                            mr_host());
    }
    return mr_task_return(input, task->input_size);
}

static void failures_are_told_by_their_tasks(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t k = 0; k < MRT_COUNT(both); k++) {
        mr_iterator *iterator;
        size_t failed = 0;

        iterate(&iterator, pool, both[k], fail_some, NULL, 0, COUNT, 0);
        for (int i = 0; i < COUNT; i++) {
            char text[MR_TEXT_SIZE];
            mr_result result;

            if (!MRT_OK(mr_iterator_next(iterator, &result, GUARD))) {
                break;
            }
            if (result.index % 10 != 3) {
                MRT_EQUAL(result.error.code, MR_OK);
                MRT_EQUAL(result.size, 8);
                continue;
            }
            failed++;
            snprintf(text, sizeof text, "row %zu on %s", result.index,
                     result.error.host);
            MRT_EQUAL(result.error.code, MR_ERR_USER + 7);
            MRT_EQUAL(result.error.index, result.index);
            MRT_TEXT(result.error.text, text);
            MRT_CHECK(result.error.rank >= 0 && result.error.rank < mr_size());
            MRT_EQUAL(result.size, 0);
            MRT_CHECK(result.data == NULL);
        }
        MRT_EQUAL(failed, COUNT / 10);
        ends(iterator);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Tasks die that come to a child and are multiples of seven; a rank must not
 * end. */
static mr_error some_die(const void *input, void *output, const mr_task *task)
{
    int64_t rank = mr_rank();

    (void)input;
    (void)output;
    if (in_child() && task->index % 7 == 0) {
        forbid_core();
        kill(getpid(), SIGKILL);
    }
    return mr_task_return(&rank, sizeof rank);
}

static void deaths_are_told_by_their_tasks(imap_function *imap, size_t workers)
{
    bool seen[COUNT] = {false};
    mr_iterator *iterator;
    size_t died = 0;
    mr_pool pool;

    if (!make(&pool, workers) ||
        !iterate(&iterator, pool, imap, some_die, NULL, 0, 80, 0)) {
        return;
    }
    for (size_t i = 0; i < 80; i++) {
        mr_result result;

        if (!MRT_OK(mr_iterator_next(iterator, &result, GUARD)) ||
            !MRT_CHECK(result.index < 80 && !seen[result.index]) ||
            !MRT_CHECK(imap != mr_pool_imap || result.index == i)) {
            break;
        }
        seen[result.index] = true;
        if (result.error.code) {
            died++;
            MRT_EQUAL(result.error.code, MR_ERR_WORKER_DIED);
            MRT_EQUAL(result.error.index, result.index);
            MRT_EQUAL(result.error.index % 7, 0);
            MRT_EQUAL(result.error.signal, SIGKILL);
            MRT_CHECK(strstr(result.error.text, "signal 9") != NULL);
        } else {
            MRT_EQUAL(result.size, sizeof(int64_t));
        }
    }
    MRT_CHECK(mr_size() > 1 || died == 12);
    ends(iterator);
    squares(pool, 50, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static void imap_tells_of_tasks_that_end_their_worker(void)
{
    deaths_are_told_by_their_tasks(mr_pool_imap, 0);
    deaths_are_told_by_their_tasks(mr_pool_imap, (size_t)mr_size() + 2);
}

static void imap_unordered_tells_of_tasks_that_end_their_worker(void)
{
    deaths_are_told_by_their_tasks(mr_pool_imap_unordered, 0);
    deaths_are_told_by_their_tasks(mr_pool_imap_unordered,
                                   (size_t)mr_size() + 2);
}

/* Callers */

static mr_error iterate_inside_a_task(const void *input, void *output,
                                      const mr_task *task)
{
    mr_iterator *iterator;
    mr_pool pool;

    (void)output;
    memcpy(&pool, task->context, sizeof pool);
    return mr_pool_imap(&iterator, pool, pattern, NULL, 0, input, 8, 1, NULL);
}

static mr_error return_from_a_map(const void *input, void *output,
                                  const mr_task *task)
{
    (void)output;
    return mr_task_return(input, task->input_size);
}

static mr_error return_nonsense(const void *input, void *output,
                                const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    return mr_task_return(NULL, 5);
}

static void iterators_refuse_what_has_no_meaning(void)
{
    mr_iterator *iterator = NULL;
    mr_result result;
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    MRT_ERROR(mr_task_return(NULL, 0), MR_ERR_STATE);
    MRT_ERROR(mr_pool_map(pool, return_from_a_map, NULL, 0, numbers, 8, NULL, 0,
                          1, NULL),
              MR_ERR_STATE);
    for (size_t i = 0; i < MRT_COUNT(both); i++) {
        imap_function *imap = both[i];

        MRT_ERROR(imap(NULL, pool, pattern, NULL, 0, numbers, 8, 1, NULL),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(imap(&iterator, pool, NULL, NULL, 0, numbers, 8, 1, NULL),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(imap(&iterator, pool, pattern, NULL, 1, numbers, 8, 1, NULL),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(imap(&iterator, pool, pattern, NULL, 0, NULL, 8, 1, NULL),
                  MR_ERR_ARGUMENT);
        MRT_ERROR(imap(&iterator, pool, pattern, NULL, 0, numbers, 8,
                       SIZE_MAX / 8, NULL),
                  MR_ERR_ARGUMENT);
    }
    MRT_ERROR(mr_iterator_next(NULL, &result, 0), MR_ERR_ARGUMENT);
    if (iterate(&iterator, pool, mr_pool_imap, return_nonsense, NULL, 0, 1,
                0)) {
        MRT_ERROR(mr_iterator_next(iterator, NULL, 0), MR_ERR_ARGUMENT);
        MRT_ERROR(mr_iterator_next(iterator, &result, NOT_A_NUMBER),
                  MR_ERR_ARGUMENT);
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
        MRT_EQUAL(result.error.code, MR_ERR_ARGUMENT);
        ends(iterator);
    }
    if (iterate(&iterator, pool, mr_pool_imap, iterate_inside_a_task, &pool,
                sizeof pool, 1, 0)) {
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
        MRT_EQUAL(result.error.code, MR_ERR_STATE);
        ends(iterator);
    }
    MRT_OK(mr_pool_destroy(pool));
    MRT_ERROR(
        mr_pool_imap(&iterator, pool, pattern, NULL, 0, numbers, 8, 1, NULL),
        MR_ERR_STALE);
}

/* Pools of processes */

static int iterate_in_a_child(const void *argument, size_t size)
{
    mr_pool pool;

    (void)argument;
    (void)size;
    CHILD_OK(mr_pool_create(&pool, NULL));
    for (size_t i = 0; i < COUNT; i++) {
        numbers[i] = (int64_t)i;
    }
    for (size_t k = 0; k < MRT_COUNT(both); k++) {
        mr_iterator *iterator;
        mr_result result;
        size_t bytes = 0;

        CHILD_OK(both[k](&iterator, pool, pattern, NULL, 0, numbers,
                         sizeof numbers[0], 100, NULL));
        for (int i = 0; i < 100; i++) {
            CHILD_OK(mr_iterator_next(iterator, &result, GUARD));
            CHILD_CHECK(pattern_holds(result.data, result.size,
                                      (unsigned)result.index));
            bytes += result.size;
        }
        CHILD_ERROR(mr_iterator_next(iterator, &result, GUARD),
                    MR_ERR_END_OF_FILE);
        CHILD_CHECK(bytes > 4 << 20);
        CHILD_OK(mr_iterator_destroy(iterator));
    }
    CHILD_OK(mr_pool_destroy(pool));
    return child_result();
}

static void processes_iterate_over_pools_of_their_own(void)
{
    mr_process children[3];

    for (int i = 0; i < 3; i++) {
        START(&children[i], rank_of(i), iterate_in_a_child, NULL, 0);
    }
    for (int i = 0; i < 3; i++) {
        END(children[i], 0);
    }
}

/* One that is killed in the middle leaves its ranks free, and nothing that it
 * did not know of itself. */
static int iterate_until_killed(const void *argument, size_t size)
{
    const gate *g = argument;
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;

    (void)size;
    CHILD_OK(mr_pool_create(&pool, NULL));
    CHILD_OK(mr_pool_imap(&iterator, pool, count_and_return, g, sizeof *g,
                          numbers, 8, COUNT, NULL));
    CHILD_OK(mr_iterator_next(iterator, &result, GUARD));
    CHILD_OK(mr_queue_put(g->open, &pool, sizeof pool, GUARD));
    pause();
    return 1;
}

static void killed_process_leaves_nothing_behind(void)
{
    mr_process child;
    census before;
    mr_pool pool;
    gate g;

    if (!make_gate(&g)) {
        return;
    }
    before = take_census();
    START(&child, 0, iterate_until_killed, &g, sizeof g);
    if (MRT_OK(mr_queue_get(g.open, &pool, sizeof pool, NULL, GUARD))) {
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        MRT_OK(mr_pool_destroy(pool));
        check_census(&before);
    }
    if (make(&pool, 0)) {
        squares(pool, 100, 1);
        MRT_OK(mr_pool_destroy(pool));
    }
    destroy_gate(&g);
}

static const mrt_test tests[] = {
    {"failures_are_told_by_their_tasks", failures_are_told_by_their_tasks, 0},
    {"imap_tells_of_tasks_that_end_their_worker",
     imap_tells_of_tasks_that_end_their_worker, 60},
    {"imap_unordered_tells_of_tasks_that_end_their_worker",
     imap_unordered_tells_of_tasks_that_end_their_worker, 60},
    {"iterators_refuse_what_has_no_meaning",
     iterators_refuse_what_has_no_meaning, 0},
    {"processes_iterate_over_pools_of_their_own",
     processes_iterate_over_pools_of_their_own, 60},
    {"killed_process_leaves_nothing_behind",
     killed_process_leaves_nothing_behind, 60},
};

int main(int argc, char **argv)
{
    return suite_main("pool_iterate_failure", tests, MRT_COUNT(tests), argc,
                      argv);
}
