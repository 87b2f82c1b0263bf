/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a process ended is found by others than its parent, or said to be
 * unknown; it is never invented.
 */
#include "harness/harness.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory/record.h"
#include "runtime/server/exit_status.h"

typedef struct ended {
    pid_t pid;
    int pidfd;
} ended;

/* A child that has ended, by a signal or with a code. */
static ended end_child(int number, int code)
{
    ended e = {.pid = fork()};
    struct pollfd event = {.events = POLLIN};

    if (e.pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        if (number) {
            signal(number, SIG_DFL);
            raise(number);
        }
        _exit(code);
    }
    e.pidfd = (int)syscall(SYS_pidfd_open, e.pid, 0);
    event.fd = e.pidfd;
    MRT_CHECK(poll(&event, 1, -1) == 1);
    return e;
}

static void wait_for(const ended *e)
{
    MRT_CHECK(waitpid(e->pid, NULL, 0) == e->pid);
}

static void check_status(int number, int code)
{
    int64_t expected = number ? -number : code;
    ended e = end_child(number, code);
    int64_t later;

    MRT_EQUAL(mri_exit_status_find(e.pidfd, e.pid), expected);
    wait_for(&e);
    later = mri_exit_status_find(e.pidfd, e.pid);
    MRT_CHECK(later == expected || later == MRI_STATUS_UNKNOWN);
    close(e.pidfd);
    MRT_EQUAL(mri_exit_status_find(-1, e.pid), MRI_STATUS_UNKNOWN);
}

static void status_is_that_of_waitpid_or_unknown(void)
{
    check_status(SIGSEGV, 0);
    check_status(SIGABRT, 0);
    check_status(SIGKILL, 0);
    check_status(0, 0);
    check_status(0, 3);
    check_status(0, 255);
}

static void text_says_what_is_known(void)
{
    char text[128];

    mri_exit_status_text(-SIGSEGV, text, sizeof text);
    MRT_TEXT(text, "by signal 11, Segmentation fault");
    mri_exit_status_text(3, text, sizeof text);
    MRT_TEXT(text, "by exit with code 3");
    mri_exit_status_text(MRI_STATUS_UNKNOWN, text, sizeof text);
    MRT_CHECK(strstr(text, "only its launcher knows") != NULL);
    MRT_CHECK(strlen(text) < sizeof text - 1);
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"status_is_that_of_waitpid_or_unknown",
         status_is_that_of_waitpid_or_unknown, 0},
        {"text_says_what_is_known", text_says_what_is_known, 0},
    };

    return mrt_main("exit_status", tests, MRT_COUNT(tests), argc, argv);
}
