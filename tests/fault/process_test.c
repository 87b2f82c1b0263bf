/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Death of a process while it makes, starts, joins, ends and forgets others,
 * and while it ends itself.
 */
#include "fault/kill.h"

#include "runtime/server/child.h"

static listing known;

/* ---- grandchildren ------------------------------------------------------- */

/* Leaves a sign, once. */
static int leave_sign(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_put(s->queue, NULL, 0, GUARD));
    return child_result();
}

static int wait_for_end(const void *argument, size_t size)
{
    const scene *s = argument;

    (void)size;
    CHILD_OK(mr_queue_get(s->other, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

/* ---- scenes -------------------------------------------------------------- */

static bool make_queues(scene *s)
{
    const mr_queue_options options = {.place = s->place};

    known = list_objects(MRI_PROCESS);
    return MRT_OK(mr_queue_create(&s->queue, &options)) &&
           MRT_OK(mr_queue_create(&s->other, &options));
}

/* The first end goes to the victim's child, the second stays here. */
static bool make_queues_and_pipe(scene *s)
{
    if (!make_queues(s) ||
        !MRT_OK(mr_pipe_create(&s->first, &s->second, false))) {
        return false;
    }
    s->ends[0] = s->first;
    s->ends_count = 1;
    return true;
}

/* ---- operations ---------------------------------------------------------- */

static mr_process made; /* by the victim */

static mr_error make(const scene *s, mr_process_function *function, bool daemon)
{
    const mr_process_options options = {
        .daemon = daemon,
        .place = s->place,
        .ends = s->ends,
        .ends_count = s->ends_count,
    };

    return mr_process_create(&made, function, s, sizeof *s, &options);
}

static void create(const scene *s)
{
    CHILD_OK(make(s, leave_sign, false));
}

static void create_and_destroy(const scene *s)
{
    CHILD_OK(make(s, leave_sign, false));
    CHILD_OK(mr_process_destroy(made));
}

static void create_and_start(const scene *s)
{
    CHILD_OK(make(s, leave_sign, false));
    CHILD_OK(mr_process_start(made));
}

static void start_and_join(const scene *s)
{
    int code = -1;

    create_and_start(s);
    CHILD_OK(mr_process_join(made, GUARD));
    CHILD_OK(mr_process_exit_code(made, &code));
    CHILD_CHECK(code == 0);
    CHILD_OK(mr_process_destroy(made));
}

static void make_daemon(const scene *s)
{
    CHILD_OK(make(s, wait_for_end, true));
    CHILD_OK(mr_process_start(made));
}

static void start(const scene *s)
{
    (void)s;
    CHILD_OK(mr_process_start(made));
}

static void join(const scene *s)
{
    (void)s;
    CHILD_OK(mr_process_join(made, GUARD));
}

static void destroy(const scene *s)
{
    (void)s;
    CHILD_OK(mr_process_destroy(made));
}

static void kill_and_join(const scene *s)
{
    (void)s;
    CHILD_OK(mr_process_kill(made));
    CHILD_OK(mr_process_join(made, GUARD));
}

enum { SEVERAL = 3 };

static mr_process several[SEVERAL];

static void begin_several(const scene *s)
{
    for (int i = 0; i < SEVERAL; i++) {
        CHILD_OK(make(s, leave_sign, false));
        several[i] = made;
    }
}

static void start_several(const scene *s)
{
    (void)s;
    CHILD_OK(mr_process_start_many(several, SEVERAL, NULL));
}

static void look_at_children(const scene *s)
{
    size_t count = 7;

    (void)s;
    CHILD_OK(mr_process_children(NULL, 0, &count));
    CHILD_CHECK(count == 0);
}

/* What follows is the end of the victim, with children. */
static void go_home(const scene *s)
{
    (void)s;
}

static void begin_child(const scene *s)
{
    CHILD_OK(make(s, leave_sign, false));
}

static void begin_started_child(const scene *s)
{
    create_and_start(s);
}

static void begin_joined_child(const scene *s)
{
    create_and_start(s);
    CHILD_OK(mr_process_join(made, GUARD));
}

/* ---- checks -------------------------------------------------------------- */

static void use_processes(const scene *s)
{
    mr_process process;
    int code = -1;

    CHILD_OK(mr_process_create(&process, leave_sign, s, sizeof *s, NULL));
    CHILD_OK(mr_process_start(process));
    CHILD_OK(mr_process_join(process, GUARD));
    CHILD_OK(mr_process_exit_code(process, &code));
    CHILD_CHECK(code == 0);
    CHILD_OK(mr_process_destroy(process));
    CHILD_OK(mr_queue_get(s->queue, NULL, 0, NULL, GUARD));
}

/* Signs that were left. */
static size_t signs(const scene *s)
{
    size_t count = 0;

    MRT_OK(mr_queue_qsize(s->queue, &count));
    for (size_t i = 0; i < count; i++) {
        MRT_OK(mr_queue_get(s->queue, NULL, 0, NULL, 0));
    }
    return count;
}

static void finish(scene *s)
{
    USE(use_processes, s);
    MRT_OK(mr_queue_destroy(s->queue));
    MRT_OK(mr_queue_destroy(s->other));
}

/* destroy_orphans counts rank 0's victim as well: it is known by then. */
static size_t end_orphans(const scene *s)
{
    known.handles[known.count++] = s->victim.handle;
    return destroy_orphans(&known);
}

static void check_made(scene *s)
{
    size_t orphans = end_orphans(s);

    MRT_CHECK(orphans <= 1);
    check_effect(s, orphans == 1);
    MRT_EQUAL(signs(s), 0);
    finish(s);
}

static void check_made_and_gone(scene *s)
{
    size_t orphans = end_orphans(s);

    MRT_CHECK(orphans == 0 || (orphans == 1 && s->killed));
    MRT_EQUAL(signs(s), 0);
    finish(s);
}

/* A process that was begun to start runs, once. */
static void check_ran_once(scene *s)
{
    size_t orphans = end_orphans(s);
    size_t count = signs(s);

    MRT_CHECK(orphans <= 1 && count <= 1);
    MRT_CHECK(count == 1 || s->killed);
    finish(s);
}

static void check_started(scene *s)
{
    size_t orphans = end_orphans(s);
    size_t count = signs(s);

    MRT_EQUAL(orphans, 1);
    MRT_CHECK(count <= 1);
    check_effect(s, count == 1);
    finish(s);
}

/* Each that was begun to start runs, once. */
static void check_started_several(scene *s)
{
    size_t orphans = end_orphans(s);
    size_t count = signs(s);

    MRT_EQUAL(orphans, SEVERAL);
    MRT_CHECK(count <= SEVERAL);
    check_effect(s, count == SEVERAL);
    finish(s);
}

static void check_daemon(scene *s)
{
    MRT_CHECK(end_orphans(s) <= 1);
    finish(s);
}

static void check_destroyed(scene *s)
{
    size_t orphans = end_orphans(s);

    MRT_CHECK(orphans <= 1);
    check_effect(s, orphans == 0);
    (void)signs(s);
    finish(s);
}

/* The end that the child was to hold is held by nobody any more. */
static void close_pipe(scene *s)
{
    MRT_ERROR(mr_pipe_send(s->second, NULL, 0, GUARD), MR_ERR_CLOSED);
    MRT_OK(mr_pipe_close(s->second));
}

static void check_made_with_end(scene *s)
{
    size_t orphans = end_orphans(s);

    MRT_CHECK(orphans <= 1);
    check_effect(s, orphans == 1);
    close_pipe(s);
    finish(s);
}

static void check_gone_with_end(scene *s)
{
    size_t orphans = end_orphans(s);

    MRT_CHECK(orphans == 0 || (orphans == 1 && s->killed));
    (void)signs(s);
    close_pipe(s);
    finish(s);
}

static void check_ran_with_end(scene *s)
{
    MRT_CHECK(end_orphans(s) <= 1);
    MRT_CHECK(signs(s) == 1 || s->killed);
    close_pipe(s);
    finish(s);
}

/* Its child is the last that holds anything of the pipe. */
static bool make_last_holder(scene *s)
{
    if (!make_queues_and_pipe(s)) {
        return false;
    }
    s->ends[1] = s->second;
    s->ends_count = 2;
    return true;
}

static void close_own_ends(const scene *s)
{
    CHILD_OK(make(s, leave_sign, false));
    CHILD_OK(mr_pipe_close(s->first));
    CHILD_OK(mr_pipe_close(s->second));
}

static void check_last_holder_gone(scene *s)
{
    size_t orphans = end_orphans(s);

    MRT_CHECK(orphans <= 1);
    check_effect(s, orphans == 0);
    MRT_ERROR(mr_pipe_close(s->second), MR_ERR_STALE);
    finish(s);
}

#define ROW(name, prepare, begin, operate, check)         \
    {                                                     \
        name, prepare, begin, operate, NULL, check, false \
    }
#define TO_THE_END(name, prepare, begin, operate, check) \
    {                                                    \
        name, prepare, begin, operate, NULL, check, true \
    }

const operation operations[] = {
    ROW("process_create", make_queues, NULL, create, check_made),
    ROW("process_create_and_destroy", make_queues, NULL, create_and_destroy,
        check_made_and_gone),
    ROW("process_create_with_end", make_queues_and_pipe, NULL, create,
        check_made_with_end),
    ROW("process_create_and_destroy_with_end", make_queues_and_pipe, NULL,
        create_and_destroy, check_gone_with_end),
    ROW("process_destroy_last_holder", make_last_holder, close_own_ends,
        destroy, check_last_holder_gone),
    ROW("process_start", make_queues, begin_child, start, check_started),
    ROW("process_start_many", make_queues, begin_several, start_several,
        check_started_several),
    ROW("process_children", make_queues, begin_joined_child, look_at_children,
        check_ran_once),
    ROW("process_create_and_start", make_queues, NULL, create_and_start,
        check_ran_once),
    ROW("process_start_with_end", make_queues_and_pipe, NULL, create_and_start,
        check_ran_with_end),
    ROW("process_join", make_queues, begin_started_child, join, check_ran_once),
    ROW("process_start_and_join", make_queues, NULL, start_and_join,
        check_ran_once),
    ROW("process_kill", make_queues, make_daemon, kill_and_join, check_daemon),
    ROW("process_destroy", make_queues, begin_joined_child, destroy,
        check_destroyed),
    ROW("process_daemon", make_queues, NULL, make_daemon, check_daemon),
    TO_THE_END("process_ends", make_queues, NULL, go_home, check_daemon),
    TO_THE_END("process_ends_with_child", make_queues, begin_started_child,
               go_home, check_ran_once),
    TO_THE_END("process_ends_with_daemon", make_queues, make_daemon, go_home,
               check_daemon),
};

int main(int argc, char **argv)
{
    return kill_main("fault/process", MRT_COUNT(operations), NULL, 0, argc,
                     argv);
}
