/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job whose last rank is killed while it holds objects of synchronisation or
 * waits for them; heirs.sh starts it.  What the others see is printed, line
 * by line, and rank 0 ends with status 7.
 *
 *     heirs held    it has locks, reads, writes, stands in a barrier, waits
 *                   for a notification
 *     heirs wanted  it waits for locks and the like before the others do
 *     heirs lost    all who live wait for objects that lie on it
 *     heirs beside  one waits for an object of it and for another that is ready
 *
 * A rank does so by a task in the rank itself, and by a process beside it.  The
 * objects lie on rank 0 and on the last rank that lives.  A second argument is
 * a file: the victim is not killed by us, but by the script that waits for the
 * line "ready" and makes that file.
 */
#include "job/victims.h"

#include <pthread.h>
#include <string.h>

/* What can be waited for. */
typedef enum way {
    RLOCK,
    WRITE,
    READ,
    WRITE_AFTER_READER,
    LOCK_OF_CONDITION,
    CONDITION,
    BARRIER,
    SEMAPHORE,
    EVENT,
    WAYS
} way;

static const char *const names[WAYS] = {
    "rlock",    "write",     "read",    "write after a reader",
    "its lock", "condition", "barrier", "semaphore",
    "event"};

enum { MOST = 4 };

typedef struct family {
    int place;
    bool of_child; /* it is a process that the objects lose, not the rank */
    mr_lock rlock;
    mr_rwlock written, read;
    mr_condition held, waited;
    mr_lock held_lock, waited_lock;
    mr_barrier barrier;
    mr_semaphore semaphore;
    mr_event event;
} family;

typedef struct estate {
    family families[MOST];
    int count;
    bool victim_holds;
    unsigned int victim_waits; /* for these ways */
    unsigned int all_wait;
    mr_queue arrived; /* an item from each who is about to wait */
    mr_queue passed;  /* the way of each who waits no more */
    mr_event begun;   /* the victim is where it will die */
} estate;

static int victim;
static const char *by_others;

static bool has(unsigned int ways, way w)
{
    return ways & (1u << w);
}

/* ---- the objects --------------------------------------------------------- */

static void make_family(family *f, int place, bool of_child)
{
    const mr_lock_options rlock = {.place = place, .recursive = true};
    const mr_rwlock_options rwlock = {.place = place};
    const mr_condition_options condition = {.place = place};
    const mr_barrier_options barrier = {.place = place};
    const mr_semaphore_options semaphore = {.place = place};
    const mr_event_options event = {.place = place};
    unsigned int never = 1000;

    f->place = place;
    f->of_child = of_child;
    NEED(mr_lock_create(&f->rlock, &rlock));
    NEED(mr_rwlock_create(&f->written, &rwlock));
    NEED(mr_rwlock_create(&f->read, &rwlock));
    NEED(mr_condition_create(&f->held, &condition));
    NEED(mr_condition_create(&f->waited, &condition));
    NEED(mr_condition_get_lock(f->held, &f->held_lock));
    NEED(mr_condition_get_lock(f->waited, &f->waited_lock));
    NEED(mr_barrier_create(&f->barrier, never, &barrier));
    NEED(mr_semaphore_create(&f->semaphore, 0, &semaphore));
    NEED(mr_event_create(&f->event, &event));
}

static void make_estate(estate *e)
{
    NEED(mr_queue_create(&e->arrived, NULL));
    NEED(mr_queue_create(&e->passed, NULL));
    NEED(mr_event_create(&e->begun, NULL));
}

/* On rank 0 and on the last that lives; of the rank and of a process on it. */
static void make_families(estate *e)
{
    for (int i = 0; i < MOST; i++) {
        make_family(&e->families[i], MR_ON_RANK(i % 2 ? victim - 1 : 0), i / 2);
    }
    e->count = MOST;
}

/* ---- to wait, in threads ------------------------------------------------- */

typedef struct waiter {
    const estate *estate;
    const family *family;
    way way;
    pthread_t thread;
} waiter;

static void arrive(const estate *e)
{
    NEED(mr_queue_put(e->arrived, NULL, 0, LIMIT));
}

static bool is_held(mr_error error)
{
    return error == MR_OK || error == MR_ERR_HOLDER_DIED;
}

static mr_error take_lock(mr_lock lock)
{
    mr_error error = mr_lock_acquire(lock, LIMIT);

    if (is_held(error)) {
        NEED(mr_lock_release(lock));
    }
    return error;
}

static mr_error take_rwlock(mr_rwlock lock, bool writes)
{
    mr_error error = writes ? mr_rwlock_acquire_write(lock, LIMIT)
                            : mr_rwlock_acquire_read(lock, LIMIT);

    if (is_held(error)) {
        NEED(mr_rwlock_release(lock));
    }
    return error;
}

/* It arrives when it has the lock, which others get while it waits. */
static mr_error wait_in_condition(const estate *e, const family *f)
{
    mr_error error;

    NEED(mr_lock_acquire(f->waited_lock, LIMIT));
    arrive(e);
    error = mr_condition_wait(f->waited, LIMIT);
    if (is_held(error)) {
        NEED(mr_lock_release(f->waited_lock));
    }
    return error;
}

static mr_error wait_in(way w, const estate *e, const family *f)
{
    if (w == CONDITION) {
        return wait_in_condition(e, f);
    }
    arrive(e);
    switch (w) {
    case RLOCK:
        return take_lock(f->rlock);
    case WRITE:
        return take_rwlock(f->written, true);
    case READ:
        return take_rwlock(f->read, false);
    case WRITE_AFTER_READER:
        return take_rwlock(f->read, true);
    case LOCK_OF_CONDITION:
        return take_lock(f->held_lock);
    case BARRIER:
        return mr_barrier_wait(f->barrier, LIMIT, NULL);
    case SEMAPHORE:
        return mr_semaphore_acquire(f->semaphore, LIMIT);
    default:
        return mr_event_wait(f->event, LIMIT);
    }
}

static void *wait_and_tell(void *argument)
{
    const waiter *me = argument;
    int passed = me->way;
    mr_error error = wait_in(me->way, me->estate, me->family);

    printf("%s %s\n", names[me->way], mr_error_name(error));
    fflush(stdout);
    NEED(mr_queue_put(me->estate->passed, &passed, sizeof passed, LIMIT));
    return NULL;
}

/* A thread for each way and each family that is meant. */
static size_t start_waiters(waiter *waiters, const estate *e, unsigned int ways,
                            bool (*is_meant)(const family *f))
{
    size_t count = 0;

    for (int i = 0; i < e->count; i++) {
        const family *f = &e->families[i];

        for (way w = 0; w < WAYS; w++) {
            if (has(ways, w) && (!is_meant || is_meant(f))) {
                waiters[count] = (waiter){.estate = e, .family = f, .way = w};
                need(pthread_create(&waiters[count].thread, NULL, wait_and_tell,
                                    &waiters[count])
                         ? MR_ERR_LIMIT
                         : MR_OK,
                     "pthread_create");
                count++;
            }
        }
    }
    return count;
}

static void await_arrivals(const estate *e, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        NEED(mr_queue_get(e->arrived, NULL, 0, NULL, LIMIT));
    }
}

static size_t ways_in(unsigned int ways)
{
    return (size_t)__builtin_popcount(ways);
}

/* ---- the victim ---------------------------------------------------------- */

static void hold(const family *f)
{
    NEED(mr_lock_acquire(f->rlock, LIMIT));
    NEED(mr_lock_acquire(f->rlock, LIMIT));
    NEED(mr_rwlock_acquire_write(f->written, LIMIT));
    NEED(mr_rwlock_acquire_read(f->read, LIMIT));
    NEED(mr_lock_acquire(f->held_lock, LIMIT));
}

static bool is_of_child(const family *f)
{
    return f->of_child;
}

static bool is_of_rank(const family *f)
{
    return !f->of_child;
}

/* Until it is killed. */
static void be_victim(const estate *e, bool (*is_mine)(const family *f))
{
    static waiter waiters[MOST * WAYS];

    for (int i = 0; i < e->count && e->victim_holds; i++) {
        if (is_mine(&e->families[i])) {
            hold(&e->families[i]);
        }
    }
    start_waiters(waiters, e, e->victim_waits, is_mine);
    arrive(e);
    pause();
}

static int be_victim_as_child(const void *argument, size_t size)
{
    (void)size;
    be_victim(argument, is_of_child);
    return 0;
}

/* The others wait, so that the victim gets one. */
static mr_error be_victim_as_rank(const void *input, void *output,
                                  const mr_task *task)
{
    const estate *e = task->context;

    (void)input;
    (void)output;
    if (mr_rank() == mr_size() - 1 && mr_event_wait(e->begun, 0)) {
        be_victim(e, is_of_rank);
    }
    return mr_event_wait(e->begun, LIMIT);
}

static void *run_tasks(void *argument)
{
    const estate *e = argument;
    const mr_map_options one = {.chunk = 1};
    mr_pool pool;
    mr_error error;

    NEED(mr_pool_create(&pool, NULL));
    error = mr_pool_map(pool, be_victim_as_rank, e, sizeof *e, NULL, 0, NULL, 0,
                        (size_t)mr_size(), &one);
    need(error == MR_ERR_WORKER_DIED ? MR_OK : error, "mr_pool_map");
    NEED(mr_pool_destroy(pool));
    return NULL;
}

static void start_victim(const estate *e, pthread_t *tasks)
{
    const mr_process_options there = {.place = MR_ON_RANK(victim)};
    mr_process child;

    need(pthread_create(tasks, NULL, run_tasks, (void *)e) ? MR_ERR_LIMIT
                                                           : MR_OK,
         "pthread_create");
    NEED(mr_process_create(&child, be_victim_as_child, e, sizeof *e, &there));
    NEED(mr_process_start(child));
    await_arrivals(e, 2 + ways_in(e->victim_waits) * (size_t)e->count);
    NEED(mr_event_set(e->begun));
}

/* ---- those who live ------------------------------------------------------ */

static int wait_as_child(const void *argument, size_t size)
{
    static waiter waiters[MOST * WAYS];
    const estate *e = argument;
    size_t count = start_waiters(waiters, e, e->all_wait, NULL);

    (void)size;
    for (size_t i = 0; i < count; i++) {
        pthread_join(waiters[i].thread, NULL);
    }
    return 0;
}

/* Threads of rank 0, and a child on each rank that lives. */
typedef struct heirs {
    waiter waiters[MOST * WAYS];
    size_t waiters_count;
    mr_process children[64];
} heirs;

static void start_heirs(heirs *h, const estate *e)
{
    h->waiters_count = start_waiters(h->waiters, e, e->all_wait, NULL);
    for (int rank = 0; rank < victim; rank++) {
        const mr_process_options there = {.place = MR_ON_RANK(rank)};

        NEED(mr_process_create(&h->children[rank], wait_as_child, e, sizeof *e,
                               &there));
        NEED(mr_process_start(h->children[rank]));
    }
    await_arrivals(e, (size_t)mr_size() * h->waiters_count);
}

static void join_heirs(const heirs *h)
{
    for (size_t i = 0; i < h->waiters_count; i++) {
        pthread_join(h->waiters[i].thread, NULL);
    }
    for (int rank = 0; rank < victim; rank++) {
        int code = -1;

        NEED(mr_process_join(h->children[rank], LIMIT));
        NEED(mr_process_exit_code(h->children[rank], &code));
        need(code ? MR_ERR_USER : MR_OK, "the exit code of a child");
    }
}

/* The queue is one of the victim. */
static void kill_and_await(mr_queue of_victim)
{
    double since;
    mr_error error;

    kill_victim(victim, by_others);
    since = seconds();
    error = mr_queue_get(of_victim, NULL, 0, NULL, LIMIT);
    need(error == MR_ERR_OWNER_LOST ? MR_OK
         : error                    ? error
                                    : MR_ERR_STATE,
         "mr_queue_get from a dead rank");
    fprintf(stderr, "noticed after %.2f s\n", seconds() - since);
}

static mr_queue make_queue_of_victim(void)
{
    const mr_queue_options there = {.place = MR_ON_RANK(victim)};
    mr_queue queue;

    NEED(mr_queue_create(&queue, &there));
    return queue;
}

/* ---- the cases ----------------------------------------------------------- */

static void await_barrier(const family *f, unsigned int parties)
{
    mr_barrier_state state = {0};

    while (state.waiting < parties) {
        NEED(mr_barrier_get_state(f->barrier, &state));
        usleep(1000);
    }
}

/* They can be used as if nothing had been. */
static void use_again(const family *f)
{
    mr_barrier_state state;

    NEED(take_lock(f->rlock));
    NEED(take_rwlock(f->written, true));
    NEED(take_rwlock(f->written, false));
    NEED(take_rwlock(f->read, true));
    NEED(take_lock(f->held_lock));
    NEED(take_lock(f->waited_lock));
    NEED(mr_barrier_reset(f->barrier));
    NEED(mr_barrier_get_state(f->barrier, &state));
    need(state.broken || state.waiting ? MR_ERR_BROKEN : MR_OK, "the barrier");
    NEED(mr_lock_destroy(f->rlock));
    NEED(mr_rwlock_destroy(f->written));
    NEED(mr_rwlock_destroy(f->read));
    NEED(mr_condition_destroy(f->held));
    NEED(mr_condition_destroy(f->waited));
    NEED(mr_barrier_destroy(f->barrier));
    NEED(mr_semaphore_destroy(f->semaphore));
    NEED(mr_event_destroy(f->event));
}

static void held(estate *e)
{
    mr_queue of_victim = make_queue_of_victim();
    pthread_t tasks;
    static heirs h;

    make_families(e);
    e->victim_holds = true;
    e->victim_waits = 1u << BARRIER | 1u << CONDITION;
    e->all_wait = 1u << RLOCK | 1u << WRITE | 1u << WRITE_AFTER_READER |
                  1u << LOCK_OF_CONDITION | 1u << CONDITION | 1u << BARRIER;
    start_victim(e, &tasks);
    start_heirs(&h, e);
    for (int i = 0; i < e->count; i++) {
        await_barrier(&e->families[i], (unsigned int)mr_size() + 1);
    }
    kill_and_await(of_victim);
    /* As many as live: the dead one takes none. */
    for (int i = 0; i < e->count; i++) {
        const family *f = &e->families[i];

        NEED(mr_lock_acquire(f->waited_lock, LIMIT));
        NEED(mr_condition_notify(f->waited, (unsigned int)mr_size()));
        NEED(mr_lock_release(f->waited_lock));
    }
    join_heirs(&h);
    pthread_join(tasks, NULL);
    for (int i = 0; i < e->count; i++) {
        use_again(&e->families[i]);
    }
    printf("all can be used again\n");
}

/* Main has what all want. */
static void keep(const family *f)
{
    NEED(mr_lock_acquire(f->rlock, LIMIT));
    NEED(mr_rwlock_acquire_write(f->written, LIMIT));
    NEED(mr_rwlock_acquire_read(f->read, LIMIT));
}

static void give(const family *f)
{
    NEED(mr_lock_release(f->rlock));
    NEED(mr_rwlock_release(f->written));
    NEED(mr_rwlock_release(f->read));
    NEED(mr_semaphore_release(f->semaphore, (unsigned int)mr_size()));
    NEED(mr_event_set(f->event));
}

/* Readers that wait behind the dead writer pass while main still reads. */
static void await_readers(const estate *e)
{
    for (int i = 0; i < e->count * mr_size(); i++) {
        int passed = WAYS;

        NEED(mr_queue_get(e->passed, &passed, sizeof passed, NULL, LIMIT));
        need(passed == READ ? MR_OK : MR_ERR_STATE, names[passed]);
    }
}

static void wanted(estate *e)
{
    mr_queue of_victim = make_queue_of_victim();
    pthread_t tasks;
    static heirs h;

    make_families(e);
    for (int i = 0; i < e->count; i++) {
        keep(&e->families[i]);
    }
    e->victim_waits = 1u << RLOCK | 1u << WRITE | 1u << WRITE_AFTER_READER |
                      1u << SEMAPHORE | 1u << EVENT;
    e->all_wait =
        1u << RLOCK | 1u << WRITE | 1u << READ | 1u << SEMAPHORE | 1u << EVENT;
    start_victim(e, &tasks);
    usleep(MOMENT);
    start_heirs(&h, e);
    kill_and_await(of_victim);
    await_readers(e);
    for (int i = 0; i < e->count; i++) {
        give(&e->families[i]);
    }
    join_heirs(&h);
    pthread_join(tasks, NULL);
    for (int i = 0; i < e->count; i++) {
        use_again(&e->families[i]);
    }
    printf("all can be used again\n");
}

static void lost(estate *e)
{
    mr_queue of_victim = make_queue_of_victim();
    static heirs h;

    make_family(&e->families[0], MR_ON_RANK(victim), false);
    e->count = 1;
    keep(&e->families[0]);
    NEED(mr_rwlock_release(e->families[0].read));
    NEED(mr_rwlock_acquire_write(e->families[0].read, LIMIT));
    NEED(mr_lock_acquire(e->families[0].held_lock, LIMIT));
    e->all_wait = (1u << WAYS) - 1;
    start_heirs(&h, e);
    await_barrier(&e->families[0], (unsigned int)mr_size());
    kill_and_await(of_victim);
    join_heirs(&h);
}

static int tell_rank_above(const void *argument, size_t size)
{
    const mr_queue *to = argument;
    int pid = rank_above();

    (void)size;
    NEED(mr_queue_put(*to, &pid, sizeof pid, LIMIT));
    return 0;
}

/* Nobody has heard of the death yet, and the answer of the dead is waited for.
 * What is told has to be truths. */
static void beside(estate *e)
{
    const mr_process_options there = {.place = MR_ON_RANK(victim)};
    const mr_queue of_victim = make_queue_of_victim();
    const mr_handle handles[] = {e->passed.handle, of_victim.handle};
    bool ready[] = {false, false};
    unsigned char bytes[sizeof ready];
    mr_process teller;
    mr_error error;
    int pid;

    NEED(mr_process_create(&teller, tell_rank_above, &e->passed,
                           sizeof e->passed, &there));
    NEED(mr_process_start(teller));
    NEED(mr_queue_get(e->passed, &pid, sizeof pid, NULL, LIMIT));
    NEED(mr_process_join(teller, LIMIT));
    kill(pid, SIGKILL);
    NEED(mr_queue_put(e->passed, NULL, 0, LIMIT));
    error = mr_wait(handles, 2, LIMIT, ready);
    memcpy(bytes, ready, sizeof bytes);
    printf("beside %s, ready %d and %d\n", mr_error_name(error), bytes[0],
           bytes[1]);
    NEED(mr_queue_get(e->passed, NULL, 0, NULL, 0));
    printf("beside %s\n", mr_error_name(mr_wait(handles, 2, LIMIT, ready)));
}

static const struct {
    const char *name;
    void (*run)(estate *e);
} cases[] = {
    {"held", held},
    {"wanted", wanted},
    {"lost", lost},
    {"beside", beside},
};

int main(int argc, char **argv)
{
    static estate e;

    NEED(mr_init(&argc, &argv));
    victim = mr_size() - 1;
    by_others = argc > 2 ? argv[2] : NULL;
    make_estate(&e);
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run(&e);
            return 7;
        }
    }
    return 98;
}
