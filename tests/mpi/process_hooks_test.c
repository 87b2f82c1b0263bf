/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hooks of a language's runtime: around the fork of the server, and first
 * and last in each child.
 */
#include "mpi/process_support.h"

#include <unistd.h>

/* What the hooks have left in this process. */
static struct seen {
    pid_t begun;
    int begins;
    int befores;
    int afters;
    bool endpoint_at_begin;
} seen;

/* Where the end of this process is told; a file that it has opened. */
static const stage *told;
static FILE *file;

static void begin(void *user)
{
    struct seen *here = user;
    mr_process self;

    here->begun = getpid();
    here->begins++;
    here->endpoint_at_begin = mr_process_current(&self) == MR_OK;
}

static void end(void *user)
{
    (void)user;
    if (told) {
        CHILD_OK(mr_queue_put(told->said, "end", 4, GUARD));
    }
    if (file) {
        fputs("ended", file);
    }
}

static void before(void *user)
{
    ((struct seen *)user)->befores++;
}

static void after(void *user)
{
    ((struct seen *)user)->afters++;
}

static int look_at_hooks(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    CHILD_CHECK(seen.begun == getpid());
    CHILD_CHECK(seen.begins == 1);
    CHILD_CHECK(seen.endpoint_at_begin);
    return child_result();
}

static void child_begins_with_the_hook(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_hooks, NULL, 0);
    }
    MRT_EQUAL(seen.begins, 0);
}

/* A worker that is a rank never began as a child. */
static mr_error look_in_task(const void *in, void *out, const mr_task *task)
{
    bool child = seen.befores == 1 && seen.afters == 0;
    bool rank = seen.befores == 1 && seen.afters == 1;

    (void)in;
    (void)task;
    *(bool *)out = child ? seen.begun == getpid() && seen.begins == 1
                         : rank && seen.begins == 0;
    return MR_OK;
}

static void pool_workers_that_are_children_begin_with_the_hook(void)
{
    enum { TASKS = 200 };
    const mr_pool_options options = {.workers = (size_t)mr_size() + 2};
    bool good[TASKS] = {false};
    mr_pool pool;

    if (!MRT_OK(mr_pool_create(&pool, &options))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, look_in_task, NULL, 0, NULL, 0, good, sizeof *good,
                       TASKS, NULL));
    for (int i = 0; i < TASKS; i++) {
        MRT_CHECK(good[i]);
    }
    MRT_OK(mr_pool_destroy(pool));
}

static int look_at_image(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    CHILD_CHECK(seen.befores == 1 && seen.afters == 0);
    return child_result();
}

static void child_is_in_the_state_before_the_fork(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_image, NULL, 0);
    }
    MRT_EQUAL(seen.befores, 1);
    MRT_EQUAL(seen.afters, 1);
}

/* Leaves a child, and ends as it is told. */
static int leave_child(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_process child;

    (void)size;
    CHILD_OK(mr_process_create(&child, wait_until_told, s, sizeof *s, NULL));
    CHILD_OK(mr_process_start(child));
    told = s;
    if (s->how == 1) {
        exit(child_result());
    }
    return child_result();
}

static void end_hook_runs_before_children_are_joined(void)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (s.how = 0; s.how < 2; s.how++) {
        for (int rank = 0; rank < mr_size(); rank++) {
            mr_process process;
            char heard[2][4] = {"", ""};

            START(&process, rank, leave_child, &s, sizeof s);
            for (int i = 0; i < 2; i++) {
                MRT_OK(mr_queue_get(s.said, heard[i], sizeof heard[i], NULL,
                                    GUARD));
            }
            MRT_TEXT(heard[*heard[0] ? 0 : 1], "end");
            tell(&s);
            END(process, 0);
        }
    }
    destroy_stage(&s);
}

static int write_at_the_end(const void *argument, size_t size)
{
    (void)size;
    file = fopen(argument, "w");
    CHILD_CHECK(file != NULL);
    return child_result();
}

static void end_hook_runs_before_stdio_is_flushed(void)
{
    char path[] = "/tmp/process_hooks_XXXXXX";
    int descriptor = mkstemp(path);
    char text[8] = "";

    if (MRT_CHECK(descriptor >= 0)) {
        RUN(0, write_at_the_end, path, sizeof path);
        MRT_EQUAL(read(descriptor, text, sizeof text - 1), 5);
        MRT_TEXT(text, "ended");
        close(descriptor);
        unlink(path);
    }
}

/* A process that is killed says nothing. */
static int die_with_hook(const void *argument, size_t size)
{
    (void)size;
    told = argument;
    _exit(3);
}

static void end_hook_does_not_run_in_a_process_that_leaves(void)
{
    mr_process process;
    size_t count = 1;
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    START(&process, ANYWHERE, die_with_hook, &s, sizeof s);
    END(process, 3);
    MRT_OK(mr_queue_qsize(s.said, &count));
    MRT_EQUAL(count, 0);
    destroy_stage(&s);
}

static void hooks_are_refused_once_the_job_runs(void)
{
    MRT_ERROR(mr_child_hooks(begin, end, &seen), MR_ERR_STATE);
    MRT_ERROR(mr_fork_hooks(before, after, &seen), MR_ERR_STATE);
}

static const mrt_test tests[] = {
    {"child_begins_with_the_hook", child_begins_with_the_hook, 0},
    {"pool_workers_that_are_children_begin_with_the_hook",
     pool_workers_that_are_children_begin_with_the_hook, 0},
    {"child_is_in_the_state_before_the_fork",
     child_is_in_the_state_before_the_fork, 0},
    {"end_hook_runs_before_children_are_joined",
     end_hook_runs_before_children_are_joined, 0},
    {"end_hook_runs_before_stdio_is_flushed",
     end_hook_runs_before_stdio_is_flushed, 0},
    {"end_hook_does_not_run_in_a_process_that_leaves",
     end_hook_does_not_run_in_a_process_that_leaves, 0},
    {"hooks_are_refused_once_the_job_runs", hooks_are_refused_once_the_job_runs,
     0},
};

int main(int argc, char **argv)
{
    if (mr_child_hooks(begin, end, &seen) ||
        mr_fork_hooks(before, after, &seen)) {
        return EXIT_FAILURE;
    }
    return suite_main("process_hooks", tests, MRT_COUNT(tests), argc, argv);
}
