/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a process ends: by itself, by a signal of its own or of others, and what
 * its exit code says then.
 */
#include "mpi/process_support.h"

#include <signal.h>
#include <unistd.h>

static int exit_with_the_argument(const void *argument, size_t size)
{
    (void)size;
    exit(*(const int *)argument);
}

static int leave_with_the_argument(const void *argument, size_t size)
{
    (void)size;
    _exit(*(const int *)argument);
}

static void process_exit_code_is_taken_modulo_256(void)
{
    static const int codes[] = {0, 1, 3, 127, 128, 255, 256, 257, 1000, -1};

    for (size_t i = 0; i < MRT_COUNT(codes); i++) {
        mr_process returns, exits, leaves;
        int code = codes[i];

        START(&returns, rank_of((int)i), return_the_argument, &code,
              sizeof code);
        START(&exits, ANYWHERE, exit_with_the_argument, &code, sizeof code);
        START(&leaves, ANYWHERE, leave_with_the_argument, &code, sizeof code);
        END(returns, code & 0xff);
        END(exits, code & 0xff);
        END(leaves, code & 0xff);
    }
}

static int die_by_signal(const void *argument, size_t size)
{
    int number = *(const int *)argument;

    (void)size;
    forbid_core();
    if (number == SIGABRT) {
        abort();
    }
    if (number == SIGSEGV) {
        crash();
    }
    raise(number);
    return 0;
}

static void process_exit_code_is_minus_the_signal(void)
{
    static const int numbers[] = {SIGABRT, SIGSEGV, SIGKILL, SIGTERM, SIGINT,
                                  SIGHUP,  SIGUSR1, SIGFPE,  SIGPIPE};

    for (size_t i = 0; i < MRT_COUNT(numbers); i++) {
        mr_process process;

        START(&process, rank_of((int)i), die_by_signal, &numbers[i],
              sizeof numbers[i]);
        END(process, -numbers[i]);
    }
}

static void process_can_be_terminated_killed_and_interrupted(void)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process terminated, killed, interrupted;

        START(&terminated, rank, wait_until_told, &s, sizeof s);
        START(&killed, rank, wait_until_told, &s, sizeof s);
        START(&interrupted, rank, wait_until_told, &s, sizeof s);
        hear(&s);
        hear(&s);
        hear(&s);
        MRT_OK(mr_process_terminate(terminated));
        MRT_OK(mr_process_kill(killed));
        MRT_OK(mr_process_interrupt(interrupted));
        END(terminated, -SIGTERM);
        END(killed, -SIGKILL);
        END(interrupted, -SIGINT);
    }
    destroy_stage(&s);
}

static int take_interrupt(const void *argument, size_t size)
{
    const stage *s = argument;
    sigset_t interrupt;
    int number = 0;

    (void)size;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    CHILD_CHECK(sigprocmask(SIG_BLOCK, &interrupt, NULL) == 0);
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    CHILD_CHECK(sigwait(&interrupt, &number) == 0 && number == SIGINT);
    return child_result();
}

static void process_may_handle_an_interrupt_and_go_on(void)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process process;

        START(&process, rank, take_interrupt, &s, sizeof s);
        hear(&s);
        MRT_OK(mr_process_interrupt(process));
        END(process, 0);
    }
    destroy_stage(&s);
}

/* It may be signalled before it came to run anything. */
static void process_can_be_killed_right_after_its_start(void)
{
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int i = 0; i < 30; i++) {
        mr_process process;

        START(&process, rank_of(i), wait_until_told, &s, sizeof s);
        MRT_OK(i % 2 ? mr_process_kill(process)
                     : mr_process_terminate(process));
        END(process, i % 2 ? -SIGKILL : -SIGTERM);
    }
    destroy_stage(&s);
}

static int kill_another(const void *argument, size_t size)
{
    (void)size;
    CHILD_OK(mr_process_kill(*(const mr_process *)argument));
    return child_result();
}

static void process_may_be_killed_by_anybody(void)
{
    mr_process process;
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    START(&process, 0, wait_until_told, &s, sizeof s);
    hear(&s);
    RUN(mr_size() - 1, kill_another, &process, sizeof process);
    END(process, -SIGKILL);
    destroy_stage(&s);
}

static int ignore_sigterm(const void *argument, size_t size)
{
    signal(SIGTERM, SIG_IGN);
    return wait_until_told(argument, size);
}

static void process_may_ignore_terminate_but_not_kill(void)
{
    mr_process process;
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    START(&process, ANYWHERE, ignore_sigterm, &s, sizeof s);
    hear(&s);
    MRT_OK(mr_process_terminate(process));
    MRT_ERROR(mr_process_join(process, SHORT), MR_ERR_TIMEOUT);
    MRT_OK(mr_process_kill(process));
    END(process, -SIGKILL);
    destroy_stage(&s);
}

static const mrt_test tests[] = {
    {"process_exit_code_is_taken_modulo_256",
     process_exit_code_is_taken_modulo_256, 0},
    {"process_exit_code_is_minus_the_signal",
     process_exit_code_is_minus_the_signal, 0},
    {"process_can_be_terminated_killed_and_interrupted",
     process_can_be_terminated_killed_and_interrupted, 0},
    {"process_may_handle_an_interrupt_and_go_on",
     process_may_handle_an_interrupt_and_go_on, 0},
    {"process_can_be_killed_right_after_its_start",
     process_can_be_killed_right_after_its_start, 0},
    {"process_may_be_killed_by_anybody", process_may_be_killed_by_anybody, 0},
    {"process_may_ignore_terminate_but_not_kill",
     process_may_ignore_terminate_but_not_kill, 0},
};

int main(int argc, char **argv)
{
    return suite_main("process_end", tests, MRT_COUNT(tests), argc, argv);
}
