/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death of a pool's child at each point of its way through a map or an
 * iteration: inside a task, while it hands over a result, between tasks, while
 * it steals, when it leaves, and when it gets its next work.  The map gives all
 * outputs but that of a task that ran, and says which; no task runs twice; the
 * pool goes on.
 *
 * A task arms the child that runs it, the first of a map.  Ranks are workers
 * as well, and not killed.
 *
 * And death of a pool's creator, in a small map that is not its first: then the
 * part that the pool has kept is filled again.
 */
#include "fault/kill.h"

#include <unistd.h>

/* A round takes some ten times as long over several nodes. */
enum { TASKS = 16, MAPS = 3, QUIET_ROUNDS = 16, FAR_QUIET_ROUNDS = 6 };

/* What the tasks are told, in the context or with each input. */
typedef struct order {
    int64_t k;       /* 0: do not arm */
    bool held;       /* tasks wait until `go`, and arm after that */
    bool spawns;     /* tasks have others do the work */
    mr_value armed;  /* children that wanted to be the victim */
    mr_value victim; /* its process of the operating system */
    mr_value go;
    mr_array runs; /* of each task */
} order;

static int64_t number(mr_value value)
{
    int64_t now = 0;

    if (mr_value_get(value, &now) != MR_OK) {
        return -1;
    }
    return now;
}

static void await(mr_value value, double seconds)
{
    double end = mrt_now() + seconds;

    while (number(value) == 0 && mrt_now() < end) {
        mrt_pause();
    }
}

static void become_victim(const order *o)
{
    const int64_t one = 1, pid = getpid();
    int64_t before = 1;
    mr_process parent;

    if (mr_process_parent(&parent) != MR_OK) {
        await(o->armed, 0.05); /* lest the ranks do it all */
    } else if (mr_value_add(o->armed, &one, &before) == MR_OK && before == 0 &&
               mr_value_set(o->victim, &pid) == MR_OK) {
        mri_fault_arm(o->k);
    }
}

/* Without a context a small map goes the short way. */
typedef struct numbered_order {
    int64_t number;
    order order;
} numbered_order;

/* Three of them, of which one counts; and one that nobody waits for. */
static mr_error square_of(const void *input, void *output, const mr_task *task)
{
    int64_t n = *(const int64_t *)input;

    (void)task;
    n *= n;
    if (output) {
        memcpy(output, &n, sizeof n);
    }
    return MR_OK;
}

static mr_error have_squared(int64_t *n, bool adds)
{
    int64_t squares[3];
    mr_error error = MR_OK;

    for (int i = 0; !error && i < 3; i++) {
        error = mr_task_spawn(square_of, n, sizeof *n, &squares[i],
                              sizeof squares[i]);
    }
    if (!error && adds) {
        error = mr_task_add(square_of, n, sizeof *n);
    }
    if (!error) {
        error = mr_task_wait(NULL);
    }
    *n = squares[2];
    return error;
}

static mr_error square(const void *input, void *output, const mr_task *task)
{
    const numbered_order *p = input;
    const order *o = task->context ? task->context : &p->order;
    const int64_t one = 1;
    int64_t n = p->number;
    mr_error error;

    if (o->held) {
        await(o->go, GUARD);
    }
    if (o->k > 0) {
        become_victim(o);
    } else {
        mri_fault_disarm();
    }
    if (!o->spawns) {
        n *= n;
    } else if ((error = have_squared(&n, output != NULL)) != MR_OK) {
        return error;
    }
    if (output) {
        memcpy(output, &n, sizeof n);
    } else if (mr_task_return(&n, sizeof n) != MR_OK) {
        return MR_ERR_USER;
    }
    /* What is cancelled runs on beside the next map, whose runs are counted. */
    return o->held ? MR_OK : mr_array_add(o->runs, task->index, &one, NULL);
}

/* ---- rank 0 -------------------------------------------------------------- */

/* What a row varies. */
typedef struct variant {
    const char *name;
    size_t children;
    size_t chunk;
    bool cancelled; /* the first map times out while its tasks run */
    bool streamed;  /* not a map, an iteration */
    bool again;     /* the first map is not the pool's first, and small */
    bool spawns;    /* the tasks make tasks */
} variant;

static const variant variants[] = {
    {"pool_of_one", 1, 1, false, false, false, false},
    {"pool_of_one_chunk_of_5", 1, 5, false, false, false, false},
    {"pool_of_one_chosen_chunk", 1, 0, false, false, false, false},
    {"pool_of_two", 2, 1, false, false, false, false},
    {"pool_of_two_chunk_of_5", 2, 5, false, false, false, false},
    {"pool_of_two_chosen_chunk", 2, 0, false, false, false, false},
    {"pool_of_four", 4, 1, false, false, false, false},
    {"pool_of_four_chosen_chunk", 4, 0, false, false, false, false},
    {"pool_of_one_cancelled", 1, 1, true, false, false, false},
    {"pool_of_three_cancelled", 3, 1, true, false, false, false},
    {"iterator_of_one", 1, 1, false, true, false, false},
    {"iterator_of_three", 3, 1, false, true, false, false},
    {"iterator_of_two_cancelled", 2, 1, true, true, false, false},
    {"pool_of_one_again", 1, 1, false, false, true, false},
    {"pool_of_two_again", 2, 1, false, false, true, false},
    {"pool_of_three_again_chosen_chunk", 3, 0, false, false, true, false},
    {"pool_of_two_again_cancelled", 2, 1, true, false, true, false},
    {"pool_of_one_that_spawns", 1, 1, false, false, false, true},
    {"pool_of_two_that_spawns", 2, 0, false, false, false, true},
    {"pool_of_three_that_spawns_cancelled", 3, 1, true, false, false, true},
    {"iterator_of_two_that_spawns", 2, 1, false, true, false, true},
};

/* A dead worker may have been in several tasks: one waited, and on top of it
 * there was one that another task waited for. */
static bool check_spawning_map(mr_error error, const mr_task_error *failure,
                               const order *o, const int64_t *outputs)
{
    int64_t runs[TASKS];
    int wrong = 0;

    MRT_CHECK(error == MR_OK || error == MR_ERR_WORKER_DIED);
    MRT_OK(mr_array_get(o->runs, 0, TASKS, runs));
    for (int64_t i = 0; i < TASKS; i++) {
        MRT_CHECK(runs[i] <= 1);
        wrong += runs[i] != 1 || outputs[i] != i * i;
    }
    MRT_CHECK(wrong <= (error ? 4 : 0));
    MRT_CHECK(!error || failure->signal == SIGKILL);
    return error != MR_OK;
}

/* All is right but one task, if the map says so; true: it says so. */
static bool check_map(mr_error error, const mr_task_error *failure,
                      const order *o, const int64_t *outputs)
{
    int64_t runs[TASKS];

    if (o->spawns) {
        return check_spawning_map(error, failure, o, outputs);
    }
    MRT_CHECK(error == MR_OK || error == MR_ERR_WORKER_DIED);
    MRT_OK(mr_array_get(o->runs, 0, TASKS, runs));
    for (int64_t i = 0; i < TASKS; i++) {
        if (error != MR_OK && (size_t)i == failure->index) {
            MRT_CHECK(runs[i] <= 1);
            MRT_EQUAL(failure->signal, SIGKILL);
        } else {
            mrt_check(runs[i] == 1 && outputs[i] == i * i, __FILE__, __LINE__,
                      "task %lld ran %lld times and gave %lld; the map gave "
                      "%s for task %zu",
                      (long long)i, (long long)runs[i], (long long)outputs[i],
                      mr_error_name(error), failure->index);
        }
    }
    return error != MR_OK;
}

/* As a map tells of it. */
static mr_error take_all(mr_iterator *iterator, bool spawns, double timeout,
                         int64_t *outputs, mr_task_error *failure)
{
    mr_result result;
    mr_error error;

    while ((error = mr_iterator_next(iterator, &result, timeout)) == MR_OK) {
        if (result.error.code) {
            MRT_CHECK(spawns || failure->code == MR_OK);
            *failure = result.error;
        } else if (MRT_EQUAL(result.size, sizeof *outputs)) {
            memcpy(&outputs[result.index], result.data, result.size);
        }
    }
    return error == MR_ERR_END_OF_FILE ? failure->code : error;
}

static mr_error iterate_once(mr_pool pool, const order *o,
                             const numbered_order *inputs, double timeout,
                             int64_t *outputs, mr_task_error *failure)
{
    mr_iterator *iterator;
    mr_error error = mr_pool_imap(&iterator, pool, square, o, sizeof *o, inputs,
                                  sizeof *inputs, TASKS, NULL);

    if (!error) {
        error = take_all(iterator, o->spawns, timeout, outputs, failure);
        MRT_OK(mr_iterator_destroy(iterator));
    }
    return error;
}

static mr_error map_once(mr_pool pool, const order *o, const variant *v,
                         double timeout, int64_t *outputs,
                         mr_task_error *failure)
{
    const mr_map_options options = {
        .chunk = v->chunk, .timeout = timeout, .error = failure};
    int64_t zeros[TASKS] = {0};
    numbered_order inputs[TASKS];

    for (int64_t i = 0; i < TASKS; i++) {
        inputs[i] = (numbered_order){.number = i, .order = *o};
    }
    memset(outputs, 0, TASKS * sizeof *outputs);
    MRT_OK(mr_array_set(o->runs, 0, TASKS, zeros));
    if (v->streamed) {
        return iterate_once(pool, o, inputs, timeout, outputs, failure);
    }
    return mr_pool_map(pool, square, v->again ? NULL : o,
                       v->again ? 0 : sizeof *o, inputs, sizeof *inputs,
                       outputs, sizeof *outputs, TASKS, &options);
}

static bool make_order(order *o)
{
    return MRT_OK(mr_value_create(&o->armed, MR_INT64, NULL, NULL)) &&
           MRT_OK(mr_value_create(&o->victim, MR_INT64, NULL, NULL)) &&
           MRT_OK(mr_value_create(&o->go, MR_INT64, NULL, NULL)) &&
           MRT_OK(mr_array_create(&o->runs, MR_INT64, TASKS, NULL, NULL));
}

static void destroy_order(const order *o)
{
    MRT_OK(mr_value_destroy(o->armed));
    MRT_OK(mr_value_destroy(o->victim));
    MRT_OK(mr_value_destroy(o->go));
    MRT_OK(mr_array_destroy(o->runs));
}

/* The first map, with a victim in it; true: it tells of the death. */
static bool map_with_victim(mr_pool pool, order *o, const variant *v, int64_t k)
{
    const int64_t one = 1;
    mr_task_error failure = {.code = MR_OK};
    int64_t outputs[TASKS];
    mr_error error;

    o->k = k;
    o->held = v->cancelled;
    error =
        map_once(pool, o, v, v->cancelled ? 0.001 : GUARD, outputs, &failure);
    if (!v->cancelled) {
        return check_map(error, &failure, o, outputs);
    }
    MRT_CHECK(error == MR_ERR_TIMEOUT);
    MRT_OK(mr_value_set(o->go, &one));
    await(o->victim, 0.05); /* none if no child had begun a task */
    return false;
}

/* A map with no new victim; true: it tells of a death. */
static bool go_once(mr_pool pool, order *o, const variant *v)
{
    mr_task_error failure = {.code = MR_OK};
    int64_t outputs[TASKS];
    mr_error error;

    o->k = 0;
    o->held = false;
    error = map_once(pool, o, v, GUARD, outputs, &failure);
    return check_map(error, &failure, o, outputs);
}

/* True: the victim lived to the end.  With k = 0 nobody is killed. */
static bool kill_in_pool(const variant *v, int64_t k)
{
    const mr_pool_options options = {.workers =
                                         v->children + (size_t)mr_size() - 1};
    census before = take_census();
    order o;
    mr_pool pool;
    size_t deaths;
    bool survived;

    o.spawns = v->spawns;
    if (!make_order(&o) || !MRT_OK(mr_pool_create(&pool, &options))) {
        return false;
    }
    if (v->again) {
        go_once(pool, &o, v);
    }
    deaths = map_with_victim(pool, &o, v, k);
    for (int i = 1; i < MAPS; i++) {
        deaths += go_once(pool, &o, v);
    }
    MRT_CHECK(deaths <= 1);
    survived = number(o.victim) == 0 || kill((pid_t)number(o.victim), 0) == 0;
    MRT_OK(mr_pool_destroy(pool));
    destroy_order(&o);
    if (k) {
        check_census(&before);
    }
    return survived;
}

/* The number of tasks that each of several workers runs varies.  So one
 * survivor is not the end: several in a row are. */
static void kill_in_pools(void)
{
    const variant *v = variants;
    const char *only = getenv("MULTIRANK_TEST_KILL");
    int64_t k = only ? strtoll(only, NULL, 10) : 1;
    int64_t first = k;
    int quiet = 0;
    int rounds = several_nodes() ? FAR_QUIET_ROUNDS : QUIET_ROUNDS;
    uint64_t in_use;

    while (strcmp(v->name, mrt_name()) != 0) {
        v++;
    }
    await_start();
    if (several_nodes()) { /* the first calls to a rank leave what is kept */
        kill_in_pool(v, 0);
    }
    in_use = objects_in_use();
    for (; quiet < rounds && k < MOST_KILLS; k++) {
        quiet = kill_in_pool(v, k) ? quiet + 1 : 0;
        if (mrt_failed()) {
            MRT_FAIL("%s: at kill point %lld", v->name, (long long)k);
            return;
        }
        if (only && k - first == 20) {
            return;
        }
    }
    await_objects_in_use(in_use);
    if (getenv("MULTIRANK_TEST_VERBOSE")) {
        printf("       %s: %lld kill points\n", v->name,
               (long long)(k - first - quiet));
    }
}

/* ---- creators ------------------------------------------------------------ */

static mr_pool creators_pool;

static mr_error triple(const void *input, void *output, const mr_task *task)
{
    (void)task;
    *(int64_t *)output = 3 * *(const int64_t *)input;
    return MR_OK;
}

/* The pool lies with its creator, so that rank 0 gets its handle by a queue. */
static bool make_queue(scene *s)
{
    return MRT_OK(mr_queue_create(&s->queue, NULL));
}

static void map_a_few(const scene *s)
{
    enum { FEW = 3 };
    const int64_t inputs[FEW] = {1, 2, 3};
    int64_t outputs[FEW] = {0};

    (void)s;
    CHILD_OK(mr_pool_map(creators_pool, triple, NULL, 0, inputs, sizeof *inputs,
                         outputs, sizeof *outputs, FEW, NULL));
    for (size_t i = 0; i < FEW; i++) {
        CHILD_CHECK(outputs[i] == 3 * inputs[i]);
    }
}

static void begin_pool(const scene *s)
{
    const mr_pool_options options = {.workers = (size_t)mr_size()};

    CHILD_OK(mr_pool_create(&creators_pool, &options));
    CHILD_OK(mr_queue_put(s->queue, &creators_pool, sizeof creators_pool,
                          MR_FOREVER));
    map_a_few(s);
}

static void map_twice(const scene *s)
{
    map_a_few(s);
    map_a_few(s);
}

/* The pool of one who died stays until somebody destroys it. */
static void destroy_pool(scene *s)
{
    mr_pool pool;

    MRT_OK(mr_queue_get(s->queue, &pool, sizeof pool, NULL, GUARD));
    MRT_OK(mr_pool_destroy(pool));
    MRT_OK(mr_queue_destroy(s->queue));
}

const operation operations[] = {
    {.name = "creator_of_small_maps",
     .prepare = make_queue,
     .begin = begin_pool,
     .operate = map_twice,
     .check = destroy_pool},
};

int main(int argc, char **argv)
{
    mrt_test tests[MRT_COUNT(variants)];

    for (size_t i = 0; i < MRT_COUNT(variants); i++) {
        tests[i] = (mrt_test){variants[i].name, kill_in_pools, 180};
    }
    return kill_main("fault/pool", MRT_COUNT(operations), tests,
                     MRT_COUNT(tests), argc, argv);
}
