/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites of tests/cxx share: the start of a job, and exceptions as
 * failed checks of the harness.
 *
 * The checks count on rank 0 alone.  A process says by its exit code what it
 * found, a task by its result.
 */
#ifndef CXX_SUPPORT_HPP
#define CXX_SUPPORT_HPP

#include "harness/harness.h"

#include <multirank.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>

/* A time-out short enough to wait for, and one that only guards. */
inline constexpr multirank::duration brief{0.05};
inline const multirank::duration guard{15 * mrt_scale()};

/* A test whose exception is its failure: CUnit is C. */
template <void (*Test)()> void caught()
{
    try {
        Test();
    } catch (const std::exception &thrown) {
        MRT_FAIL("threw: %s", thrown.what());
    }
}

/* A row of the table of tests. */
#define TEST(name)               \
    mrt_test                     \
    {                            \
#name, caught < name>, 0 \
    }

/* True when a call throws an error of this code. */
template <class Call>
bool throws(mr_error expected, Call call, const char *text, const char *file,
            int line)
{
    mr_error code = MR_OK;

    try {
        call();
    } catch (const multirank::error &thrown) {
        code = thrown.code();
    }
    return mrt_error(code, expected, text, file, line);
}

#define THROWS(code, statement) \
    throws(                     \
        code, [&] { statement; }, #statement, __FILE__, __LINE__)

/* A whole test program. */
inline int suite_main(const char *name, const mrt_test *tests,
                      std::size_t count, int argc, char **argv)
{
    try {
        multirank::job job{multirank::init_options()};
        const int status = mrt_main(name, tests, count, argc, argv);

        job.finalize();
        return status;
    } catch (const multirank::error &thrown) {
        std::fprintf(stderr, "%s: %s\n", name, thrown.what());
        return EXIT_FAILURE;
    }
}

#endif
