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

#ifdef __cplusplus
}
#endif

#endif
