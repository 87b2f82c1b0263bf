/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What POSIX has for forked processes: a semaphore, a robust recursive mutex
 * and a reader-writer lock that nobody else wants, a condition that wakes
 * another process, and barriers.
 *
 *   bench/objects/sync_posix        barriers of 2 and 8 processes
 */
#include "../repeat.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

typedef struct shared {
    sem_t semaphore;
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_mutex_t turn_mutex;
    pthread_cond_t condition;
    pthread_barrier_t barrier;
    int turn;        /* 0 or 1, or another number at the end */
    long rounds;     /* of the barrier that main has passed */
    long last_round; /* written before it */
} shared;

/* ---- alone --------------------------------------------------------------- */

static void use_semaphore(void *user, long count)
{
    shared *s = user;

    for (long i = 0; i < count; i++) {
        check(sem_wait(&s->semaphore) == 0, "sem_wait");
        check(sem_post(&s->semaphore) == 0, "sem_post");
    }
}

static void use_mutex(void *user, long count)
{
    shared *s = user;

    for (long i = 0; i < count; i++) {
        check(pthread_mutex_lock(&s->mutex) == 0, "lock");
        check(pthread_mutex_unlock(&s->mutex) == 0, "unlock");
    }
}

static void read_rwlock(void *user, long count)
{
    shared *s = user;

    for (long i = 0; i < count; i++) {
        check(pthread_rwlock_rdlock(&s->rwlock) == 0, "rdlock");
        check(pthread_rwlock_unlock(&s->rwlock) == 0, "unlock");
    }
}

/* ---- with others --------------------------------------------------------- */

static bool take_turn(shared *s, int mine)
{
    bool right;

    check(pthread_mutex_lock(&s->turn_mutex) == 0, "lock");
    while (s->turn == !mine) {
        check(pthread_cond_wait(&s->condition, &s->turn_mutex) == 0, "wait");
    }
    right = s->turn == mine;
    if (right) {
        s->turn = !mine;
        check(pthread_cond_signal(&s->condition) == 0, "signal");
    }
    check(pthread_mutex_unlock(&s->turn_mutex) == 0, "unlock");
    return right;
}

static void take_turns(void *user, long count)
{
    for (long i = 0; i < count; i++) {
        take_turn(user, 0);
    }
}

static void end_turns(shared *s)
{
    check(pthread_mutex_lock(&s->turn_mutex) == 0, "lock");
    while (s->turn == 1) {
        check(pthread_cond_wait(&s->condition, &s->turn_mutex) == 0, "wait");
    }
    s->turn = 2;
    check(pthread_cond_broadcast(&s->condition) == 0, "broadcast");
    check(pthread_mutex_unlock(&s->turn_mutex) == 0, "unlock");
}

static void pass_barrier(void *user, long count)
{
    shared *s = user;

    for (long i = 0; i < count; i++) {
        pthread_barrier_wait(&s->barrier);
    }
    s->rounds += count;
}

static void answer_turns(shared *s)
{
    while (take_turn(s, 1)) {
    }
}

static void answer_barriers(shared *s)
{
    long rounds = 0;

    do {
        pthread_barrier_wait(&s->barrier);
        rounds++;
    } while (rounds != s->last_round);
}

static void begin_others(shared *s, int count, void (*follow)(shared *s))
{
    for (int i = 0; i < count; i++) {
        pid_t child = fork();

        check(child >= 0, "fork");
        if (child == 0) {
            end_in_time();
            follow(s);
            _exit(0);
        }
    }
}

static void end_others(int count)
{
    for (int i = 0; i < count; i++) {
        int status;

        check(wait(&status) > 0 && status == 0, "the other side");
    }
}

static void measure_condition(shared *s)
{
    begin_others(s, 1, answer_turns);
    report("notify", seconds_each(take_turns, s) / 2 * 1e6, "us");
    end_turns(s);
    end_others(1);
}

static void measure_barrier(shared *s, int parties)
{
    pthread_barrierattr_t attributes;

    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    check(pthread_barrier_init(&s->barrier, &attributes,
                               (unsigned int)parties) == 0,
          "barrier");
    s->rounds = s->last_round = 0;
    begin_others(s, parties - 1, answer_barriers);
    report_of_ranks("barrier", parties, seconds_each(pass_barrier, s) * 1e6,
                    "us");
    s->last_round = s->rounds + 1;
    pass_barrier(s, 1);
    end_others(parties - 1);
    pthread_barrier_destroy(&s->barrier);
}

static void make_shared(shared *s)
{
    pthread_mutexattr_t mutex;
    pthread_rwlockattr_t rwlock;
    pthread_condattr_t condition;

    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
    check(pthread_mutex_init(&s->turn_mutex, &mutex) == 0, "mutex");
    pthread_mutexattr_settype(&mutex, PTHREAD_MUTEX_RECURSIVE);
    check(pthread_mutex_init(&s->mutex, &mutex) == 0, "mutex");
    pthread_rwlockattr_init(&rwlock);
    pthread_rwlockattr_setpshared(&rwlock, PTHREAD_PROCESS_SHARED);
    check(pthread_rwlock_init(&s->rwlock, &rwlock) == 0, "rwlock");
    pthread_condattr_init(&condition);
    pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
    check(pthread_cond_init(&s->condition, &condition) == 0, "condition");
    check(sem_init(&s->semaphore, 1, 1) == 0, "semaphore");
}

int main(void)
{
    shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    check(s != MAP_FAILED, "mmap");
    end_in_time();
    make_shared(s);
    report("semaphore", seconds_each(use_semaphore, s) * 1e9, "ns");
    report("rlock", seconds_each(use_mutex, s) * 1e9, "ns");
    report("read_lock", seconds_each(read_rwlock, s) * 1e9, "ns");
    measure_condition(s);
    measure_barrier(s, 2);
    measure_barrier(s, 8);
    return 0;
}
