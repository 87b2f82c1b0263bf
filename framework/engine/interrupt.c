/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the hook that interrupts calls, one for each process, and for each
 * thread how deep it is in code that must not be interrupted.
 *
 * The hook and its argument are two words, of which a thread may see an old
 * and a new one: so they are set before other threads call the library, which
 * the contract of mr_set_interrupt asks for.
 */
#include "engine/interrupt.h"

#include <multirank/wait.h>
#include <stdatomic.h>

#include "util/clock.h"

static _Atomic(mr_interrupt_hook *) hook;
static void *_Atomic hook_argument;
static _Thread_local unsigned int off;

void mr_set_interrupt(mr_interrupt_hook *hook_, void *argument)
{
    atomic_store(&hook_argument, argument);
    atomic_store(&hook, hook_);
}

void mri_interrupts_off(void)
{
    off++;
}

void mri_interrupts_on(void)
{
    off--;
}

bool mri_may_be_interrupted(void)
{
    return off == 0 && atomic_load_explicit(&hook, memory_order_relaxed);
}

bool mri_is_interrupted(void)
{
    mr_interrupt_hook *ask = atomic_load(&hook);

    return off == 0 && ask && ask(atomic_load(&hook_argument));
}

int64_t mri_interrupt_deadline(int64_t deadline)
{
    int64_t next = mri_now() + MRI_INTERRUPT_INTERVAL;

    return next < deadline ? next : deadline;
}
