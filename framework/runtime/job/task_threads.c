/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the advice to numerical libraries.
 *
 * Without it each rank would start as many threads as the machine has cores,
 * which is far too many, or a single one where mpirun has bound it to a core.
 * Programs that are started later read it in their environment.  A library
 * that is loaded already has read that before main (libgomp and OpenBLAS do so
 * in constructors), so it is told by its own function.
 *
 * There may be several of a kind: the wheels of numpy and scipy bring an
 * OpenBLAS each, under names of their own.  Python opens them with
 * RTLD_LOCAL, so that they are not found in the global scope: each loaded
 * module is asked by itself.
 */
#include "runtime/job/task_threads.h"

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/settings.h"

typedef void set_threads(int count);

enum { NAMES = 6, MAX_TOLD = 64 };

/* The names of OpenBLAS depend on how it was built: the prefix of scipy's
 * wheels, and a suffix where its integers have 64 bits (threadpoolctl,
 * OpenBLASController). */
static const struct library {
    const char *variable;
    const char *functions[NAMES];
} libraries[] = {
    {"OMP_NUM_THREADS", {"omp_set_num_threads"}},
    {"OPENBLAS_NUM_THREADS",
     {"openblas_set_num_threads", "openblas_set_num_threads64_",
      "openblas_set_num_threads_64", "scipy_openblas_set_num_threads",
      "scipy_openblas_set_num_threads64_",
      "scipy_openblas_set_num_threads_64"}},
    {"MKL_NUM_THREADS", {"MKL_Set_Num_Threads"}},
};

enum { LIBRARIES = sizeof libraries / sizeof *libraries };

/* The paths of all modules, each ended by a zero: none can be opened while the
 * loader goes through its list. */
typedef struct module_paths {
    char *text;
    size_t size;
} module_paths;

/* Those that were told: a module finds the functions of its dependencies,
 * too. */
typedef struct told_functions {
    set_threads *list[MAX_TOLD];
    size_t count;
} told_functions;

/* What OpenMP is told by its user, OpenBLAS and MKL heed, too. */
static bool user_has_said(const struct library *library)
{
    return getenv(library->variable) || getenv(libraries[0].variable);
}

static int add_path(struct dl_phdr_info *info, size_t size, void *data)
{
    module_paths *paths = data;
    size_t length = strlen(info->dlpi_name) + 1;
    char *more = realloc(paths->text, paths->size + length);

    (void)size;
    if (more) {
        memcpy(more + paths->size, info->dlpi_name, length);
        paths->text = more;
        paths->size += length;
    }
    return 0;
}

static void tell(void *function, unsigned int cores, told_functions *told)
{
    set_threads *set = (set_threads *)function;

    for (size_t i = 0; i < told->count; i++) {
        if (told->list[i] == set) {
            return;
        }
    }
    if (set && told->count < MAX_TOLD) {
        told->list[told->count++] = set;
        set((int)cores);
    }
}

/* All functions of one library that this module has. */
static void tell_module(void *module, const struct library *library,
                        unsigned int cores, told_functions *told)
{
    for (size_t i = 0; i < NAMES && library->functions[i]; i++) {
        tell(dlsym(module, library->functions[i]), cores, told);
    }
}

/* The program itself has no name there; its handle stands for the global
 * scope. */
static void tell_modules(const module_paths *paths, const bool *said,
                         unsigned int cores)
{
    told_functions told = {.count = 0};

    for (size_t at = 0; at < paths->size; at += strlen(paths->text + at) + 1) {
        const char *path = paths->text + at;
        void *module = dlopen(*path ? path : NULL, RTLD_LAZY | RTLD_NOLOAD);

        for (size_t i = 0; module && i < LIBRARIES; i++) {
            if (!said[i]) {
                tell_module(module, &libraries[i], cores, &told);
            }
        }
        if (module) {
            dlclose(module);
        }
    }
}

void mri_task_threads_suggest(unsigned int cores)
{
    module_paths paths = {0};
    bool said[LIBRARIES];
    char text[16];

    if (mri_settings()->task_threads == MRI_TASK_THREADS_OFF) {
        return;
    }
    snprintf(text, sizeof text, "%u", cores);
    for (size_t i = 0; i < LIBRARIES; i++) {
        said[i] = user_has_said(&libraries[i]);
    }
    for (size_t i = 0; i < LIBRARIES; i++) {
        if (!said[i]) {
            setenv(libraries[i].variable, text, 0);
        }
    }
    dl_iterate_phdr(add_path, &paths);
    tell_modules(&paths, said, cores);
    free(paths.text);
}
