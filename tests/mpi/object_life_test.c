/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Objects that are made and destroyed a hundred thousand times leave no row and
 * no memory; on other nodes five hundred times.  Those for synchronisation are
 * in sync_test.c.
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

/* What a rank keeps for all later calls is there after the first. */
static void leaves_nothing(life *live)
{
    int times = several_nodes() ? 500 : 100000;
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
};

int main(int argc, char **argv)
{
    return suite_main("object_life", tests, MRT_COUNT(tests), argc, argv);
}
