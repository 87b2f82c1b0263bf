/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log.  A message is given where its cause is first decided and nowhere
 * above; it says what to do.
 */
#ifndef MRI_UTIL_LOG_H
#define MRI_UTIL_LOG_H

#include <multirank/log.h>

/* Give one message, printf's way, without a newline; keeps errno. */
void mri_log(mr_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Give one message that says why a call of this thread fails with `error`,
 * which is returned.  mr_last_error tells it, whatever the level of the log. */
mr_error mri_fail(mr_error error, mr_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* In a process that was forked: its creator's errors are not its own. */
void mri_last_error_forget(void);

/* Log that an argument has no meaning, and return MR_ERR_ARGUMENT. */
mr_error mri_bad_argument(const char *function, const char *argument,
                          const char *what);

/* Log a failed system call with errno, and return MR_ERR_SYSTEM. */
mr_error mri_system_error(const char *call);

/* "rank 3" and the like, put before each message of this process. */
void mri_log_set_place(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
