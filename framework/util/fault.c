/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the kill points and the failing allocations of debug builds.
 */
#include "util/fault.h"

#ifdef MRI_DEBUG

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

int64_t mri_fault_countdown;
void (*mri_fault_instead)(void);

static _Thread_local bool armed;
static int64_t passed;
static _Atomic int64_t allocations;

void mri_fault_point(void)
{
    if (!armed) {
        return;
    }
    __atomic_add_fetch(&passed, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&mri_fault_countdown, __ATOMIC_RELAXED) <= 0 ||
        __atomic_sub_fetch(&mri_fault_countdown, 1, __ATOMIC_RELAXED) > 0) {
        return;
    }
    if (mri_fault_instead) {
        mri_fault_instead();
    } else {
        kill(getpid(), SIGKILL);
        for (;;) {
            pause();
        }
    }
}

void mri_fault_arm(int64_t k)
{
    mri_fault_countdown = k;
    passed = 0;
    armed = true;
}

bool mri_fault_is_armed(void)
{
    return armed;
}

void mri_fault_join(bool armed_)
{
    armed = armed_;
}

int64_t mri_fault_disarm(void)
{
    armed = false;
    mri_fault_countdown = 0;
    return passed;
}

int64_t mri_fault_fail_allocation(int64_t n)
{
    return atomic_exchange(&allocations, n);
}

bool mri_fault_allocation(void)
{
    return atomic_load(&allocations) > 0 &&
           atomic_fetch_sub(&allocations, 1) == 1;
}

#else

/* ISO C forbids an empty translation unit. */
typedef int mri_fault_unused;

#endif
