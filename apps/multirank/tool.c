/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The helpers that the subcommands share.
 */
#include "tool.h"

#include <errno.h>
#include <limits.h>
#include <multirank.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

const char *tool_name = "";

void say(const char *format, ...)
{
    char line[1024];
    size_t length;
    va_list list;

    length = (size_t)snprintf(line, sizeof line,
                              TOOL "%s%s: ", *tool_name ? " " : "", tool_name);
    va_start(list, format);
    vsnprintf(line + length, sizeof line - length - 1, format, list);
    va_end(list);
    length = strlen(line);
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        return; /* nobody is left to be told */
    }
}

int print_version(void)
{
    printf(TOOL " %s\n", mr_version());
    return EXIT_SUCCESS;
}

void *resized(void *old, size_t count, size_t size)
{
    void *memory = reallocarray(old, count ? count : 1, size);

    if (!memory) {
        say("no memory");
        exit(EXIT_FAILURE);
    }
    return memory;
}

double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double earlier(double a, double b)
{
    return a < b ? a : b;
}

int milliseconds_until(double then)
{
    double left = (then - now()) * 1000;

    return left <= 0 ? 0 : left > INT_MAX / 2 ? INT_MAX / 2 : (int)left + 1;
}

int exit_status(int wait_status)
{
    return WIFSIGNALED(wait_status) ? EXIT_SIGNAL + WTERMSIG(wait_status)
                                    : WEXITSTATUS(wait_status);
}

static bool is_program(const char *path)
{
    struct stat file;

    if (stat(path, &file) != 0) {
        return false;
    }
    if (!S_ISREG(file.st_mode)) {
        errno = EACCES;
        return false;
    }
    return access(path, X_OK) == 0;
}

/* Like execvp, goes on when it finds what cannot be executed, and tells of
 * that only when it finds nothing better. */
char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    int reason = ENOENT;

    if (strchr(name, '/')) {
        return is_program(name) ? strdup(name) : NULL;
    }
    for (path = path ? path : "/usr/bin:/bin"; *name; path++) {
        int length = (int)strcspn(path, ":");
        char *found = NULL;

        if (asprintf(&found, "%.*s%s%s", length, path, length ? "/" : "",
                     name) < 0) {
            return NULL;
        }
        if (is_program(found)) {
            return found;
        }
        reason = errno == EACCES ? EACCES : reason;
        free(found);
        path += length;
        if (!*path) {
            break;
        }
    }
    errno = reason;
    return NULL;
}
