/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time: nanoseconds of CLOCK_MONOTONIC, and deadlines.
 */
#ifndef MRI_UTIL_CLOCK_H
#define MRI_UTIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define MRI_NEVER INT64_MAX /* a deadline that does not come */

static inline int64_t mri_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The moment at which a public time-out, in seconds, has passed. */
static inline int64_t mri_deadline(double timeout)
{
    if (!(timeout >= 0 && timeout <= 4e9)) { /* also NaN, refused later */
        return MRI_NEVER;
    }
    return timeout == 0 ? 0 : mri_now() + (int64_t)(timeout * 1e9);
}

/* What is left of a public time-out whose deadline is known. */
static inline double mri_timeout_left(double timeout, int64_t deadline)
{
    int64_t left;

    if (timeout <= 0 || deadline == MRI_NEVER) {
        return timeout;
    }
    left = deadline - mri_now();
    return left > 0 ? (double)left / 1e9 : 0;
}

/* Let the processor breathe inside a spinning loop. */
static inline void mri_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

#endif
