/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the log hook and the level.  The lock orders hook calls of one
 * process; it is a leaf: nothing else is taken under it.
 */
#include "util/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/rank_local.h"
#include "util/settings.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static mr_log_hook *hook;
static void *hook_user;

static MRI_RANK_LOCAL char place_of_rank[32];
#define place MRI_OWN(place_of_rank)

/* One write, so that lines of several processes do not mix. */
static void print(mr_log_level level, const char *text)
{
    static const char *const names[] = {"", "error", "warning", "info",
                                        "debug"};
    char line[1200];
    int length = snprintf(line, sizeof line, "multirank: %s%s%s: %s\n", place,
                          *place ? ": " : "", names[level], text);

    if (length >= (int)sizeof line) {
        length = (int)sizeof line;
        line[length - 1] = '\n';
    }
    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        return; /* There is no other place to tell it. */
    }
}

void mri_log(mr_log_level level, const char *format, ...)
{
    int saved = errno;
    char text[1024];
    va_list arguments;

    if ((int)level > mri_settings()->log) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&mutex);
    if (hook) {
        hook(level, text, hook_user);
    } else {
        print(level, text);
    }
    pthread_mutex_unlock(&mutex);
    errno = saved;
}

mr_error mri_bad_argument(const char *function, const char *argument,
                          const char *what)
{
    mri_log(MR_LOG_INFO, "%s: %s %s", function, argument, what);
    return MR_ERR_ARGUMENT;
}

mr_error mri_system_error(const char *call)
{
    mri_log(MR_LOG_ERROR, "%s failed: %s", call, strerror(errno));
    return MR_ERR_SYSTEM;
}

void mri_log_set_place(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(place, sizeof place, format, arguments);
    va_end(arguments);
}

void mr_log_set_hook(mr_log_hook *function, void *user)
{
    pthread_mutex_lock(&mutex);
    hook = function;
    hook_user = user;
    pthread_mutex_unlock(&mutex);
}
