/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the programs under callgrind share: its requests, where it is missing
 * too, checked calls, and a clock that can be set forward.
 */
#ifndef COUNTS_CALLGRIND_H
#define COUNTS_CALLGRIND_H

#include <errno.h>
#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_VALGRIND_CALLGRIND_H
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_IS_MISSING
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_STOP_INSTRUMENTATION
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

/* An error ends the program: there is nothing to count then. */
static inline void must(mr_error error)
{
    if (error) {
        fprintf(stderr, "%s: %s\n", program_invocation_short_name,
                mr_error_text(error));
        exit(1);
    }
}

static inline void begin(void)
{
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

static inline void end(const char *name)
{
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}

/* Seconds by which the clock of this process is ahead of the kernel's, which
 * ends sleeps: a sleep with a time-out lasts so much longer. */
static time_t ahead;

/* Instead of the C library's.  Not inline, as that is not, so that nothing else
 * is compiled in another way. */
__attribute__((noinline)) int clock_gettime(clockid_t clock,
                                            struct timespec *time)
{
    long error = syscall(SYS_clock_gettime, clock, time);

    time->tv_sec += ahead;
    return (int)error;
}

#endif
