/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owns the time limit of the running test. A thread sleeps until the deadline;
 * if it is still armed by then, the thread prints the test's name and the
 * stack of every thread, and aborts. The thread blocks all signals, so that
 * tests which wait for a signal are not robbed of it. One mutex guards all
 * state; nothing else is locked under it.
 */

#include "harness/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FRAMES = 64 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool armed;
static struct timespec deadline;
static const char *suite_name;
static const char *test_name;
static double allowed;

/* Posted by a thread that has printed its stack. */
static sem_t stack_printed;

static void print_stack(int signal_number)
{
    void *frames[MAX_FRAMES];
    int saved = errno;

    (void)signal_number;
    backtrace_symbols_fd(frames, backtrace(frames, MAX_FRAMES), STDERR_FILENO);
    sem_post(&stack_printed);
    errno = saved;
}

/* The stacks are printed in turn; a thread that blocks the signal is passed
 * over after a second. */
static void print_all_stacks(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *entry;

    if (!tasks) {
        return;
    }
    while ((entry = readdir(tasks)) != NULL) {
        struct timespec limit;
        long thread = strtol(entry->d_name, NULL, 10);

        if (thread <= 0 || thread == syscall(SYS_gettid)) {
            continue;
        }
        fprintf(stderr, "thread %ld:\n", thread);
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_sec += 1;
        if (syscall(SYS_tgkill, getpid(), thread, SIGRTMAX) != 0 ||
            sem_timedwait(&stack_printed, &limit) != 0) {
            fprintf(stderr, "(no stack)\n");
        }
    }
    closedir(tasks);
}

static bool expired(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > deadline.tv_sec ||
           (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

static void *watch(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&mutex);
    while (!armed || !expired()) {
        if (armed) {
            pthread_cond_timedwait(&changed, &mutex, &deadline);
        } else {
            pthread_cond_wait(&changed, &mutex);
        }
    }
    fflush(stdout);
    fprintf(stderr, "\nHUNG %s: %s did not end within %g s; process %ld\n",
            suite_name, test_name, allowed, (long)getpid());
    print_all_stacks();
    abort();
}

void mrt_watchdog_start(void)
{
    struct sigaction action = {.sa_handler = print_stack,
                               .sa_flags = SA_RESTART};
    pthread_condattr_t attributes;
    pthread_t thread;
    void *frame;
    sigset_t all, old;

    /* The first call of backtrace loads a library, which a signal handler
     * must not do (backtrace(3), notes). */
    backtrace(&frame, 1);
    sem_init(&stack_printed, 0, 0);
    sigaction(SIGRTMAX, &action, NULL);

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    if (pthread_create(&thread, NULL, watch, NULL) != 0) {
        fprintf(stderr, "no watchdog: tests run without a time limit\n");
    } else {
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void mrt_watchdog_arm(const char *suite, const char *test, double seconds)
{
    long whole = (long)seconds;

    pthread_mutex_lock(&mutex);
    suite_name = suite;
    test_name = test;
    allowed = seconds;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += whole;
    deadline.tv_nsec += (long)((seconds - (double)whole) * 1e9);
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec += 1;
        deadline.tv_nsec -= 1000000000L;
    }
    armed = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
}

void mrt_watchdog_disarm(void)
{
    pthread_mutex_lock(&mutex);
    armed = false;
    pthread_mutex_unlock(&mutex);
}
