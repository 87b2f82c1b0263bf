/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects that are made and destroyed a hundred thousand times leave no row and
 * no memory; on other nodes five hundred times, unless all is asked for.
 */
#include "mpi/queue_support.h"

/* One object of a kind, made on a rank, used, and destroyed. */
typedef void life(int rank);

static void live_queue(int rank)
{
    mr_queue queue;

    MRT_CHECK(make(&queue, rank, 0) && put_number(queue, 1));
    MRT_OK(mr_queue_destroy(queue));
}

static void live_closed_queue(int rank)
{
    mr_queue queue;

    MRT_CHECK(make(&queue, rank, 1));
    MRT_OK(mr_queue_attach(queue));
    MRT_OK(mr_queue_detach(queue));
    MRT_ERROR(mr_queue_get(queue, NULL, 0, NULL, GUARD), MR_ERR_END_OF_FILE);
    MRT_OK(mr_queue_destroy(queue));
}

static void live_lent(int rank)
{
    mr_queue queue;
    mr_item item;

    MRT_CHECK(make(&queue, rank, 0));
    MRT_OK(mr_queue_reserve(queue, 100, &item, GUARD));
    MRT_OK(mr_queue_commit(queue, &item, GUARD));
    MRT_OK(mr_queue_take(queue, &item, GUARD));
    MRT_OK(mr_item_release(&item));
    MRT_OK(mr_queue_destroy(queue));
}

static void live_kept(int rank)
{
    mr_keeper keeper;
    mr_ticket ticket;
    mr_queue queue;

    MRT_CHECK(make(&queue, rank, 0));
    MRT_OK(mr_keeper_create(&keeper, queue.handle));
    MRT_OK(mr_keeper_ticket(keeper, &ticket));
    MRT_OK(mr_keeper_drop(keeper));
    MRT_OK(mr_ticket_drop(ticket));
}

static void live_pipe(int rank)
{
    mr_pipe_end first, second;
    mr_ticket ticket;

    (void)rank; /* a pipe lives on the rank of its maker */
    MRT_OK(mr_pipe_create(&first, &second, true));
    MRT_OK(mr_pipe_send(first, "x", 1, GUARD));
    MRT_OK(mr_pipe_ticket(second, &ticket));
    MRT_OK(mr_pipe_close(first));
    MRT_OK(mr_pipe_close(second));
    MRT_OK(mr_ticket_drop(ticket));
}

static void live_value(int rank)
{
    const mr_value_options options = {.place = MR_ON_RANK(rank)};
    mr_value value;

    MRT_OK(mr_value_create(&value, MR_DOUBLE, NULL, &options));
    MRT_OK(mr_value_destroy(value));
}

static void live_array(int rank)
{
    const mr_array_options options = {.place = MR_ON_RANK(rank)};
    mr_array array;

    MRT_OK(mr_array_create(&array, MR_INT32, 100, NULL, &options));
    MRT_OK(mr_array_destroy(array));
}

static void live_spread(int rank)
{
    const mr_array_options options = {.place = MR_ON_RANK(rank),
                                      .spread = true};
    mr_array array;

    MRT_OK(mr_array_create(&array, MR_INT32, 100, NULL, &options));
    MRT_OK(mr_array_destroy(array));
}

static void live_replicated(int rank)
{
    static const int32_t initial[100];
    const mr_array_options options = {.place = MR_ON_RANK(rank),
                                      .replicated = true};
    mr_array array;

    MRT_OK(mr_array_create(&array, MR_INT32, 100, initial, &options));
    MRT_OK(mr_array_destroy(array));
}

/* ---- synchronisation ----------------------------------------------------- */

static void live_lock_of(int rank, bool recursive)
{
    const mr_lock_options options = {.place = MR_ON_RANK(rank),
                                     .recursive = recursive};
    mr_lock lock;

    MRT_OK(mr_lock_create(&lock, &options));
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_lock_destroy(lock)); /* also one that is held */
}

static void live_lock(int rank)
{
    live_lock_of(rank, false);
}

static void live_rlock(int rank)
{
    live_lock_of(rank, true);
}

static void live_semaphore_of(int rank, bool bounded)
{
    const mr_semaphore_options options = {.place = MR_ON_RANK(rank),
                                          .bounded = bounded};
    mr_semaphore semaphore;

    MRT_OK(mr_semaphore_create(&semaphore, 2, &options));
    MRT_OK(mr_semaphore_acquire(semaphore, 0));
    MRT_OK(mr_semaphore_destroy(semaphore));
}

static void live_semaphore(int rank)
{
    live_semaphore_of(rank, false);
}

static void live_bounded_semaphore(int rank)
{
    live_semaphore_of(rank, true);
}

static void live_event(int rank)
{
    const mr_event_options options = {.place = MR_ON_RANK(rank)};
    mr_event event;

    MRT_OK(mr_event_create(&event, &options));
    MRT_OK(mr_event_set(event));
    MRT_OK(mr_event_destroy(event));
}

static void use_condition(mr_condition condition, mr_lock lock)
{
    MRT_OK(mr_lock_acquire(lock, 0));
    MRT_OK(mr_condition_notify_all(condition));
    MRT_ERROR(mr_condition_wait(condition, 0), MR_ERR_TIMEOUT);
    MRT_OK(mr_lock_release(lock));
    MRT_OK(mr_condition_destroy(condition));
}

static void live_condition(int rank)
{
    const mr_condition_options options = {.place = MR_ON_RANK(rank)};
    mr_condition condition;
    mr_lock lock;

    MRT_OK(mr_condition_create(&condition, &options));
    MRT_OK(mr_condition_get_lock(condition, &lock));
    use_condition(condition, lock);
}

static void live_condition_over_a_lock(int rank)
{
    const mr_lock_options there = {.place = MR_ON_RANK(rank)};
    mr_condition_options options = {0};
    mr_condition condition;

    MRT_OK(mr_lock_create(&options.lock, &there));
    MRT_OK(mr_condition_create(&condition, &options));
    use_condition(condition, options.lock);
    MRT_OK(mr_lock_destroy(options.lock));
}

static void act(void)
{
}

static void live_barrier(int rank)
{
    const mr_barrier_options options = {.place = MR_ON_RANK(rank),
                                        .action = act};
    mr_barrier barrier;

    MRT_OK(mr_barrier_create(&barrier, 1, &options));
    MRT_OK(mr_barrier_wait(barrier, 0, NULL));
    MRT_OK(mr_barrier_destroy(barrier));
}

static void live_rwlock(int rank)
{
    const mr_rwlock_options options = {.place = MR_ON_RANK(rank)};
    mr_rwlock lock;

    MRT_OK(mr_rwlock_create(&lock, &options));
    MRT_OK(mr_rwlock_acquire_write(lock, 0));
    MRT_OK(mr_rwlock_release(lock));
    MRT_OK(mr_rwlock_acquire_read(lock, 0));
    MRT_OK(mr_rwlock_destroy(lock));
}

/* ---- processes ----------------------------------------------------------- */

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static void live_unstarted_process(int rank)
{
    static const char argument[100];
    const mr_process_options options = {.place = MR_ON_RANK(rank)};
    mr_process process;

    MRT_OK(mr_process_create(&process, nothing, argument, sizeof argument,
                             &options));
    MRT_OK(mr_process_destroy(process));
}

static void live_process(int rank)
{
    RUN(rank, nothing, NULL, 0);
}

static void live_pool(int rank)
{
    const mr_pool_options options = {.workers = 1};
    mr_pool pool;

    (void)rank; /* a pool has workers on all ranks */
    MRT_OK(mr_pool_create(&pool, &options));
    MRT_OK(mr_pool_destroy(pool));
}

/* ---- all ----------------------------------------------------------------- */

/* What a rank keeps for all later calls is there after the first. */
static void leave_nothing(life *live, int times)
{
    uint64_t objects, bytes;

    for (int rank = 0; rank < mr_size(); rank++) {
        live(rank);
    }
    objects = objects_in_use();
    bytes = bytes_used();
    for (int i = 0; i < times && !mrt_failed(); i++) {
        live(rank_of(i));
    }
    await_objects_in_use(objects);
    MRT_EQUAL(bytes_used(), bytes);
}

static void leaves_nothing(life *live)
{
    leave_nothing(live, several_nodes() && !is_whole() ? 500 : 100000);
}

/* Each needs a process, which takes a millisecond. */
static void leaves_nothing_slowly(life *live)
{
    leave_nothing(live, is_whole() ? 100000 : 500);
}

static void hundred_thousand_queues_leave_nothing(void)
{
    leaves_nothing(live_queue);
}

static void hundred_thousand_closed_queues_leave_nothing(void)
{
    leaves_nothing(live_closed_queue);
}

static void hundred_thousand_lent_items_leave_nothing(void)
{
    leaves_nothing(live_lent);
}

static void hundred_thousand_keepers_leave_nothing(void)
{
    leaves_nothing(live_kept);
}

static void hundred_thousand_pipes_leave_nothing(void)
{
    leaves_nothing(live_pipe);
}

static void hundred_thousand_values_leave_nothing(void)
{
    leaves_nothing(live_value);
}

static void hundred_thousand_arrays_leave_nothing(void)
{
    leaves_nothing(live_array);
}

static void hundred_thousand_spread_arrays_leave_nothing(void)
{
    leaves_nothing(live_spread);
}

static void hundred_thousand_replicated_arrays_leave_nothing(void)
{
    leaves_nothing(live_replicated);
}

static void hundred_thousand_locks_leave_nothing(void)
{
    leaves_nothing(live_lock);
}

static void hundred_thousand_rlocks_leave_nothing(void)
{
    leaves_nothing(live_rlock);
}

static void hundred_thousand_semaphores_leave_nothing(void)
{
    leaves_nothing(live_semaphore);
}

static void hundred_thousand_bounded_semaphores_leave_nothing(void)
{
    leaves_nothing(live_bounded_semaphore);
}

static void hundred_thousand_events_leave_nothing(void)
{
    leaves_nothing(live_event);
}

static void hundred_thousand_conditions_leave_nothing(void)
{
    leaves_nothing(live_condition);
}

static void hundred_thousand_conditions_over_locks_leave_nothing(void)
{
    leaves_nothing(live_condition_over_a_lock);
}

static void hundred_thousand_barriers_leave_nothing(void)
{
    leaves_nothing(live_barrier);
}

static void hundred_thousand_rwlocks_leave_nothing(void)
{
    leaves_nothing(live_rwlock);
}

static void hundred_thousand_unstarted_processes_leave_nothing(void)
{
    leaves_nothing(live_unstarted_process);
}

static void many_processes_leave_nothing(void)
{
    leaves_nothing_slowly(live_process);
}

static void many_pools_leave_nothing(void)
{
    leaves_nothing_slowly(live_pool);
}

#define LIFE(name)      \
    {                   \
#name, name, 60 \
    }

static const mrt_test tests[] = {
    LIFE(hundred_thousand_queues_leave_nothing),
    LIFE(hundred_thousand_closed_queues_leave_nothing),
    LIFE(hundred_thousand_lent_items_leave_nothing),
    LIFE(hundred_thousand_keepers_leave_nothing),
    LIFE(hundred_thousand_pipes_leave_nothing),
    LIFE(hundred_thousand_values_leave_nothing),
    LIFE(hundred_thousand_arrays_leave_nothing),
    LIFE(hundred_thousand_spread_arrays_leave_nothing),
    LIFE(hundred_thousand_replicated_arrays_leave_nothing),
    LIFE(hundred_thousand_locks_leave_nothing),
    LIFE(hundred_thousand_rlocks_leave_nothing),
    LIFE(hundred_thousand_semaphores_leave_nothing),
    LIFE(hundred_thousand_bounded_semaphores_leave_nothing),
    LIFE(hundred_thousand_events_leave_nothing),
    LIFE(hundred_thousand_conditions_leave_nothing),
    LIFE(hundred_thousand_conditions_over_locks_leave_nothing),
    LIFE(hundred_thousand_barriers_leave_nothing),
    LIFE(hundred_thousand_rwlocks_leave_nothing),
    LIFE(hundred_thousand_unstarted_processes_leave_nothing),
    LIFE(many_processes_leave_nothing),
    LIFE(many_pools_leave_nothing),
};

int main(int argc, char **argv)
{
    return suite_main("object_life", tests, MRT_COUNT(tests), argc, argv);
}
