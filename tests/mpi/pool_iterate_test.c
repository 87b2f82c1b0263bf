/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Iterators over the results of a pool: each result comes once, in order or
 * as soon as it is there; no task begins too far ahead; and an iterator can be
 * left at any time.
 */
#include "mpi/iterate_support.h"

#include "engine/mailbox.h"

/* All of them, each once; in order, if that is asked for. */
static void take_all(mr_iterator *iterator, size_t count, bool ordered)
{
    bool seen[COUNT] = {false};

    for (size_t i = 0; i < count; i++) {
        mr_result result;

        if (!MRT_OK(mr_iterator_next(iterator, &result, GUARD)) ||
            !MRT_CHECK(result.index < count) ||
            !MRT_CHECK(!seen[result.index]) ||
            !MRT_CHECK(!ordered || result.index == i) || !is_pattern(&result)) {
            break;
        }
        seen[result.index] = true;
    }
    ends(iterator);
}

/* Where few tasks are out at a time, each of another node costs a message there
 * and one back, and all of these take turns. */
static size_t count_for(size_t ahead)
{
    return several_nodes() && ahead > 0 && ahead < 4 ? 70 : COUNT;
}

static void each_result_comes_once(imap_function *imap)
{
    const size_t workers[] = {0, 1, (size_t)mr_size() + 2};
    const size_t aheads[] = {0, 1, 3, 64, SIZE_MAX};

    for (size_t i = 0; i < MRT_COUNT(workers); i++) {
        mr_pool pool;

        if (!make(&pool, workers[i])) {
            return;
        }
        for (size_t k = 0; k < MRT_COUNT(aheads); k++) {
            size_t count = count_for(aheads[k]);
            mr_iterator *iterator;

            if (iterate(&iterator, pool, imap, pattern, NULL, 0, count,
                        aheads[k])) {
                take_all(iterator, count, imap == mr_pool_imap);
            }
        }
        MRT_OK(mr_pool_destroy(pool));
    }
}

static void imap_gives_results_of_any_size_in_order(void)
{
    each_result_comes_once(mr_pool_imap);
}

static void imap_unordered_gives_each_result_once(void)
{
    each_result_comes_once(mr_pool_imap_unordered);
}

static void iterators_of_few_tasks_end(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(both); i++) {
        for (size_t count = 0; count < 4; count++) {
            mr_iterator *iterator;

            if (iterate(&iterator, pool, both[i], pattern, NULL, 0, count, 0)) {
                take_all(iterator, count, both[i] == mr_pool_imap);
            }
        }
    }
    squares(pool, 100, 0);
    MRT_OK(mr_pool_destroy(pool));
}

static mr_error name_itself(const void *input, void *output,
                            const mr_task *task)
{
    char text[100];
    int size = snprintf(text, sizeof text, "%s %zu of %zu",
                        (const char *)task->context, task->index, task->count);

    (void)output;
    return input ? mr_task_fail(MR_OK, "there is an input")
                 : mr_task_return(text, (size_t)size + 1);
}

static void tasks_need_no_inputs_and_share_a_context(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;

    if (make(&pool, 0) && MRT_OK(mr_pool_imap(&iterator, pool, name_itself,
                                              "task", 5, NULL, 0, 2, NULL))) {
        if (MRT_OK(mr_iterator_next(iterator, &result, GUARD))) {
            MRT_TEXT(result.data, "task 0 of 2");
        }
        if (MRT_OK(mr_iterator_next(iterator, &result, GUARD))) {
            MRT_TEXT(result.data, "task 1 of 2");
        }
        ends(iterator);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* Order, and how far ahead */

static void late_task_makes_no_other_wait_unordered(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;
    gate g;

    /* Three on each node: two go on. */
    if (!make(&pool, 3 * (size_t)mr_size()) || !make_gate(&g)) {
        return;
    }
    iterate(&iterator, pool, mr_pool_imap_unordered, first_waits, &g, sizeof g,
            100, 0);
    for (int i = 0; i < 99; i++) {
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
        MRT_CHECK(result.index > 0);
    }
    MRT_ERROR(mr_iterator_next(iterator, &result, SHORT), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_iterator_next(iterator, &result, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    MRT_OK(mr_iterator_next(iterator, &result, GUARD));
    MRT_EQUAL(result.index, 0);
    ends(iterator);
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* Waits until so many have begun; no more shall. */
static void begin_exactly(const gate *g, int64_t expected)
{
    double end = mrt_now() + GUARD;
    const struct timespec moment = {.tv_nsec = 20000000};

    while (begun(g) < expected && mrt_now() < end) {
        mrt_pause();
    }
    nanosleep(&moment, NULL);
    MRT_EQUAL(begun(g), expected);
}

static void tasks_begin_only_some_way_ahead(void)
{
    enum { AHEAD = 12 };
    mr_pool pool;
    gate g;

    if (!make(&pool, 0)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(both); i++) {
        mr_iterator *iterator;
        mr_result result;

        if (!make_gate(&g) ||
            !iterate(&iterator, pool, both[i], count_and_return, &g, sizeof g,
                     COUNT, AHEAD)) {
            return;
        }
        /* Of those that may begin some are kept back for a larger part. */
        for (int taken = 0; taken < 40; taken++) {
            MRT_OK(mr_iterator_next(iterator, &result, GUARD));
            MRT_CHECK(begun(&g) <= taken + AHEAD);
        }
        MRT_OK(mr_iterator_destroy(iterator));
        destroy_gate(&g);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static void late_task_holds_others_back_in_order(void)
{
    enum { AHEAD = 8 };
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;
    gate g;

    if (!make(&pool, 2 * (size_t)mr_size()) || !make_gate(&g) ||
        !iterate(&iterator, pool, mr_pool_imap, first_waits, &g, sizeof g,
                 COUNT, AHEAD)) {
        return;
    }
    /* Further batches are made inside next alone. */
    for (double end = mrt_now() + GUARD;
         begun(&g) < AHEAD && mrt_now() < end;) {
        MRT_ERROR(mr_iterator_next(iterator, &result, SHORT), MR_ERR_TIMEOUT);
    }
    begin_exactly(&g, AHEAD);
    MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    for (int i = 0; i < COUNT; i++) {
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
        MRT_EQUAL(result.index, i);
        MRT_EQUAL(result.error.code, MR_OK);
    }
    ends(iterator);
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* One task of twelve waits until as many of these run as there are workers:
 * each in a part of its own, in which nothing else is left. */
enum { WORKERS = 6 };

static mr_error wait_for_the_like(const void *input, void *output,
                                  const mr_task *task)
{
    const gate *g = task->context;
    double end = mrt_now() + GUARD;
    int64_t count = 0;
    mr_error error = task->index % 12 == 0 ? count_oneself(g) : MR_OK;

    (void)input;
    (void)output;
    while (task->index % 12 == 0 && error == MR_OK && count < WORKERS) {
        error = mr_value_get(g->begun, &count);
        if (mrt_now() > end) {
            return mr_task_fail(MR_ERR_TIMEOUT, "only %d run", (int)count);
        }
        mrt_pause();
    }
    return error;
}

static void no_worker_is_idle_while_others_are_late(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;
    gate g;

    if (!make(&pool, WORKERS) || !make_gate(&g) ||
        !iterate(&iterator, pool, mr_pool_imap_unordered, wait_for_the_like, &g,
                 sizeof g, COUNT, 0)) {
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        MRT_OK(mr_iterator_next(iterator, &result, 2 * GUARD));
        MRT_EQUAL(result.error.code, MR_OK);
    }
    ends(iterator);
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* Tasks in ranks wait at the gate, the child beside rank 0 does the others. */
static mr_error ranks_wait(const void *input, void *output, const mr_task *task)
{
    const gate *g = task->context;

    (void)input;
    (void)output;
    return in_child() ? MR_OK : mr_queue_get(g->open, NULL, 0, NULL, GUARD);
}

static void worker_in_a_long_task_gets_few_letters(void)
{
    int ranks = mr_size() - 1;
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;
    gate g;

    if (ranks == 0 || several_nodes()) {
        mrt_skip("no rank shares its node with rank 0");
        return;
    }
    if (!make(&pool, 0) || !make_gate(&g) ||
        !iterate(&iterator, pool, mr_pool_imap_unordered, ranks_wait, &g,
                 sizeof g, COUNT, 4 * (size_t)mr_size())) {
        return;
    }
    for (int i = 0; i < COUNT - ranks; i++) {
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
    }
    for (int i = 1; i <= ranks; i++) {
        uint64_t unread = COUNT, maxsize;

        MRT_OK(
            mri_mailbox_count(mri_mailbox_at((unsigned int)i, MRI_ROW_MAILBOX),
                              &unread, &maxsize));
        MRT_CHECK(unread <= 256); /* of 300 */
        MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    }
    for (int i = 0; i < ranks; i++) {
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
    }
    ends(iterator);
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

/* Leaving early */

static mr_error wait_at_the_gate(const void *input, void *output,
                                 const mr_task *task)
{
    const gate *g = task->context;
    mr_error error = count_oneself(g);

    (void)input;
    (void)output;
    return error ? error : mr_queue_get(g->open, NULL, 0, NULL, GUARD);
}

static void iterator_can_be_left_at_any_time(void)
{
    mr_pool pool;

    if (!make(&pool, 0)) {
        return;
    }
    for (int taken = 0; taken < 12; taken++) {
        mr_iterator *iterator;
        mr_result result;

        if (!iterate(&iterator, pool, both[taken % 2], pattern, NULL, 0, COUNT,
                     16)) {
            return;
        }
        for (int i = 0; i < taken; i++) {
            MRT_OK(mr_iterator_next(iterator, &result, GUARD));
            is_pattern(&result);
        }
        MRT_OK(mr_iterator_destroy(iterator));
        squares(pool, 20, 0);
    }
    MRT_OK(mr_iterator_destroy(NULL));
    MRT_OK(mr_pool_destroy(pool));
}

static void tasks_that_have_not_begun_never_run(void)
{
    mr_iterator *iterator;
    mr_pool pool;
    double started;
    gate g;

    if (!make(&pool, 2) || !make_gate(&g) ||
        !iterate(&iterator, pool, mr_pool_imap, wait_at_the_gate, &g, sizeof g,
                 COUNT, 0)) {
        return;
    }
    begin_exactly(&g, 2);
    started = mrt_now();
    MRT_OK(mr_iterator_destroy(iterator));
    MRT_CHECK(mrt_now() - started < GUARD / 2);
    MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    MRT_OK(mr_queue_put(g.open, NULL, 0, GUARD));
    squares(pool, 100, 1);
    MRT_EQUAL(begun(&g), 2);
    destroy_gate(&g);
    MRT_OK(mr_pool_destroy(pool));
}

static void workers_serve_other_pools_meanwhile(void)
{
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool, other;

    if (!make(&pool, 0) || !make(&other, 0) ||
        !iterate(&iterator, pool, mr_pool_imap, pattern, NULL, 0, COUNT, 0)) {
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        MRT_OK(mr_iterator_next(iterator, &result, GUARD));
        MRT_EQUAL(result.index, i);
        if (i % 30 == 0) {
            squares(other, 50, 1);
        }
        is_pattern(&result);
    }
    ends(iterator);
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_pool_destroy(other));
}

static const mrt_test tests[] = {
    {"imap_gives_results_of_any_size_in_order",
     imap_gives_results_of_any_size_in_order, 120},
    {"imap_unordered_gives_each_result_once",
     imap_unordered_gives_each_result_once, 120},
    {"iterators_of_few_tasks_end", iterators_of_few_tasks_end, 0},
    {"tasks_need_no_inputs_and_share_a_context",
     tasks_need_no_inputs_and_share_a_context, 0},
    {"late_task_makes_no_other_wait_unordered",
     late_task_makes_no_other_wait_unordered, 60},
    {"tasks_begin_only_some_way_ahead", tasks_begin_only_some_way_ahead, 0},
    {"late_task_holds_others_back_in_order",
     late_task_holds_others_back_in_order, 0},
    {"no_worker_is_idle_while_others_are_late",
     no_worker_is_idle_while_others_are_late, 60},
    {"worker_in_a_long_task_gets_few_letters",
     worker_in_a_long_task_gets_few_letters, 60},
    {"iterator_can_be_left_at_any_time", iterator_can_be_left_at_any_time, 60},
    {"tasks_that_have_not_begun_never_run", tasks_that_have_not_begun_never_run,
     0},
    {"workers_serve_other_pools_meanwhile", workers_serve_other_pools_meanwhile,
     60},
};

int main(int argc, char **argv)
{
    return suite_main("pool_iterate", tests, MRT_COUNT(tests), argc, argv);
}
