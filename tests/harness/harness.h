/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The test harness: a thin layer over CUnit. A test program is one suite; it
 * hands a table of named tests to mrt_main, which runs them one after another,
 * gives each a time limit, and closes with a line that scripts can read:
 *
 *     SUITE name: 12 passed, 0 failed, 1 skipped
 *
 * The checks may be used from any thread. They are expressions of type bool,
 * so that control flow stays visible: `if (!MRT_CHECK(p)) return;`.
 */

#ifndef MRT_HARNESS_H
#define MRT_HARNESS_H

#include <multirank.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A test: its name says behaviour, as in queue_get_times_out_when_empty. The
 *  limit is in seconds, 0 stands for 20; MULTIRANK_TEST_SCALE multiplies it. */
typedef struct mrt_test {
    const char *name;
    void (*run)(void);
    double limit;
} mrt_test;

/** A test that is called as its function, with the limit of most. */
#define MRT_TEST(name) \
    {                  \
#name, name, 0 \
    }

/** The number of elements of an array, for the count of mrt_main. */
#define MRT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Runs the suite, or only the tests named on the command line; `--list`
 *  prints their names. The result is the exit status of the program: 0 when
 *  all passed, 1 when one failed, 77 when all were skipped, 2 for misuse. A
 *  test that outlives its limit is named, the stacks of all threads are
 *  printed, and the program aborts. */
int mrt_main(const char *suite, const mrt_test *tests, size_t count, int argc,
             char **argv);

/** The name of the running test, for one function behind many rows of a
 *  table; and whether a check of it has failed so far. */
const char *mrt_name(void);
bool mrt_failed(void);

/** Counts the running test as skipped and keeps the reason. The test itself
 *  has to return. A failed check weighs more than a skip. */
void mrt_skip(const char *reason, ...) __attribute__((format(printf, 1, 2)));

/** MULTIRANK_TEST_SCALE, 1 when unset: multiply time-outs that only guard
 *  against hanging with it, as sanitizers slow everything down. */
double mrt_scale(void);

/** Seconds on a clock that never goes back. */
double mrt_now(void);

/** For loops that wait for another thread: sleep for a moment. On a busy
 * machine sched_yield() puts the caller behind all others, for milliseconds. */
void mrt_pause(void);

/** True when expr holds. */
#define MRT_CHECK(expr) \
    mrt_check((expr) ? true : false, __FILE__, __LINE__, "%s", #expr)

/** Fails with a text made as by printf. */
#define MRT_FAIL(...) mrt_check(false, __FILE__, __LINE__, __VA_ARGS__)

/** True when two integers are equal; shows both when they are not. */
#define MRT_EQUAL(actual, expected)                                         \
    mrt_equal((intmax_t)(actual), (intmax_t)(expected), #actual, #expected, \
              __FILE__, __LINE__)

/** True when two strings are equal; NULL equals nothing. */
#define MRT_TEXT(actual, expected) \
    mrt_text((actual), (expected), #actual, __FILE__, __LINE__)

/** True when size bytes are equal; shows where they first differ. */
#define MRT_BYTES(actual, expected, size) \
    mrt_bytes((actual), (expected), (size), #actual, __FILE__, __LINE__)

/** True when a call gave MR_OK. */
#define MRT_OK(call) mrt_error((call), MR_OK, #call, __FILE__, __LINE__)

/** True when a call gave this error. */
#define MRT_ERROR(call, error) \
    mrt_error((call), (error), #call, __FILE__, __LINE__)

bool mrt_check(bool holds, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool mrt_equal(intmax_t actual, intmax_t expected, const char *actual_text,
               const char *expected_text, const char *file, int line);
bool mrt_text(const char *actual, const char *expected, const char *text,
              const char *file, int line);
bool mrt_bytes(const void *actual, const void *expected, size_t size,
               const char *text, const char *file, int line);
bool mrt_error(mr_error actual, mr_error expected, const char *text,
               const char *file, int line);

#ifdef __cplusplus
}
#endif

#endif
