/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job whose last rank is killed in the middle of something; survivors.sh
 * starts it.  What the others see is printed, line by line, and rank 0 ends
 * with status 7.
 *
 *     survivors waits     all who live wait for objects of the dead
 *     survivors two       the same, and the last but one dies too
 *     survivors those N,M  the same for ranks N and M, or for rank N alone
 *     survivors held      the dead one's children hold locks and pipe ends
 *     survivors map       it dies in the middle of a map of a pool
 *     survivors queue     ... of puts and gets of large items
 *     survivors stopped   ... the same, but it is stopped, and comes back
 *     survivors array     ... of large slices of an Array
 *     survivors copies    ... of the making of replicated Arrays
 *     survivors small     ... of small items that nobody waits for
 *     survivors after     what can be made, and run, when it is dead
 *     survivors steady    nobody dies: queue traffic and a map, for a while
 *
 * Else a second argument is a file: the victim is not killed by us, but by
 * the script that waits for the line "ready" and makes that file.
 */
#include "job/victims.h"

#include <pthread.h>
#include <string.h>

enum { MOST = 64, LARGE = 32 << 20, TASKS = 600 };

static int victim;
static const char *by_others;
static const char *list; /* of ranks */

/* ---- the deed ------------------------------------------------------------ */

static void kill_rank(int rank)
{
    kill_victim(rank, by_others);
}

static void tell(const char *what, mr_error error, double since)
{
    fprintf(stderr, "%s after %.2f s\n", what, seconds() - since);
    printf("%s %s\n", what, mr_error_name(error));
    fflush(stdout);
}

/* ---- waiting for objects of the dead ------------------------------------- */

typedef struct things {
    mr_queue empty, full, results, here;
    mr_lock lock;
    mr_process sleeper;
    mr_pipe_end reader, writer;
} things;

typedef enum way { GET, JOIN, PUT, ACQUIRE, WAIT, RECV, WAYS } way;

static const char *const names[] = {"get",     "join", "put",
                                    "acquire", "wait", "recv"};

static mr_error wait_for_any(const things *t)
{
    const mr_handle handles[] = {t->here.handle, t->empty.handle};
    bool ready[2];

    return mr_wait(handles, 2, LIMIT, ready);
}

static mr_error wait_in(way w, const things *t)
{
    char item[8] = {0};

    switch (w) {
    case GET:
        return mr_queue_get(t->empty, item, sizeof item, NULL, LIMIT);
    case PUT:
        return mr_queue_put(t->full, item, sizeof item, LIMIT);
    case ACQUIRE:
        return mr_lock_acquire(t->lock, LIMIT);
    case JOIN:
        return mr_process_join(t->sleeper, LIMIT);
    case WAIT:
        return wait_for_any(t);
    default:
        return mr_pipe_recv(t->reader, item, sizeof item, NULL, LIMIT);
    }
}

static int sleeps(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    pause();
    return 0;
}

/* A pipe lives where it was made. */
static int makes_pipe(const void *argument, size_t size)
{
    const mr_queue *queue = argument;
    mr_pipe_end ends[2];

    (void)size;
    NEED(mr_pipe_create(&ends[0], &ends[1], false));
    NEED(mr_queue_put(*queue, ends, sizeof ends, LIMIT));
    pause();
    return 0;
}

static void make_things(things *t, int rank)
{
    const mr_queue_options there = {.place = MR_ON_RANK(rank)};
    const mr_queue_options small = {.place = MR_ON_RANK(rank), .maxsize = 1};
    const mr_lock_options lock = {.place = MR_ON_RANK(rank)};
    const mr_process_options process = {.place = MR_ON_RANK(rank)};
    mr_pipe_end ends[2];
    mr_process maker;

    NEED(mr_queue_create(&t->empty, &there));
    NEED(mr_queue_create(&t->full, &small));
    NEED(mr_queue_put(t->full, "", 1, LIMIT));
    NEED(mr_queue_create(&t->here, NULL));
    NEED(mr_queue_create(&t->results, NULL));
    NEED(mr_lock_create(&t->lock, &lock));
    NEED(mr_lock_acquire(t->lock, LIMIT));
    NEED(mr_process_create(&t->sleeper, sleeps, NULL, 0, &process));
    NEED(mr_process_start(t->sleeper));
    NEED(mr_process_create(&maker, makes_pipe, &t->here, sizeof t->here,
                           &process));
    NEED(mr_process_start(maker));
    NEED(mr_queue_get(t->here, ends, sizeof ends, NULL, LIMIT));
    t->reader = ends[0];
    t->writer = ends[1];
}

/* What somebody saw, and where. */
typedef struct waiter {
    things t;
    way w;
    int place;
    mr_error error;
    double time;
} waiter;

/* In a process, or in a thread of rank 0. */
static void wait_and_report(waiter *w)
{
    double since = seconds();

    w->error = wait_in(w->w, &w->t);
    w->time = seconds() - since;
    NEED(mr_queue_put(w->t.results, w, sizeof *w, LIMIT));
}

static int waits_as_child(const void *argument, size_t size)
{
    waiter w;

    memcpy(&w, argument, size);
    wait_and_report(&w);
    return 0;
}

static void *waits_as_thread(void *argument)
{
    wait_and_report(argument);
    return NULL;
}

static void start_waiter(waiter *w)
{
    const mr_process_options place = {.place = MR_ON_RANK(w->place)};
    mr_process process;
    pthread_t thread;

    if (w->place < 0) {
        need(pthread_create(&thread, NULL, waits_as_thread, w) ? MR_ERR_MPI
                                                               : MR_OK,
             "pthread_create");
        pthread_detach(thread);
    } else {
        NEED(mr_process_create(&process, waits_as_child, w, sizeof *w, &place));
        NEED(mr_process_start(process));
    }
}

static bool is_one_of(int rank, const int *dead, int dead_count)
{
    for (int i = 0; i < dead_count; i++) {
        if (dead[i] == rank) {
            return true;
        }
    }
    return false;
}

/* For each way to wait: a thread of rank 0, and a child on each who lives. */
static void all_wait(const int *dead, int dead_count, way ways)
{
    static waiter waiters[MOST * WAYS];
    static things t[2];
    size_t count = 0;
    double slowest = 0;

    for (int d = 0; d < dead_count; d++) {
        make_things(&t[d], dead[d]);
        t[d].results = t[0].results;
    }
    for (int d = 0; d < dead_count; d++) {
        for (int place = -1; place < mr_size(); place++) {
            for (way w = 0; w < ways && !is_one_of(place, dead, dead_count);
                 w++) {
                waiters[count] = (waiter){.t = t[d], .w = w, .place = place};
                start_waiter(&waiters[count++]);
            }
        }
    }
    for (int d = 0; d < dead_count; d++) {
        kill_rank(dead[d]);
    }
    for (size_t i = 0; i < count; i++) {
        waiter w;

        NEED(mr_queue_get(t[0].results, &w, sizeof w, NULL, LIMIT));
        printf("%s%s %s\n", w.place < 0 ? "" : "child's ", names[w.w],
               mr_error_name(w.error));
        slowest = w.time > slowest ? w.time : slowest;
    }
    fprintf(stderr, "all %zu know after %.2f s\n", count, slowest);
}

static void waits(void)
{
    all_wait(&victim, 1, WAYS);
}

static void two(void)
{
    const int dead[] = {victim, victim - 1};

    all_wait(dead, 2, WAYS);
}

/* By two ways, as there are many ranks: a far and a near one may differ. */
static void those(void)
{
    int dead[] = {victim, victim};
    int count = list ? sscanf(list, "%d,%d", &dead[0], &dead[1]) : 0;

    if (count < 1 || dead[0] < 1 || dead[1] < 1) {
        _exit(98);
    }
    all_wait(dead, count, JOIN + 1);
}

/* ---- what the dead held -------------------------------------------------- */

typedef struct held {
    mr_lock locks[2];
    mr_value value;
    mr_queue ready;
    mr_pipe_end end;
} held;

static int holds(const void *argument, size_t size)
{
    const held *h = argument;
    mr_lock lock;

    (void)size;
    NEED(mr_lock_acquire(h->locks[0], LIMIT));
    NEED(mr_lock_acquire(h->locks[1], LIMIT));
    NEED(mr_value_get_lock(h->value, &lock));
    NEED(mr_lock_acquire(lock, LIMIT));
    NEED(mr_queue_put(h->ready, NULL, 0, LIMIT));
    pause();
    return 0;
}

/* The second lock is on another survivor, where there is one. */
static void hold(void)
{
    const mr_lock_options next = {.place = MR_ON_RANK(victim - 1)};
    mr_process_options place = {.place = MR_ON_RANK(victim), .ends_count = 1};
    held h;
    mr_pipe_end mine;
    mr_process holder;
    mr_lock lock;
    char byte;
    double since;

    NEED(mr_lock_create(&h.locks[0], NULL));
    NEED(mr_lock_create(&h.locks[1], &next));
    NEED(mr_value_create(&h.value, MR_INT64, NULL, NULL));
    NEED(mr_queue_create(&h.ready, NULL));
    NEED(mr_pipe_create(&mine, &h.end, false));
    place.ends = &h.end;
    NEED(mr_process_create(&holder, holds, &h, sizeof h, &place));
    NEED(mr_process_start(holder));
    NEED(mr_pipe_close(h.end));
    NEED(mr_queue_get(h.ready, NULL, 0, NULL, LIMIT));
    kill_rank(victim);
    since = seconds();
    tell("lock here", mr_lock_acquire(h.locks[0], LIMIT), since);
    tell("lock there", mr_lock_acquire(h.locks[1], LIMIT), since);
    NEED(mr_value_get_lock(h.value, &lock));
    tell("lock of a Value", mr_lock_acquire(lock, LIMIT), since);
    tell("pipe", mr_pipe_recv(mine, &byte, 1, NULL, LIMIT), since);
}

/* ---- a map --------------------------------------------------------------- */

static mr_error square(const void *input, void *output, const mr_task *task)
{
    const int64_t *in = input;
    int64_t *out = output;

    (void)task;
    usleep(5000);
    *out = *in * *in + 1;
    return MR_OK;
}

static bool is_right(const int64_t *inputs, const int64_t *outputs, int i)
{
    return outputs[i] == inputs[i] * inputs[i] + 1;
}

/* A task that was running may be lost, and then is named. */
static void run_map(mr_pool pool)
{
    static int64_t inputs[TASKS], outputs[TASKS];
    mr_task_error failure = {.code = MR_OK};
    mr_map_options options = {.timeout = LIMIT, .error = &failure};
    int wrong = 0;
    mr_error error;
    double since = seconds();

    for (int i = 0; i < TASKS; i++) {
        inputs[i] = i + 3;
        outputs[i] = -1;
    }
    error = mr_pool_map(pool, square, NULL, 0, inputs, sizeof *inputs, outputs,
                        sizeof *outputs, TASKS, &options);
    fprintf(stderr, "map: %s after %.2f s, task %zu on rank %d: %s\n",
            mr_error_name(error), seconds() - since, failure.index,
            failure.rank, failure.text);
    for (int i = 0; i < TASKS; i++) {
        wrong += !is_right(inputs, outputs, i);
    }
    if (error == MR_ERR_WORKER_DIED && failure.rank == victim &&
        failure.signal == SIGKILL && failure.index < TASKS) {
        error = MR_OK;
        printf("the map names a task of the dead rank\n");
    }
    /* Of each worker of the dead rank one task is not known to have ended. */
    printf("map %s, %s\n", mr_error_name(error),
           wrong <= 2 ? "outputs are right" : "outputs are wrong");
    fflush(stdout);
}

static void map(void)
{
    const mr_pool_options more = {.workers = 2 * (size_t)mr_size()};
    mr_pool pool;

    NEED(mr_pool_create(&pool, &more));
    kill_rank(victim);
    run_map(pool);
    run_map(pool);
    NEED(mr_pool_destroy(pool));
}

/* ---- large things under way ---------------------------------------------- */

static char *large(void)
{
    char *bytes = calloc(1, LARGE);

    need(bytes ? MR_OK : MR_ERR_NO_MEMORY, "calloc");
    return bytes;
}

typedef struct stream {
    mr_queue queue;
    mr_array array;
    bool out;
    mr_error error;
    double since;
} stream;

static void *streams_items(void *argument)
{
    stream *s = argument;
    char *bytes = large();
    size_t size;

    do {
        s->since = seconds();
        s->error = s->out ? mr_queue_put(s->queue, bytes, LARGE, LIMIT)
                          : mr_queue_get(s->queue, bytes, LARGE, &size, LIMIT);
    } while (!s->error);
    if (s->error != MR_ERR_OWNER_LOST) {
        free(bytes); /* else MPI may still use them */
    }
    return NULL;
}

static void *streams_slices(void *argument)
{
    stream *s = argument;
    char *bytes = large();

    do {
        s->since = seconds();
        s->error = s->out ? mr_array_set(s->array, 0, LARGE / 8, bytes)
                          : mr_array_get(s->array, 0, LARGE / 8, bytes);
    } while (!s->error);
    if (s->error != MR_ERR_OWNER_LOST) {
        free(bytes); /* else MPI may still use them */
    }
    return NULL;
}

static void stream_until_death(void *(*work)(void *), mr_queue queue,
                               mr_array array)
{
    stream both[] = {{.queue = queue, .array = array, .out = true},
                     {.queue = queue, .array = array}};
    pthread_t threads[2];

    for (unsigned int i = 0; i < 2; i++) {
        need(pthread_create(&threads[i], NULL, work, &both[i]) ? MR_ERR_MPI
                                                               : MR_OK,
             "pthread_create");
    }
    kill_rank(victim);
    for (unsigned int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        tell(both[i].out ? "out" : "in", both[i].error, both[i].since);
    }
}

static void stream_items(void)
{
    const mr_queue_options there = {.place = MR_ON_RANK(victim), .maxsize = 2};
    mr_queue queue;

    NEED(mr_queue_create(&queue, &there));
    stream_until_death(streams_items, queue, (mr_array){{0}});
}

static mr_error put_until_death(mr_queue queue)
{
    int64_t item = 0;
    mr_error error;

    do {
        error = mr_queue_put(queue, &item, sizeof item, MR_FOREVER);
    } while (!error);
    return error;
}

static int puts_small(const void *argument, size_t size)
{
    const mr_queue *queue = argument;

    (void)size;
    printf("child's small %s\n", mr_error_name(put_until_death(*queue)));
    fflush(stdout);
    return 0;
}

static void *kill_soon(void *unused)
{
    usleep(MOMENT);
    kill_rank(victim);
    return unused;
}

/* By main and by a child on each rank that survives; such puts may be
 * pipelined. */
static void stream_small(void)
{
    const mr_queue_options there = {.place = MR_ON_RANK(victim)};
    mr_process children[MOST];
    pthread_t killer;
    mr_queue queue;
    double since;

    NEED(mr_queue_create(&queue, &there));
    for (int rank = 0; rank < victim; rank++) {
        const mr_process_options here = {.place = MR_ON_RANK(rank)};

        NEED(mr_process_create(&children[rank], puts_small, &queue,
                               sizeof queue, &here));
        NEED(mr_process_start(children[rank]));
    }
    need(pthread_create(&killer, NULL, kill_soon, NULL) ? MR_ERR_MPI : MR_OK,
         "pthread_create");
    since = seconds();
    tell("small", put_until_death(queue), since);
    pthread_join(killer, NULL);
    for (int rank = 0; rank < victim; rank++) {
        NEED(mr_process_join(children[rank], LIMIT));
    }
}

static void stream_slices(void)
{
    const mr_array_options there = {.place = MR_ON_RANK(victim)};
    mr_array array;

    NEED(mr_array_create(&array, MR_INT64, LARGE / 8, NULL, &there));
    stream_until_death(streams_slices, (mr_queue){{0}}, array);
}

/* ---- replicated Arrays --------------------------------------------------- */

/* Until the victim is lost, and once more after that. */
static mr_error replicate_until_death(mr_queue of_victim)
{
    const mr_array_options everywhere = {.replicated = true};
    char *all = large();
    bool dead = false;
    mr_error error = MR_OK;

    all[LARGE - 8] = 42;
    while (!error && !dead) {
        int64_t last = 0;
        mr_array array;
        size_t count;

        dead = mr_queue_qsize(of_victim, &count) == MR_ERR_OWNER_LOST;
        error = mr_array_create(&array, MR_INT64, LARGE / 8, all, &everywhere);
        if (!error) {
            NEED(mr_array_get(array, LARGE / 8 - 1, 1, &last));
            error = last == 42 ? mr_array_destroy(array) : MR_ERR_USER;
        }
    }
    free(all);
    return error;
}

static int replicates(const void *argument, size_t size)
{
    const mr_queue *of_victim = argument;

    (void)size;
    printf("child's copies %s\n",
           mr_error_name(replicate_until_death(*of_victim)));
    fflush(stdout);
    return 0;
}

/* The victim is the last node of one chain, and the second of the other. */
static void replicate(void)
{
    const mr_queue_options there = {.place = MR_ON_RANK(victim)};
    const mr_process_options before = {.place = MR_ON_RANK(victim - 1)};
    mr_process child;
    pthread_t killer;
    mr_queue queue;

    NEED(mr_queue_create(&queue, &there));
    NEED(mr_process_create(&child, replicates, &queue, sizeof queue, &before));
    NEED(mr_process_start(child));
    need(pthread_create(&killer, NULL, kill_soon, NULL) ? MR_ERR_MPI : MR_OK,
         "pthread_create");
    tell("copies", replicate_until_death(queue), seconds());
    pthread_join(killer, NULL);
    NEED(mr_process_join(child, LIMIT));
}

static int tells_victim(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("victim %d\n", rank_above());
    return 0;
}

/* The script that stops it lets it go on when the streams have ended. */
static void stop_and_go_on(void)
{
    const mr_process_options there = {.place = MR_ON_RANK(victim)};
    mr_process teller;
    mr_pool pool;

    NEED(mr_process_create(&teller, tells_victim, NULL, 0, &there));
    NEED(mr_process_start(teller));
    NEED(mr_process_join(teller, LIMIT));
    stream_items();
    NEED(mr_pool_create(&pool, NULL));
    run_map(pool);
    run_map(pool);
    run_map(pool);
}

/* ---- afterwards ---------------------------------------------------------- */

static int ends(const void *argument, size_t size)
{
    const int *dead = argument;

    (void)size;
    return mr_rank() == *dead;
}

static void run_processes(void)
{
    for (int i = 0; i < 2 * mr_size(); i++) {
        mr_process process;
        int code;

        NEED(mr_process_create(&process, ends, &victim, sizeof victim, NULL));
        NEED(mr_process_start(process));
        NEED(mr_process_join(process, LIMIT));
        NEED(mr_process_exit_code(process, &code));
        NEED(mr_process_destroy(process));
        if (code != 0) {
            printf("process ended with %d\n", code);
        }
    }
    printf("processes run\n");
}

static void after(void)
{
    const mr_queue_options queue = {.place = MR_ON_RANK(victim)};
    const mr_lock_options lock = {.place = MR_ON_RANK(victim)};
    const mr_value_options value = {.place = MR_ON_RANK(victim)};
    const mr_array_options array = {.place = MR_ON_RANK(victim)};
    const mr_process_options process = {.place = MR_ON_RANK(victim)};
    mr_queue q;
    mr_lock l;
    mr_value v;
    mr_array a;
    mr_process p;
    mr_pool pool;
    double since;
    int64_t number;

    NEED(mr_queue_create(&q, &queue));
    NEED(mr_value_create(&v, MR_INT64, NULL, &value));
    kill_rank(victim);
    since = seconds();
    tell("get", mr_queue_get(q, NULL, 0, NULL, LIMIT), since);
    tell("value", mr_value_get(v, &number), since);
    tell("queue", mr_queue_create(&q, &queue), since);
    tell("lock", mr_lock_create(&l, &lock), since);
    tell("new value", mr_value_create(&v, MR_INT64, NULL, &value), since);
    tell("array", mr_array_create(&a, MR_INT64, 10, NULL, &array), since);
    tell("process", mr_process_create(&p, ends, NULL, 0, &process), since);
    run_processes();
    NEED(mr_pool_create(&pool, NULL));
    run_map(pool);
}

/* ---- nobody dies --------------------------------------------------------- */

static int sends(const void *argument, size_t size)
{
    const mr_queue *queue = argument;

    (void)size;
    for (int64_t i = 0; i < TASKS; i++) {
        NEED(mr_queue_put(*queue, &i, sizeof i, LIMIT));
        usleep(10000);
    }
    return 0;
}

static void steady(void)
{
    const mr_process_options there = {.place = MR_ON_RANK(victim)};
    mr_queue queue;
    mr_process sender;
    mr_pool pool;
    int64_t item, sum = 0;

    NEED(mr_queue_create(&queue, NULL));
    NEED(mr_process_create(&sender, sends, &queue, sizeof queue, &there));
    NEED(mr_process_start(sender));
    NEED(mr_pool_create(&pool, NULL));
    printf("ready\n");
    fflush(stdout);
    for (int i = 0; i < 4; i++) {
        run_map(pool);
    }
    for (int i = 0; i < TASKS; i++) {
        NEED(mr_queue_get(queue, &item, sizeof item, NULL, LIMIT));
        sum += item == i;
    }
    printf("items in order %d\n", (int)sum);
    NEED(mr_process_join(sender, LIMIT));
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"waits", waits},         {"two", two},
    {"those", those},         {"stopped", stop_and_go_on},
    {"held", hold},           {"map", map},
    {"after", after},         {"queue", stream_items},
    {"array", stream_slices}, {"small", stream_small},
    {"copies", replicate},    {"steady", steady},
};

int main(int argc, char **argv)
{
    NEED(mr_init(&argc, &argv));
    victim = mr_size() - 1;
    if (argc > 2 && strcmp(argv[1], "those") == 0) {
        list = argv[2];
    } else if (argc > 2) {
        by_others = argv[2];
    }
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 7;
        }
    }
    return 98;
}
