/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads that libraries of the user start by themselves inside tasks.
 */
#ifndef MRI_RUNTIME_JOB_TASK_THREADS_H
#define MRI_RUNTIME_JOB_TASK_THREADS_H

/* Suggest to OpenMP, OpenBLAS and MKL to use that many, where the user has not
 * said how many.  For the calling process and those that it forks; before it
 * has other threads that read the environment. */
void mri_task_threads_suggest(unsigned int cores);

#endif
