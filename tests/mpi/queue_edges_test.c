/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What users of multiprocessing expect of Queue, Pipe and wait, and what does
 * not hang here: the edges that are in no other suite.  tests/edges.txt lists
 * all of them.
 */
#include "mpi/queue_support.h"

#include <unistd.h>

/* ---- join before the queue is drained ------------------------------------ */

enum { ITEMS = 300, ITEM = 10000, LITTLE = 4 };

typedef struct work {
    mr_queue queue;
    mr_queue ready;
} work;

/* In Python this needs more than the pipe below the queue holds. */
static int put_all(const void *argument, size_t size)
{
    static unsigned char item[ITEM];
    const work *w = argument;

    (void)size;
    CHILD_OK(mr_queue_put(w->ready, NULL, 0, GUARD));
    for (unsigned int i = 0; i < ITEMS; i++) {
        pattern_fill(item, ITEM, i);
        CHILD_OK(mr_queue_put(w->queue, item, ITEM, MR_FOREVER));
    }
    return child_result();
}

static void take_all(mr_queue queue)
{
    static unsigned char item[ITEM];

    for (unsigned int i = 0; i < ITEMS && !mrt_failed(); i++) {
        MRT_OK(mr_queue_get(queue, item, ITEM, NULL, GUARD));
        MRT_CHECK(pattern_holds(item, ITEM, i));
    }
}

static bool make_work(work *w, int owner, size_t maxsize)
{
    return make(&w->queue, owner, maxsize) && make(&w->ready, 0, 0);
}

static void destroy_work(const work *w)
{
    MRT_OK(mr_queue_destroy(w->queue));
    MRT_OK(mr_queue_destroy(w->ready));
}

/* The items lie in the memory of the queue's rank, and not in the process. */
static void process_may_be_joined_before_its_items_are_taken(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;
        work w;

        if (!make_work(&w, rank_of(rank + 1), 0)) {
            return;
        }
        START(&child, rank, put_all, &w, sizeof w);
        END(child, 0);
        take_all(w.queue);
        destroy_work(&w);
    }
}

/* Nobody takes what the process waits to put: a join with a time-out says
 * that it lives, and the caller can drain the queue. */
static void join_times_out_while_a_process_waits_for_room(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        mr_process child;
        work w;

        if (!make_work(&w, rank_of(rank + 1), LITTLE)) {
            return;
        }
        START(&child, rank, put_all, &w, sizeof w);
        MRT_OK(mr_queue_get(w.ready, NULL, 0, NULL, GUARD));
        MRT_CHECK(child_sleeps(child));
        MRT_ERROR(mr_process_join(child, SHORT), MR_ERR_TIMEOUT);
        take_all(w.queue);
        END(child, 0);
        destroy_work(&w);
    }
}

/* ---- wait ---------------------------------------------------------------- */

enum { LISTENER, CHILD, ALL };

typedef struct parts {
    mr_pipe_end end;
    mr_queue go;
} parts;

static int send_and_end_when_told(const void *argument, size_t size)
{
    const parts *p = argument;

    (void)size;
    CHILD_OK(mr_queue_get(p->go, NULL, 0, NULL, MR_FOREVER));
    CHILD_OK(mr_pipe_send(p->end, NULL, 0, GUARD));
    CHILD_OK(mr_queue_get(p->go, NULL, 0, NULL, MR_FOREVER));
    return child_result();
}

static void wait_takes_connections_and_sentinels_and_a_time_out(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        bool ready[ALL] = {false, false};
        mr_handle handles[ALL];
        mr_pipe_end listener;
        mr_process child;
        parts p;

        if (!make(&p.go, rank, 0) ||
            !MRT_OK(mr_pipe_create(&listener, &p.end, false))) {
            return;
        }
        START(&child, rank, send_and_end_when_told, &p, sizeof p);
        handles[LISTENER] = listener.handle;
        handles[CHILD] = child.handle;
        MRT_ERROR(mr_wait(handles, ALL, 0, ready), MR_ERR_TIMEOUT);
        MRT_ERROR(mr_wait(handles, ALL, SHORT, ready), MR_ERR_TIMEOUT);
        MRT_OK(mr_queue_put(p.go, NULL, 0, GUARD));
        MRT_OK(mr_wait(handles, ALL, GUARD, ready));
        MRT_CHECK(ready[LISTENER] && !ready[CHILD]);
        MRT_OK(mr_pipe_recv(listener, NULL, 0, NULL, 0));
        MRT_OK(mr_queue_put(p.go, NULL, 0, GUARD));
        MRT_OK(mr_wait(handles, ALL, GUARD, ready));
        MRT_CHECK(!ready[LISTENER] && ready[CHILD]);
        END(child, 0);
        MRT_OK(mr_pipe_close(listener));
        MRT_OK(mr_pipe_close(p.end));
        MRT_OK(mr_queue_destroy(p.go));
    }
}

static const mrt_test tests[] = {
    MRT_TEST(process_may_be_joined_before_its_items_are_taken),
    MRT_TEST(join_times_out_while_a_process_waits_for_room),
    MRT_TEST(wait_takes_connections_and_sentinels_and_a_time_out),
};

int main(int argc, char **argv)
{
    return suite_main("queue_edges", tests, MRT_COUNT(tests), argc, argv);
}
