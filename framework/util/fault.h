/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kill points.  In a debug build each shared store and each wake passes
 * mri_fault_point, and a test can have this process killed at the k-th.
 */
#ifndef MRI_UTIL_FAULT_H
#define MRI_UTIL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef MRI_DEBUG

/* Points left before the kill; 0: not armed.  One per process. */
extern int64_t mri_fault_countdown;

/* Counts down in threads that are armed alone. */
void mri_fault_point(void);

/* Be killed at the k-th point that this thread passes from now on, or a thread
 * of the library that it starts meanwhile. */
void mri_fault_arm(int64_t k);

/* In a new thread: is its creator armed?  Then it is, too. */
bool mri_fault_is_armed(void);
void mri_fault_join(bool armed);

/* What is done at that point instead; NULL: the kill.  For tests in which an
 * endpoint is a thread; when it returns, the thread goes on. */
extern void (*mri_fault_instead)(void);

/* The points passed since mri_fault_arm; disarms. */
int64_t mri_fault_disarm(void);

/* Let the n-th of the allocations from now on fail, of any kind; 0: none.
 * The result is what was left of the n before: 0 if one failed. */
int64_t mri_fault_fail_allocation(int64_t n);

/* True when this allocation shall fail. */
bool mri_fault_allocation(void);

#else

static inline void mri_fault_point(void)
{
}

static inline bool mri_fault_is_armed(void)
{
    return false;
}

static inline void mri_fault_join(bool armed)
{
    (void)armed;
}

static inline bool mri_fault_allocation(void)
{
    return false;
}

#endif

#endif
