/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_process: what it refuses, many processes, their names and
 * places.  Its life is in process_edges_test.c.
 */
#include "mpi/process_support.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Create */

static void process_create_refuses_bad_arguments(void)
{
    char name[MR_NAME_SIZE + 1];
    mr_process_options options = {.name = name};
    mr_process process;

    MRT_ERROR(mr_process_create(NULL, nothing, NULL, 0, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_create(&process, NULL, NULL, 0, NULL),
              MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_create(&process, nothing, NULL, 1, NULL),
              MR_ERR_ARGUMENT);
    memset(name, 'x', sizeof name);
    name[MR_NAME_SIZE] = '\0';
    MRT_ERROR(mr_process_create(&process, nothing, NULL, 0, &options),
              MR_ERR_ARGUMENT);
}

static void process_create_refuses_ranks_that_do_not_exist(void)
{
    const int places[] = {MR_ON_RANK(mr_size()), -1, INT32_MAX, INT32_MIN};
    mr_process process;

    for (size_t i = 0; i < MRT_COUNT(places); i++) {
        const mr_process_options options = {.place = places[i]};

        MRT_ERROR(mr_process_create(&process, nothing, NULL, 0, &options),
                  MR_ERR_ARGUMENT);
    }
}

static void process_create_refuses_arguments_that_can_never_fit(void)
{
    const size_t sizes[] = {(size_t)1 << 46, SIZE_MAX / 2, SIZE_MAX};
    mr_process process;
    char byte = 0;

    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        MRT_ERROR(mr_process_create(&process, nothing, &byte, sizes[i], NULL),
                  MR_ERR_TOO_LARGE);
    }
}

static void process_create_refuses_what_is_no_function(void)
{
    char *heap = malloc(64);
    mr_process_function *const none[] = {
        (mr_process_function *)(uintptr_t)heap,
        (mr_process_function *)(uintptr_t)16,
    };
    mr_process process;

    for (size_t i = 0; i < MRT_COUNT(none); i++) {
        MRT_ERROR(mr_process_create(&process, none[i], NULL, 0, NULL),
                  MR_ERR_FUNCTION);
    }
    free(heap);
}

static void everything_is_stale(mr_process process)
{
    char name[MR_NAME_SIZE] = "same";
    bool truth = true;
    int code = 77;
    int64_t pid = 88;

    MRT_ERROR(mr_process_start(process), MR_ERR_STALE);
    MRT_ERROR(mr_process_join(process, 0), MR_ERR_STALE);
    MRT_ERROR(mr_process_join(process, MR_FOREVER), MR_ERR_STALE);
    MRT_ERROR(mr_process_is_alive(process, &truth), MR_ERR_STALE);
    MRT_ERROR(mr_process_exit_code(process, &code), MR_ERR_STALE);
    MRT_ERROR(mr_process_terminate(process), MR_ERR_STALE);
    MRT_ERROR(mr_process_kill(process), MR_ERR_STALE);
    MRT_ERROR(mr_process_interrupt(process), MR_ERR_STALE);
    MRT_ERROR(mr_process_set_daemon(process, true), MR_ERR_STALE);
    MRT_ERROR(mr_process_daemon(process, &truth), MR_ERR_STALE);
    MRT_ERROR(mr_process_name(process, name, sizeof name), MR_ERR_STALE);
    MRT_ERROR(mr_process_pid(process, &pid), MR_ERR_STALE);
    MRT_ERROR(mr_process_destroy(process), MR_ERR_STALE);
    MRT_CHECK(truth && code == 77 && pid == 88);
    MRT_TEXT(name, "same");
}

static void process_is_stale_after_destroy(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process process, next;

        if (!START(&process, rank, nothing, NULL, 0)) {
            return;
        }
        END(process, 0);
        everything_is_stale(process);
        if (START(&next, rank, nothing, NULL, 0)) {
            everything_is_stale(process);
            END(next, 0);
        }
    }
}

static void process_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_process process;
    mr_queue queue;

    if (!MRT_OK(mr_process_create(&process, nothing, NULL, 0, NULL))) {
        return;
    }
    strange_handles(process.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_process){strange[i]});
    }
    MRT_OK(mr_process_destroy(process));
    if (MRT_OK(mr_queue_create(&queue, NULL))) {
        everything_is_stale((mr_process){queue.handle});
        MRT_OK(mr_queue_destroy(queue));
    }
}

static void process_questions_refuse_null(void)
{
    mr_process process;
    char name[MR_NAME_SIZE];

    if (!START(&process, ANYWHERE, nothing, NULL, 0)) {
        return;
    }
    MRT_ERROR(mr_process_is_alive(process, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_process_join(process, GUARD));
    MRT_ERROR(mr_process_exit_code(process, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_daemon(process, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_name(process, NULL, sizeof name), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_pid(process, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_join(process, NOT_A_NUMBER), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_current(NULL), MR_ERR_ARGUMENT);
    END(process, 0);
}

/* Join, destroy */

static void process_that_was_not_started_is_stale_after_destroy(void)
{
    mr_process process;

    if (MRT_OK(mr_process_create(&process, nothing, NULL, 0, NULL))) {
        MRT_OK(mr_process_destroy(process));
        everything_is_stale(process);
    }
}

static int join_another(const void *argument, size_t size)
{
    mr_process process = *(const mr_process *)argument;
    int code = -1;

    (void)size;
    CHILD_OK(mr_process_join(process, GUARD));
    CHILD_OK(mr_process_exit_code(process, &code));
    CHILD_CHECK(code == 0);
    return child_result();
}

static void process_may_be_joined_by_anybody(void)
{
    mr_process process, joiner[3];
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    START(&process, ANYWHERE, wait_until_told, &s, sizeof s);
    for (int i = 0; i < 3; i++) {
        START(&joiner[i], rank_of(i), join_another, &process, sizeof process);
    }
    hear(&s);
    for (int i = 0; i < 3; i++) {
        MRT_CHECK(child_sleeps(joiner[i]));
    }
    tell(&s);
    for (int i = 0; i < 3; i++) {
        END(joiner[i], 0);
    }
    END(process, 0);
    destroy_stage(&s);
}

static void *join_in_a_thread(void *argument)
{
    MRT_OK(mr_process_join(*(const mr_process *)argument, GUARD));
    return NULL;
}

static void process_may_be_joined_by_several_threads(void)
{
    pthread_t threads[4];
    mr_process process;
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    START(&process, ANYWHERE, wait_until_told, &s, sizeof s);
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, join_in_a_thread, &process);
    }
    hear(&s);
    tell(&s);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    END(process, 0);
    destroy_stage(&s);
}

static int join_itself(const void *argument, size_t size)
{
    mr_process self;

    (void)argument;
    (void)size;
    CHILD_OK(mr_process_current(&self));
    CHILD_ERROR(mr_process_join(self, MR_FOREVER), MR_ERR_STATE);
    CHILD_ERROR(mr_process_destroy(self), MR_ERR_STATE);
    CHILD_ERROR(mr_process_start(self), MR_ERR_STATE);
    return child_result();
}

static void process_cannot_join_itself(void)
{
    RUN(ANYWHERE, join_itself, NULL, 0);
}

static void *start_many_in_a_thread(void *argument)
{
    (void)argument;
    for (int i = 0; i < 10; i++) {
        RUN(ANYWHERE, nothing, NULL, 0);
    }
    return NULL;
}

static void process_may_be_started_by_several_threads(void)
{
    pthread_t threads[4];

    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, start_many_in_a_thread, NULL);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void two_hundred_processes_run_at_once(void)
{
    enum { COUNT = 200 };
    static mr_process processes[COUNT];

    for (int i = 0; i < COUNT; i++) {
        if (!START(&processes[i], ANYWHERE, return_the_argument, &i,
                   sizeof i)) {
            return;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        END(processes[i], i);
    }
}

static void two_hundred_processes_wait_at_once(void)
{
    enum { COUNT = 200 };
    static mr_process processes[COUNT];
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        if (!START(&processes[i], ANYWHERE, wait_until_told, &s, sizeof s)) {
            return;
        }
    }
    for (int i = 0; i < COUNT; i++) {
        hear(&s);
    }
    for (int i = 0; i < COUNT; i++) {
        tell(&s);
    }
    for (int i = 0; i < COUNT; i++) {
        END(processes[i], 0);
    }
    destroy_stage(&s);
}

static void processes_run_one_after_the_other(void)
{
    for (int i = 0; i < 500; i++) {
        if (!RUN(rank_of(i), nothing, NULL, 0)) {
            return;
        }
    }
}

/* Name, pid, place */

static int number_after(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0
               ? atoi(name + strlen(prefix))
               : -1;
}

static void process_names_count_up(void)
{
    mr_process first, second;
    char name[MR_NAME_SIZE] = "", next[MR_NAME_SIZE] = "";

    if (!MRT_OK(mr_process_create(&first, nothing, NULL, 0, NULL)) ||
        !MRT_OK(mr_process_create(&second, nothing, NULL, 0, NULL))) {
        return;
    }
    MRT_OK(mr_process_name(first, name, sizeof name));
    MRT_OK(mr_process_name(second, next, sizeof next));
    MRT_CHECK(number_after(name, "Process-") > 0);
    MRT_EQUAL(number_after(next, "Process-"),
              number_after(name, "Process-") + 1);
    MRT_OK(mr_process_destroy(first));
    MRT_OK(mr_process_destroy(second));
}

static void process_may_be_named(void)
{
    char longest[MR_NAME_SIZE];
    const mr_process_options short_name = {.name = "worker of mine"};
    const mr_process_options long_name = {.name = longest};
    mr_process process;
    char name[MR_NAME_SIZE] = "";

    memset(longest, 'n', sizeof longest);
    longest[MR_NAME_SIZE - 1] = '\0';
    if (!MRT_OK(mr_process_create(&process, nothing, NULL, 0, &long_name))) {
        return;
    }
    MRT_OK(mr_process_name(process, name, sizeof name));
    MRT_TEXT(name, longest);
    MRT_OK(mr_process_destroy(process));
    MRT_OK(mr_process_create(&process, nothing, NULL, 0, &short_name));
    MRT_OK(mr_process_name(process, name, sizeof name));
    MRT_TEXT(name, "worker of mine");
    memset(name, '-', sizeof name);
    MRT_ERROR(mr_process_name(process, name, 14), MR_ERR_TRUNCATED);
    MRT_ERROR(mr_process_name(process, name, 0), MR_ERR_TRUNCATED);
    MRT_EQUAL(name[0], '-');
    MRT_OK(mr_process_name(process, name, 15));
    MRT_TEXT(name, "worker of mine");
    MRT_OK(mr_process_destroy(process));
}

/* Says its own name, and those of its children. */
static int tell_names(const void *argument, size_t size)
{
    mr_queue said = *(const mr_queue *)argument;
    char name[MR_NAME_SIZE];
    mr_process self, child;

    (void)size;
    CHILD_OK(mr_process_current(&self));
    CHILD_OK(mr_process_name(self, name, sizeof name));
    CHILD_OK(mr_queue_put(said, name, sizeof name, GUARD));
    for (int i = 0; i < 2; i++) {
        CHILD_OK(mr_process_create(&child, nothing, NULL, 0, NULL));
        CHILD_OK(mr_process_name(child, name, sizeof name));
        CHILD_OK(mr_queue_put(said, name, sizeof name, GUARD));
        CHILD_OK(mr_process_destroy(child));
    }
    return child_result();
}

static void process_name_is_the_path_of_child_counters(void)
{
    char name[MR_NAME_SIZE], heard[MR_NAME_SIZE], expected[2 * MR_NAME_SIZE];
    mr_process process;
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    START(&process, ANYWHERE, tell_names, &s.said, sizeof s.said);
    MRT_OK(mr_process_name(process, name, sizeof name));
    END(process, 0);
    MRT_OK(mr_queue_get(s.said, heard, sizeof heard, NULL, 0));
    MRT_TEXT(heard, name);
    for (int i = 1; i <= 2; i++) {
        snprintf(expected, sizeof expected, "%s:%d", name, i);
        MRT_OK(mr_queue_get(s.said, heard, sizeof heard, NULL, 0));
        MRT_TEXT(heard, expected);
    }
    destroy_stage(&s);
}

typedef struct self {
    mr_process process;
    int64_t pid;
    int rank;
} self;

static int tell_self(const void *argument, size_t size)
{
    mr_queue said = *(const mr_queue *)argument;
    self me;

    (void)size;
    memset(&me, 0, sizeof me);
    CHILD_OK(mr_process_current(&me.process));
    me.pid = getpid();
    me.rank = mr_rank();
    CHILD_OK(mr_queue_put(said, &me, sizeof me, GUARD));
    return child_result();
}

static void process_knows_itself(void)
{
    mr_process process;
    int64_t pid = 0;
    stage s;
    self me;

    if (!make_stage(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        START(&process, rank, tell_self, &s.said, sizeof s.said);
        MRT_OK(mr_queue_get(s.said, &me, sizeof me, NULL, GUARD));
        MRT_OK(mr_process_pid(process, &pid));
        MRT_EQUAL(pid, me.pid);
        MRT_EQUAL(me.rank, rank);
        MRT_BYTES(&me.process, &process, sizeof process);
        END(process, 0);
    }
    destroy_stage(&s);
}

static void processes_are_placed_round_robin(void)
{
    int counts[64] = {0};
    stage s;
    self me;

    if (!make_stage(&s)) {
        return;
    }
    for (int i = 0; i < 3 * mr_size(); i++) {
        RUN(ANYWHERE, tell_self, &s.said, sizeof s.said);
        MRT_OK(mr_queue_get(s.said, &me, sizeof me, NULL, 0));
        counts[me.rank % 64]++;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        MRT_EQUAL(counts[rank], 3);
    }
    destroy_stage(&s);
}

static const mrt_test tests[] = {
    {"process_create_refuses_bad_arguments",
     process_create_refuses_bad_arguments, 0},
    {"process_create_refuses_ranks_that_do_not_exist",
     process_create_refuses_ranks_that_do_not_exist, 0},
    {"process_create_refuses_arguments_that_can_never_fit",
     process_create_refuses_arguments_that_can_never_fit, 0},
    {"process_create_refuses_what_is_no_function",
     process_create_refuses_what_is_no_function, 0},
    {"process_is_stale_after_destroy", process_is_stale_after_destroy, 0},
    {"process_handles_that_name_nothing_are_stale",
     process_handles_that_name_nothing_are_stale, 0},
    {"process_questions_refuse_null", process_questions_refuse_null, 0},
    MRT_TEST(process_that_was_not_started_is_stale_after_destroy),
    {"process_may_be_joined_by_anybody", process_may_be_joined_by_anybody, 0},
    {"process_may_be_joined_by_several_threads",
     process_may_be_joined_by_several_threads, 0},
    {"process_cannot_join_itself", process_cannot_join_itself, 0},
    {"process_may_be_started_by_several_threads",
     process_may_be_started_by_several_threads, 0},
    {"two_hundred_processes_run_at_once", two_hundred_processes_run_at_once,
     60},
    {"two_hundred_processes_wait_at_once", two_hundred_processes_wait_at_once,
     60},
    {"processes_run_one_after_the_other", processes_run_one_after_the_other,
     60},
    {"process_names_count_up", process_names_count_up, 0},
    {"process_may_be_named", process_may_be_named, 0},
    {"process_name_is_the_path_of_child_counters",
     process_name_is_the_path_of_child_counters, 0},
    {"process_knows_itself", process_knows_itself, 0},
    {"processes_are_placed_round_robin", processes_are_placed_round_robin, 0},
};

int main(int argc, char **argv)
{
    return suite_main("process", tests, MRT_COUNT(tests), argc, argv);
}
