/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Processes that are killed while their call is under way at another rank:
 * whatever the call was doing there, the end of the process is told.
 */
#include "mpi/queue_support.h"

#include <signal.h>
#include <unistd.h>

#include "memory/record.h"

enum { BULK = 96 << 20 };

typedef struct scene {
    mr_queue queue; /* full */
    mr_queue told;  /* pids: of the owner, then of the producer */
} scene;

static int put_bulk(const void *argument, size_t size)
{
    const scene *s = argument;
    int64_t pid = getpid();
    char *item = malloc(BULK);

    (void)size;
    if (!item) {
        return 2;
    }
    memset(item, 1, BULK);
    CHILD_OK(mr_queue_put(s->told, &pid, sizeof pid, MR_FOREVER));
    CHILD_OK(mr_queue_put(s->queue, item, BULK, MR_FOREVER));
    free(item);
    return child_result();
}

/* Beside the owner of the queue, so that it sees the memory that the owner
 * takes for what comes.  Then it stops the owner: the item is on its way. */
static int stop_owner_when_bulk_comes(const void *argument, size_t size)
{
    const scene *s = argument;
    unsigned int index = mri_segment_of(mri_ref_of(mri_self()));
    mri_segment *segment = mri_segment_at(index);
    mri_endpoint *owner = mri_table_row(&segment->endpoints, MRI_SLOT_RANK);
    int64_t pid = (int64_t)mri_load(&owner->pid);
    uint64_t top = mri_load(&segment->heap.top);
    double end = mrt_now() + GUARD;

    (void)size;
    CHILD_OK(mr_queue_put(s->told, &pid, sizeof pid, MR_FOREVER));
    while (mri_load(&segment->heap.top) < top + BULK && mrt_now() < end) {
    }
    CHILD_CHECK(kill((pid_t)pid, SIGSTOP) == 0);
    return child_result();
}

static bool get_pid(const scene *s, int64_t *pid)
{
    size_t size;

    return MRT_OK(mr_queue_get(s->told, pid, sizeof *pid, &size, GUARD)) &&
           MRT_CHECK(*pid > 1);
}

static void await_stop(int64_t pid)
{
    double end = mrt_now() + GUARD;

    while (thread_state(pid, pid) != 'T' && mrt_now() < end) {
        mrt_pause();
    }
    MRT_CHECK(thread_state(pid, pid) == 'T');
}

/* The cancel of its put waits before the stopped owner when the rest of the
 * item comes. */
static void process_that_dies_while_its_bulk_travels_is_joined(void)
{
    int rank = mr_size() - 1;
    mr_process producer, stopper;
    int64_t owner = 0, pid = 0;
    uint64_t objects = objects_in_use();
    scene s;

    if (!make(&s.queue, rank, 1) || !make(&s.told, 0, 0) ||
        !put_number(s.queue, 1)) {
        return;
    }
    START(&stopper, rank, stop_owner_when_bulk_comes, &s, sizeof s);
    if (!get_pid(&s, &owner)) {
        return;
    }
    START(&producer, 0, put_bulk, &s, sizeof s);
    get_pid(&s, &pid);
    await_stop(owner);
    MRT_CHECK(kill((pid_t)pid, SIGKILL) == 0);
    if (several_nodes()) {
        MRT_ERROR(mr_process_join(producer, 10 * SHORT), MR_ERR_TIMEOUT);
    }
    MRT_CHECK(kill((pid_t)owner, SIGCONT) == 0);
    END(producer, -SIGKILL);
    END(stopper, 0);
    get_number(s.queue, 1);
    MRT_ERROR(mr_queue_get(s.queue, NULL, 0, NULL, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_queue_destroy(s.queue));
    MRT_OK(mr_queue_destroy(s.told));
    await_objects_in_use(objects);
}

/* ---- deaths at any moment ------------------------------------------------ */

enum { DEATHS = 150, ITEM = 100000, AT_ONCE = 3 };

typedef struct world {
    mr_value value;
    mr_lock lock;
    mr_queue queue;
    mr_queue bounded;
} world;

static void use_all(const world *w, char *item)
{
    const mr_handle handles[] = {w->queue.handle, w->lock.handle};
    bool ready[2];
    int64_t one = 1;
    size_t size;
    mr_error error = mr_lock_acquire(w->lock, SHORT);

    CHILD_OK(mr_value_add(w->value, &one, NULL));
    if (error == MR_OK || error == MR_ERR_HOLDER_DIED) {
        CHILD_OK(mr_lock_release(w->lock));
    }
    (void)!mr_queue_put(w->queue, item, 8, MR_FOREVER);
    (void)!mr_queue_put(w->queue, item, 8, MR_FOREVER);
    (void)!mr_queue_put(w->bounded, item, ITEM, 0);
    (void)!mr_queue_get(w->queue, item, ITEM, &size, 0);
    (void)!mr_queue_get(w->bounded, item, ITEM, &size, 0);
    (void)!mr_wait(handles, 2, 0.001, ready);
    (void)!mr_queue_get(w->queue, item, ITEM, &size, 0);
}

static int use_until_killed(const void *argument, size_t size)
{
    static char item[ITEM];

    (void)size;
    for (;;) {
        use_all(argument, item);
    }
    return 1;
}

static bool make_world(world *w, int rank)
{
    const mr_value_options value = {.place = MR_ON_RANK(rank)};
    const mr_lock_options lock = {.place = MR_ON_RANK(rank)};

    return MRT_OK(mr_value_create(&w->value, MR_INT64, NULL, &value)) &&
           MRT_OK(mr_lock_create(&w->lock, &lock)) &&
           make(&w->queue, rank, 0) && make(&w->bounded, rank, 2);
}

static void destroy_world(const world *w)
{
    MRT_OK(mr_value_destroy(w->value));
    MRT_OK(mr_lock_destroy(w->lock));
    MRT_OK(mr_queue_destroy(w->queue));
    MRT_OK(mr_queue_destroy(w->bounded));
}

/* From its first call on, each time a little later. */
static void kill_some(const world *w, int round)
{
    const struct timespec moment = {.tv_nsec = round * 37 % 50 * 40000};
    mr_process processes[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++) {
        START(&processes[i], rank_of(i), use_until_killed, w, sizeof *w);
    }
    nanosleep(&moment, NULL);
    for (int i = 0; i < AT_ONCE; i++) {
        MRT_OK(mr_process_kill(processes[i]));
    }
    for (int i = 0; i < AT_ONCE; i++) {
        END(processes[i], -SIGKILL);
    }
}

static void killed_processes_leave_no_objects(void)
{
    uint64_t before = objects_in_use();
    world w;

    if (!make_world(&w, mr_size() - 1)) {
        return;
    }
    for (int i = 0; i < DEATHS / AT_ONCE && !mrt_failed(); i++) {
        kill_some(&w, i);
    }
    destroy_world(&w);
    await_objects_in_use(before);
}

static const mrt_test tests[] = {
    {"process_that_dies_while_its_bulk_travels_is_joined",
     process_that_dies_while_its_bulk_travels_is_joined, 90},
    {"killed_processes_leave_no_objects", killed_processes_leave_no_objects,
     60},
};

int main(int argc, char **argv)
{
    return suite_main("far_death", tests, MRT_COUNT(tests), argc, argv);
}
