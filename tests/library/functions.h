/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A shared library whose functions tests give away, and copies of it under
 * other names: each has a digit of its own in its data, which its functions
 * return, and in its build-id, so that the copy passes for another build.
 */
#ifndef LIBRARY_FUNCTIONS_H
#define LIBRARY_FUNCTIONS_H

#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <multirank.h>

#define LIBRARY_MARK "the number of this library is "

/* Three functions that give the number: the last is static. */
int library_process(const void *argument, size_t size);
mr_error library_task(const void *input, void *output, const mr_task *task);
mr_process_function *library_static_process(void);

enum { LIBRARY_NUMBER = 1 }; /* of the library itself, not of a copy */

typedef struct library {
    void *handle;
    mr_process_function *process;
    mr_process_function *static_process;
    mr_task_function *task;
} library;

/* The file that the functions lie in; false: they were linked in. */
static inline bool library_file(char path[PATH_MAX])
{
    Dl_info info;

    return dladdr((void *)library_process, &info) &&
           strstr(info.dli_fname, ".so") && realpath(info.dli_fname, path);
}

/* A new folder beside the library, which all hosts see. */
static inline bool library_folder(char folder[PATH_MAX])
{
    static const char name[] = "/copies.XXXXXX";

    if (!library_file(folder)) {
        return false;
    }
    dirname(folder);
    if (strlen(folder) + sizeof name > PATH_MAX) {
        return false;
    }
    strcat(folder, name);
    return mkdtemp(folder) != NULL;
}

static inline void library_patch(char *bytes, size_t size, int number)
{
    static const char note[] = {3, 0, 0, 0, 'G', 'N', 'U', 0};
    char *mark = memmem(bytes, size, LIBRARY_MARK, strlen(LIBRARY_MARK));
    char *build_id = memmem(bytes, size, note, sizeof note);

    if (mark) {
        mark[strlen(LIBRARY_MARK)] = (char)('0' + number);
    }
    if (build_id) {
        build_id[sizeof note] ^= (char)number;
    }
}

/* A copy with this number, 2 to 9, in place of what has that path; a process
 * that has opened that keeps it. */
static inline bool library_copy(const char *path, int number)
{
    static char bytes[1 << 20];
    char source[PATH_MAX];
    char scratch[PATH_MAX + 8];
    FILE *file = library_file(source) ? fopen(source, "rb") : NULL;
    size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    bool done = file && feof(file);

    if (file) {
        fclose(file);
    }
    snprintf(scratch, sizeof scratch, "%s.new", path);
    file = done ? fopen(scratch, "wb") : NULL;
    if (!file) {
        return false;
    }
    library_patch(bytes, size, number);
    done = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && done && rename(scratch, path) == 0;
}

/* Opens a copy for this process alone. */
static inline bool library_open(library *l, const char *path)
{
    mr_process_function *(*hidden)(void);

    l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!l->handle) {
        return false;
    }
    *(void **)&l->process = dlsym(l->handle, "library_process");
    *(void **)&l->task = dlsym(l->handle, "library_task");
    *(void **)&hidden = dlsym(l->handle, "library_static_process");
    l->static_process = hidden ? hidden() : NULL;
    return l->process && l->task && l->static_process;
}

#endif
