/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operations whose instructions tests/counts/counts.sh counts, in a job of
 * one rank under callgrind.
 *
 * Callgrind writes a file for REPEAT calls of each, which has its name.  Nobody
 * waits for anybody where instructions are counted, so that their number is the
 * same each time, on a busy machine as on an idle one.  Only the map of one has
 * to wait, see map_of_one: single calls of it have files of their own, and the
 * script takes the least of them.
 */
#include "counts/callgrind.h"

#include <string.h>

/* A multiple of the 30 items that a block of a queue has. */
enum { REPEAT = 30 * 32, WARM = 30 * 8, LARGE = 1024 };

static mr_value value;
static mr_lock lock;
static mr_lock value_lock;
static mr_lock rlock;
static mr_rwlock rwlock;
static mr_queue queues[2];
static mr_pipe_end ends[2];
static mr_array array;
static mr_pool pool;

/* ---- value, lock, array -------------------------------------------------- */

static void value_add(int count)
{
    int64_t one = 1;

    for (int i = 0; i < count; i++) {
        must(mr_value_add(value, &one, NULL));
    }
}

static void value_add_twice(int count)
{
    value_add(2 * count);
}

static void value_get(int count)
{
    int64_t number;

    for (int i = 0; i < count; i++) {
        must(mr_value_get(value, &number));
    }
}

static void value_set(int count)
{
    for (int64_t i = 0; i < count; i++) {
        must(mr_value_set(value, &i));
    }
}

static void value_lock_add_unlock(int count)
{
    int64_t one = 1;

    for (int i = 0; i < count; i++) {
        must(mr_lock_acquire(value_lock, MR_FOREVER));
        must(mr_value_add(value, &one, NULL));
        must(mr_lock_release(value_lock));
    }
}

static void lock_acquire_release(int count)
{
    for (int i = 0; i < count; i++) {
        must(mr_lock_acquire(lock, MR_FOREVER));
        must(mr_lock_release(lock));
    }
}

static void rlock_acquire_release(int count)
{
    for (int i = 0; i < count; i++) {
        must(mr_lock_acquire(rlock, MR_FOREVER));
        must(mr_lock_release(rlock));
    }
}

static void rwlock_acquire_read_release(int count)
{
    for (int i = 0; i < count; i++) {
        must(mr_rwlock_acquire_read(rwlock, MR_FOREVER));
        must(mr_rwlock_release(rwlock));
    }
}

static void array_get(int count)
{
    int64_t number;

    for (int i = 0; i < count; i++) {
        must(mr_array_get(array, 7, 1, &number));
    }
}

static void array_set(int count)
{
    for (int64_t i = 0; i < count; i++) {
        must(mr_array_set(array, 7, 1, &i));
    }
}

static void array_add(int count)
{
    int64_t one = 1;

    for (int i = 0; i < count; i++) {
        must(mr_array_add(array, 7, &one, NULL));
    }
}

/* ---- queue, pipe, wait --------------------------------------------------- */

static void put(int count, size_t size)
{
    char item[LARGE] = {0};

    for (int i = 0; i < count; i++) {
        must(mr_queue_put(queues[0], item, size, MR_FOREVER));
    }
}

static void get(int count, size_t size)
{
    char item[LARGE];

    for (int i = 0; i < count; i++) {
        must(mr_queue_get(queues[0], item, size, NULL, MR_FOREVER));
    }
}

static void queue_put_8(int count)
{
    put(count, 8);
}

static void queue_get_8(int count)
{
    get(count, 8);
}

static void queue_put_1024(int count)
{
    put(count, LARGE);
}

static void queue_get_1024(int count)
{
    get(count, LARGE);
}

/* A hundred numbers in one call. */
static void queue_put_many(int count)
{
    int64_t items[100] = {0};

    for (int i = 0; i < count; i++) {
        must(mr_queue_put_many(queues[0], items, sizeof items[0], 100, NULL,
                               MR_FOREVER));
    }
}

static void queue_get_many(int count)
{
    int64_t items[100];
    size_t got;

    for (int i = 0; i < count; i++) {
        must(mr_queue_get_many(queues[0], items, sizeof items, 100, &got, NULL,
                               MR_FOREVER));
    }
}

static void queue_lend(int count)
{
    mr_item item;

    for (int i = 0; i < count; i++) {
        must(mr_queue_reserve(queues[0], 64, &item, MR_FOREVER));
        must(mr_queue_commit(queues[0], &item, MR_FOREVER));
        must(mr_queue_take(queues[0], &item, MR_FOREVER));
        must(mr_item_release(&item));
    }
}

static void queue_there_and_back(int count)
{
    int64_t item = 1;

    for (int i = 0; i < count; i++) {
        for (int k = 0; k < 2; k++) {
            must(mr_queue_put(queues[k], &item, sizeof item, MR_FOREVER));
            must(mr_queue_get(queues[k], &item, sizeof item, NULL, MR_FOREVER));
        }
    }
}

static void pipe_send(int count)
{
    for (int64_t i = 0; i < count; i++) {
        must(mr_pipe_send(ends[1], &i, sizeof i, MR_FOREVER));
    }
}

static void pipe_recv(int count)
{
    int64_t message;

    for (int i = 0; i < count; i++) {
        must(mr_pipe_recv(ends[0], &message, sizeof message, NULL, MR_FOREVER));
    }
}

static void wait_for_2(int count)
{
    mr_handle handles[] = {queues[0].handle, lock.handle};
    bool ready[2];

    for (int i = 0; i < count; i++) {
        must(mr_wait(handles, 2, MR_FOREVER, ready));
    }
}

/* ---- map ----------------------------------------------------------------- */

/* What the tasks of a map share. */
typedef struct plan {
    char name[32];
    bool is_long;
} plan;

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Not counted.  A worker that chooses takes chunks of one such task. */
static void take_long(void)
{
    double start;

    CALLGRIND_TOGGLE_COLLECT;
    start = now();
    while (now() - start < 50e-6) {
    }
    CALLGRIND_TOGGLE_COLLECT;
}

static mr_error square(const void *in, void *out, const mr_task *task)
{
    const plan *p = task->context;

    if (task->index == WARM) {
        begin();
    } else if (task->index == WARM + REPEAT) {
        end(p->name);
    }
    if (p->is_long) {
        take_long();
    }
    *(int64_t *)out = *(const int64_t *)in * *(const int64_t *)in;
    return MR_OK;
}

static void map(const char *name, size_t chunk, bool is_long)
{
    static int64_t in[WARM + REPEAT + 1];
    static int64_t out[WARM + REPEAT + 1];
    mr_map_options options = {.chunk = chunk};
    plan p = {.is_long = is_long};

    snprintf(p.name, sizeof p.name, "%s", name);
    must(mr_pool_map(pool, square, &p, sizeof p, in, sizeof *in, out,
                     sizeof *out, WARM + REPEAT + 1, &options));
}

static bool is_asleep(pid_t pid)
{
    char name[64];
    char state = '?';
    FILE *file;

    snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
    file = fopen(name, "r");
    if (!file || fscanf(file, "%*d %*s %c", &state) != 1) {
        fprintf(stderr, "hot_paths: %s cannot be read\n", name);
        exit(1);
    }
    fclose(file);
    return state == 'S';
}

static mr_error after_the_caller_sleeps(const void *in, void *out,
                                        const mr_task *task)
{
    (void)out;
    (void)task;
    while (!is_asleep(*(const pid_t *)in)) {
    }
    return MR_OK;
}

static void map_once(void)
{
    pid_t me = getpid();

    must(mr_pool_map(pool, after_the_caller_sleeps, NULL, 0, &me, sizeof me,
                     NULL, 0, 1, NULL));
}

/*
 * The caller looks for the end of the map a fixed number of times, sleeps, and
 * is woken by the task, which has waited for that.  But it would sleep for
 * 100 us at most, see MRI_SCHEDULE_DEFER, and then go the long way of large
 * maps, with three times the instructions.  Under callgrind the looks alone
 * take about that time, so the clock is ahead of the kernel's meanwhile.
 */
static void map_of_one(void)
{
    enum { CALLS = 31, AHEAD = 10 };

    map_once();
    ahead = AHEAD;
    CALLGRIND_START_INSTRUMENTATION;
    for (int i = 0; i < CALLS; i++) {
        CALLGRIND_ZERO_STATS;
        map_once();
        CALLGRIND_DUMP_STATS_AT("one call: map_of_one");
    }
    CALLGRIND_STOP_INSTRUMENTATION;
    ahead = 0;
}

/* ---- all of them --------------------------------------------------------- */

typedef void operation(int count);

/* What comes before and after is not counted. */
static const struct {
    const char *name;
    operation *before;
    operation *run;
    operation *after;
} operations[] = {
    {"value_add", NULL, value_add, NULL},
    {"value_add_twice", NULL, value_add_twice, NULL},
    {"value_get", NULL, value_get, NULL},
    {"value_set", NULL, value_set, NULL},
    {"value_lock_add_unlock", NULL, value_lock_add_unlock, NULL},
    {"lock_acquire_release", NULL, lock_acquire_release, NULL},
    {"rlock_acquire_release", NULL, rlock_acquire_release, NULL},
    {"rwlock_acquire_read_release", NULL, rwlock_acquire_read_release, NULL},
    {"array_get", NULL, array_get, NULL},
    {"array_set", NULL, array_set, NULL},
    {"array_add", NULL, array_add, NULL},
    {"queue_put_8", NULL, queue_put_8, queue_get_8},
    {"queue_get_8", queue_put_8, queue_get_8, NULL},
    {"queue_put_1024", NULL, queue_put_1024, queue_get_1024},
    {"queue_get_1024", queue_put_1024, queue_get_1024, NULL},
    {"queue_put_many", NULL, queue_put_many, queue_get_many},
    {"queue_get_many", queue_put_many, queue_get_many, NULL},
    {"queue_lend", NULL, queue_lend, NULL},
    {"queue_there_and_back", NULL, queue_there_and_back, NULL},
    {"pipe_send", NULL, pipe_send, pipe_recv},
    {"pipe_recv", pipe_send, pipe_recv, NULL},
    {"wait_for_2", NULL, wait_for_2, NULL},
};

static void count(size_t number)
{
    for (int counted = 0; counted < 2; counted++) {
        if (operations[number].before) {
            operations[number].before(REPEAT);
        }
        if (counted) {
            begin();
        }
        operations[number].run(REPEAT);
        if (counted) {
            end(operations[number].name);
        }
        if (operations[number].after) {
            operations[number].after(REPEAT);
        }
    }
}

/* Counts are compared only where the same source has about the same. */
static const char *why_not(void)
{
#if !defined(__x86_64__)
    return "the counts are those of x86-64";
#elif defined(MRI_DEBUG) || defined(MRI_SANITIZED)
    return "a build for debugging";
#elif defined(CALLGRIND_IS_MISSING)
    return "configure found no valgrind/callgrind.h";
#else
    return strstr(MRI_BUILD_COMPILER, "-O2") ||
                   strstr(MRI_BUILD_COMPILER, "-O3")
               ? NULL
               : "a build without -O2";
#endif
}

/* For the script: a line "skip REASON", or "REPEAT COMPILER". */
static int tell_about(void)
{
    if (why_not()) {
        printf("skip %s\n", why_not());
    } else {
        printf("%d %s (%s)\n", REPEAT, __VERSION__, MRI_BUILD_COMPILER);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--about") == 0) {
        return tell_about();
    }
    must(mr_init(&argc, &argv));
    must(mr_value_create(&value, MR_INT64, NULL, NULL));
    must(mr_value_get_lock(value, &value_lock));
    must(mr_lock_create(&lock, NULL));
    must(mr_lock_create(&rlock, &(mr_lock_options){.recursive = true}));
    must(mr_rwlock_create(&rwlock, NULL));
    must(mr_queue_create(&queues[0], NULL));
    must(mr_queue_create(&queues[1], NULL));
    must(mr_pipe_create(&ends[0], &ends[1], false));
    must(mr_array_create(&array, MR_INT64, 64, NULL, NULL));
    must(mr_pool_create(&pool, NULL));
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        count(i);
    }
    map_of_one();
    map("map_task_of_chunk_1", 1, false);
    map("map_task_of_chunk_31", 31, false);
    map("map_chunk_that_is_chosen", 0, true);
    must(mr_pool_destroy(pool));
    return mr_finalize();
}
