/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The n-th allocation fails, for n = 1, 2, ... until the call needs no more of
 * them.  The call says so, nothing is lost by it, and the next one works.
 * Allocations of the fork servers and of other processes do not fail.
 */
#include "fault/kill.h"

/* An attempt; it undoes what it did if it succeeds. */
typedef mr_error attempt(scene *s);

typedef struct failing {
    const char *name;
    bool (*prepare)(scene *s);
    attempt *attempt;
    void (*finish)(scene *s);
    mr_error expected;
} failing;

static unsigned char item[HUGE_];

/* ---- attempts ------------------------------------------------------------ */

static mr_error create_lock(scene *s)
{
    mr_error error = mr_lock_create(&s->lock, NULL);

    return error ? error : mr_lock_destroy(s->lock);
}

static mr_error create_queue(scene *s)
{
    mr_error error = mr_queue_create(&s->queue, NULL);

    return error ? error : mr_queue_destroy(s->queue);
}

static mr_error create_pipe(scene *s)
{
    mr_error error = mr_pipe_create(&s->first, &s->second, true);

    if (!error) {
        error = mr_pipe_close(s->first);
    }
    return error ? error : mr_pipe_close(s->second);
}

static mr_error create_value(scene *s)
{
    mr_error error = mr_value_create(&s->value, MR_DOUBLE, NULL, NULL);

    return error ? error : mr_value_destroy(s->value);
}

static mr_error create_array(scene *s)
{
    mr_error error = mr_array_create(&s->array, MR_INT64, HUGE_, NULL, NULL);

    return error ? error : mr_array_destroy(s->array);
}

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static mr_error create_process(scene *s)
{
    mr_error error = mr_process_create(&s->process, nothing, item, LARGE, NULL);

    return error ? error : mr_process_destroy(s->process);
}

static mr_error create_process_with_ends(scene *s)
{
    const mr_process_options options = {.ends = &s->first, .ends_count = 1};
    mr_error error =
        mr_process_create(&s->process, nothing, item, LARGE, &options);

    return error ? error : mr_process_destroy(s->process);
}

static mr_error create_pool(scene *s)
{
    const mr_pool_options options = {.workers = (size_t)mr_size() + 1};
    mr_pool pool;
    mr_error error = mr_pool_create(&pool, &options);

    (void)s;
    return error ? error : mr_pool_destroy(pool);
}

static mr_error put_now(scene *s)
{
    return mr_queue_put(s->queue, item, s->item, 0);
}

/* It waits, and succeeds when there is memory again. */
static mr_error put_in_time(scene *s)
{
    return mr_queue_put(s->queue, item, s->item, GUARD);
}

static mr_error send_now(scene *s)
{
    return mr_pipe_send(s->second, item, s->item, 0);
}

static mr_error attach(scene *s)
{
    mr_error error = mr_pipe_attach(s->first);

    return error;
}

static mr_error wait_for_two(scene *s)
{
    const mr_handle handles[2] = {s->queue.handle, s->queue.handle};
    bool ready[2];
    mr_error error = mr_wait(handles, 2, 0.001, ready);

    return error == MR_ERR_TIMEOUT ? MR_OK : error;
}

static mr_error copy(const void *input, void *output, const mr_task *task)
{
    memcpy(output, input, task->input_size);
    return MR_OK;
}

static mr_pool pool;

static mr_error map_all(scene *s)
{
    int64_t inputs[8] = {1, 2, 3, 4, 5, 6, 7, 8}, outputs[8] = {0};
    mr_error error =
        mr_pool_map(pool, copy, item, SMALL, inputs, sizeof *inputs, outputs,
                    sizeof *outputs, MRT_COUNT(inputs), NULL);

    (void)s;
    if (!error) {
        MRT_BYTES(outputs, inputs, sizeof inputs);
    }
    return error;
}

static mr_error give_back(const void *input, void *output, const mr_task *task)
{
    (void)output;
    return mr_task_return(input, task->input_size);
}

static mr_error take_all(mr_iterator *iterator, const int64_t *inputs)
{
    mr_result result;
    mr_error error;

    while ((error = mr_iterator_next(iterator, &result, GUARD)) == MR_OK) {
        MRT_BYTES(result.data, &inputs[result.index], sizeof *inputs);
    }
    return error == MR_ERR_END_OF_FILE ? MR_OK : error;
}

static mr_error iterate_all(scene *s)
{
    int64_t inputs[20] = {0, 1, 2, 3, 5, 8};
    mr_iterator *iterator;
    mr_error error =
        mr_pool_imap(&iterator, pool, give_back, item, SMALL, inputs,
                     sizeof *inputs, MRT_COUNT(inputs), NULL);

    (void)s;
    if (!error) {
        error = take_all(iterator, inputs);
        MRT_OK(mr_iterator_destroy(iterator));
    }
    return error;
}

/* ---- scenes -------------------------------------------------------------- */

static bool no_scene(scene *s)
{
    (void)s;
    return true;
}

static void no_finish(scene *s)
{
    (void)s;
}

static bool queue_of(scene *s, size_t size, int items)
{
    s->item = size;
    if (!MRT_OK(mr_queue_create(&s->queue, NULL))) {
        return false;
    }
    for (int i = 0; i < items; i++) {
        MRT_OK(mr_queue_put(s->queue, item, SMALL, GUARD));
    }
    return true;
}

static bool empty_queue(scene *s)
{
    return queue_of(s, SMALL, 0);
}

static bool queue_for_large(scene *s)
{
    return queue_of(s, LARGE, 0);
}

static bool queue_for_huge(scene *s)
{
    return queue_of(s, HUGE_, 0);
}

static bool full_block(scene *s)
{
    return queue_of(s, LARGE, 31);
}

/* All that was put is there, and no more. */
static void finish_queue(scene *s)
{
    size_t size = 0, count = 0, last = 0;

    MRT_OK(mr_queue_qsize(s->queue, &count));
    for (size_t i = 0; i < count; i++) {
        MRT_OK(mr_queue_get(s->queue, item, sizeof item, &size, 0));
        last = size;
    }
    MRT_EQUAL(last, s->item);
    MRT_OK(mr_queue_put(s->queue, item, LARGE, GUARD));
    MRT_OK(mr_queue_get(s->queue, item, sizeof item, &size, GUARD));
    MRT_EQUAL(size, LARGE);
    MRT_OK(mr_queue_destroy(s->queue));
}

static void destroy_queue(scene *s)
{
    MRT_OK(mr_queue_destroy(s->queue));
}

static bool make_pipe(scene *s)
{
    s->item = LARGE;
    return MRT_OK(mr_pipe_create(&s->first, &s->second, true));
}

static void finish_pipe(scene *s)
{
    size_t size = 0;

    MRT_OK(mr_pipe_recv(s->first, item, sizeof item, &size, 0));
    MRT_EQUAL(size, s->item);
    MRT_ERROR(mr_pipe_recv(s->first, item, sizeof item, &size, 0),
              MR_ERR_TIMEOUT);
    MRT_OK(mr_pipe_close(s->first));
    MRT_OK(mr_pipe_close(s->second));
}

static void close_pipe(scene *s)
{
    MRT_OK(mr_pipe_close(s->first));
    MRT_OK(mr_pipe_close(s->second));
}

/* ---- the table of holders grows ------------------------------------------ */

enum { HOLDERS = 7 };

/* Rank 0 holds both ends; with the processes the table has no row left. */
static mr_process holders[HOLDERS];

static bool many_holders(scene *s)
{
    const mr_process_options options = {.ends = &s->first, .ends_count = 1};

    if (!make_pipe(s)) {
        return false;
    }
    for (int i = 0; i < HOLDERS - 1; i++) {
        MRT_OK(mr_process_create(&holders[i], nothing, NULL, 0, &options));
    }
    return !mrt_failed();
}

static void no_holders(scene *s)
{
    for (int i = 0; i < HOLDERS - 1; i++) {
        MRT_OK(mr_process_destroy(holders[i]));
    }
    close_pipe(s);
}

static bool make_pool(scene *s)
{
    const mr_pool_options options = {.workers = (size_t)mr_size() + 1};

    (void)s;
    return MRT_OK(mr_pool_create(&pool, &options));
}

static void destroy_pool(scene *s)
{
    (void)s;
    MRT_OK(mr_pool_destroy(pool));
}

static const failing table[] = {
    {"lock_create", no_scene, create_lock, no_finish, MR_ERR_NO_MEMORY},
    {"queue_create", no_scene, create_queue, no_finish, MR_ERR_NO_MEMORY},
    {"pipe_create", no_scene, create_pipe, no_finish, MR_ERR_NO_MEMORY},
    {"value_create", no_scene, create_value, no_finish, MR_ERR_NO_MEMORY},
    {"array_create", no_scene, create_array, no_finish, MR_ERR_NO_MEMORY},
    {"process_create", no_scene, create_process, no_finish, MR_ERR_NO_MEMORY},
    {"process_create_with_ends", make_pipe, create_process_with_ends,
     close_pipe, MR_ERR_NO_MEMORY},
    {"process_create_with_many_holders", many_holders, create_process_with_ends,
     no_holders, MR_ERR_NO_MEMORY},
    {"pool_create", no_scene, create_pool, no_finish, MR_ERR_NO_MEMORY},
    {"pool_map", make_pool, map_all, destroy_pool, MR_ERR_NO_MEMORY},
    {"pool_imap", make_pool, iterate_all, destroy_pool, MR_ERR_NO_MEMORY},
    {"queue_put_small", empty_queue, put_now, finish_queue, MR_ERR_TIMEOUT},
    {"queue_put_large", queue_for_large, put_now, finish_queue, MR_ERR_TIMEOUT},
    {"queue_put_huge", queue_for_huge, put_now, finish_queue, MR_ERR_TIMEOUT},
    {"queue_put_into_next_block", full_block, put_now, finish_queue,
     MR_ERR_TIMEOUT},
    {"queue_put_waits", full_block, put_in_time, finish_queue, MR_OK},
    {"pipe_send", make_pipe, send_now, finish_pipe, MR_ERR_TIMEOUT},
    {"pipe_attach", make_pipe, attach, close_pipe, MR_ERR_NO_MEMORY},
    {"wait_for_two", empty_queue, wait_for_two, destroy_queue,
     MR_ERR_NO_MEMORY},
};

/* Each n, with a scene of its own; at last without a failure. */
static void fail_each_allocation(void)
{
    const failing *row = table;
    bool failed = true;
    int64_t n;

    while (strcmp(row->name, mrt_name()) != 0) {
        row++;
    }
    await_start();
    for (n = 1; failed && n < MOST_KILLS; n++) {
        census before = take_census();
        scene s;
        mr_error error;

        memset(&s, 0, sizeof s);
        if (!row->prepare(&s)) {
            return;
        }
        mri_fault_fail_allocation(n);
        error = row->attempt(&s);
        failed = mri_fault_fail_allocation(0) == 0;
        /* The allocator may find another way, but not for the first; a map is
         * made smaller. */
        MRT_CHECK(error == MR_OK || error == row->expected);
        MRT_CHECK(failed || error == MR_OK);
        MRT_CHECK(!failed || n > 1 || row->attempt == map_all ||
                  error == row->expected);
        if (failed && error) {
            MRT_OK(row->attempt(&s));
        }
        row->finish(&s);
        check_census(&before);
        if (mrt_failed()) {
            MRT_FAIL("%s: with failing allocation %lld: %s", row->name,
                     (long long)n, mr_error_name(error));
            return;
        }
    }
    if (getenv("MULTIRANK_TEST_VERBOSE")) {
        printf("       %s: %lld allocations\n", row->name, (long long)n - 2);
    }
}

const operation operations[] = {{.name = ""}};

int main(int argc, char **argv)
{
    mrt_test tests[MRT_COUNT(table)];

    for (size_t i = 0; i < MRT_COUNT(table); i++) {
        tests[i] = (mrt_test){table[i].name, fail_each_allocation, 60};
    }
    return kill_main("fault/memory", 0, tests, MRT_COUNT(tests), argc, argv);
}
