/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keepers, which count the holders of an object, and tickets of keepers and of
 * pipes.
 */
#include "mpi/queue_support.h"

#include <signal.h>
#include <unistd.h>

/* ---- keepers ------------------------------------------------------------- */

static bool keep_a_queue(mr_queue *queue, mr_keeper *keeper, int rank)
{
    return make(queue, rank, 0) &&
           MRT_OK(mr_keeper_create(keeper, queue->handle));
}

static bool is_stale(mr_queue queue)
{
    bool empty;

    return mr_queue_empty(queue, &empty) == MR_ERR_STALE;
}

static bool becomes_stale(mr_queue queue)
{
    double end = mrt_now() + GUARD;

    while (!is_stale(queue) && mrt_now() < end) {
        mrt_pause();
    }
    return is_stale(queue);
}

static void keeper_destroys_with_its_last_holder(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_handle object = {0};
        mr_keeper keeper;
        mr_queue queue;

        if (!keep_a_queue(&queue, &keeper, rank)) {
            return;
        }
        MRT_OK(mr_keeper_object(keeper, &object));
        MRT_CHECK(memcmp(&object, &queue.handle, sizeof object) == 0);
        MRT_OK(mr_keeper_hold(keeper)); /* again: it stays one holder */
        put_number(queue, 5);
        MRT_OK(mr_keeper_drop(keeper));
        MRT_CHECK(is_stale(queue));
        MRT_ERROR(mr_keeper_drop(keeper), MR_ERR_STALE);
        MRT_ERROR(mr_keeper_hold(keeper), MR_ERR_STALE);
        MRT_ERROR(mr_keeper_object(keeper, &object), MR_ERR_STALE);
    }
}

typedef struct stage {
    mr_keeper keeper;
    mr_queue queue, said, go;
    int how;
} stage;

static int hold_until_told(const void *argument, size_t size)
{
    const stage *s = argument;

    (void)size;
    CHILD_ERROR(mr_keeper_drop(s->keeper), MR_ERR_NOT_HELD);
    CHILD_OK(mr_keeper_hold(s->keeper));
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->go, NULL, 0, NULL, GUARD));
    if (s->how == SIGKILL) {
        kill(getpid(), SIGKILL);
    }
    if (s->how == 0) {
        CHILD_OK(mr_keeper_drop(s->keeper));
    }
    return child_result();
}

static void object_lives_as_long_as_a_process_holds_it(void)
{
    static const int ways[] = {0, 1, SIGKILL}; /* drop, return, crash */

    for (int rank = 0; rank < mr_size(); rank++) {
        for (size_t i = 0; i < MRT_COUNT(ways); i++) {
            stage s = {.how = ways[i]};
            mr_process child;

            if (!keep_a_queue(&s.queue, &s.keeper, rank) ||
                !make(&s.said, 0, 0) || !make(&s.go, 0, 0)) {
                return;
            }
            START(&child, mr_size() - 1 - rank, hold_until_told, &s, sizeof s);
            MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
            MRT_OK(mr_keeper_drop(s.keeper));
            put_number(s.queue, 3);
            get_number(s.queue, 3);
            MRT_OK(mr_queue_put(s.go, NULL, 0, GUARD));
            MRT_CHECK(becomes_stale(s.queue));
            END(child, s.how == SIGKILL ? -SIGKILL : 0);
            MRT_OK(mr_queue_destroy(s.said));
            MRT_OK(mr_queue_destroy(s.go));
        }
    }
}

static void all_kinds_of_objects_are_kept(void)
{
    mr_lock lock;
    mr_semaphore semaphore;
    mr_event event;
    mr_condition condition;
    mr_barrier barrier;
    mr_rwlock rwlock;
    mr_value value;
    mr_array array;
    mr_handle handles[8];
    mr_keeper keeper;
    uint64_t before = objects_in_use();

    MRT_OK(mr_lock_create(&lock, NULL));
    MRT_OK(mr_semaphore_create(&semaphore, 1, NULL));
    MRT_OK(mr_event_create(&event, NULL));
    MRT_OK(mr_condition_create(&condition, NULL));
    MRT_OK(mr_barrier_create(&barrier, 2, NULL));
    MRT_OK(mr_rwlock_create(&rwlock, NULL));
    MRT_OK(mr_value_create(&value, MR_INT64, NULL, NULL));
    MRT_OK(mr_array_create(&array, MR_DOUBLE, 1000, NULL, NULL));
    memcpy(handles,
           ((mr_handle[]){lock.handle, semaphore.handle, event.handle,
                          condition.handle, barrier.handle, rwlock.handle,
                          value.handle, array.handle}),
           sizeof handles);
    for (size_t i = 0; i < MRT_COUNT(handles); i++) {
        MRT_OK(mr_keeper_create(&keeper, handles[i]));
        MRT_OK(mr_keeper_drop(keeper));
    }
    await_objects_in_use(before);
}

static void keeper_refuses_what_it_cannot_keep(void)
{
    const mr_array_options spread = {.spread = true};
    mr_handle strange[STRANGE_HANDLES];
    mr_pipe_end first, second;
    mr_array array;
    mr_keeper keeper, outer;
    mr_queue queue;

    if (!keep_a_queue(&queue, &keeper, mr_size() - 1)) {
        return;
    }
    MRT_ERROR(mr_keeper_create(NULL, queue.handle), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_keeper_create(&outer, keeper.handle), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_keeper_object(keeper, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_keeper_ticket(keeper, NULL), MR_ERR_ARGUMENT);
    strange_handles(queue.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        mr_error error = mr_keeper_create(&outer, strange[i]);

        MRT_CHECK(error == MR_ERR_ARGUMENT || error == MR_ERR_STALE);
    }
    MRT_OK(mr_pipe_create(&first, &second, true));
    MRT_ERROR(mr_keeper_create(&outer, first.handle), MR_ERR_ARGUMENT);
    MRT_OK(mr_pipe_close(first));
    MRT_OK(mr_pipe_close(second));
    MRT_OK(mr_array_create(&array, MR_DOUBLE, 100, NULL, &spread));
    MRT_ERROR(mr_keeper_create(&outer, array.handle), MR_ERR_ARGUMENT);
    MRT_OK(mr_array_destroy(array));
    MRT_OK(mr_keeper_drop(keeper));
    MRT_ERROR(mr_keeper_create(&outer, queue.handle), MR_ERR_STALE);
}

/* ---- tickets of keepers -------------------------------------------------- */

static void ticket_holds_an_object_after_its_maker(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_keeper keeper, redeemed = {0};
        mr_ticket ticket, other;
        mr_queue queue;

        if (!keep_a_queue(&queue, &keeper, rank)) {
            return;
        }
        MRT_OK(mr_keeper_ticket(keeper, &ticket));
        MRT_OK(mr_keeper_ticket(keeper, &other));
        MRT_OK(mr_keeper_drop(keeper));
        put_number(queue, 4);
        MRT_OK(mr_keeper_redeem(ticket, &redeemed));
        MRT_CHECK(memcmp(&redeemed, &keeper, sizeof keeper) == 0);
        MRT_ERROR(mr_keeper_redeem(ticket, &redeemed), MR_ERR_NOT_HELD);
        MRT_OK(mr_keeper_redeem(other, &redeemed)); /* holds it already */
        MRT_ERROR(mr_ticket_drop(other), MR_ERR_NOT_HELD);
        get_number(queue, 4);
        MRT_OK(mr_keeper_drop(redeemed));
        MRT_CHECK(is_stale(queue));
        MRT_ERROR(mr_keeper_redeem(ticket, &redeemed), MR_ERR_STALE);
    }
}

static void last_ticket_that_is_dropped_destroys(void)
{
    mr_keeper keeper;
    mr_ticket ticket;
    mr_queue queue;

    if (!keep_a_queue(&queue, &keeper, mr_size() - 1)) {
        return;
    }
    MRT_OK(mr_keeper_ticket(keeper, &ticket));
    MRT_OK(mr_keeper_drop(keeper));
    MRT_CHECK(!is_stale(queue));
    MRT_OK(mr_ticket_drop(ticket));
    MRT_CHECK(is_stale(queue));
    ticket.number = UINT64_MAX;
    MRT_ERROR(mr_ticket_drop(ticket), MR_ERR_NOT_HELD);
}

/* Gets a ticket by a queue, uses what it names, and ends. */
static int redeem_and_use(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_ticket ticket;
    mr_keeper keeper;
    mr_queue queue;

    (void)size;
    CHILD_OK(mr_queue_get(s->go, &ticket, sizeof ticket, NULL, GUARD));
    CHILD_OK(mr_keeper_redeem(ticket, &keeper));
    CHILD_OK(mr_keeper_object(keeper, &queue.handle));
    CHILD_OK(mr_queue_put(queue, "x", 1, GUARD));
    CHILD_OK(mr_queue_put(s->said, NULL, 0, GUARD));
    return child_result();
}

static void ticket_travels_to_a_process(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_ticket ticket;
        mr_process child;
        stage s = {0};

        if (!keep_a_queue(&s.queue, &s.keeper, rank) || !make(&s.said, 0, 0) ||
            !make(&s.go, 0, 0)) {
            return;
        }
        START(&child, mr_size() - 1 - rank, redeem_and_use, &s, sizeof s);
        MRT_OK(mr_keeper_ticket(s.keeper, &ticket));
        MRT_OK(mr_keeper_drop(s.keeper));
        MRT_OK(mr_queue_put(s.go, &ticket, sizeof ticket, GUARD));
        MRT_OK(mr_queue_get(s.said, NULL, 0, NULL, GUARD));
        END(child, 0);
        MRT_CHECK(becomes_stale(s.queue));
        MRT_OK(mr_queue_destroy(s.said));
        MRT_OK(mr_queue_destroy(s.go));
    }
}

/* ---- tickets of pipes ---------------------------------------------------- */

static void pipe_ticket_holds_an_end(void)
{
    mr_pipe_end first, second, end = {{0}};
    mr_ticket ticket;
    int64_t number = 8;
    bool ready;

    MRT_OK(mr_pipe_create(&first, &second, true));
    MRT_OK(mr_pipe_ticket(second, &ticket));
    MRT_OK(mr_pipe_close(second));
    MRT_OK(mr_pipe_send(first, &number, sizeof number, GUARD));
    MRT_OK(mr_pipe_poll(first, 0, &ready));
    MRT_CHECK(!ready); /* no end of file: the ticket is a holder */
    MRT_OK(mr_pipe_redeem(ticket, &end));
    MRT_ERROR(mr_pipe_redeem(ticket, &end), MR_ERR_NOT_HELD);
    MRT_OK(mr_pipe_recv(end, &number, sizeof number, NULL, GUARD));
    MRT_OK(mr_pipe_close(end));
    MRT_ERROR(mr_pipe_recv(first, &number, sizeof number, NULL, GUARD),
              MR_ERR_END_OF_FILE);
    MRT_ERROR(mr_pipe_ticket(first, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pipe_redeem(ticket, NULL), MR_ERR_ARGUMENT);
    MRT_OK(mr_pipe_close(first));
    MRT_ERROR(mr_pipe_redeem(ticket, &end), MR_ERR_STALE);
}

static void pipe_ticket_that_is_dropped_gives_end_of_file(void)
{
    mr_pipe_end first, second;
    mr_ticket ticket;

    MRT_OK(mr_pipe_create(&first, &second, true));
    MRT_OK(mr_pipe_ticket(second, &ticket));
    MRT_OK(mr_pipe_close(second));
    MRT_OK(mr_ticket_drop(ticket));
    MRT_ERROR(mr_pipe_recv(first, NULL, 0, NULL, GUARD), MR_ERR_END_OF_FILE);
    MRT_ERROR(mr_ticket_drop(ticket), MR_ERR_NOT_HELD);
    MRT_OK(mr_pipe_close(first));
    MRT_ERROR(mr_ticket_drop(ticket), MR_ERR_STALE);
}

/* Sends an end that it made itself, and ends at once. */
static int send_an_end(const void *argument, size_t size)
{
    const stage *s = argument;
    mr_pipe_end first, second;
    mr_ticket ticket;

    (void)size;
    CHILD_OK(mr_pipe_create(&first, &second, true));
    CHILD_OK(mr_pipe_send(second, "hello", 5, GUARD));
    CHILD_OK(mr_pipe_ticket(first, &ticket));
    CHILD_OK(mr_queue_put(s->said, &ticket, sizeof ticket, GUARD));
    return child_result();
}

static void pipe_end_travels_and_its_sender_ends(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        char text[8] = "";
        mr_ticket ticket;
        mr_process child;
        mr_pipe_end end;
        stage s = {0};

        if (!make(&s.said, 0, 0)) {
            return;
        }
        START(&child, rank, send_an_end, &s, sizeof s);
        END(child, 0);
        MRT_OK(mr_queue_get(s.said, &ticket, sizeof ticket, NULL, GUARD));
        MRT_OK(mr_pipe_redeem(ticket, &end));
        MRT_OK(mr_pipe_recv(end, text, sizeof text, NULL, GUARD));
        MRT_TEXT(text, "hello");
        MRT_ERROR(mr_pipe_recv(end, text, sizeof text, NULL, GUARD),
                  MR_ERR_END_OF_FILE);
        MRT_OK(mr_pipe_close(end));
        MRT_OK(mr_queue_destroy(s.said));
    }
}

static const mrt_test tests[] = {
    MRT_TEST(keeper_destroys_with_its_last_holder),
    MRT_TEST(object_lives_as_long_as_a_process_holds_it),
    MRT_TEST(all_kinds_of_objects_are_kept),
    MRT_TEST(keeper_refuses_what_it_cannot_keep),
    MRT_TEST(ticket_holds_an_object_after_its_maker),
    MRT_TEST(last_ticket_that_is_dropped_destroys),
    MRT_TEST(ticket_travels_to_a_process),
    MRT_TEST(pipe_ticket_holds_an_end),
    MRT_TEST(pipe_ticket_that_is_dropped_gives_end_of_file),
    MRT_TEST(pipe_end_travels_and_its_sender_ends),
};

int main(int argc, char **argv)
{
    return suite_main("keeper", tests, MRT_COUNT(tests), argc, argv);
}
