/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts: how a signal ends a call that sleeps.
 *
 * The user's hook (mr_set_interrupt) says whether calls are to end.  It is
 * asked before each sleep of a call, when a signal has interrupted the sleep,
 * and every MRI_INTERRUPT_INTERVAL nanoseconds, as a signal may arrive between
 * the question and the sleep.
 */
#ifndef MRI_ENGINE_INTERRUPT_H
#define MRI_ENGINE_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

enum { MRI_INTERRUPT_INTERVAL = 50000000 };

/* No call of this thread is interrupted between these two, which may be
 * nested: the library calls itself, and goes on in the middle of something. */
void mri_interrupts_off(void);
void mri_interrupts_on(void);

/* Can a call of this thread be interrupted at all? */
bool mri_may_be_interrupted(void);

/* Shall it end now?  Asks the hook. */
bool mri_is_interrupted(void);

/* Until when a call may sleep that waits until `deadline`. */
int64_t mri_interrupt_deadline(int64_t deadline);

#endif
