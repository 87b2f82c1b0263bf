/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What users of multiprocessing expect of Process, one by one: start, join,
 * exit code, signals, close and daemons.  tests/edges.txt lists all of them.
 */
#include "mpi/process_support.h"

#include <signal.h>
#include <string.h>

/* A process on each rank, one after the other, which is in the middle of its
 * work; then it is told to end, and `after` sees it. */
static void look_while_and_after(void (*during)(mr_process process),
                                 void (*after)(mr_process process))
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process process;

        if (!START(&process, rank, wait_until_told, &s, sizeof s)) {
            break;
        }
        hear(&s);
        during(process);
        tell(&s);
        MRT_OK(mr_process_join(process, GUARD));
        after(process);
        END(process, 0);
    }
    destroy_stage(&s);
}

static void look_at_nothing(mr_process process)
{
    (void)process;
}

static bool is_alive(mr_process process)
{
    bool alive = false;

    return MRT_OK(mr_process_is_alive(process, &alive)) && alive;
}

static mr_process unstarted(void)
{
    mr_process process = {{0}};

    MRT_OK(mr_process_create(&process, nothing, NULL, 0, NULL));
    return process;
}

/* ---- start --------------------------------------------------------------- */

static void expect_no_start(mr_process process)
{
    MRT_ERROR(mr_process_start(process), MR_ERR_STATE);
}

static void process_is_started_at_most_once(void)
{
    look_while_and_after(expect_no_start, expect_no_start);
}

static int start_what_is_anothers(const void *argument, size_t size)
{
    mr_process process = *(const mr_process *)argument;

    (void)size;
    CHILD_ERROR(mr_process_start(process), MR_ERR_STATE);
    CHILD_ERROR(mr_process_set_daemon(process, true), MR_ERR_STATE);
    return child_result();
}

static void process_is_started_by_its_creator_alone(void)
{
    mr_process process = unstarted();

    for (int rank = 0; rank < mr_size(); rank++) {
        RUN(rank, start_what_is_anothers, &process, sizeof process);
    }
    MRT_OK(mr_process_start(process));
    END(process, 0);
}

/* ---- join ---------------------------------------------------------------- */

static void join_for_a_short_time(mr_process process)
{
    double started = mrt_now();

    MRT_ERROR(mr_process_join(process, SHORT), MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    MRT_CHECK(is_alive(process));
}

static void join_what_has_ended(mr_process process)
{
    MRT_OK(mr_process_join(process, SHORT));
    MRT_CHECK(!is_alive(process));
}

static void process_join_returns_whether_or_not_it_has_ended(void)
{
    look_while_and_after(join_for_a_short_time, join_what_has_ended);
}

static void join_three_times(mr_process process)
{
    MRT_OK(mr_process_join(process, MR_FOREVER));
    MRT_OK(mr_process_join(process, GUARD));
    MRT_OK(mr_process_join(process, 0));
}

static void process_join_may_be_repeated(void)
{
    look_while_and_after(join_for_a_short_time, join_three_times);
}

static void poll_it(mr_process process)
{
    MRT_ERROR(mr_process_join(process, 0), MR_ERR_TIMEOUT);
    MRT_CHECK(is_alive(process));
}

static void poll_what_has_ended(mr_process process)
{
    MRT_OK(mr_process_join(process, 0));
}

static void process_join_of_no_time_only_asks(void)
{
    look_while_and_after(poll_it, poll_what_has_ended);
}

/* ---- exit code ----------------------------------------------------------- */

static void has_no_exit_code(mr_process process)
{
    int code = 77;

    MRT_ERROR(mr_process_exit_code(process, &code), MR_ERR_STATE);
    MRT_EQUAL(code, 77);
}

static void process_exit_code_is_none_before_the_start_and_while_it_runs(void)
{
    mr_process process = unstarted();

    has_no_exit_code(process);
    MRT_OK(mr_process_destroy(process));
    look_while_and_after(has_no_exit_code, look_at_nothing);
}

static void has_returned_0(mr_process process)
{
    int code = 77;

    MRT_OK(mr_process_exit_code(process, &code));
    MRT_EQUAL(code, 0);
}

static void process_exit_code_is_0_on_return(void)
{
    look_while_and_after(look_at_nothing, has_returned_0);
}

/* ---- signals ------------------------------------------------------------- */

static void signal_it(mr_process process)
{
    MRT_OK(mr_process_terminate(process));
    MRT_OK(mr_process_kill(process));
    MRT_OK(mr_process_interrupt(process));
    has_returned_0(process);
}

static void process_that_has_ended_takes_no_signal(void)
{
    look_while_and_after(look_at_nothing, signal_it);
}

/* In Python the first of these is an AttributeError. */
static void process_that_was_not_started_cannot_be_terminated(void)
{
    mr_process process = unstarted();

    MRT_ERROR(mr_process_terminate(process), MR_ERR_STATE);
    MRT_ERROR(mr_process_kill(process), MR_ERR_STATE);
    MRT_ERROR(mr_process_interrupt(process), MR_ERR_STATE);
    MRT_OK(mr_process_start(process)); /* it is as it was */
    END(process, 0);
}

static void process_that_was_not_started_cannot_be_joined(void)
{
    mr_process process = unstarted();
    int64_t pid;

    MRT_CHECK(!is_alive(process));
    MRT_ERROR(mr_process_join(process, 0), MR_ERR_STATE);
    MRT_ERROR(mr_process_join(process, MR_FOREVER), MR_ERR_STATE);
    MRT_ERROR(mr_process_pid(process, &pid), MR_ERR_STATE);
    MRT_OK(mr_process_destroy(process));
}

/* ---- close --------------------------------------------------------------- */

static void close_it(mr_process process)
{
    MRT_ERROR(mr_process_destroy(process), MR_ERR_STATE);
    MRT_CHECK(is_alive(process));
}

static void process_cannot_be_destroyed_while_it_runs(void)
{
    look_while_and_after(close_it, look_at_nothing);
}

/* ---- daemons ------------------------------------------------------------- */

static int have_children(const void *argument, size_t size)
{
    const bool is_daemon = *(const bool *)argument;
    const mr_process_options options = {.daemon = true};
    bool inherited = true;
    mr_process child;

    (void)size;
    if (!is_daemon) {
        CHILD_OK(mr_process_create(&child, nothing, NULL, 0, NULL));
        CHILD_OK(mr_process_daemon(child, &inherited));
        CHILD_CHECK(!inherited);
        CHILD_OK(mr_process_destroy(child));
        return child_result();
    }
    CHILD_ERROR(mr_process_create(&child, nothing, NULL, 0, NULL),
                MR_ERR_STATE);
    CHILD_CHECK(strstr(mr_last_error(MR_ERR_STATE),
                       "a daemon may have no children") != NULL);
    CHILD_ERROR(mr_process_create(&child, nothing, NULL, 0, &options),
                MR_ERR_STATE);
    return child_result();
}

/* In Python a child of a daemon is one from its creation, and cannot be
 * started.  Here it cannot be created, and the error says so; the child of
 * another process is none in both. */
static void daemon_is_inherited_by_no_child_as_daemons_have_none(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        for (int daemon = 0; daemon < 2; daemon++) {
            const mr_process_options options = {.place = MR_ON_RANK(rank),
                                                .daemon = daemon};
            const bool is_daemon = daemon;
            mr_process process;

            MRT_OK(mr_process_create(&process, have_children, &is_daemon,
                                     sizeof is_daemon, &options));
            MRT_OK(mr_process_start(process));
            END(process, 0);
        }
    }
}

static void set_it(mr_process process)
{
    bool daemon = true;

    MRT_ERROR(mr_process_set_daemon(process, true), MR_ERR_STATE);
    MRT_OK(mr_process_daemon(process, &daemon));
    MRT_CHECK(!daemon);
}

static void daemon_is_settable_before_the_start_only(void)
{
    mr_process process = unstarted();
    bool daemon = true;

    for (int set = 1; set >= 0; set--) {
        MRT_OK(mr_process_set_daemon(process, set));
        MRT_OK(mr_process_daemon(process, &daemon));
        MRT_EQUAL(daemon, set);
    }
    MRT_OK(mr_process_destroy(process));
    look_while_and_after(set_it, set_it);
}

/* ---- sentinel ------------------------------------------------------------ */

static void process_handle_is_a_sentinel_to_wait_for(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process process;
        bool ready = false;
        stage s;

        if (!make_stage(&s)) {
            return;
        }
        START(&process, rank, wait_until_told, &s, sizeof s);
        hear(&s);
        MRT_ERROR(mr_wait(&process.handle, 1, SHORT, &ready), MR_ERR_TIMEOUT);
        tell(&s);
        for (int i = 0; i < 2; i++) {
            MRT_OK(mr_wait(&process.handle, 1, i ? 0 : GUARD, &ready));
            MRT_CHECK(ready);
        }
        END(process, 0);
        destroy_stage(&s);
    }
}

static const mrt_test tests[] = {
    MRT_TEST(process_is_started_at_most_once),
    MRT_TEST(process_is_started_by_its_creator_alone),
    MRT_TEST(process_join_returns_whether_or_not_it_has_ended),
    MRT_TEST(process_join_may_be_repeated),
    MRT_TEST(process_join_of_no_time_only_asks),
    MRT_TEST(process_exit_code_is_none_before_the_start_and_while_it_runs),
    MRT_TEST(process_exit_code_is_0_on_return),
    MRT_TEST(process_that_has_ended_takes_no_signal),
    MRT_TEST(process_that_was_not_started_cannot_be_terminated),
    MRT_TEST(process_that_was_not_started_cannot_be_joined),
    MRT_TEST(process_cannot_be_destroyed_while_it_runs),
    MRT_TEST(daemon_is_inherited_by_no_child_as_daemons_have_none),
    MRT_TEST(daemon_is_settable_before_the_start_only),
    MRT_TEST(process_handle_is_a_sentinel_to_wait_for),
};

int main(int argc, char **argv)
{
    return suite_main("process_edges", tests, MRT_COUNT(tests), argc, argv);
}
