/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log: details that do not fit into a return value.
 *
 * An error is logged once, where the library first decides it.  MR_LOG=
 * none|error|warning|info|debug sets the level.  Without a hook messages go to
 * stderr, one line each.
 */
#ifndef MULTIRANK_LOG_H
#define MULTIRANK_LOG_H

#include <multirank/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mr_log_level {
    MR_LOG_NONE = 0,
    MR_LOG_ERROR,
    MR_LOG_WARNING,
    MR_LOG_INFO,
    MR_LOG_DEBUG
} mr_log_level;

typedef void mr_log_hook(mr_log_level level, const char *text, void *user);

/**
 * Send the messages of this process to a function instead of stderr.  NULL
 * brings stderr back.
 *
 * Callers:   any endpoint, also before mr_init: then every process of the job
 *            inherits the hook.  Any thread may call the hook, one at a time,
 *            and the hook must not call the library.
 * Blocks:    never.
 * Ownership: `user` stays the caller's and must outlive the hook.
 * Differs:   Python uses the logging module.
 */
MR_API void mr_log_set_hook(mr_log_hook *hook, void *user);

/**
 * The reason of the last error that a call in this thread has returned: the
 * text that the log has, whatever its level.  The log of another rank or
 * process may have a reason that this thread cannot tell.
 *
 *     mr_error error = mr_array_load(&array, path, NULL);
 *     if (error) {
 *         printf("%s: %s\n", mr_error_text(error), mr_last_error(error));
 *     }
 *
 * A call that succeeds changes nothing, so ask directly after the error.
 *
 * Callers:   any thread, also before mr_init.
 * Blocks:    never.
 * Ownership: the text belongs to the thread and changes with its next error.
 *            It is "" if the last error that had a reason was not `error`.
 *            MR_OK asks for the last reason of whatever error.
 * Differs:   Python keeps the text in the exception.
 */
MR_API const char *mr_last_error(mr_error error);

#ifdef __cplusplus
}
#endif

#endif
