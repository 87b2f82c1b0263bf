/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Semaphore, RLock and reader-writer lock that nobody else wants, a condition
 * that wakes another, and a barrier.
 *
 *   mpirun -np 2 bench/objects/sync                  all but the barrier; the
 *                                                    other is a child process
 *   mpirun -np 4 bench/objects/sync barrier          of all ranks
 *   mpirun -np 2 bench/objects/sync children 2 8     barriers of main and
 *                                                    child processes
 *
 * The objects lie on rank 0.
 */
#include "../bench.h"
#include "../repeat.h"
#include "others.h"

#include <string.h>

enum { MOST_PARTIES = 64, END = 2 };

static const double a_minute = 60;

/* ---- alone --------------------------------------------------------------- */

static void use_semaphore(void *user, long count)
{
    mr_semaphore semaphore = *(mr_semaphore *)user;

    for (long i = 0; i < count; i++) {
        must(mr_semaphore_acquire(semaphore, MR_FOREVER), "acquire");
        must(mr_semaphore_release(semaphore, 1), "release");
    }
}

static void use_lock(void *user, long count)
{
    mr_lock lock = *(mr_lock *)user;

    for (long i = 0; i < count; i++) {
        must(mr_lock_acquire(lock, MR_FOREVER), "acquire");
        must(mr_lock_release(lock), "release");
    }
}

static void read_rwlock(void *user, long count)
{
    mr_rwlock lock = *(mr_rwlock *)user;

    for (long i = 0; i < count; i++) {
        must(mr_rwlock_acquire_read(lock, MR_FOREVER), "acquire");
        must(mr_rwlock_release(lock), "release");
    }
}

static void measure_alone(void)
{
    mr_lock_options recursive = {.recursive = true};
    mr_semaphore semaphore;
    mr_lock lock;
    mr_rwlock rwlock;

    must(mr_semaphore_create(&semaphore, 1, NULL), "semaphore");
    must(mr_lock_create(&lock, &recursive), "lock");
    must(mr_rwlock_create(&rwlock, NULL), "rwlock");
    report("semaphore", seconds_each(use_semaphore, &semaphore) * 1e9, "ns");
    report("rlock", seconds_each(use_lock, &lock) * 1e9, "ns");
    report("read_lock", seconds_each(read_rwlock, &rwlock) * 1e9, "ns");
    must(mr_rwlock_destroy(rwlock), "rwlock");
    must(mr_lock_destroy(lock), "lock");
    must(mr_semaphore_destroy(semaphore), "semaphore");
}

/* ---- two in turn --------------------------------------------------------- */

/* A Value tells whose turn it is: 0 or 1, or END. */
typedef struct turns {
    mr_condition condition;
    mr_lock lock;
    mr_value turn;
} turns;

static int64_t turn_of(const turns *t)
{
    int64_t turn;

    must(mr_value_get(t->turn, &turn), "get");
    return turn;
}

/* Waits for one's own turn and gives the other the next. False at the end. */
static bool take_turn(const turns *t, int64_t mine)
{
    int64_t turn;

    must(mr_lock_acquire(t->lock, MR_FOREVER), "acquire");
    while ((turn = turn_of(t)) == !mine) {
        must(mr_condition_wait(t->condition, MR_FOREVER), "wait");
    }
    if (turn == mine) {
        must(mr_value_set(t->turn, &(int64_t){!mine}), "set");
        must(mr_condition_notify(t->condition, 1), "notify");
    }
    must(mr_lock_release(t->lock), "release");
    return turn == mine;
}

static void take_turns(void *user, long count)
{
    for (long i = 0; i < count; i++) {
        take_turn(user, 0);
    }
}

static void end_turns(const turns *t)
{
    must(mr_lock_acquire(t->lock, MR_FOREVER), "acquire");
    while (turn_of(t) == 1) {
        must(mr_condition_wait(t->condition, MR_FOREVER), "wait");
    }
    must(mr_value_set(t->turn, &(int64_t){END}), "set");
    must(mr_condition_notify_all(t->condition), "notify");
    must(mr_lock_release(t->lock), "release");
}

static void measure_condition(void)
{
    mr_condition_options options = {0};
    turns t;

    must(mr_lock_create(&t.lock, NULL), "lock");
    options.lock = t.lock;
    must(mr_condition_create(&t.condition, &options), "condition");
    must(mr_value_create(&t.turn, MR_INT64, NULL, NULL), "value");
    others_begin(true, 1, 1, &t, sizeof t);
    report("notify", seconds_each(take_turns, &t) / 2 * 1e6, "us");
    end_turns(&t);
    others_end();
    must(mr_value_destroy(t.turn), "value");
    must(mr_condition_destroy(t.condition), "condition");
    must(mr_lock_destroy(t.lock), "lock");
}

/* ---- a barrier ----------------------------------------------------------- */

static void pass_barrier(void *user, long count)
{
    mr_barrier barrier = *(mr_barrier *)user;

    for (long i = 0; i < count; i++) {
        must(mr_barrier_wait(barrier, a_minute, NULL), "barrier");
    }
}

static void measure_barrier(bool children, int parties)
{
    mr_barrier barrier;

    must(mr_barrier_create(&barrier, (unsigned int)parties, NULL), "barrier");
    others_begin(children, 1, parties - 1, &barrier, sizeof barrier);
    report_of_ranks("barrier", parties,
                    seconds_each(pass_barrier, &barrier) * 1e6, "us");
    must(mr_barrier_abort(barrier), "abort");
    others_end();
    must(mr_barrier_destroy(barrier), "barrier");
}

/* ---- the others ---------------------------------------------------------- */

static bool barriers; /* what is measured */

static void follow(const void *argument, int which)
{
    turns t;
    mr_barrier barrier;
    mr_error error;

    (void)which;
    if (!barriers) {
        memcpy(&t, argument, sizeof t);
        while (take_turn(&t, 1)) {
        }
        return;
    }
    memcpy(&barrier, argument, sizeof barrier);
    do {
        error = mr_barrier_wait(barrier, a_minute, NULL);
    } while (!error);
    check(error == MR_ERR_BROKEN, "sync: a barrier that is aborted");
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    end_in_time();
    barriers = argc > 1;
    others_are(follow);
    must(mr_init(&argc, &argv), "mr_init");
    want(!*what || strcmp(what, "barrier") == 0 ||
             strcmp(what, "children") == 0,
         "mpirun -np RANKS bench/objects/sync [barrier|children COUNT...]");
    if (!*what) {
        measure_alone();
        measure_condition();
    } else if (strcmp(what, "barrier") == 0) {
        measure_barrier(false, mr_size());
    }
    for (int i = 2; i < argc; i++) {
        int parties = atoi(argv[i]);

        want(parties > 1 && parties <= MOST_PARTIES,
             "bench/objects/sync children COUNT..., from 2 to 64");
        measure_barrier(true, parties);
    }
    return mr_finalize();
}
