/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A Value: an atomic addition, and one under its lock.
 *
 *   mpirun -np 2 bench/objects/value                   main alone, and a
 * process mpirun -np 8 bench/objects/value ranks             all ranks at once
 *   mpirun -np 2 bench/objects/value children 2 4 8    so many children at once
 *
 * It lies on the last rank, so that it is on the other node where there are
 * two.  Rank 0 works as it does in a map: by a child beside main, which sleeps.
 */
#include "../bench.h"
#include "../repeat.h"
#include "crowd.h"
#include "others.h"

#include <string.h>

enum { MOST_CHILDREN = 64 };

/* What main and the workers use. */
typedef struct shared {
    mr_value value;
    mr_lock lock;
    mr_value ready; /* workers that have come */
    mr_queue parts; /* what they did: crowd_part */
    int64_t workers;
    int locked; /* whether they take the lock */
} shared;

static const double a_minute = 60;

static void add(void *user)
{
    const shared *s = user;
    int64_t one = 1;

    must(mr_value_add(s->value, &one, NULL), "add");
}

static void lock_add_unlock(void *user)
{
    const shared *s = user;

    must(mr_lock_acquire(s->lock, a_minute), "acquire");
    add(user);
    must(mr_lock_release(s->lock), "release");
}

static int64_t sum_of(mr_value value)
{
    int64_t sum;

    must(mr_value_get(value, &sum), "get");
    return sum;
}

static void share(shared *s)
{
    mr_value_options there = {.place = MR_ON_RANK(mr_size() - 1)};

    must(mr_value_create(&s->value, MR_INT64, NULL, &there), "value");
    must(mr_value_get_lock(s->value, &s->lock), "lock");
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

/* Of a process: on another node its rank makes the call for it. */
static int add_in_process(const void *argument, size_t size)
{
    shared s;

    check(size == sizeof s, "argument");
    memcpy(&s, argument, sizeof s);
    report("process_add", seconds_each(adds, &s) * 1e9, "ns");
    must(mr_queue_put(s.parts, &added, sizeof added, a_minute), "put");
    return 0;
}

static void measure_process(shared *s)
{
    mr_process_options here = {.place = MR_ON_RANK(0)};
    mr_process process;
    int64_t count;

    must(mr_queue_create(&s->parts, NULL), "queue");
    must(mr_process_create(&process, add_in_process, s, sizeof *s, &here),
         "create");
    must(mr_process_start(process), "start");
    must(mr_queue_get(s->parts, &count, sizeof count, NULL, a_minute), "get");
    must(mr_process_join(process, a_minute), "join");
    must(mr_process_destroy(process), "destroy");
    must(mr_queue_destroy(s->parts), "queue");
    added = count;
}

static void measure_alone(void)
{
    shared s;

    share(&s);
    measure_process(&s);
    report("add", seconds_each(adds, &s) * 1e9, "ns");
    report("lock_add_unlock", seconds_each(locked_adds, &s) * 1e9, "ns");
    check(sum_of(s.value) == added, "value");
    must(mr_value_destroy(s.value), "value");
}

/* ---- a crowd ------------------------------------------------------------- */

static void take_part(const void *argument, int which)
{
    const double limit = now() + a_minute;
    int64_t one = 1;
    shared s;
    crowd_part mine;

    (void)which;
    memcpy(&s, argument, sizeof s);
    must(mr_value_add(s.ready, &one, NULL), "ready");
    while (sum_of(s.ready) < s.workers) {
        usleep(100);
        check(now() < limit, "value: the workers do not all come");
    }
    mine = crowd_work(s.locked ? lock_add_unlock : add, &s);
    must(mr_queue_put(s.parts, &mine, sizeof mine, MR_FOREVER), "put");
}

static void measure_crowd(bool children, int workers, bool locked)
{
    shared s = {.workers = workers, .locked = locked};
    crowd_part all = {.count = 0};

    share(&s);
    must(mr_value_create(&s.ready, MR_INT64, NULL, NULL), "value");
    must(mr_queue_create(&s.parts, NULL), "queue");
    others_begin(children, 0, workers - 1, &s, sizeof s);
    for (int i = 0; i < workers; i++) {
        crowd_part part;

        must(mr_queue_get(s.parts, &part, sizeof part, NULL, a_minute), "get");
        crowd_add(&all, &part);
    }
    others_end();
    crowd_report(locked ? "lock_add_unlock" : "add", workers, &all,
                 sum_of(s.value));
    must(mr_queue_destroy(s.parts), "queue");
    must(mr_value_destroy(s.ready), "value");
    must(mr_value_destroy(s.value), "value");
}

static void measure_together(bool children, int workers)
{
    measure_crowd(children, workers, false);
    measure_crowd(children, workers, true);
}

int main(int argc, char **argv)
{
    const char *who = argc > 1 ? argv[1] : "main";

    end_in_time();
    others_are(take_part);
    must(mr_init(&argc, &argv), "mr_init");
    if (strcmp(who, "main") == 0) {
        measure_alone();
    } else if (strcmp(who, "ranks") == 0) {
        measure_together(false, mr_size());
    } else {
        want(strcmp(who, "children") == 0,
             "mpirun -np RANKS bench/objects/value [ranks|children COUNT...]");
    }
    for (int i = 2; i < argc; i++) {
        int workers = atoi(argv[i]);

        want(workers > 0 && workers <= MOST_CHILDREN,
             "bench/objects/value children COUNT..., of 64 at most");
        measure_together(true, workers);
    }
    return mr_finalize();
}
