/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the advice to numerical libraries.
 *
 * Without it each rank would start as many threads as the machine has cores,
 * which is far too many, or a single one where mpirun has bound it to a core.
 * Programs that are started later read it in their environment.  A library
 * that is loaded already has read that before main (libgomp and OpenBLAS do so
 * in constructors), so it is told by its own function.
 */
#include "runtime/job/task_threads.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/settings.h"

typedef void set_threads(int count);

static const struct library {
    const char *variable;
    const char *function;
} libraries[] = {
    {"OMP_NUM_THREADS", "omp_set_num_threads"},
    {"OPENBLAS_NUM_THREADS", "openblas_set_num_threads"},
    {"MKL_NUM_THREADS", "MKL_Set_Num_Threads"},
};

/* What OpenMP is told by its user, OpenBLAS and MKL heed, too. */
static bool user_has_said(const struct library *library)
{
    return getenv(library->variable) || getenv(libraries[0].variable);
}

void mri_task_threads_suggest(unsigned int cores)
{
    enum { COUNT = sizeof libraries / sizeof *libraries };
    bool said[COUNT];
    char text[16];

    if (mri_settings()->task_threads == MRI_TASK_THREADS_OFF) {
        return;
    }
    snprintf(text, sizeof text, "%u", cores);
    for (size_t i = 0; i < COUNT; i++) {
        said[i] = user_has_said(&libraries[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (!said[i]) {
            set_threads *set =
                (set_threads *)dlsym(RTLD_DEFAULT, libraries[i].function);

            setenv(libraries[i].variable, text, 0);
            if (set) {
                set((int)cores);
            }
        }
    }
}
