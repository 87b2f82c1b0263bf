/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All settings: one table, read once from the environment.
 */
#ifndef MRI_UTIL_SETTINGS_H
#define MRI_UTIL_SETTINGS_H

#include <multirank/log.h>

#include <stddef.h>
#include <stdint.h>

typedef enum mri_route { MRI_ROUTE_AUTO, MRI_ROUTE_FAR } mri_route;

typedef enum mri_far_arrays {
    MRI_FAR_ARRAYS_AUTO,
    MRI_FAR_ARRAYS_WINDOW,
    MRI_FAR_ARRAYS_MESSAGES
} mri_far_arrays;

typedef enum mri_threads {
    MRI_THREADS_SERIALIZED,
    MRI_THREADS_MULTIPLE
} mri_threads;

typedef enum mri_bind {
    MRI_BIND_AUTO,
    MRI_BIND_NONE,
    MRI_BIND_CORE,
    MRI_BIND_NUMA,
    MRI_BIND_PACKAGE,
    MRI_BIND_LIST
} mri_bind;

typedef enum mri_task_threads {
    MRI_TASK_THREADS_SHARE,
    MRI_TASK_THREADS_OFF
} mri_task_threads;
typedef enum mri_launching { MRI_LAUNCH_AUTO, MRI_LAUNCH_NEVER } mri_launching;

typedef struct mri_settings_values {
    int64_t log;    /* an mr_log_level */
    int64_t memory; /* bytes of a rank's segment, 0: a share of what is free */
    int64_t spin;   /* microseconds to spin before sleeping */
    int64_t grace;  /* milliseconds from SIGTERM to SIGKILL at the end */
    int64_t route;  /* an mri_route */
    int64_t far_arrays;  /* an mri_far_arrays */
    int64_t patience;    /* seconds of silence until a rank is lost; 0: never */
    int64_t mpi_threads; /* an mri_threads */
    int64_t bind;        /* an mri_bind */
    const char *bind_list; /* of MRI_BIND_LIST, else NULL */
    int64_t task_threads;  /* an mri_task_threads */
    int64_t launch;        /* an mri_launching */
} mri_settings_values;

/* The values; read at the first call, then constant. */
const mri_settings_values *mri_settings(void);

/* Warn about values without meaning and about unknown MR_ variables.  The log
 * asks for its level here, so it is handed in: mri_log. */
typedef void mri_settings_report(mr_log_level level, const char *format, ...);
void mri_settings_check(mri_settings_report *report);

#endif
