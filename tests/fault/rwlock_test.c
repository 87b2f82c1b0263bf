/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside the calls of a reader-writer lock.
 */
#include "fault/kill.h"

/* ---- RWLock -------------------------------------------------------------- */

enum { READERS = 0, WRITERS };

static bool make_rwlock(scene *s)
{
    const mr_rwlock_options options = {.place = s->place};

    return MRT_OK(mr_rwlock_create(&s->rwlock, &options));
}

static bool make_rwlock_that_is_read(scene *s)
{
    return make_rwlock(s) && MRT_OK(mr_rwlock_acquire_read(s->rwlock, 0));
}

static bool make_rwlock_that_is_written(scene *s)
{
    return make_rwlock(s) && MRT_OK(mr_rwlock_acquire_write(s->rwlock, 0));
}

static void begin_read(const scene *s)
{
    CHILD_OK(mr_rwlock_acquire_read(s->rwlock, GUARD));
}

static void read_twice(const scene *s)
{
    begin_read(s);
    begin_read(s);
}

static void begin_write(const scene *s)
{
    CHILD_OK(mr_rwlock_acquire_write(s->rwlock, GUARD));
}

static void release(const scene *s)
{
    CHILD_OK(mr_rwlock_release(s->rwlock));
}

static void release_both(const scene *s)
{
    release(s);
    release(s);
}

static void read_impatiently(const scene *s)
{
    CHILD_ERROR(mr_rwlock_acquire_read(s->rwlock, 0.002), MR_ERR_TIMEOUT);
}

static void write_impatiently(const scene *s)
{
    CHILD_ERROR(mr_rwlock_acquire_write(s->rwlock, 0.002), MR_ERR_TIMEOUT);
}

static int reading_peer(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_CHECK(is_held(mr_rwlock_acquire_read(s->rwlock, GUARD)));
    release(s);
    return child_result();
}

static int writing_peer(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_CHECK(is_held(mr_rwlock_acquire_write(s->rwlock, GUARD)));
    release(s);
    return child_result();
}

/* A writer waits, and a reader behind it. */
static void let_both_wait(scene *s)
{
    if (start_peer(s, writing_peer)) {
        await_sleepers(s->rwlock.handle, WRITERS, 1, NULL);
    }
    if (START(&s->process, s->rank, reading_peer, s, sizeof *s)) {
        await_sleepers(s->rwlock.handle, READERS, 1, NULL);
    }
}

/* The victim holds it when `ready` comes, and releases it after `go`. */
static bool make_rwlock_and_queues(scene *s)
{
    return make_rwlock(s) && MRT_OK(mr_queue_create(&s->queue, NULL)) &&
           MRT_OK(mr_queue_create(&s->other, NULL));
}

static void tell_and_wait(const scene *s)
{
    CHILD_OK(mr_queue_put(s->queue, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(s->other, NULL, 0, NULL, GUARD));
}

static void read_then_wait(const scene *s)
{
    begin_read(s);
    tell_and_wait(s);
}

static void write_then_wait(const scene *s)
{
    begin_write(s);
    tell_and_wait(s);
}

static void let_both_wait_for_victim(scene *s)
{
    MRT_OK(mr_queue_get(s->queue, NULL, 0, NULL, GUARD));
    let_both_wait(s);
    MRT_OK(mr_queue_put(s->other, NULL, 0, GUARD));
}

static void let_victim_read(scene *s)
{
    await_sleepers(s->rwlock.handle, READERS, 0, &s->victim);
    release(s);
}

static void let_victim_write(scene *s)
{
    await_sleepers(s->rwlock.handle, WRITERS, 0, &s->victim);
    release(s);
}

/* Behind a victim that waits to write another waits to read. */
static void let_reader_wait_behind(scene *s)
{
    await_sleepers(s->rwlock.handle, WRITERS, 0, &s->victim);
    if (!START(&s->peer, s->rank, reading_peer, s, sizeof *s)) {
        return;
    }
    END(s->peer, 0); /* no longer than the victim waits */
}

static void use_rwlock(const scene *s)
{
    begin_write(s);
    release(s);
    read_twice(s);
    release_both(s);
    CHILD_OK(mr_rwlock_acquire_write(s->rwlock, 0));
    release(s);
    CHILD_ERROR(mr_rwlock_release(s->rwlock), MR_ERR_NOT_HELD);
}

/* True: the last writer died. */
static bool writer_died(const scene *s)
{
    mr_error error = mr_rwlock_acquire_write(s->rwlock, GUARD);

    MRT_CHECK(is_held(error));
    MRT_OK(mr_rwlock_release(s->rwlock));
    return error == MR_ERR_HOLDER_DIED;
}

static void end_rwlock(scene *s)
{
    (void)writer_died(s);
    USE(use_rwlock, s);
    MRT_OK(mr_rwlock_destroy(s->rwlock));
}

static void check_read(scene *s)
{
    MRT_CHECK(!writer_died(s));
    end_rwlock(s);
}

static void check_written(scene *s)
{
    check_effect(s, writer_died(s));
    end_rwlock(s);
}

static void check_write_released(scene *s)
{
    check_effect(s, !writer_died(s));
    end_rwlock(s);
}

static void check_still_read(scene *s)
{
    MRT_ERROR(mr_rwlock_acquire_write(s->rwlock, 0), MR_ERR_TIMEOUT);
    release(s);
    check_read(s);
}

static void check_still_written(scene *s)
{
    release(s);
    check_read(s);
}

static void check_both_had_it(scene *s)
{
    END(s->peer, 0);
    END(s->process, 0);
    MRT_OK(mr_queue_destroy(s->queue));
    MRT_OK(mr_queue_destroy(s->other));
    end_rwlock(s);
}

const operation operations[] = {
    {.name = "rwlock_read",
     .prepare = make_rwlock,
     .operate = read_twice,
     .check = check_read},
    {.name = "rwlock_write",
     .prepare = make_rwlock,
     .operate = begin_write,
     .check = check_written},
    {.name = "rwlock_read_times_out",
     .prepare = make_rwlock_that_is_written,
     .operate = read_impatiently,
     .check = check_still_written},
    {.name = "rwlock_write_times_out",
     .prepare = make_rwlock_that_is_read,
     .operate = write_impatiently,
     .check = check_still_read},
    {.name = "rwlock_read_sleeps",
     .prepare = make_rwlock_that_is_written,
     .operate = begin_read,
     .meanwhile = let_victim_read,
     .check = check_read},
    {.name = "rwlock_write_sleeps",
     .prepare = make_rwlock_that_is_read,
     .operate = begin_write,
     .meanwhile = let_victim_write,
     .check = check_written},
    {.name = "rwlock_write_before_a_reader_times_out",
     .prepare = make_rwlock_that_is_read,
     .operate = write_impatiently,
     .meanwhile = let_reader_wait_behind,
     .check = check_still_read},
    {.name = "rwlock_release_of_a_reader",
     .prepare = make_rwlock,
     .begin = read_twice,
     .operate = release_both,
     .check = check_read},
    {.name = "rwlock_release_of_a_writer",
     .prepare = make_rwlock,
     .begin = begin_write,
     .operate = release,
     .check = check_write_released},
    {.name = "rwlock_release_of_a_reader_with_waiters",
     .prepare = make_rwlock_and_queues,
     .begin = read_then_wait,
     .operate = release,
     .meanwhile = let_both_wait_for_victim,
     .check = check_both_had_it},
    {.name = "rwlock_release_of_a_writer_with_waiters",
     .prepare = make_rwlock_and_queues,
     .begin = write_then_wait,
     .operate = release,
     .meanwhile = let_both_wait_for_victim,
     .check = check_both_had_it},
};

int main(int argc, char **argv)
{
    return kill_main("fault/rwlock", MRT_COUNT(operations), NULL, 0, argc,
                     argv);
}
