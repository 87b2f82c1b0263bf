/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The advice to numerical libraries reaches those that the program has opened
 * for itself alone, as Python does.
 */
#include "runtime/job/task_threads.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "harness/harness.h"

static void *library;
static int (*told)(void);

/* False: the test is skipped, or has failed. */
static bool open_library(void)
{
    library = dlopen(THREADS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        mrt_skip("no shared library here: %s", dlerror());
        return false;
    }
    told = (int (*)(void))dlsym(library, "threads_told");
    unsetenv("OMP_NUM_THREADS");
    unsetenv("OPENBLAS_NUM_THREADS");
    return MRT_CHECK(told != NULL);
}

static void library_opened_locally_is_told(void)
{
    if (open_library()) {
        mri_task_threads_suggest(3);
        MRT_EQUAL(told(), 3);
        dlclose(library);
    }
}

static void library_is_left_alone_when_its_user_has_said(void)
{
    if (open_library()) {
        int before = told();

        setenv("OPENBLAS_NUM_THREADS", "7", 1);
        mri_task_threads_suggest(5);
        MRT_EQUAL(told(), before);
        dlclose(library);
    }
}

int main(int argc, char **argv)
{
    static const mrt_test tests[] = {
        {"library_opened_locally_is_told", library_opened_locally_is_told, 0},
        {"library_is_left_alone_when_its_user_has_said",
         library_is_left_alone_when_its_user_has_said, 0},
    };

    return mrt_main("task_threads", tests, MRT_COUNT(tests), argc, argv);
}
