/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory that objects take, as the whole job grows by many of them.
 *
 *   mpirun -np 2 bench/objects/memory
 */
#include "../bench.h"
#include "../job/usage.h"
#include "../repeat.h"

enum { OBJECTS = 10000, ITEMS = 100000, PROCESSES = 32 };

static const double a_minute = 60;

/* ---- objects and items --------------------------------------------------- */

static mr_queue items;

static void make_lock(void)
{
    mr_lock lock;

    must(mr_lock_create(&lock, NULL), "lock");
}

static void make_value(void)
{
    mr_value value;

    must(mr_value_create(&value, MR_INT64, NULL, NULL), "value");
}

static void make_queue(void)
{
    mr_queue queue;

    must(mr_queue_create(&queue, NULL), "queue");
}

static void make_item(void)
{
    int64_t item = 1;

    must(mr_queue_put(items, &item, sizeof item, a_minute), "put");
}

/* Nothing is destroyed in between, or what comes next would lie there. */
static void measure(const char *name, void (*make)(void), int count)
{
    double before = usage_of_job().memory;

    for (int i = 0; i < count; i++) {
        make();
    }
    report(name, (usage_of_job().memory - before) / count, "KiB");
}

/* ---- processes ----------------------------------------------------------- */

/* Queues by which a process says that it is there, and is let go. */
typedef struct meeting {
    mr_queue here;
    mr_queue go;
} meeting;

static int be_there(const void *argument, size_t size)
{
    const meeting *m = argument;

    (void)size;
    must(mr_queue_put(m->here, NULL, 0, a_minute), "here");
    must(mr_queue_get(m->go, NULL, 0, NULL, a_minute), "go");
    return 0;
}

static void measure_processes(void)
{
    mr_process processes[PROCESSES];
    meeting m;
    double before;

    must(mr_queue_create(&m.here, NULL), "queue");
    must(mr_queue_create(&m.go, NULL), "queue");
    before = usage_of_job().memory;
    for (int i = 0; i < PROCESSES; i++) {
        must(mr_process_create(&processes[i], be_there, &m, sizeof m, NULL),
             "process");
        must(mr_process_start(processes[i]), "start");
        must(mr_queue_get(m.here, NULL, 0, NULL, a_minute), "here");
    }
    report("process", (usage_of_job().memory - before) / PROCESSES, "KiB");
    for (int i = 0; i < PROCESSES; i++) {
        must(mr_queue_put(m.go, NULL, 0, a_minute), "go");
    }
    for (int i = 0; i < PROCESSES; i++) {
        must(mr_process_join(processes[i], a_minute), "join");
    }
}

int main(int argc, char **argv)
{
    size_t count;

    end_in_time();
    must(mr_init(&argc, &argv), "mr_init");
    must(mr_queue_create(&items, NULL), "queue");
    measure("lock", make_lock, OBJECTS);
    measure("value", make_value, OBJECTS);
    measure("queue", make_queue, OBJECTS);
    measure("item", make_item, ITEMS);
    must(mr_queue_qsize(items, &count), "qsize");
    check(count == ITEMS, "items in the queue");
    measure_processes();
    return mr_finalize();
}
