/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lives of workers: the initializer and its argument, how a pool breaks
 * when an initializer fails or dies, and the finalizer.
 */
#include "mpi/iterate_support.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { TASKS = 200, MANY = 30, LARGE = 3 << 20 };

/* What functions of a setup are given, before their bytes. */
typedef struct facts {
    mr_queue first; /* process ids that called the initializer */
    mr_queue last;  /* that called the finalizer */
    mr_queue open;  /* a gate */
    int64_t number;
} facts;

static facts shared;
static mr_pool_options how;

static bool make_facts(mr_worker_function *initializer,
                       mr_worker_function *finalizer, size_t workers)
{
    shared = (facts){.number = 17};
    how = (mr_pool_options){.workers = workers,
                            .initializer = initializer,
                            .finalizer = finalizer,
                            .argument = &shared,
                            .argument_size = sizeof shared};
    return MRT_OK(mr_queue_create(&shared.first, NULL)) &&
           MRT_OK(mr_queue_create(&shared.last, NULL)) &&
           MRT_OK(mr_queue_create(&shared.open, NULL));
}

static bool make_pool(mr_pool *pool, mr_worker_function *initializer,
                      mr_worker_function *finalizer, size_t workers)
{
    return make_facts(initializer, finalizer, workers) &&
           MRT_OK(mr_pool_create(pool, &how));
}

static void destroy_facts(void)
{
    MRT_OK(mr_queue_destroy(shared.first));
    MRT_OK(mr_queue_destroy(shared.last));
    MRT_OK(mr_queue_destroy(shared.open));
}

static void end(mr_pool pool)
{
    MRT_OK(mr_pool_destroy(pool));
    destroy_facts();
}

/* Process ids, sorted out of a queue: how many, and they are all different. */
static size_t all_different(mr_queue queue)
{
    int64_t seen[1000];
    size_t count = 0;

    while (count < 1000 && mr_queue_get(queue, &seen[count], sizeof seen[0],
                                        NULL, 0) == MR_OK) {
        for (size_t i = 0; i < count; i++) {
            MRT_CHECK(seen[i] != seen[count]);
        }
        count++;
    }
    return count;
}

/* Process ids of several hosts may be the same. */
static int64_t who(void)
{
    return getpid() + ((int64_t)mr_rank() << 32);
}

static mr_error put_process(mr_queue queue)
{
    int64_t process = who();

    return mr_queue_put(queue, &process, sizeof process, GUARD);
}

/* ---- setup functions ----------------------------------------------------- */

static int64_t prepared; /* in each worker */
static const facts *facts_of(const void *argument, size_t size)
{
    return size >= sizeof(facts) ? argument : NULL;
}

static mr_error prepare(const void *argument, size_t size)
{
    const facts *f = facts_of(argument, size);

    prepared = f->number;
    return put_process(f->first);
}

static mr_error put_away(const void *argument, size_t size)
{
    prepared = 0;
    return put_process(facts_of(argument, size)->last);
}

static mr_error tell_prepared(const void *input, void *output,
                              const mr_task *task)
{
    int64_t *told = output;

    (void)input;
    (void)task;
    told[0] = prepared;
    told[1] = who();
    return MR_OK;
}

static int64_t told[TASKS][2];

/* Each task finds its worker prepared; the number of processes that ran some.
 */
static size_t tell_all(mr_pool pool, int64_t expected)
{
    size_t processes = 0;
    size_t wrong = 0;

    MRT_OK(mr_pool_map(pool, tell_prepared, NULL, 0, NULL, 0, told,
                       sizeof told[0], TASKS, NULL));
    for (size_t i = 0; i < TASKS; i++) {
        bool is_new = true;

        wrong += told[i][0] != expected;
        for (size_t k = 0; k < i; k++) {
            is_new &= told[k][1] != told[i][1];
        }
        processes += is_new;
    }
    MRT_EQUAL(wrong, 0);
    return processes;
}

static void each_worker_is_initialized_once_before_its_first_task(void)
{
    size_t workers = 2 * (size_t)mr_size();
    size_t processes, initialized;
    mr_pool pool;

    if (!make_pool(&pool, prepare, NULL, workers)) {
        return;
    }
    processes = tell_all(pool, 17);
    for (int i = 0; i < 5; i++) {
        tell_all(pool, 17);
        squares(pool, 3, 0);
    }
    initialized = all_different(shared.first);
    MRT_CHECK(initialized >= processes && initialized <= workers);
    end(pool);
}

/* Each prepares its own: a rank works for both. */
static void pools_are_initialized_apart(void)
{
    mr_pool pools[2];
    size_t counts[2];

    for (int i = 0; i < 2; i++) {
        if (!make_pool(&pools[i], prepare, NULL, 0)) {
            return;
        }
        tell_all(pools[i], 17);
        tell_all(pools[i], 17);
        counts[i] = all_different(shared.first);
        destroy_facts();
    }
    MRT_CHECK(counts[0] > 0 && counts[1] > 0);
    MRT_OK(mr_pool_destroy(pools[0]));
    MRT_OK(mr_pool_destroy(pools[1]));
}

static mr_error sum_argument(const void *argument, size_t size)
{
    prepared = (int64_t)size;
    return pattern_holds(argument, size, 3) ? MR_OK
                                            : mr_task_fail(MR_ERR_USER, "lost");
}

static void argument_has_any_size(void)
{
    const size_t sizes[] = {0, 1, 8, 40000, LARGE};
    unsigned char *bytes = malloc(LARGE);

    pattern_fill(bytes, LARGE, 3);
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        const mr_pool_options options = {.workers = (size_t)mr_size() + 1,
                                         .initializer = sum_argument,
                                         .argument = bytes,
                                         .argument_size = sizes[i]};
        mr_pool pool;

        if (MRT_OK(mr_pool_create(&pool, &options))) {
            tell_all(pool, (int64_t)sizes[i]);
            MRT_OK(mr_pool_destroy(pool));
        }
    }
    free(bytes);
}

static void argument_that_is_missing_is_refused(void)
{
    const mr_pool_options options = {.initializer = prepare,
                                     .argument_size = 8};
    mr_pool pool;

    MRT_ERROR(mr_pool_create(&pool, &options), MR_ERR_ARGUMENT);
}

static void worker_that_replaces_another_is_initialized_too(void)
{
    mr_pool_worker_info info;
    mr_pool pool;

    if (!make_pool(&pool, prepare, NULL, 1)) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        tell_all(pool, 17);
        MRT_OK(mr_pool_worker(pool, 0, &info));
        MRT_CHECK(kill((pid_t)info.pid, SIGKILL) == 0);
        while (info.alive) {
            MRT_OK(mr_pool_worker(pool, 0, &info));
        }
    }
    tell_all(pool, 17);
    MRT_EQUAL(all_different(shared.first), 4);
    end(pool);
}

static mr_error create_another(const void *argument, size_t size)
{
    int64_t number = 3, result;
    mr_pool pool;

    (void)size;
    memcpy(&pool, argument, sizeof pool);
    return mr_pool_create(&pool, NULL) == MR_ERR_STATE &&
                   mr_pool_apply(pool, square, NULL, 0, &number, 8, &result, 8,
                                 NULL) == MR_ERR_STATE
               ? MR_OK
               : MR_ERR_USER;
}

static void initializer_can_neither_map_nor_create_pools(void)
{
    mr_pool_options options = {.initializer = create_another,
                               .argument_size = sizeof(mr_pool)};
    mr_pool pool, other;

    if (make(&other, 1)) {
        options.argument = &other;
        if (MRT_OK(mr_pool_create(&pool, &options))) {
            squares(pool, 100, 1);
            MRT_OK(mr_pool_destroy(pool));
        }
        MRT_OK(mr_pool_destroy(other));
    }
}

/* ---- a pool that breaks -------------------------------------------------- */

static mr_error refuse(const void *argument, size_t size)
{
    mr_error error = put_process(facts_of(argument, size)->first);

    return error ? error
                 : mr_task_fail(MR_ERR_USER + 5, "there is no licence %lld",
                                (long long)facts_of(argument, size)->number);
}

static mr_error refuse_behind_the_gate(const void *argument, size_t size)
{
    mr_error error = put_process(facts_of(argument, size)->first);

    if (!error) {
        error =
            mr_queue_get(facts_of(argument, size)->open, NULL, 0, NULL, GUARD);
    }
    return error ? error : mr_task_fail(MR_ERR_USER + 5, "there is no licence");
}

static bool is_breach(const mr_task_error *error, mr_error code,
                      const char *text)
{
    return MRT_EQUAL(error->code, code) &&
           MRT_EQUAL(error->index, MR_NO_TASK) &&
           MRT_CHECK(strstr(error->text, text) != NULL) &&
           MRT_CHECK(strstr(error->text, "initializer") != NULL);
}

/* All ways to map. */
static void is_broken(mr_pool pool, mr_error code, const char *text)
{
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.error = &error};
    int64_t in[50] = {0}, out[50];
    mr_future futures[MANY];

    MRT_ERROR(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 50, &options),
              code);
    is_breach(&error, code, text);
    error = (mr_task_error){.code = MR_OK};
    MRT_ERROR(mr_pool_apply(pool, square, NULL, 0, in, 8, out, 8, &options),
              code);
    is_breach(&error, code, text);
    for (int i = 0; i < MANY; i++) {
        MRT_OK(mr_pool_apply_async(&futures[i], pool, square, NULL, 0, in, 8,
                                   out, 8, NULL));
    }
    for (int i = 0; i < MANY; i++) {
        error = (mr_task_error){.code = MR_OK};
        MRT_ERROR(mr_future_get(futures[i], GUARD, &error), code);
        is_breach(&error, code, text);
        MRT_OK(mr_future_destroy(futures[i]));
    }
    for (int i = 0; i < 2; i++) {
        mr_iterator *iterator;

        MRT_ERROR(both[i](&iterator, pool, square, NULL, 0, in, 8, 50, NULL),
                  code);
        MRT_CHECK(strstr(mr_last_error(code), text) != NULL);
    }
}

static void initializer_that_fails_breaks_the_pool_with_its_text(void)
{
    size_t workers = (size_t)mr_size() + 1;
    mr_pool pool;
    mr_pool other;

    if (!make_pool(&pool, refuse, put_away, workers)) {
        return;
    }
    is_broken(pool, MR_ERR_USER + 5, "there is no licence 17");
    is_broken(pool, MR_ERR_USER + 5, "there is no licence 17");
    MRT_CHECK(all_different(shared.first) <= workers);
    MRT_OK(mr_pool_close(pool));
    MRT_OK(mr_pool_join(pool, GUARD));
    MRT_EQUAL(all_different(shared.last), 0);
    end(pool);
    if (make(&other, 0)) {
        squares(other, 100, 0);
        MRT_OK(mr_pool_destroy(other));
    }
}

static int map_in_vain(const void *argument, size_t size)
{
    mr_pool pool = *(const mr_pool *)argument;
    mr_task_error error = {.code = MR_OK};
    const mr_map_options options = {.error = &error};
    int64_t in[50] = {0}, out[50];

    (void)size;
    CHILD_ERROR(mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 50, &options),
                MR_ERR_USER + 5);
    CHILD_CHECK(strstr(error.text, "there is no licence") != NULL);
    return child_result();
}

static void those_that_wait_are_told_that_the_pool_is_broken(void)
{
    enum { CHILDREN = 3 };
    mr_process children[CHILDREN];
    mr_future futures[MANY];
    int64_t in[50] = {0}, out[50];
    mr_task_error error;
    mr_iterator *iterator;
    mr_result result;
    mr_pool pool;

    if (!make_pool(&pool, refuse_behind_the_gate, NULL, 0)) {
        return;
    }
    for (int i = 0; i < CHILDREN; i++) {
        START(&children[i], rank_of(i), map_in_vain, &pool, sizeof pool);
    }
    for (int i = 0; i < MANY; i++) {
        MRT_OK(mr_pool_apply_async(&futures[i], pool, square, NULL, 0, in, 8,
                                   out, 8, NULL));
    }
    MRT_OK(mr_pool_imap(&iterator, pool, pattern, NULL, 0, in, 8, 50, NULL));
    MRT_OK(mr_queue_get(shared.first, &in[1], 8, NULL, GUARD));
    for (int i = 0; i < mr_size(); i++) {
        MRT_OK(mr_queue_put(shared.open, NULL, 0, GUARD));
    }
    MRT_ERROR(mr_iterator_next(iterator, &result, GUARD), MR_ERR_USER + 5);
    is_breach(&result.error, MR_ERR_USER + 5, "there is no licence");
    MRT_OK(mr_iterator_destroy(iterator));
    for (int i = 0; i < MANY; i++) {
        MRT_ERROR(mr_future_get(futures[i], GUARD, &error), MR_ERR_USER + 5);
        is_breach(&error, MR_ERR_USER + 5, "there is no licence");
        MRT_OK(mr_future_destroy(futures[i]));
    }
    for (int i = 0; i < CHILDREN; i++) {
        END(children[i], 0);
    }
    end(pool);
}

static mr_error crash_in_a_child(const void *argument, size_t size)
{
    mr_error error = put_process(facts_of(argument, size)->first);

    if (in_child()) {
        raise(SIGKILL);
    }
    return error;
}

static void initializer_that_dies_breaks_the_pool_and_respawns_nothing(void)
{
    enum { WORKERS = 3 };
    size_t workers = (size_t)mr_size() + WORKERS;
    mr_error error = MR_OK;
    mr_pool pool;

    if (!make_pool(&pool, crash_in_a_child, NULL, workers)) {
        return;
    }
    while (!error) { /* perhaps the ranks do all tasks of a map */
        int64_t in[50] = {0}, out[50];

        error = mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 50, NULL);
    }
    MRT_EQUAL(error, MR_ERR_WORKER_DIED);
    is_broken(pool, MR_ERR_WORKER_DIED, "signal 9");
    MRT_CHECK(all_different(shared.first) <= workers);
    end(pool);
}

static mr_error end_thread(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    if (!in_child() || mr_size() == 1) {
        pthread_exit(NULL);
    }
    return MR_OK;
}

/* The rank goes on: it works for other pools. */
static void initializer_that_ends_its_thread_breaks_the_pool(void)
{
    mr_error error = MR_OK;
    mr_pool pool;

    if (!make_pool(&pool, end_thread, NULL, 0)) {
        return;
    }
    while (!error) {
        int64_t in[50] = {0}, out[50];

        error = mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 50, NULL);
    }
    is_broken(pool, MR_ERR_WORKER_DIED,
              mr_size() == 1 ? "initializer" : "ended the thread");
    end(pool);
    if (make(&pool, 0)) {
        squares(pool, 1000, 1);
        MRT_OK(mr_pool_destroy(pool));
    }
}

/* ---- finalizer ----------------------------------------------------------- */

static void finalizer_runs_at_join_in_each_worker_that_worked(void)
{
    size_t workers = 2 * (size_t)mr_size();
    size_t initialized;
    mr_pool pool;

    for (int round = 0; round < 3; round++) {
        if (!make_pool(&pool, prepare, put_away, workers)) {
            return;
        }
        tell_all(pool, 17);
        tell_all(pool, 17);
        MRT_OK(mr_pool_close(pool));
        MRT_OK(mr_pool_join(pool, GUARD));
        initialized = all_different(shared.first);
        MRT_CHECK(initialized > 0);
        MRT_EQUAL(all_different(shared.last), initialized);
        MRT_OK(mr_pool_join(pool, GUARD));
        MRT_EQUAL(all_different(shared.last), 0);
        end(pool);
    }
}

static void finalizer_needs_no_initializer(void)
{
    mr_pool pool;

    if (make_pool(&pool, NULL, put_away, 0)) {
        squares(pool, 100, 1);
        MRT_OK(mr_pool_close(pool));
        MRT_OK(mr_pool_join(pool, GUARD));
        MRT_CHECK(all_different(shared.last) > 0);
        end(pool);
    }
}

static void destroy_alone_calls_no_finalizer(void)
{
    mr_pool pool;

    if (make_pool(&pool, prepare, put_away, 0)) {
        tell_all(pool, 17);
        MRT_OK(mr_pool_destroy(pool));
        MRT_EQUAL(all_different(shared.last), 0);
        destroy_facts();
    }
}

static mr_error wait_at_the_end(const void *argument, size_t size)
{
    return mr_queue_get(facts_of(argument, size)->open, NULL, 0, NULL, GUARD);
}

static void join_waits_for_finalizers_in_its_time(void)
{
    size_t initialized;
    mr_pool pool;

    if (!make_pool(&pool, prepare, wait_at_the_end, 0)) {
        return;
    }
    tell_all(pool, 17);
    MRT_OK(mr_pool_close(pool));
    MRT_ERROR(mr_pool_join(pool, 0.01), MR_ERR_TIMEOUT);
    MRT_ERROR(mr_pool_join(pool, 0), MR_ERR_TIMEOUT);
    initialized = all_different(shared.first);
    for (size_t i = 0; i < initialized; i++) {
        MRT_OK(mr_queue_put(shared.open, NULL, 0, GUARD));
    }
    MRT_OK(mr_pool_join(pool, GUARD));
    end(pool);
}

static mr_error die_at_the_end(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    if (in_child()) {
        raise(SIGKILL);
    }
    return mr_task_fail(MR_ERR_USER, "a finalizer that fails for a test");
}

static void finalizer_that_fails_or_dies_hangs_nobody(void)
{
    mr_pool pool;

    if (make_pool(&pool, prepare, die_at_the_end, 2 * (size_t)mr_size())) {
        tell_all(pool, 17);
        MRT_OK(mr_pool_close(pool));
        MRT_OK(mr_pool_join(pool, GUARD));
        end(pool);
    }
}

/* ---- max tasks per worker ------------------------------------------------ */

static mr_error prepare_again(const void *argument, size_t size)
{
    const facts *f = facts_of(argument, size);

    prepared = f->number;
    return mr_queue_put(f->first, NULL, 0, GUARD);
}

static mr_error put_away_again(const void *argument, size_t size)
{
    prepared = 0;
    return mr_queue_put(facts_of(argument, size)->last, NULL, 0, GUARD);
}

static size_t number_of(mr_queue queue)
{
    size_t count = 0;

    while (mr_queue_get(queue, NULL, 0, NULL, 0) == MR_OK) {
        count++;
    }
    return count;
}

static bool make_limited(mr_pool *pool, size_t workers, size_t most)
{
    if (!make_facts(prepare_again, put_away_again, workers)) {
        return false;
    }
    how.max_tasks_per_worker = most;
    return MRT_OK(mr_pool_create(pool, &how));
}

static void child_is_replaced_after_so_many_tasks(void)
{
    enum { MOST = 8 };
    size_t first;
    mr_pool pool;

    if (!make_limited(&pool, 1, MOST)) {
        return;
    }
    MRT_EQUAL(tell_all(pool, 17), TASKS / MOST);
    for (size_t i = 0; i < TASKS; i++) {
        size_t same = 0;

        for (size_t k = 0; k < TASKS; k++) {
            same += told[k][1] == told[i][1];
        }
        MRT_EQUAL(same, MOST);
    }
    MRT_OK(mr_pool_close(pool));
    MRT_OK(mr_pool_join(pool, GUARD));
    first = number_of(shared.first); /* the next may have been started */
    MRT_CHECK(first == TASKS / MOST || first == TASKS / MOST + 1);
    MRT_EQUAL(number_of(shared.last), first);
    end(pool);
}

/* Small maps, large ones, and results one by one, by ranks and children. */
static void all_workers_prepare_themselves_again_after_so_many_tasks(void)
{
    enum { MOST = 25, ROUNDS = 4 };
    size_t first, last;
    mr_pool pool;

    if (!make_limited(&pool, 3 * (size_t)mr_size(), MOST)) {
        return;
    }
    for (int i = 0; i < ROUNDS; i++) {
        mr_iterator *iterator;
        mr_result result;

        tell_all(pool, 17);
        squares(pool, 3, 0);
        if (iterate(&iterator, pool, mr_pool_imap, pattern, NULL, 0, 100, 9)) {
            for (int k = 0; k < 100; k++) {
                if (MRT_OK(mr_iterator_next(iterator, &result, GUARD))) {
                    is_pattern(&result);
                }
            }
            ends(iterator);
        }
    }
    MRT_OK(mr_pool_close(pool));
    MRT_OK(mr_pool_join(pool, GUARD));
    first = number_of(shared.first);
    last = number_of(shared.last);
    MRT_CHECK(first >= ROUNDS * (TASKS + 103) / MOST);
    MRT_EQUAL(last, first);
    end(pool);
}

static void pools_with_a_setup_leave_nothing(void)
{
    uint64_t before = objects_in_use();

    for (int i = 0; i < often(40); i++) {
        mr_pool pool;

        if (!make_pool(&pool, i % 3 == 2 ? refuse : prepare, put_away, 0)) {
            return;
        }
        if (i % 3 != 2) {
            squares(pool, 20, 1);
        } else {
            int64_t in[2] = {0}, out[2];

            MRT_ERROR(
                mr_pool_map(pool, square, NULL, 0, in, 8, out, 8, 2, NULL),
                MR_ERR_USER + 5);
        }
        if (i % 2) {
            MRT_OK(mr_pool_close(pool));
            MRT_OK(mr_pool_join(pool, GUARD));
        }
        end(pool);
    }
    await_objects_in_use(before);
}

static const mrt_test tests[] = {
    {"each_worker_is_initialized_once_before_its_first_task",
     each_worker_is_initialized_once_before_its_first_task, 0},
    {"pools_are_initialized_apart", pools_are_initialized_apart, 0},
    {"argument_has_any_size", argument_has_any_size, 60},
    {"argument_that_is_missing_is_refused", argument_that_is_missing_is_refused,
     0},
    {"worker_that_replaces_another_is_initialized_too",
     worker_that_replaces_another_is_initialized_too, 0},
    {"initializer_can_neither_map_nor_create_pools",
     initializer_can_neither_map_nor_create_pools, 0},
    {"initializer_that_fails_breaks_the_pool_with_its_text",
     initializer_that_fails_breaks_the_pool_with_its_text, 0},
    {"those_that_wait_are_told_that_the_pool_is_broken",
     those_that_wait_are_told_that_the_pool_is_broken, 0},
    {"initializer_that_dies_breaks_the_pool_and_respawns_nothing",
     initializer_that_dies_breaks_the_pool_and_respawns_nothing, 0},
    {"initializer_that_ends_its_thread_breaks_the_pool",
     initializer_that_ends_its_thread_breaks_the_pool, 0},
    {"finalizer_runs_at_join_in_each_worker_that_worked",
     finalizer_runs_at_join_in_each_worker_that_worked, 0},
    {"finalizer_needs_no_initializer", finalizer_needs_no_initializer, 0},
    {"destroy_alone_calls_no_finalizer", destroy_alone_calls_no_finalizer, 0},
    {"join_waits_for_finalizers_in_its_time",
     join_waits_for_finalizers_in_its_time, 0},
    {"finalizer_that_fails_or_dies_hangs_nobody",
     finalizer_that_fails_or_dies_hangs_nobody, 0},
    {"child_is_replaced_after_so_many_tasks",
     child_is_replaced_after_so_many_tasks, 0},
    {"all_workers_prepare_themselves_again_after_so_many_tasks",
     all_workers_prepare_themselves_again_after_so_many_tasks, 60},
    {"pools_with_a_setup_leave_nothing", pools_with_a_setup_leave_nothing, 60},
};

int main(int argc, char **argv)
{
    return suite_main("pool_setup", tests, MRT_COUNT(tests), argc, argv);
}
