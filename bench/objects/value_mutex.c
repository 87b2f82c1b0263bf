/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A number in memory that forked processes share: an atomic addition, and one
 * under a robust mutex of POSIX threads.
 *
 *   bench/objects/value_mutex          one process
 *   bench/objects/value_mutex 2 4 8    so many at once
 */
#include "crowd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { MOST_WORKERS = 64 };

typedef struct shared {
    pthread_mutex_t mutex;
    atomic_int ready; /* workers that have come */
    _Atomic int64_t number;
    crowd_part parts[MOST_WORKERS];
} shared;

static void add(void *user)
{
    shared *s = user;

    atomic_fetch_add(&s->number, 1);
}

/* Under the mutex the addition needs no atomic step. */
static void lock_add_unlock(void *user)
{
    shared *s = user;
    int64_t number;

    check(pthread_mutex_lock(&s->mutex) == 0, "lock");
    number = atomic_load_explicit(&s->number, memory_order_relaxed);
    atomic_store_explicit(&s->number, number + 1, memory_order_relaxed);
    check(pthread_mutex_unlock(&s->mutex) == 0, "unlock");
}

static shared *new_shared(void)
{
    pthread_mutexattr_t attributes;
    shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(s != MAP_FAILED, "mmap");
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    check(pthread_mutex_init(&s->mutex, &attributes) == 0, "mutex");
    return s;
}

/* ---- alone --------------------------------------------------------------- */

static int64_t added;

static void adds(void *user, long count)
{
    for (long i = 0; i < count; i++) {
        add(user);
    }
    added += count;
}

static void locked_adds(void *user, long count)
{
    for (long i = 0; i < count; i++) {
        lock_add_unlock(user);
    }
    added += count;
}

static void measure_alone(void)
{
    shared *s = new_shared();

    report("add", seconds_each(adds, s) * 1e9, "ns");
    report("lock_add_unlock", seconds_each(locked_adds, s) * 1e9, "ns");
    check(s->number == added, "the number");
    munmap(s, sizeof *s);
}

/* ---- a crowd ------------------------------------------------------------- */

static void take_part(shared *s, int which, int workers, int locked)
{
    s->ready++;
    while (s->ready < workers) {
        usleep(100);
    }
    s->parts[which] = crowd_work(locked ? lock_add_unlock : add, s);
}

static void measure_crowd(int workers, int locked)
{
    shared *s = new_shared();
    crowd_part all = {.count = 0};

    for (int i = 0; i < workers; i++) {
        pid_t child = fork();

        check(child >= 0, "fork");
        if (child == 0) {
            end_in_time();
            take_part(s, i, workers, locked);
            _exit(0);
        }
    }
    for (int i = 0; i < workers; i++) {
        int status;

        check(wait(&status) > 0 && status == 0, "a worker");
    }
    for (int i = 0; i < workers; i++) {
        crowd_add(&all, &s->parts[i]);
    }
    crowd_report(locked ? "lock_add_unlock" : "add", workers, &all, s->number);
    munmap(s, sizeof *s);
}

int main(int argc, char **argv)
{
    end_in_time();
    if (argc == 1) {
        measure_alone();
    }
    for (int i = 1; i < argc; i++) {
        int workers = atoi(argv[i]);

        want(workers > 0 && workers <= MOST_WORKERS,
             "bench/objects/value_mutex [WORKERS...], with at most 64 workers");
        measure_crowd(workers, 0);
        measure_crowd(workers, 1);
    }
    return 0;
}
