/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the log hook and the level, and each thread's last error.  The lock
 * orders hook calls of one process; it is a leaf: nothing else is taken under
 * it.
 *
 * A thread gets the memory for its last error with its first error.  It is
 * found by a key and not in a thread-local variable, as those of a library with
 * static TLS take from the little room that dlopen has for them.
 */
#include "util/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/rank_local.h"
#include "util/settings.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static mr_log_hook *hook;
static void *hook_user;

enum { TEXT_SIZE = 1024 };

typedef struct last_error {
    mr_error error;
    char text[TEXT_SIZE];
} last_error;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t last_error_key;
static bool has_key;

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

static void give(mr_log_level level, const char *text)
{
    pthread_mutex_lock(&mutex);
    if (hook) {
        hook(level, text, hook_user);
    } else {
        print(level, text);
    }
    pthread_mutex_unlock(&mutex);
}

void mri_log(mr_log_level level, const char *format, ...)
{
    int saved = errno;
    char text[TEXT_SIZE];
    va_list arguments;

    if ((int)level > mri_settings()->log) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    give(level, text);
    errno = saved;
}

/* ---- the last error ------------------------------------------------------ */

static void make_key(void)
{
    has_key = pthread_key_create(&last_error_key, free) == 0;
}

/* That of the calling thread; NULL: it had none yet. */
static last_error *find_last(void)
{
    pthread_once(&once, make_key);
    return has_key ? pthread_getspecific(last_error_key) : NULL;
}

/* Without memory the detail is in the log alone. */
static void keep(mr_error error, const char *text)
{
    last_error *last = find_last();

    if (!last && has_key) {
        last = malloc(sizeof *last);
        if (last && pthread_setspecific(last_error_key, last) != 0) {
            free(last);
            last = NULL;
        }
    }
    if (last) {
        last->error = error;
        memcpy(last->text, text, strlen(text) + 1);
    }
}

mr_error mri_fail(mr_error error, mr_log_level level, const char *format, ...)
{
    int saved = errno;
    char text[TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep(error, text);
    if ((int)level <= mri_settings()->log) {
        give(level, text);
    }
    errno = saved;
    return error;
}

const char *mr_last_error(mr_error error)
{
    const last_error *last = find_last();

    return last && (last->error == error || error == MR_OK) ? last->text : "";
}

void mri_last_error_forget(void)
{
    last_error *last = find_last();

    if (last) {
        last->error = MR_OK;
        last->text[0] = '\0';
    }
}

mr_error mri_bad_argument(const char *function, const char *argument,
                          const char *what)
{
    return mri_fail(MR_ERR_ARGUMENT, MR_LOG_INFO, "%s: %s %s", function,
                    argument, what);
}

mr_error mri_system_error(const char *call)
{
    return mri_fail(MR_ERR_SYSTEM, MR_LOG_ERROR, "%s failed: %s", call,
                    strerror(errno));
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
