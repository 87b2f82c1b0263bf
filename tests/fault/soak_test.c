/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes do what they like with shared objects, and rank 0 kills them when
 * it likes.  What each finds has to make sense; at the end everything works,
 * and nothing is lost but what belonged to the dead.
 *
 * The seed is printed; MULTIRANK_TEST_SEED=n begins with the same one, though
 * the moments of the kills vary.
 */
#include "fault/kill.h"

#include <sched.h>
#include <unistd.h>

enum { WORKERS = 6, MOST = 9000, PRODUCERS = 4096, BOUND = 3 };

#define SECONDS 8.0
#define BRIEFLY 0.003

typedef struct world {
    unsigned int seed;   /* of one worker */
    unsigned int number; /* of all that were ever started */
    mr_value stop;
    mr_lock lock;   /* guards pair[0] == pair[1] */
    mr_array pair;  /* its own lock guards pair[2] == pair[3] */
    mr_queue queue; /* as large as it gets */
    mr_queue bounded;
    mr_pipe_end first, second;
} world;

/* What items begin with. */
typedef struct header {
    uint32_t producer;
    uint32_t sequence;
    uint32_t size;
} header;

static unsigned char item[MOST];
static uint32_t next_sequence;
static uint32_t last_seen[2][PRODUCERS]; /* 1 + sequence, by queue */

static unsigned int draw(unsigned int *state, unsigned int below)
{
    *state = *state * 1103515245u + 12345u;
    return (*state >> 8) % below;
}

/* ---- items --------------------------------------------------------------- */

static size_t make_item(const world *w, unsigned int *state)
{
    size_t size = sizeof(header) + draw(state, draw(state, 4) ? 60 : MOST - 60);
    header h = {w->number, next_sequence, (uint32_t)size};

    pattern_fill(item, size, h.sequence);
    memcpy(item, &h, sizeof h);
    return size;
}

/* Whole, and later than what we have seen of the same producer. */
static void check_item(size_t size, unsigned int queue)
{
    header h;

    if (!CHILD_CHECK(size >= sizeof h)) {
        return;
    }
    memcpy(&h, item, sizeof h);
    CHILD_CHECK(h.size == size && h.producer < PRODUCERS);
    for (size_t i = sizeof h; i < size; i++) {
        if (item[i] != pattern_byte(i, h.sequence)) {
            CHILD_CHECK(!"an item is whole");
            return;
        }
    }
    CHILD_CHECK(h.sequence >= last_seen[queue][h.producer % PRODUCERS]);
    last_seen[queue][h.producer % PRODUCERS] = h.sequence + 1;
}

static void put_somewhere(const world *w, unsigned int *state)
{
    bool bounded = draw(state, 2);
    size_t size = make_item(w, state);
    mr_error error =
        mr_queue_put(bounded ? w->bounded : w->queue, item, size, BRIEFLY);

    CHILD_CHECK(error == MR_OK || error == MR_ERR_TIMEOUT);
    next_sequence++;
}

static void get_somewhere(const world *w, unsigned int *state)
{
    bool bounded = draw(state, 2);
    size_t size = 0;
    mr_error error = mr_queue_get(bounded ? w->bounded : w->queue, item,
                                  sizeof item, &size, BRIEFLY);

    CHILD_CHECK(error == MR_OK || error == MR_ERR_TIMEOUT);
    if (error == MR_OK) {
        check_item(size, bounded);
    }
}

static void wait_for_some(const world *w)
{
    const mr_handle handles[4] = {w->queue.handle, w->bounded.handle,
                                  w->lock.handle, w->first.handle};
    bool ready[4];
    mr_error error = mr_wait(handles, 4, BRIEFLY, ready);

    CHILD_CHECK(error == MR_OK || error == MR_ERR_TIMEOUT);
}

/* ---- what a lock guards -------------------------------------------------- */

/* Half a change is found after a death only, which is told. */
static void change_pair(const world *w, unsigned int *state)
{
    size_t at = draw(state, 2) ? 2 : 0;
    mr_lock lock = w->lock;
    int64_t pair[2];
    mr_error error;

    if (at == 2) {
        CHILD_OK(mr_array_get_lock(w->pair, &lock));
    }
    error = mr_lock_acquire(lock, 10 * BRIEFLY);
    if (error == MR_ERR_TIMEOUT) {
        return;
    }
    CHILD_CHECK(error == MR_OK || error == MR_ERR_HOLDER_DIED);
    CHILD_OK(mr_array_get(w->pair, at, 2, pair));
    CHILD_CHECK(pair[0] == pair[1] || error == MR_ERR_HOLDER_DIED);
    pair[0]++;
    CHILD_OK(mr_array_set(w->pair, at, 1, &pair[0]));
    if (draw(state, 4) == 0) {
        sched_yield();
    }
    CHILD_OK(mr_array_set(w->pair, at + 1, 1, &pair[0]));
    CHILD_OK(mr_lock_release(lock));
}

/* ---- objects that come and go -------------------------------------------- */

static void use_pipe(const world *w, unsigned int *state)
{
    mr_pipe_end in = draw(state, 2) ? w->first : w->second;
    mr_pipe_end out = in.handle.variant ? w->first : w->second;
    size_t size = make_item(w, state);
    mr_error error;

    next_sequence++;
    CHILD_OK(mr_pipe_attach(in));
    error = mr_pipe_send(out, item, size, BRIEFLY);
    CHILD_CHECK(error == MR_OK || error == MR_ERR_TIMEOUT);
    error = mr_pipe_recv(in, item, sizeof item, &size, BRIEFLY);
    CHILD_CHECK(error == MR_OK || error == MR_ERR_TIMEOUT);
    CHILD_OK(mr_pipe_close(in));
}

static int use_pipe_often(const void *argument, size_t size)
{
    unsigned int state = 1;

    (void)size;
    for (int i = 0; i < 50; i++) {
        use_pipe(argument, &state);
    }
    return child_result();
}

static void make_and_destroy(unsigned int *state)
{
    mr_queue queue;
    mr_array array;
    mr_pipe_end first, second;

    switch (draw(state, 3)) {
    case 0:
        CHILD_OK(mr_queue_create(&queue, NULL));
        CHILD_OK(mr_queue_put(queue, item, draw(state, MOST), 0));
        CHILD_OK(mr_queue_destroy(queue));
        break;
    case 1:
        CHILD_OK(mr_array_create(&array, MR_INT32, 1 + draw(state, 20000), NULL,
                                 NULL));
        CHILD_OK(mr_array_destroy(array));
        break;
    default:
        CHILD_OK(mr_pipe_create(&first, &second, true));
        CHILD_OK(mr_pipe_send(first, item, draw(state, MOST), 0));
        CHILD_OK(mr_pipe_close(first));
        CHILD_OK(mr_pipe_close(second));
    }
}

static int come_and_go(const void *argument, size_t size)
{
    const world *w = argument;
    unsigned int state = w->seed;

    (void)size;
    change_pair(w, &state);
    return child_result();
}

static void start_another(const world *w)
{
    mr_process process;
    int code = -1;

    CHILD_OK(mr_process_create(&process, come_and_go, w, sizeof *w, NULL));
    CHILD_OK(mr_process_start(process));
    CHILD_OK(mr_process_join(process, GUARD));
    CHILD_OK(mr_process_exit_code(process, &code));
    CHILD_CHECK(code == 0);
    CHILD_OK(mr_process_destroy(process));
}

/* ---- workers ------------------------------------------------------------- */

static bool must_stop(const world *w)
{
    int64_t stop = 1;

    CHILD_OK(mr_value_get(w->stop, &stop));
    return stop != 0;
}

static int work(const void *argument, size_t size)
{
    const world *w = argument;
    unsigned int state = w->seed;

    (void)size;
    while (!must_stop(w) && child_failures == 0) {
        unsigned int what = draw(&state, 32);

        if (what < 9) {
            put_somewhere(w, &state);
        } else if (what < 19) {
            get_somewhere(w, &state);
        } else if (what < 24) {
            change_pair(w, &state);
        } else if (what < 27) {
            use_pipe(w, &state);
        } else if (what < 29) {
            make_and_destroy(&state);
        } else if (what < 31) {
            wait_for_some(w);
        } else {
            start_another(w);
        }
    }
    return child_result();
}

/* ---- rank 0 -------------------------------------------------------------- */

static mr_process workers[WORKERS];
static unsigned int started;

static bool start_worker(world *w, unsigned int i, unsigned int *state)
{
    w->seed = draw(state, 1u << 20);
    w->number = started++;
    return START(&workers[i], rank_of((int)w->number), work, w, sizeof *w);
}

static bool end_worker(unsigned int i)
{
    int code = 1;

    if (!MRT_OK(mr_process_join(workers[i], GUARD))) {
        return false;
    }
    MRT_OK(mr_process_exit_code(workers[i], &code));
    MRT_CHECK(code == 0 || code == -SIGKILL);
    return MRT_OK(mr_process_destroy(workers[i])) && !mrt_failed();
}

/* One, two or all at the same time. */
static bool kill_some(world *w, unsigned int *state)
{
    unsigned int first = draw(state, WORKERS);
    unsigned int dice = draw(state, 16);
    unsigned int count = dice == 0 ? WORKERS : dice < 4 ? 2 : 1;

    for (unsigned int i = 0; i < count; i++) {
        MRT_OK(mr_process_kill(workers[(first + i) % WORKERS]));
    }
    for (unsigned int i = 0; i < count; i++) {
        if (!end_worker((first + i) % WORKERS) ||
            !start_worker(w, (first + i) % WORKERS, state)) {
            return false;
        }
    }
    return true;
}

static bool make_world(world *w)
{
    const mr_queue_options bounded = {.maxsize = BOUND,
                                      .place = MR_ON_RANK(mr_size() - 1)};

    memset(w, 0, sizeof *w);
    return MRT_OK(mr_value_create(&w->stop, MR_INT64, NULL, NULL)) &&
           MRT_OK(mr_lock_create(&w->lock, NULL)) &&
           MRT_OK(mr_array_create(&w->pair, MR_INT64, 4, NULL, NULL)) &&
           MRT_OK(mr_queue_create(&w->queue, NULL)) &&
           MRT_OK(mr_queue_create(&w->bounded, &bounded)) &&
           MRT_OK(mr_pipe_create(&w->first, &w->second, true));
}

static void drain(mr_queue queue, unsigned int number)
{
    size_t size = 0;
    mr_error error;

    while ((error = mr_queue_get(queue, item, sizeof item, &size, 0)) ==
           MR_OK) {
        check_item(size, number);
    }
    MRT_CHECK(error == MR_ERR_TIMEOUT);
    MRT_EQUAL(child_failures, 0);
}

static void destroy_world(const world *w)
{
    drain(w->queue, 0);
    drain(w->bounded, 1);
    MRT_OK(mr_value_destroy(w->stop));
    MRT_OK(mr_lock_destroy(w->lock));
    MRT_OK(mr_array_destroy(w->pair));
    MRT_OK(mr_queue_destroy(w->queue));
    MRT_OK(mr_queue_destroy(w->bounded));
    MRT_OK(mr_pipe_close(w->first));
    MRT_OK(mr_pipe_close(w->second));
}

static void stop_workers(world *w)
{
    const int64_t one = 1;
    unsigned int state = 1;

    MRT_OK(mr_value_set(w->stop, &one));
    w->number = started++; /* rank 0 is one more producer */
    for (unsigned int i = 0; i < WORKERS; i++) {
        end_worker(i);
    }
    /* All of it still works. */
    child_failures = 0;
    for (int i = 0; i < 50; i++) {
        put_somewhere(w, &state);
        get_somewhere(w, &state);
        change_pair(w, &state);
        wait_for_some(w);
    }
    RUN(rank_of(1), use_pipe_often, w, sizeof *w);
    MRT_EQUAL(child_failures, 0);
}

static void objects_survive_random_kills(void)
{
    static const mri_kind kinds[] = {MRI_PROCESS, MRI_QUEUE, MRI_ARRAY};
    const char *chosen = getenv("MULTIRANK_TEST_SEED");
    unsigned int seed = chosen
                            ? (unsigned int)strtoul(chosen, NULL, 10)
                            : (unsigned int)time(NULL) ^ (unsigned int)getpid();
    unsigned int state = seed;
    double end = mrt_now() + SECONDS;
    listing known[MRT_COUNT(kinds)];
    census before;
    world w;

    printf("       seed %u\n", seed);
    await_start();
    before = take_census();
    for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
        known[i] = list_objects(kinds[i]);
    }
    if (!make_world(&w)) {
        return;
    }
    for (unsigned int i = 0; i < WORKERS; i++) {
        if (!start_worker(&w, i, &state)) {
            return;
        }
    }
    while (mrt_now() < end && started < PRODUCERS - WORKERS) {
        const struct timespec pause = {.tv_nsec = draw(&state, 4000000)};

        nanosleep(&pause, NULL);
        if (!kill_some(&w, &state)) {
            MRT_FAIL("with seed %u, after %u processes", seed, started);
            return;
        }
    }
    stop_workers(&w);
    destroy_world(&w);
    for (size_t i = 0; i < MRT_COUNT(kinds); i++) {
        while (destroy_orphans(&known[i]) > 0) {
        }
    }
    if (!check_census(&before) || mrt_failed()) {
        MRT_FAIL("with seed %u, after %u processes", seed, started);
    }
}

static const mrt_test tests[] = {
    {"objects_survive_random_kills", objects_survive_random_kills, 60},
};

const operation operations[] = {{.name = ""}};

int main(int argc, char **argv)
{
    return kill_main("fault/soak", 0, tests, MRT_COUNT(tests), argc, argv);
}
