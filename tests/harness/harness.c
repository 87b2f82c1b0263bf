/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the run of one suite: the CUnit registry, the counts, and what is
 * printed. CUnit keeps its list of failures without a lock, therefore all
 * checks go through one mutex here; nothing else is locked under it.
 */

#include "harness/harness.h"

#include "harness/watchdog.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    EXIT_SKIPPED = 77,
    EXIT_MISUSE = 2,
    DEFAULT_LIMIT = 20,
    MAX_TEXT = 512,
    /* A check that fails in a long loop should not hide the first failure. */
    MAX_FAILURES_KEPT = 20
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int failures;
static bool skipped;
static char skip_reason[MAX_TEXT];

static struct {
    const char *name;
    const char *running;
    const mrt_test *tests;
    size_t count;
    unsigned passed, failed, skipped;
    double started;
} suite;

void mrt_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

double mrt_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double mrt_scale(void)
{
    const char *text = getenv("MULTIRANK_TEST_SCALE");
    double scale = text ? strtod(text, NULL) : 1;

    return scale > 0 ? scale : 1;
}

const char *mrt_name(void)
{
    return suite.running;
}

bool mrt_failed(void)
{
    bool failed;

    pthread_mutex_lock(&mutex);
    failed = failures > 0;
    pthread_mutex_unlock(&mutex);
    return failed;
}

void mrt_skip(const char *reason, ...)
{
    va_list arguments;

    va_start(arguments, reason);
    pthread_mutex_lock(&mutex);
    skipped = true;
    vsnprintf(skip_reason, sizeof skip_reason, reason, arguments);
    pthread_mutex_unlock(&mutex);
    va_end(arguments);
}

bool mrt_check(bool holds, const char *file, int line, const char *format, ...)
{
    char text[MAX_TEXT];
    va_list arguments;

    if (holds) {
        return true;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);

    pthread_mutex_lock(&mutex);
    if (failures++ < MAX_FAILURES_KEPT) {
        CU_assertImplementation(CU_FALSE, (unsigned)line, text, file, "",
                                CU_FALSE);
    }
    pthread_mutex_unlock(&mutex);
    return false;
}

bool mrt_equal(intmax_t actual, intmax_t expected, const char *actual_text,
               const char *expected_text, const char *file, int line)
{
    return mrt_check(actual == expected, file, line,
                     "%s is %jd, not %s, that is, %jd", actual_text, actual,
                     expected_text, expected);
}

bool mrt_text(const char *actual, const char *expected, const char *text,
              const char *file, int line)
{
    return mrt_check(actual && expected && strcmp(actual, expected) == 0, file,
                     line, "%s is \"%s\", not \"%s\"", text,
                     actual ? actual : "(NULL)",
                     expected ? expected : "(NULL)");
}

bool mrt_bytes(const void *actual, const void *expected, size_t size,
               const char *text, const char *file, int line)
{
    const unsigned char *a = actual;
    const unsigned char *b = expected;
    size_t at = 0;

    while (at < size && a[at] == b[at]) {
        at++;
    }
    return at == size ||
           mrt_check(false, file, line, "%s has 0x%02x at byte %zu, not 0x%02x",
                     text, a[at], at, b[at]);
}

bool mrt_error(mr_error actual, mr_error expected, const char *text,
               const char *file, int line)
{
    return actual == expected ||
           mrt_check(false, file, line, "%s gave %s (%d), not %s", text,
                     mr_error_name(actual), (int)actual,
                     mr_error_name(expected));
}

static const mrt_test *find_test(const char *name)
{
    for (size_t i = 0; i < suite.count; i++) {
        if (strcmp(suite.tests[i].name, name) == 0) {
            return &suite.tests[i];
        }
    }
    return NULL;
}

static void test_starts(const CU_pTest test, const CU_pSuite unused)
{
    const mrt_test *entry = find_test(test->pName);
    double limit = entry->limit > 0 ? entry->limit : DEFAULT_LIMIT;

    (void)unused;
    failures = 0;
    skipped = false;
    suite.running = entry->name;
    printf("  run  %s\n", test->pName);
    fflush(stdout);
    mrt_watchdog_arm(suite.name, entry->name, limit * mrt_scale());
    suite.started = mrt_now();
}

static void test_ends(const CU_pTest test, const CU_pSuite unused,
                      const CU_pFailureRecord failure)
{
    double seconds = mrt_now() - suite.started;

    (void)unused;
    mrt_watchdog_disarm();
    for (CU_pFailureRecord f = failure; f; f = f->pNext) {
        printf("       %s:%u: %s\n", f->strFileName, f->uiLineNumber,
               f->strCondition);
    }
    if (failures > MAX_FAILURES_KEPT) {
        printf("       and %d more\n", failures - MAX_FAILURES_KEPT);
    }
    if (failure) {
        suite.failed++;
        printf("  FAIL %s (%.3f s)\n", test->pName, seconds);
    } else if (skipped) {
        suite.skipped++;
        printf("  skip %s: %s\n", test->pName, skip_reason);
    } else {
        suite.passed++;
        printf("  ok   %s (%.3f s)\n", test->pName, seconds);
    }
    fflush(stdout);
}

static int print_list(void)
{
    for (size_t i = 0; i < suite.count; i++) {
        printf("%s\n", suite.tests[i].name);
    }
    return EXIT_SUCCESS;
}

static bool wanted(const mrt_test *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], test->name) == 0) {
            return true;
        }
    }
    return argc <= 1;
}

static bool register_tests(int argc, char **argv)
{
    CU_pSuite registered = CU_add_suite(suite.name, NULL, NULL);

    for (size_t i = 0; registered && i < suite.count; i++) {
        const mrt_test *test = &suite.tests[i];

        if (wanted(test, argc, argv) &&
            !CU_add_test(registered, test->name, test->run)) {
            fprintf(stderr, "%s: %s: %s\n", suite.name, test->name,
                    CU_get_error_msg());
            return false;
        }
    }
    return registered != NULL;
}

/* An unknown name is misuse: a script that runs a renamed test should not
 * report success. */
static bool names_known(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!find_test(argv[i])) {
            fprintf(stderr, "%s: no test named %s; see --list\n", suite.name,
                    argv[i]);
            return false;
        }
    }
    return true;
}

static int run_suite(int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS) {
        fprintf(stderr, "%s: CUnit cannot start\n", suite.name);
        return EXIT_MISUSE;
    }
    if (!register_tests(argc, argv)) {
        CU_cleanup_registry();
        return EXIT_MISUSE;
    }
    CU_set_test_start_handler(test_starts);
    CU_set_test_complete_handler(test_ends);
    mrt_watchdog_start();
    CU_run_all_tests();
    CU_cleanup_registry();

    printf("SUITE %s: %u passed, %u failed, %u skipped\n", suite.name,
           suite.passed, suite.failed, suite.skipped);
    fflush(stdout);
    if (suite.failed > 0) {
        return EXIT_FAILURE;
    }
    return suite.passed == 0 && suite.skipped > 0 ? EXIT_SKIPPED : EXIT_SUCCESS;
}

int mrt_main(const char *name, const mrt_test *tests, size_t count, int argc,
             char **argv)
{
    suite.name = name;
    suite.tests = tests;
    suite.count = count;
    suite.passed = suite.failed = suite.skipped = 0;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        return print_list();
    }
    if (!names_known(argc, argv)) {
        return EXIT_MISUSE;
    }
    return run_suite(argc, argv);
}
