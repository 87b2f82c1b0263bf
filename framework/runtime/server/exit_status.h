/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a process ended that is not our child, as a rank is not of a fork
 * server's.  A status is an exit code, minus a signal, or MRI_STATUS_UNKNOWN.
 */
#ifndef MRI_RUNTIME_SERVER_EXIT_STATUS_H
#define MRI_RUNTIME_SERVER_EXIT_STATUS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The same as waitpid() gives it. */
int64_t mri_exit_status_of(int wait_status);

/* The status of a process that has ended; `pidfd` was opened before. */
int64_t mri_exit_status_find(int pidfd, pid_t pid);

/* Words such as "by signal 11, Segmentation fault". */
void mri_exit_status_text(int64_t status, char *text, size_t size);

#endif
