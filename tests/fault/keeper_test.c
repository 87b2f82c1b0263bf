/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death of those that hold an object, and inside the calls of keepers and
 * tickets: what nobody holds is destroyed, and nothing else.
 */
#include "fault/kill.h"

/* ---- scenes -------------------------------------------------------------- */

static bool make_queue(scene *s)
{
    const mr_queue_options options = {.place = s->place};

    return MRT_OK(mr_queue_create(&s->queue, &options));
}

static bool kept(scene *s)
{
    return make_queue(s) &&
           MRT_OK(mr_keeper_create(&s->keeper, s->queue.handle));
}

/* The ticket is the only holder. */
static bool kept_by_ticket(scene *s)
{
    return kept(s) && MRT_OK(mr_keeper_ticket(s->keeper, &s->ticket)) &&
           MRT_OK(mr_keeper_drop(s->keeper));
}

static bool pipe_held(scene *s)
{
    return MRT_OK(mr_pipe_create(&s->first, &s->second, true));
}

static bool end_held_by_ticket(scene *s)
{
    return pipe_held(s) && MRT_OK(mr_pipe_ticket(s->second, &s->ticket)) &&
           MRT_OK(mr_pipe_close(s->second));
}

/* ---- operations ---------------------------------------------------------- */

static void create(const scene *s)
{
    mr_keeper keeper;

    CHILD_OK(mr_keeper_create(&keeper, s->queue.handle));
}

static void hold(const scene *s)
{
    CHILD_OK(mr_keeper_hold(s->keeper));
}

static void drop(const scene *s)
{
    CHILD_OK(mr_keeper_drop(s->keeper));
}

static void make_ticket(const scene *s)
{
    mr_ticket ticket;

    CHILD_OK(mr_keeper_ticket(s->keeper, &ticket));
}

static void redeem(const scene *s)
{
    mr_keeper keeper;

    CHILD_OK(mr_keeper_redeem(s->ticket, &keeper));
}

static void drop_ticket(const scene *s)
{
    CHILD_OK(mr_ticket_drop(s->ticket));
}

static void nothing(const scene *s)
{
    (void)s;
}

static void make_pipe_ticket(const scene *s)
{
    mr_ticket ticket;

    CHILD_OK(mr_pipe_ticket(s->second, &ticket));
}

static void redeem_end(const scene *s)
{
    mr_pipe_end end;

    CHILD_OK(mr_pipe_redeem(s->ticket, &end));
}

/* ---- checks -------------------------------------------------------------- */

static bool is_stale(const scene *s)
{
    bool empty;

    return mr_queue_empty(s->queue, &empty) == MR_ERR_STALE;
}

/* Soon, as the reaper does it. */
static void check_destroyed(scene *s)
{
    double end = mrt_now() + GUARD;

    while (!is_stale(s) && mrt_now() < end) {
        mrt_pause();
    }
    MRT_CHECK(is_stale(s));
}

/* A victim that had made the keeper was its only holder. */
static void check_create(scene *s)
{
    mr_error error;

    if (!s->killed) {
        check_destroyed(s);
    }
    error = mr_queue_destroy(s->queue);
    MRT_CHECK(error == MR_OK || error == MR_ERR_STALE);
}

static void check_hold(scene *s)
{
    MRT_CHECK(!is_stale(s));
    MRT_OK(mr_keeper_drop(s->keeper));
    check_destroyed(s);
}

/* The ticket of a dead victim holds for ever: nobody else knows it. */
static void check_ticket(scene *s)
{
    bool made;

    MRT_OK(mr_keeper_drop(s->keeper));
    made = !is_stale(s);
    check_effect(s, made);
    if (made) {
        MRT_OK(mr_queue_destroy(s->queue));
        MRT_OK(mri_object_destroy(s->keeper.handle, MRI_KEEPER));
    }
}

static void check_ticket_used(scene *s)
{
    mr_error error = mr_ticket_drop(s->ticket);

    MRT_CHECK(error == MR_OK || error == MR_ERR_NOT_HELD ||
              error == MR_ERR_STALE);
    check_effect(s, error != MR_OK);
    check_destroyed(s);
}

static void expect_end_of_file(const scene *s)
{
    char byte;

    MRT_ERROR(mr_pipe_recv(s->first, &byte, 1, NULL, GUARD),
              MR_ERR_END_OF_FILE);
}

static void check_pipe_ticket(scene *s)
{
    char byte;
    mr_error error;

    MRT_OK(mr_pipe_close(s->second));
    error = mr_pipe_recv(s->first, &byte, 1, NULL, 0);
    MRT_CHECK(error == MR_ERR_TIMEOUT || error == MR_ERR_END_OF_FILE);
    check_effect(s, error == MR_ERR_TIMEOUT);
    if (error == MR_ERR_TIMEOUT) {
        MRT_OK(mri_object_destroy(s->first.handle, MRI_PIPE));
    } else {
        MRT_OK(mr_pipe_close(s->first));
    }
}

static void check_redeem_end(scene *s)
{
    mr_error error = mr_ticket_drop(s->ticket);

    MRT_CHECK(error == MR_OK || error == MR_ERR_NOT_HELD);
    check_effect(s, error != MR_OK);
    expect_end_of_file(s);
    MRT_OK(mr_pipe_close(s->first));
}

#define ROW(name, prepare, begin, operate, check, to_the_end)  \
    {                                                          \
        name, prepare, begin, operate, NULL, check, to_the_end \
    }

const operation operations[] = {
    ROW("keeper_create", make_queue, NULL, create, check_create, false),
    ROW("keeper_hold", kept, NULL, hold, check_hold, false),
    ROW("keeper_drop", kept, hold, drop, check_hold, false),
    ROW("keeper_drop_last", kept_by_ticket, redeem, drop, check_destroyed,
        false),
    ROW("keeper_end_of_last", kept_by_ticket, redeem, nothing, check_destroyed,
        true),
    ROW("keeper_ticket", kept, NULL, make_ticket, check_ticket, false),
    ROW("keeper_redeem", kept_by_ticket, NULL, redeem, check_ticket_used,
        false),
    ROW("keeper_ticket_drop", kept_by_ticket, NULL, drop_ticket,
        check_ticket_used, false),
    ROW("pipe_ticket", pipe_held, NULL, make_pipe_ticket, check_pipe_ticket,
        false),
    ROW("pipe_redeem", end_held_by_ticket, NULL, redeem_end, check_redeem_end,
        false),
};

int main(int argc, char **argv)
{
    return kill_main("keeper", MRT_COUNT(operations), NULL, 0, argc, argv);
}
