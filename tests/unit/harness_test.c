/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The harness tested by itself: what passes is run here, what fails, hangs or
 * is skipped is run in a second process of this same program, whose output and
 * exit status are looked at.
 */

#include "harness/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_OUTPUT = 16384 };

/* Set in the second process, where it selects the inner suite. */
static const char inner_variable[] = "MRT_INNER";

static char program[4096];

/* Runs one test of the inner suite and returns what waitpid says. */
static int run_inner(const char *test, char output[MAX_OUTPUT])
{
    char command[sizeof program + 64];
    size_t size;
    FILE *pipe;

    snprintf(command, sizeof command, "%s=1 '%s' %s 2>&1", inner_variable,
             program, test);
    pipe = popen(command, "r");
    if (!MRT_CHECK(pipe)) {
        output[0] = '\0';
        return -1;
    }
    size = fread(output, 1, MAX_OUTPUT - 1, pipe);
    output[size] = '\0';
    return pclose(pipe);
}

static void expect(const char *test, int status, const char *text)
{
    char output[MAX_OUTPUT];
    int got = run_inner(test, output);

    MRT_CHECK(WIFEXITED(got));
    MRT_EQUAL(WEXITSTATUS(got), status);
    if (!MRT_CHECK(strstr(output, text))) {
        printf("%s\n", output);
    }
}

static void checks_give_their_truth(void)
{
    MRT_CHECK(MRT_CHECK(true));
    MRT_CHECK(MRT_EQUAL(-3, -3));
    MRT_CHECK(MRT_TEXT("same", "same"));
    MRT_CHECK(MRT_BYTES("abcX", "abcY", 3));
    MRT_CHECK(mrt_scale() > 0);
    MRT_CHECK(mrt_now() <= mrt_now());
}

static void failure_is_counted_and_shown(void)
{
    expect("fails", 1, "harness_test.c:");
    expect("fails", 1, "1 + 1 is 2, not 3");
    expect("fails", 1, "SUITE inner: 0 passed, 1 failed, 0 skipped");
}

static void failures_of_threads_are_counted(void)
{
    expect("fails_in_threads", 1, "and 180 more");
}

static void skip_is_counted_with_its_reason(void)
{
    expect("skips", 77, "skip skips: no network");
    expect("skips", 77, "SUITE inner: 0 passed, 0 failed, 1 skipped");
}

static void hung_test_is_named_and_aborted(void)
{
    char output[MAX_OUTPUT];
    int status = run_inner("hangs", output);

    /* The shell of popen turns the signal into 128 + SIGABRT, or is replaced
     * by the program and dies of the signal itself. */
    MRT_CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 128 + 6);
    MRT_CHECK(strstr(output, "HUNG inner: hangs did not end"));
}

static void unknown_test_is_misuse(void)
{
    expect("no_such_test", 2, "no test named no_such_test");
}

static void tests_can_be_listed(void)
{
    expect("--list", 0, "fails\nfails_in_threads\nskips\nhangs\n");
}

static void fails(void)
{
    MRT_EQUAL(1 + 1, 3);
}

static void *fail_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        MRT_CHECK(i < 0);
    }
    return NULL;
}

static void fails_in_threads(void)
{
    pthread_t threads[4];

    for (size_t i = 0; i < MRT_COUNT(threads); i++) {
        pthread_create(&threads[i], NULL, fail_often, NULL);
    }
    for (size_t i = 0; i < MRT_COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
    }
}

static void skips(void)
{
    mrt_skip("no %s", "network");
}

static void hangs(void)
{
    pause();
}

int main(int argc, char **argv)
{
    static const mrt_test inner[] = {
        {"fails", fails, 0},
        {"fails_in_threads", fails_in_threads, 0},
        {"skips", skips, 0},
        {"hangs", hangs, 0.2},
    };
    static const mrt_test tests[] = {
        {"checks_give_their_truth", checks_give_their_truth, 0},
        {"failure_is_counted_and_shown", failure_is_counted_and_shown, 0},
        {"failures_of_threads_are_counted", failures_of_threads_are_counted, 0},
        {"skip_is_counted_with_its_reason", skip_is_counted_with_its_reason, 0},
        {"hung_test_is_named_and_aborted", hung_test_is_named_and_aborted, 0},
        {"unknown_test_is_misuse", unknown_test_is_misuse, 0},
        {"tests_can_be_listed", tests_can_be_listed, 0},
    };

    if (getenv(inner_variable)) {
        return mrt_main("inner", inner, MRT_COUNT(inner), argc, argv);
    }
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) {
        perror("/proc/self/exe");
        return 1;
    }
    return mrt_main("harness", tests, MRT_COUNT(tests), argc, argv);
}
