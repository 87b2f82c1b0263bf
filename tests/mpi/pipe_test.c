/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The contract of mr_pipe: what it refuses, directions, messages and traffic.
 */
#include "mpi/pipe_support.h"

#include <pthread.h>
#include <signal.h>

/* What it refuses */

static void pipe_create_refuses_null(void)
{
    mr_pipe_end end;

    MRT_ERROR(mr_pipe_create(NULL, &end, true), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pipe_create(&end, NULL, true), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pipe_create(NULL, NULL, false), MR_ERR_ARGUMENT);
}

static void pipe_refuses_bad_arguments(void)
{
    int64_t number = 1;
    bool ready;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    MRT_ERROR(mr_pipe_send(e.first, NULL, 1, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pipe_send(e.first, &number, sizeof number, NOT_A_NUMBER),
              MR_ERR_ARGUMENT);
    send_number(e.first, 5);
    MRT_ERROR(mr_pipe_recv(e.second, NULL, 8, NULL, 0), MR_ERR_ARGUMENT);
    MRT_ERROR(
        mr_pipe_recv(e.second, &number, sizeof number, NULL, NOT_A_NUMBER),
        MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pipe_poll(e.second, 0, NULL), MR_ERR_ARGUMENT);
    MRT_ERROR(mr_pipe_poll(e.second, NOT_A_NUMBER, &ready), MR_ERR_ARGUMENT);
    recv_number(e.second, 5);
    close_both(e);
}

static void pipe_send_refuses_what_can_never_fit(void)
{
    const size_t sizes[] = {(size_t)1 << 46, SIZE_MAX / 2, SIZE_MAX};
    char byte = 1;
    ends e;

    if (!make(&e, false)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        MRT_ERROR(mr_pipe_send(e.second, &byte, sizes[i], MR_FOREVER),
                  MR_ERR_TOO_LARGE);
    }
    send_number(e.second, 3);
    recv_number(e.first, 3);
    close_both(e);
}

static void pipe_of_one_way_refuses_the_other(void)
{
    int64_t number = 1;
    bool ready;
    ends e;

    if (!make(&e, false)) {
        return;
    }
    MRT_ERROR(mr_pipe_send(e.first, &number, sizeof number, 0),
              MR_ERR_DIRECTION);
    MRT_ERROR(mr_pipe_recv(e.second, &number, sizeof number, NULL, 0),
              MR_ERR_DIRECTION);
    MRT_ERROR(mr_pipe_poll(e.second, 0, &ready), MR_ERR_DIRECTION);
    send_number(e.second, 8);
    recv_number(e.first, 8);
    close_both(e);
}

static void pipe_is_stale_when_nobody_holds_an_end(void)
{
    ends e, next;

    if (!make(&e, true)) {
        return;
    }
    close_both(e);
    everything_is_stale(e.first);
    everything_is_stale(e.second);
    if (make(&next, true)) {
        everything_is_stale(e.first);
        everything_is_stale(e.second);
        close_both(next);
    }
}

static void pipe_handles_that_name_nothing_are_stale(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_queue queue;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    strange_handles(e.second.handle, strange);
    for (int i = 0; i < STRANGE_HANDLES; i++) {
        everything_is_stale((mr_pipe_end){strange[i]});
    }
    if (MRT_OK(mr_queue_create(&queue, NULL))) {
        everything_is_stale((mr_pipe_end){queue.handle});
        MRT_OK(mr_queue_destroy(queue));
    }
    close_both(e);
}

/* Messages */

static void pipe_with_duplex_goes_both_ways(void)
{
    ends e;

    if (!make(&e, true)) {
        return;
    }
    for (int i = 0; i < 100; i++) {
        send_number(e.first, i);
        send_number(e.second, -i);
    }
    for (int i = 0; i < 100; i++) {
        recv_number(e.first, -i);
        recv_number(e.second, i);
    }
    close_both(e);
}

static void recv_pattern(mr_pipe_end end, size_t size, unsigned seed)
{
    char *message = malloc(size + 1);
    size_t got = SIZE_MAX;

    if (MRT_OK(mr_pipe_recv(end, size ? message : NULL, size, &got, GUARD))) {
        MRT_EQUAL(got, size);
        MRT_CHECK(pattern_holds(message, size, seed));
    }
    free(message);
}

static void pipe_carries_messages_of_any_size(void)
{
    ends e;

    if (!make(&e, false)) {
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(item_sizes); i++) {
        size_t size = item_sizes[i];
        char *message = malloc(size + 1);

        pattern_fill(message, size, (unsigned)i);
        MRT_OK(mr_pipe_send(e.second, size ? message : NULL, size, GUARD));
        memset(message, 0, size);
        recv_pattern(e.first, size, (unsigned)i);
        free(message);
    }
    close_both(e);
}

static void pipe_keeps_the_bounds_of_messages(void)
{
    char message[300];
    ends e;

    if (!make(&e, false)) {
        return;
    }
    for (unsigned i = 0; i < 300; i++) {
        pattern_fill(message, i, i);
        MRT_OK(mr_pipe_send(e.second, message, i, GUARD));
    }
    for (unsigned i = 0; i < 300; i++) {
        recv_pattern(e.first, i, i);
    }
    close_both(e);
}

static void pipe_recv_loses_nothing_when_the_buffer_is_too_small(void)
{
    const size_t sizes[] = {8, 56, 57, 100000};
    char small[7], *message = malloc(100000);
    size_t need = 0;
    ends e;

    if (!make(&e, true)) {
        free(message);
        return;
    }
    for (size_t i = 0; i < MRT_COUNT(sizes); i++) {
        pattern_fill(message, sizes[i], 9);
        MRT_OK(mr_pipe_send(e.first, message, sizes[i], GUARD));
        send_number(e.first, 12);
        MRT_ERROR(mr_pipe_recv(e.second, small, sizeof small, &need, 0),
                  MR_ERR_TRUNCATED);
        MRT_EQUAL(need, sizes[i]);
        MRT_ERROR(mr_pipe_recv(e.second, NULL, 0, NULL, 0), MR_ERR_TRUNCATED);
        recv_pattern(e.second, sizes[i], 9);
        recv_number(e.second, 12);
    }
    close_both(e);
    free(message);
}

static void pipe_recv_times_out_without_a_message(void)
{
    int64_t number = 77;
    size_t size = 99;
    double started;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, &size, 0),
              MR_ERR_TIMEOUT);
    started = mrt_now();
    MRT_ERROR(mr_pipe_recv(e.second, &number, sizeof number, &size, SHORT),
              MR_ERR_TIMEOUT);
    MRT_CHECK(mrt_now() - started >= SHORT);
    MRT_CHECK(number == 77 && size == 99);
    send_number(e.first, 2);
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, &size, 0),
              MR_ERR_TIMEOUT);
    recv_number(e.second, 2);
    close_both(e);
}

static void pipe_poll_tells_whether_there_is_a_message(void)
{
    double started;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    MRT_CHECK(!ready_in(e.second, 0));
    started = mrt_now();
    MRT_CHECK(!ready_in(e.second, SHORT));
    MRT_CHECK(mrt_now() - started >= SHORT);
    send_number(e.first, 1);
    MRT_CHECK(ready_in(e.second, 0));
    MRT_CHECK(ready_in(e.second, MR_FOREVER));
    MRT_CHECK(!ready_in(e.first, 0));
    recv_number(e.second, 1);
    MRT_CHECK(!ready_in(e.second, 0));
    close_both(e);
}

/* Traffic */

static int bounce(const void *argument, size_t size)
{
    mr_pipe_end end = *(const mr_pipe_end *)argument;
    mr_error error;
    int64_t number;

    (void)size;
    while ((error = mr_pipe_recv(end, &number, sizeof number, NULL, GUARD)) ==
           MR_OK) {
        number++;
        CHILD_OK(mr_pipe_send(end, &number, sizeof number, GUARD));
    }
    CHILD_ERROR(error, MR_ERR_END_OF_FILE);
    return child_result();
}

static void pipe_goes_there_and_back_a_thousand_times(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;
        ends e;

        if (!make(&e, true)) {
            return;
        }
        start_holder(&child, rank, bounce, &e.second, sizeof e.second,
                     &e.second, 1);
        MRT_OK(mr_pipe_close(e.second));
        for (int i = 0; i < 1000; i++) {
            send_number(e.first, i);
            recv_number(e.first, i + 1);
        }
        MRT_OK(mr_pipe_close(e.first));
        END(child, 0);
    }
}

enum { MESSAGES = 2000 };

static int send_many(const void *argument, size_t size)
{
    const part *p = argument;

    (void)size;
    for (int64_t i = 0; i < MESSAGES; i++) {
        CHILD_OK(mr_pipe_send(p->end, &i, sizeof i, GUARD));
    }
    return child_result();
}

static void pipe_joins_processes_beside_main(void)
{
    mr_process sender, receiver;
    part p;
    ends e;

    make_part(&p);
    if (!make(&e, true)) {
        return;
    }
    p.end = e.second;
    start_holder(&receiver, rank_of(0), bounce, &e.first, sizeof e.first,
                 &e.first, 1);
    MRT_OK(mr_pipe_close(e.first));
    start_holder(&sender, rank_of(1), send_many, &p, sizeof p, &e.second, 1);
    for (int i = 0; i < MESSAGES; i++) {
        recv_number(e.second, i + 1);
    }
    END(sender, 0);
    MRT_OK(mr_pipe_close(e.second));
    END(receiver, 0);
    destroy_part(&p);
}

static void *send_in_a_thread(void *argument)
{
    const mr_pipe_end *end = argument;

    for (int i = 0; i < MESSAGES; i++) {
        send_number(*end, 1);
    }
    return NULL;
}

static void pipe_serves_several_senders(void)
{
    mr_process children[2];
    pthread_t threads[2];
    int64_t sum = 0;
    part p;
    ends e;

    make_part(&p);
    if (!make(&e, false)) {
        return;
    }
    p.end = e.second;
    for (int i = 0; i < 2; i++) {
        START(&children[i], rank_of(i), send_many, &p, sizeof p);
        pthread_create(&threads[i], NULL, send_in_a_thread, &e.second);
    }
    for (int i = 0; i < 4 * MESSAGES; i++) {
        int64_t number = 0;

        if (!MRT_OK(
                mr_pipe_recv(e.first, &number, sizeof number, NULL, GUARD))) {
            break;
        }
        sum += number;
    }
    for (int i = 0; i < 2; i++) {
        END(children[i], 0);
        pthread_join(threads[i], NULL);
    }
    MRT_EQUAL(sum, 2 * MESSAGES + 2 * (MESSAGES * (MESSAGES - 1) / 2));
    MRT_CHECK(!ready_in(e.first, 0));
    close_both(e);
    destroy_part(&p);
}

static int say_so_and_recv(const void *argument, size_t size)
{
    const part *p = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_put(p->ready, NULL, 0, GUARD));
    CHILD_OK(mr_pipe_recv(p->end, &number, sizeof number, NULL, MR_FOREVER));
    return child_result();
}

static void pipe_loses_nothing_to_a_waiter_that_was_killed(void)
{
    part p;
    ends e;

    make_part(&p);
    if (!make(&e, true)) {
        return;
    }
    p.end = e.second;
    for (int i = 0; i < 10; i++) {
        mr_process child;

        START(&child, rank_of(i), say_so_and_recv, &p, sizeof p);
        hear(p.ready);
        MRT_CHECK(child_sleeps(child));
        MRT_OK(mr_process_kill(child));
        END(child, -SIGKILL);
        send_number(e.first, i);
        recv_number(e.second, i);
    }
    close_both(e);
    destroy_part(&p);
}

static void pipe_can_be_made_and_closed_many_times(void)
{
    for (int i = 0; i < often(5000); i++) {
        ends e;

        if (!make(&e, i % 2) || !send_number(e.second, i)) {
            return;
        }
        close_both(e);
    }
}

static const mrt_test tests[] = {
    {"pipe_create_refuses_null", pipe_create_refuses_null, 0},
    {"pipe_refuses_bad_arguments", pipe_refuses_bad_arguments, 0},
    {"pipe_send_refuses_what_can_never_fit",
     pipe_send_refuses_what_can_never_fit, 0},
    {"pipe_of_one_way_refuses_the_other", pipe_of_one_way_refuses_the_other, 0},
    {"pipe_is_stale_when_nobody_holds_an_end",
     pipe_is_stale_when_nobody_holds_an_end, 0},
    {"pipe_handles_that_name_nothing_are_stale",
     pipe_handles_that_name_nothing_are_stale, 0},
    {"pipe_with_duplex_goes_both_ways", pipe_with_duplex_goes_both_ways, 0},
    {"pipe_carries_messages_of_any_size", pipe_carries_messages_of_any_size, 0},
    {"pipe_keeps_the_bounds_of_messages", pipe_keeps_the_bounds_of_messages, 0},
    {"pipe_recv_loses_nothing_when_the_buffer_is_too_small",
     pipe_recv_loses_nothing_when_the_buffer_is_too_small, 0},
    {"pipe_recv_times_out_without_a_message",
     pipe_recv_times_out_without_a_message, 0},
    {"pipe_poll_tells_whether_there_is_a_message",
     pipe_poll_tells_whether_there_is_a_message, 0},
    {"pipe_goes_there_and_back_a_thousand_times",
     pipe_goes_there_and_back_a_thousand_times, 60},
    {"pipe_joins_processes_beside_main", pipe_joins_processes_beside_main, 0},
    {"pipe_serves_several_senders", pipe_serves_several_senders, 0},
    {"pipe_loses_nothing_to_a_waiter_that_was_killed",
     pipe_loses_nothing_to_a_waiter_that_was_killed, 0},
    {"pipe_can_be_made_and_closed_many_times",
     pipe_can_be_made_and_closed_many_times, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pipe", tests, MRT_COUNT(tests), argc, argv);
}
