/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The watchdog of the harness: one thread that ends the program when a test
 * outlives its limit.
 */

#ifndef MRT_WATCHDOG_H
#define MRT_WATCHDOG_H

/** Starts the thread; called once, before the first test. */
void mrt_watchdog_start(void);

/** Allows the test of this name that many seconds from now on. */
void mrt_watchdog_arm(const char *suite, const char *test, double seconds);

/** The test has ended. */
void mrt_watchdog_disarm(void);

#endif
