/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The holders of the ends of a pipe, and when the other end sees the end of
 * file.
 */
#include "mpi/pipe_support.h"

#include <signal.h>
#include <unistd.h>

/* Ends and who holds them */

static void pipe_reads_what_is_left_and_then_the_end_of_file(void)
{
    int64_t number = 77;
    size_t size = 99;
    ends e;

    if (!make(&e, false)) {
        return;
    }
    send_number(e.second, 1);
    send_number(e.second, 2);
    MRT_OK(mr_pipe_close(e.second));
    MRT_CHECK(ready_in(e.first, 0));
    recv_number(e.first, 1);
    recv_number(e.first, 2);
    for (int i = 0; i < 3; i++) {
        MRT_CHECK(ready_in(e.first, MR_FOREVER));
        MRT_ERROR(
            mr_pipe_recv(e.first, &number, sizeof number, &size, MR_FOREVER),
            MR_ERR_END_OF_FILE);
    }
    MRT_CHECK(number == 77 && size == 99);
    MRT_OK(mr_pipe_close(e.first));
}

static void pipe_send_to_a_closed_end_is_an_error(void)
{
    int64_t number = 1;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    MRT_OK(mr_pipe_close(e.first));
    MRT_ERROR(mr_pipe_send(e.second, &number, sizeof number, MR_FOREVER),
              MR_ERR_CLOSED);
    MRT_OK(mr_pipe_close(e.second));
}

static void pipe_close_of_an_end_that_is_not_held_is_an_error(void)
{
    ends e;

    if (!make(&e, true)) {
        return;
    }
    MRT_OK(mr_pipe_close(e.second));
    MRT_ERROR(mr_pipe_close(e.second), MR_ERR_NOT_HELD);
    MRT_OK(mr_pipe_close(e.first));
    MRT_ERROR(mr_pipe_close(e.first), MR_ERR_STALE);
}

static int close_what_it_does_not_hold(const void *argument, size_t size)
{
    const ends *e = argument;

    (void)size;
    CHILD_ERROR(mr_pipe_close(e->first), MR_ERR_NOT_HELD);
    CHILD_ERROR(mr_pipe_close(e->second), MR_ERR_NOT_HELD);
    return child_result();
}

static void pipe_handle_in_an_argument_holds_nothing(void)
{
    ends e;

    if (!make(&e, true)) {
        return;
    }
    RUN(ANYWHERE, close_what_it_does_not_hold, &e, sizeof e);
    send_number(e.first, 4);
    recv_number(e.second, 4);
    close_both(e);
}

static int use_without_holding(const void *argument, size_t size)
{
    const ends *e = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_pipe_recv(e->second, &number, sizeof number, NULL, GUARD));
    CHILD_OK(mr_pipe_send(e->second, &number, sizeof number, GUARD));
    return child_result();
}

static void pipe_end_can_be_used_without_holding_it(void)
{
    mr_process child;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        START(&child, rank, use_without_holding, &e, sizeof e);
        send_number(e.first, rank);
        recv_number(e.first, rank);
        END(child, 0);
    }
    close_both(e);
}

static int hold_until_told(const void *argument, size_t size)
{
    const part *p = argument;
    int64_t number = 6;

    (void)size;
    CHILD_OK(mr_pipe_send(p->end, &number, sizeof number, GUARD));
    CHILD_OK(mr_queue_put(p->ready, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(p->go, NULL, 0, NULL, GUARD));
    if (p->how == CLOSE) {
        CHILD_OK(mr_pipe_close(p->end));
        CHILD_OK(mr_queue_put(p->ready, NULL, 0, GUARD));
        CHILD_OK(mr_queue_get(p->go, NULL, 0, NULL, GUARD));
    } else if (p->how == EXIT) {
        exit(child_result());
    } else if (p->how == DIE) {
        kill(getpid(), SIGKILL);
    }
    return child_result();
}

static void end_of_file_when_a_child(int how, int rank)
{
    int64_t number;
    mr_process child;
    part p = {.how = how};
    ends e;

    make_part(&p);
    if (!make(&e, true)) {
        return;
    }
    p.end = e.second;
    start_holder(&child, rank, hold_until_told, &p, sizeof p, &e.second, 1);
    MRT_OK(mr_pipe_close(e.second));
    hear(p.ready);
    recv_number(e.first, 6);
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, 0),
              MR_ERR_TIMEOUT);
    tell(p.go);
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, GUARD),
              MR_ERR_END_OF_FILE);
    MRT_ERROR(mr_pipe_send(e.first, &number, sizeof number, 0), MR_ERR_CLOSED);
    tell(p.go);
    END(child, how == DIE ? -SIGKILL : 0);
    MRT_OK(mr_pipe_close(e.first));
    destroy_part(&p);
}

static void pipe_ends_when_its_holder_returns(void)
{
    end_of_file_when_a_child(RETURN, 0);
    end_of_file_when_a_child(RETURN, mr_size() - 1);
}

static void pipe_ends_when_its_holder_exits(void)
{
    end_of_file_when_a_child(EXIT, mr_size() - 1);
}

static void pipe_ends_when_its_holder_is_killed(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        end_of_file_when_a_child(DIE, rank);
    }
}

static void pipe_ends_when_its_holder_closes(void)
{
    end_of_file_when_a_child(CLOSE, mr_size() - 1);
}

static void pipe_ends_with_the_last_of_several_holders(void)
{
    enum { HOLDERS = 3 };
    mr_process children[HOLDERS];
    int64_t number;
    part p = {.how = RETURN};
    ends e;

    make_part(&p);
    if (!make(&e, true)) {
        return;
    }
    p.end = e.second;
    for (int i = 0; i < HOLDERS; i++) {
        start_holder(&children[i], rank_of(i), hold_until_told, &p, sizeof p,
                     &e.second, 1);
        hear(p.ready);
        recv_number(e.first, 6);
    }
    MRT_OK(mr_pipe_close(e.second));
    for (int i = 0; i < HOLDERS; i++) {
        MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, 0),
                  MR_ERR_TIMEOUT);
        MRT_OK(mr_process_kill(children[i]));
        END(children[i], -SIGKILL);
    }
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, GUARD),
              MR_ERR_END_OF_FILE);
    MRT_OK(mr_pipe_close(e.first));
    destroy_part(&p);
}

static int recv_until_end_of_file(const void *argument, size_t size)
{
    const part *p = argument;
    int64_t number;

    (void)size;
    CHILD_OK(mr_queue_put(p->ready, NULL, 0, GUARD));
    CHILD_ERROR(mr_pipe_recv(p->end, &number, sizeof number, NULL, MR_FOREVER),
                MR_ERR_END_OF_FILE);
    return child_result();
}

static void pipe_end_of_file_wakes_a_waiter(void)
{
    mr_process child;
    part p;
    ends e;

    make_part(&p);
    if (!make(&e, true)) {
        return;
    }
    p.end = e.second;
    start_holder(&child, mr_size() - 1, recv_until_end_of_file, &p, sizeof p,
                 &e.second, 1);
    MRT_OK(mr_pipe_close(e.second));
    hear(p.ready);
    MRT_CHECK(child_sleeps(child));
    MRT_OK(mr_pipe_close(e.first));
    END(child, 0);
    everything_is_stale(e.first);
    destroy_part(&p);
}

static int attach_to_what_comes(const void *argument, size_t size)
{
    const part *p = argument;
    mr_pipe_end end;
    int64_t number = 10;

    (void)size;
    if (!CHILD_OK(mr_queue_get(p->go, &end, sizeof end, NULL, GUARD))) {
        return child_result();
    }
    CHILD_OK(mr_pipe_attach(end));
    CHILD_OK(mr_pipe_attach(end));
    CHILD_OK(mr_queue_put(p->ready, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(p->go, NULL, 0, NULL, GUARD));
    CHILD_OK(mr_pipe_send(end, &number, sizeof number, GUARD));
    CHILD_OK(mr_pipe_close(end));
    CHILD_ERROR(mr_pipe_close(end), MR_ERR_NOT_HELD);
    return child_result();
}

static void pipe_attach_holds_an_end_once(void)
{
    int64_t number;
    mr_process child;
    part p;
    ends e;

    make_part(&p);
    if (!make(&e, false)) {
        return;
    }
    START(&child, mr_size() - 1, attach_to_what_comes, &p, sizeof p);
    MRT_OK(mr_queue_put(p.go, &e.second, sizeof e.second, GUARD));
    hear(p.ready);
    MRT_OK(mr_pipe_close(e.second));
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, 0),
              MR_ERR_TIMEOUT);
    tell(p.go);
    recv_number(e.first, 10);
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, GUARD),
              MR_ERR_END_OF_FILE);
    END(child, 0);
    MRT_OK(mr_pipe_close(e.first));
    destroy_part(&p);
}

static void pipe_attach_again_after_close(void)
{
    ends e;

    if (!make(&e, true)) {
        return;
    }
    MRT_OK(mr_pipe_close(e.second));
    MRT_OK(mr_pipe_attach(e.second));
    send_number(e.second, 3);
    recv_number(e.first, 3);
    close_both(e);
}

static int nothing(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    return 0;
}

static void pipe_is_not_held_by_a_process_that_never_ran(void)
{
    int64_t number;
    mr_process process;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    const mr_process_options options = {.ends = &e.second, .ends_count = 1};

    MRT_OK(mr_process_create(&process, nothing, NULL, 0, &options));
    MRT_OK(mr_process_destroy(process));
    MRT_OK(mr_pipe_close(e.second));
    MRT_ERROR(mr_pipe_recv(e.first, &number, sizeof number, NULL, GUARD),
              MR_ERR_END_OF_FILE);
    MRT_OK(mr_pipe_close(e.first));
}

static void process_refuses_ends_that_are_none(void)
{
    mr_handle strange[STRANGE_HANDLES];
    mr_process process;
    mr_queue queue;
    ends e;

    if (!make(&e, true) || !MRT_OK(mr_queue_create(&queue, NULL))) {
        return;
    }
    strange_handles(e.first.handle, strange);
    for (int i = 0; i <= STRANGE_HANDLES; i++) {
        const mr_pipe_end held[2] = {
            e.first,
            {i < STRANGE_HANDLES ? strange[i] : queue.handle},
        };
        const mr_process_options options = {.ends = held, .ends_count = 2};
        bool pipe = held[1].handle.kind == e.first.handle.kind;

        MRT_ERROR(mr_process_create(&process, nothing, NULL, 0, &options),
                  pipe ? MR_ERR_STALE : MR_ERR_ARGUMENT);
    }
    MRT_OK(mr_queue_destroy(queue));
    close_both(e);
}

/* Both ends in one child: it talks to itself. */
static int talk_to_itself(const void *argument, size_t size)
{
    const ends *e = argument;
    int64_t number = 7;

    (void)size;
    CHILD_OK(mr_pipe_send(e->first, &number, sizeof number, GUARD));
    CHILD_OK(mr_pipe_recv(e->second, &number, sizeof number, NULL, GUARD));
    CHILD_OK(mr_pipe_close(e->first));
    CHILD_ERROR(mr_pipe_recv(e->second, &number, sizeof number, NULL, GUARD),
                MR_ERR_END_OF_FILE);
    return child_result();
}

static void pipe_lives_as_long_as_a_child_holds_it(void)
{
    mr_process child;
    ends e;

    if (!make(&e, true)) {
        return;
    }
    const mr_pipe_end both[2] = {e.first, e.second};

    start_holder(&child, mr_size() - 1, talk_to_itself, &e, sizeof e, both, 2);
    close_both(e);
    END(child, 0);
    everything_is_stale(e.first);
    everything_is_stale(e.second);
}

static const mrt_test tests[] = {
    {"pipe_reads_what_is_left_and_then_the_end_of_file",
     pipe_reads_what_is_left_and_then_the_end_of_file, 0},
    {"pipe_send_to_a_closed_end_is_an_error",
     pipe_send_to_a_closed_end_is_an_error, 0},
    {"pipe_close_of_an_end_that_is_not_held_is_an_error",
     pipe_close_of_an_end_that_is_not_held_is_an_error, 0},
    {"pipe_handle_in_an_argument_holds_nothing",
     pipe_handle_in_an_argument_holds_nothing, 0},
    {"pipe_end_can_be_used_without_holding_it",
     pipe_end_can_be_used_without_holding_it, 0},
    {"pipe_ends_when_its_holder_returns", pipe_ends_when_its_holder_returns, 0},
    {"pipe_ends_when_its_holder_exits", pipe_ends_when_its_holder_exits, 0},
    {"pipe_ends_when_its_holder_is_killed", pipe_ends_when_its_holder_is_killed,
     0},
    {"pipe_ends_when_its_holder_closes", pipe_ends_when_its_holder_closes, 0},
    {"pipe_ends_with_the_last_of_several_holders",
     pipe_ends_with_the_last_of_several_holders, 0},
    {"pipe_end_of_file_wakes_a_waiter", pipe_end_of_file_wakes_a_waiter, 0},
    {"pipe_attach_holds_an_end_once", pipe_attach_holds_an_end_once, 0},
    {"pipe_attach_again_after_close", pipe_attach_again_after_close, 0},
    {"pipe_is_not_held_by_a_process_that_never_ran",
     pipe_is_not_held_by_a_process_that_never_ran, 0},
    {"process_refuses_ends_that_are_none", process_refuses_ends_that_are_none,
     0},
    {"pipe_lives_as_long_as_a_child_holds_it",
     pipe_lives_as_long_as_a_child_holds_it, 0},
};

int main(int argc, char **argv)
{
    return suite_main("pipe_holder", tests, MRT_COUNT(tests), argc, argv);
}
