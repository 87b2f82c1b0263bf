/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of the library's own.
 */
#ifndef MRI_UTIL_THREAD_H
#define MRI_UTIL_THREAD_H

#include <pthread.h>
#include <stddef.h>

#include <multirank/base.h>

/* Start a thread with all signals blocked: they are for the user's threads.
 * MR_ERR_SYSTEM. */
mr_error mri_thread_start(pthread_t *thread, void *(*function)(void *));

/* Let those that are started from now on run on a set of processors, laid out
 * as a cpu_set_t and kept by the caller, instead of where their creator runs.
 */
void mri_threads_run_on(const void *set, size_t size);

#endif
