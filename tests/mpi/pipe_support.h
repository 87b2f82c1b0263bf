/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the suites about pipes share.
 */
#ifndef MPI_PIPE_SUPPORT_H
#define MPI_PIPE_SUPPORT_H

#include "mpi/support.h"

typedef struct ends {
    mr_pipe_end first, second;
} ends;

static inline bool make(ends *e, bool duplex)
{
    return MRT_OK(mr_pipe_create(&e->first, &e->second, duplex));
}

static inline void close_both(ends e)
{
    MRT_OK(mr_pipe_close(e.first));
    MRT_OK(mr_pipe_close(e.second));
}

static inline bool send_number(mr_pipe_end end, int64_t number)
{
    return MRT_OK(mr_pipe_send(end, &number, sizeof number, GUARD));
}

static inline bool recv_number(mr_pipe_end end, int64_t expected)
{
    int64_t number = -1;
    size_t size = 0;

    return MRT_OK(mr_pipe_recv(end, &number, sizeof number, &size, GUARD)) &&
           MRT_EQUAL(size, sizeof number) && MRT_EQUAL(number, expected);
}

/* A child that holds these ends. */
static inline bool start_holder(mr_process *process, int rank,
                                mr_process_function *function,
                                const void *argument, size_t size,
                                const mr_pipe_end *held, size_t count)
{
    const mr_process_options options = {
        .place = MR_ON_RANK(rank), .ends = held, .ends_count = count};

    return MRT_OK(mr_process_create(process, function, argument, size,
                                    &options)) &&
           MRT_OK(mr_process_start(*process));
}

static inline bool ready_in(mr_pipe_end end, double timeout)
{
    bool ready = false;

    return MRT_OK(mr_pipe_poll(end, timeout, &ready)) && ready;
}

static inline void everything_is_stale(mr_pipe_end end)
{
    int64_t number = 1;
    bool ready = true;
    size_t size = 99;

    MRT_ERROR(mr_pipe_send(end, &number, sizeof number, 0), MR_ERR_STALE);
    MRT_ERROR(mr_pipe_recv(end, &number, sizeof number, &size, 0),
              MR_ERR_STALE);
    MRT_ERROR(mr_pipe_poll(end, 0, &ready), MR_ERR_STALE);
    MRT_ERROR(mr_pipe_attach(end), MR_ERR_STALE);
    MRT_ERROR(mr_pipe_close(end), MR_ERR_STALE);
    MRT_CHECK(ready && size == 99 && number == 1);
}

/* What a child with an end does with it, after a word. */
typedef struct part {
    mr_pipe_end end;
    mr_queue ready, go;
    enum { RETURN, CLOSE, EXIT, DIE } how;
} part;

static inline void make_part(part *p)
{
    MRT_OK(mr_queue_create(&p->ready, NULL));
    MRT_OK(mr_queue_create(&p->go, NULL));
}

static inline void destroy_part(const part *p)
{
    MRT_OK(mr_queue_destroy(p->ready));
    MRT_OK(mr_queue_destroy(p->go));
}

static inline void hear(mr_queue queue)
{
    MRT_OK(mr_queue_get(queue, NULL, 0, NULL, GUARD));
}

static inline void tell(mr_queue queue)
{
    MRT_OK(mr_queue_put(queue, NULL, 0, GUARD));
}

#endif
