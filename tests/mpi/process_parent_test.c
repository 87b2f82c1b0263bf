/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calls that tell a caller its own process, also in main and in tasks, its
 * parent, and its active children.
 */
#include "mpi/process_support.h"

#include <multirank/wait.h>

#include <signal.h>
#include <unistd.h>

/* Main is a process */

static void main_is_a_process(void)
{
    char name[MR_NAME_SIZE] = "";
    mr_process self;
    bool truth = false;
    int64_t pid = 0;

    if (!MRT_OK(mr_process_current(&self))) {
        return;
    }
    MRT_OK(mr_process_name(self, name, sizeof name));
    MRT_TEXT(name, "MainProcess");
    MRT_OK(mr_process_pid(self, &pid));
    MRT_EQUAL(pid, getpid());
    MRT_OK(mr_process_is_alive(self, &truth));
    MRT_CHECK(truth);
    MRT_OK(mr_process_daemon(self, &truth));
    MRT_CHECK(!truth);
}

/* The calls that only its creator or its fork server could serve. */
static void refuse(mr_process process)
{
    int code = 7;

    CHILD_ERROR(mr_process_start(process), MR_ERR_STATE);
    CHILD_ERROR(mr_process_exit_code(process, &code), MR_ERR_STATE);
    CHILD_ERROR(mr_process_terminate(process), MR_ERR_STATE);
    CHILD_ERROR(mr_process_kill(process), MR_ERR_STATE);
    CHILD_ERROR(mr_process_interrupt(process), MR_ERR_STATE);
    CHILD_ERROR(mr_process_set_daemon(process, true), MR_ERR_STATE);
    CHILD_ERROR(mr_process_destroy(process), MR_ERR_STATE);
    CHILD_CHECK(code == 7);
}

static void main_cannot_join_or_end_itself(void)
{
    mr_process self;

    if (MRT_OK(mr_process_current(&self))) {
        MRT_ERROR(mr_process_join(self, 0), MR_ERR_STATE);
        MRT_ERROR(mr_process_join(self, MR_FOREVER), MR_ERR_STATE);
        refuse(self);
        MRT_EQUAL(child_failures, 0);
    }
}

static mr_error name_the_process(const void *in, void *out, const mr_task *task)
{
    mr_process self, parent;
    char name[MR_NAME_SIZE];
    char expected[MR_NAME_SIZE];
    bool alive = false;
    int64_t pid = 0;
    mr_error error = mr_process_current(&self);

    (void)in;
    (void)task;
    if (!error) {
        error = mr_process_name(self, name, sizeof name);
    }
    if (!error) {
        error = mr_process_pid(self, &pid);
    }
    if (!error) {
        error = mr_process_is_alive(self, &alive);
    }
    snprintf(expected, sizeof expected, "Rank-%d", mr_rank());
    *(bool *)out = alive && pid == getpid() &&
                   (strncmp(name, "PoolWorker-", 11) == 0
                        ? mr_process_parent(&parent) == MR_OK
                        : strcmp(name, expected) == 0 &&
                              mr_process_parent(&parent) == MR_ERR_STATE);
    return error;
}

static void tasks_know_the_process_in_which_they_run(void)
{
    enum { TASKS = 100 };
    const mr_pool_options options = {.workers = (size_t)mr_size() + 1};
    bool good[TASKS] = {false};
    mr_pool pool;

    if (!MRT_OK(mr_pool_create(&pool, &options))) {
        return;
    }
    MRT_OK(mr_pool_map(pool, name_the_process, NULL, 0, NULL, 0, good,
                       sizeof *good, TASKS, NULL));
    for (int i = 0; i < TASKS; i++) {
        MRT_CHECK(good[i]);
    }
    MRT_OK(mr_pool_destroy(pool));
}

/* Parents */

static int look_at_main(const void *argument, size_t size)
{
    mr_process expected = *(const mr_process *)argument;
    char name[MR_NAME_SIZE] = "";
    bool ready = true, alive = false;
    mr_process parent;

    (void)size;
    CHILD_OK(mr_process_parent(&parent));
    CHILD_CHECK(memcmp(&parent, &expected, sizeof parent) == 0);
    CHILD_OK(mr_process_name(parent, name, sizeof name));
    CHILD_CHECK(strcmp(name, "MainProcess") == 0);
    CHILD_OK(mr_process_is_alive(parent, &alive));
    CHILD_CHECK(alive);
    CHILD_ERROR(mr_process_join(parent, 0), MR_ERR_TIMEOUT);
    CHILD_ERROR(mr_process_join(parent, SHORT), MR_ERR_TIMEOUT);
    CHILD_ERROR(mr_wait(&parent.handle, 1, 0, &ready), MR_ERR_TIMEOUT);
    refuse(parent);
    return child_result();
}

static void parent_of_a_process_of_main_is_main(void)
{
    mr_process self, parent;

    MRT_ERROR(mr_process_parent(&parent), MR_ERR_STATE);
    MRT_ERROR(mr_process_parent(NULL), MR_ERR_ARGUMENT);
    if (!MRT_OK(mr_process_current(&self))) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, look_at_main, &self, sizeof self);
    }
}

/* Waits for the end of its parent, which is then destroyed. */
static int outlive(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_process parent;
    bool ready = false, alive = true;

    (void)size;
    CHILD_OK(mr_process_parent(&parent));
    CHILD_OK(mr_process_is_alive(parent, &alive));
    CHILD_CHECK(alive);
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    CHILD_OK(mr_wait(&parent.handle, 1, GUARD, &ready));
    CHILD_CHECK(ready);
    CHILD_OK(mr_process_join(parent, GUARD));
    CHILD_OK(mr_process_is_alive(parent, &alive));
    CHILD_CHECK(!alive);
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, GUARD));
    CHILD_ERROR(mr_process_is_alive(parent, &alive), MR_ERR_STALE);
    return child_result();
}

static int start_and_be_killed(const void *argument, size_t size)
{
    const stage *s = argument;
    const mr_process_options options = {.place = MR_ON_RANK(s->how)};
    mr_process child;

    CHILD_OK(mr_process_create(&child, outlive, s, size, &options));
    CHILD_OK(mr_process_start(child));
    CHILD_OK(mr_queue_put(s->children, &child, sizeof child, GUARD));
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

static void process_that_outlives_its_killed_parent_is_told(void)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process parent, child;

        s.how = rank_of(rank + 1);
        START(&parent, rank, start_and_be_killed, &s, sizeof s);
        if (!MRT_OK(
                mr_queue_get(s.children, &child, sizeof child, NULL, GUARD))) {
            break;
        }
        hear(&s);
        MRT_OK(mr_process_kill(parent));
        hear(&s);
        END(parent, -SIGKILL);
        tell(&s);
        END(child, 0);
    }
    destroy_stage(&s);
}

/* Children */

static bool is_among(const mr_process *list, size_t count, mr_process process)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&list[i], &process, sizeof process) == 0) {
            return true;
        }
    }
    return false;
}

static void active_children_leave_out_those_that_ended(void)
{
    mr_process unstarted, active[2], ended, list[8];
    size_t count = 77;
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    MRT_OK(mr_process_children(NULL, 0, &count));
    MRT_EQUAL(count, 0);
    MRT_OK(mr_process_create(&unstarted, nothing, NULL, 0, NULL));
    START(&active[0], 0, wait_until_told, &s, sizeof s);
    START(&active[1], mr_size() - 1, wait_until_told, &s, sizeof s);
    START(&ended, mr_size() - 1, nothing, NULL, 0);
    MRT_OK(mr_process_join(ended, GUARD));
    MRT_OK(mr_process_children(list, 8, &count));
    MRT_EQUAL(count, 2);
    MRT_CHECK(is_among(list, count, active[0]));
    MRT_CHECK(is_among(list, count, active[1]));
    MRT_ERROR(mr_process_children(list, 1, &count), MR_ERR_TRUNCATED);
    MRT_EQUAL(count, 2);
    MRT_ERROR(mr_process_children(list, 1, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_process_children(NULL, 1, &count), MR_ERR_ARGUMENT);
    for (int i = 0; i < 2; i++) {
        tell(&s);
    }
    END(active[0], 0);
    END(active[1], 0);
    END(ended, 0);
    MRT_OK(mr_process_destroy(unstarted));
    MRT_OK(mr_process_children(list, 8, &count));
    MRT_EQUAL(count, 0);
    destroy_stage(&s);
}

/* Those of its creator are not its own. */
static int count_children(const void *argument, size_t size)
{
    const stage *s = argument;
    size_t count = 77;
    mr_process child;

    CHILD_OK(mr_process_children(NULL, 0, &count));
    CHILD_CHECK(count == 0);
    CHILD_OK(mr_process_create(&child, wait_until_told, s, size, NULL));
    CHILD_OK(mr_process_start(child));
    CHILD_ERROR(mr_process_children(NULL, 0, &count), MR_ERR_TRUNCATED);
    CHILD_CHECK(count == 1);
    CHILD_OK(mr_queue_put(s->go, NULL, 0, GUARD));
    return child_result();
}

static void active_children_are_those_of_the_caller(void)
{
    mr_process other;
    stage s, theirs;

    if (!make_stage(&s) || !make_stage(&theirs)) {
        return;
    }
    START(&other, ANYWHERE, wait_until_told, &s, sizeof s);
    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, count_children, &theirs, sizeof theirs);
    }
    tell(&s);
    END(other, 0);
    destroy_stage(&s);
    destroy_stage(&theirs);
}

static const mrt_test tests[] = {
    {"main_is_a_process", main_is_a_process, 0},
    {"main_cannot_join_or_end_itself", main_cannot_join_or_end_itself, 0},
    {"tasks_know_the_process_in_which_they_run",
     tasks_know_the_process_in_which_they_run, 0},
    {"parent_of_a_process_of_main_is_main", parent_of_a_process_of_main_is_main,
     0},
    {"process_that_outlives_its_killed_parent_is_told",
     process_that_outlives_its_killed_parent_is_told, 0},
    {"active_children_leave_out_those_that_ended",
     active_children_leave_out_those_that_ended, 0},
    {"active_children_are_those_of_the_caller",
     active_children_are_those_of_the_caller, 0},
};

int main(int argc, char **argv)
{
    return suite_main("process_parent", tests, MRT_COUNT(tests), argc, argv);
}
