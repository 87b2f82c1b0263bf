/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death inside mr_wait: the dead one leaves all lists in which it stood, and
 * those behind it are woken.
 */
#include "fault/kill.h"

#include <multirank/wait_set.h>
#include <poll.h>

enum { HANDLES = 5 };

static void handles_of(const scene *s, mr_handle handles[HANDLES])
{
    handles[0] = s->lock.handle;
    handles[1] = s->queue.handle;
    handles[2] = s->first.handle;
    handles[3] = s->process.handle;
    handles[4] = s->other.handle;
}

static int end_when_told(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_pipe_recv(s->first, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

/* A scene in which nothing is ready. */
static bool make_all(scene *s)
{
    const mr_lock_options lock = {.place = s->place};
    const mr_queue_options queue = {.place = s->place};
    mr_pipe_end told;
    scene process;

    if (!MRT_OK(mr_lock_create(&s->lock, &lock)) ||
        !MRT_OK(mr_lock_acquire(s->lock, 0)) ||
        !MRT_OK(mr_queue_create(&s->queue, &queue)) ||
        !MRT_OK(mr_queue_create(&s->other, NULL)) ||
        !MRT_OK(mr_pipe_create(&s->first, &s->second, false)) ||
        !MRT_OK(mr_pipe_create(&told, &s->ends[1], false))) {
        return false;
    }
    process = *s;
    process.first = told;
    s->ends[0] = told;
    return START(&s->process, ANYWHERE, end_when_told, &process,
                 sizeof process);
}

static void wait_for_any(const scene *s)
{
    mr_handle handles[HANDLES];
    bool ready[HANDLES];

    handles_of(s, handles);
    CHILD_OK(mr_wait(handles, HANDLES, GUARD, ready));
}

static void wait_in_vain(const scene *s)
{
    mr_handle handles[HANDLES];
    bool ready[HANDLES];

    handles_of(s, handles);
    CHILD_ERROR(mr_wait(handles, HANDLES, 0.002, ready), MR_ERR_TIMEOUT);
}

static int wait_for_queue(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_get(s->queue, NULL, 0, NULL, GUARD));
    return child_result();
}

static int wait_for_lock(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_lock_acquire(s->lock, GUARD));
    CHILD_OK(mr_lock_release(s->lock));
    return child_result();
}

/* ---- meanwhile: one of them becomes ready -------------------------------- */

static void await_victim(scene *s)
{
    await_sleepers(s->other.handle, 0, 0, &s->victim);
}

static void put_one(scene *s)
{
    await_victim(s);
    MRT_OK(mr_queue_put(s->queue, NULL, 0, GUARD));
}

/* A wait takes nothing: one item is enough for both. */
static void put_one_for_both(scene *s)
{
    await_victim(s);
    if (start_peer(s, wait_for_queue)) {
        await_sleepers(s->queue.handle, 0, 1, &s->victim);
    }
    MRT_OK(mr_queue_put(s->queue, NULL, 0, GUARD));
}

static void release_for_both(scene *s)
{
    await_victim(s);
    if (start_peer(s, wait_for_lock)) {
        await_sleepers(s->lock.handle, 0, 1, &s->victim);
    }
    MRT_OK(mr_lock_release(s->lock));
}

static void end_process(scene *s)
{
    await_victim(s);
    MRT_OK(mr_pipe_send(s->ends[1], NULL, 0, GUARD));
}

static void close_pipe(scene *s)
{
    await_victim(s);
    MRT_OK(mr_pipe_close(s->second));
}

static void destroy_queue(scene *s)
{
    await_victim(s);
    MRT_OK(mr_queue_destroy(s->queue));
}

static void wait_until_closed(const scene *s)
{
    mr_handle handles[HANDLES];
    bool ready[HANDLES];
    mr_error error;

    handles_of(s, handles);
    error = mr_wait(handles, HANDLES, GUARD, ready);
    CHILD_CHECK(error == MR_ERR_CLOSED || error == MR_ERR_STALE);
}

/* The same by a wait set, whose thread dies at the points, too.  Another may be
 * faster than the second question. */
static void wait_by_set(const scene *s)
{
    struct pollfd one = {.events = POLLIN};
    mr_handle handles[HANDLES];
    mr_ready ready[HANDLES];
    mr_wait_set *set = NULL;
    size_t count = 0;

    handles_of(s, handles);
    CHILD_OK(mr_wait_set_create(&set));
    CHILD_OK(mr_wait_set_descriptor(set, &one.fd));
    for (int i = 0; i < HANDLES; i++) {
        CHILD_OK(mr_wait_set_add(set, handles[i], NULL));
    }
    CHILD_OK(mr_wait_set_ready(set, ready, HANDLES, &count));
    CHILD_CHECK(count == 0);
    CHILD_CHECK(poll(&one, 1, (int)(GUARD * 1000)) == 1);
    CHILD_OK(mr_wait_set_ready(set, ready, HANDLES, &count));
    CHILD_OK(mr_wait_set_destroy(set));
}

/* ---- checks -------------------------------------------------------------- */

/* A second wait, here, finds nothing ready but what was made so. */
static void destroy_all(scene *s)
{
    MRT_OK(mr_pipe_close(s->first));
    mr_pipe_close(s->second); /* it may be closed */
    (void)!mr_pipe_send(s->ends[1], NULL, 0, GUARD);
    END(s->process, 0);
    MRT_OK(mr_pipe_close(s->ends[0]));
    MRT_OK(mr_pipe_close(s->ends[1]));
    MRT_EQUAL(count_sleepers(s->lock.handle, 0), 0);
    MRT_EQUAL(count_sleepers(s->other.handle, 0), 0);
    MRT_OK(mr_lock_destroy(s->lock));
    mr_queue_destroy(s->queue); /* it may be gone */
    MRT_OK(mr_queue_destroy(s->other));
}

static void check_alone(scene *s)
{
    destroy_all(s);
}

static void check_with_peer(scene *s)
{
    END(s->peer, 0);
    destroy_all(s);
}

#define ROW(name, operate, meanwhile, check)                   \
    {                                                          \
        name, make_all, NULL, operate, meanwhile, check, false \
    }

const operation operations[] = {
    ROW("wait_times_out", wait_in_vain, NULL, check_alone),
    ROW("wait_for_item", wait_for_any, put_one, check_alone),
    ROW("wait_for_item_before_another", wait_for_any, put_one_for_both,
        check_with_peer),
    ROW("wait_for_lock_before_another", wait_for_any, release_for_both,
        check_with_peer),
    ROW("wait_for_process", wait_for_any, end_process, check_alone),
    ROW("wait_for_end_of_file", wait_for_any, close_pipe, check_alone),
    ROW("set_for_item", wait_by_set, put_one, check_alone),
    ROW("set_for_item_before_another", wait_by_set, put_one_for_both,
        check_with_peer),
    ROW("set_for_process", wait_by_set, end_process, check_alone),
    ROW("set_for_what_is_destroyed", wait_by_set, destroy_queue, check_alone),
    ROW("wait_for_what_is_destroyed", wait_until_closed, destroy_queue,
        check_alone),
};

int main(int argc, char **argv)
{
    return kill_main("fault/wait", MRT_COUNT(operations), NULL, 0, argc, argv);
}
