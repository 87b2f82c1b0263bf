/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool's questions to a master and workers as one writes them by hand
 * with care: batches of --chunk tasks, several of them at each worker, so that
 * it need not wait for the next, and a master that works itself while nobody
 * wants anything of it. Without --chunk batches take some 16 us, as somebody
 * would choose who knows how long a task takes; they are of 64 tasks where
 * nobody does.
 */
#include "contender.h"

#include <mpi.h>
#include <stdlib.h>

enum {
    IN_FLIGHT = 4,  /* batches at each worker */
    USUAL = 64,     /* tasks in one */
    MOST = 8192,    /* of those that are very short */
    BATCH_TIME = 16 /* us */
};

/* What the master knows of one worker: where the batches that it has begin.
 * They come back in the order in which they went. */
typedef struct worker {
    size_t first[IN_FLIGHT];
    MPI_Request sent[IN_FLIGHT];
    unsigned given;
    unsigned taken;
} worker;

static int rank;
static int size;
static size_t chosen; /* by --chunk, or 0 */
static size_t batch;
static worker *workers;

static void work(void)
{
    size_t room = chosen ? chosen : MOST;
    int64_t *tasks = malloc(room * sizeof *tasks);

    for (;;) {
        MPI_Status status;
        int count;

        MPI_Recv(tasks, (int)room, MPI_INT64_T, 0, 0, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_INT64_T, &count);
        if (count == 0) {
            break;
        }
        for (int i = 0; i < count; i++) {
            tasks[i] = busy(tasks[i]);
        }
        MPI_Send(tasks, count, MPI_INT64_T, 0, 0, MPI_COMM_WORLD);
    }
    free(tasks);
}

int contender_begin(int *argc, char ***argv, const contender_options *options)
{
    chosen = options->chunk;
    batch = chosen ? chosen : USUAL;
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank > 0) {
        work();
        MPI_Finalize();
        exit(0);
    }
    workers = calloc((size_t)size, sizeof *workers);
    for (int i = 0; i < size; i++) {
        for (int j = 0; j < IN_FLIGHT; j++) {
            workers[i].sent[j] = MPI_REQUEST_NULL;
        }
    }
    return size;
}

int64_t *contender_memory(size_t count)
{
    return malloc(count * sizeof(int64_t));
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void contender_expect(double microseconds)
{
    double tasks = BATCH_TIME / microseconds + 0.5;

    if (!chosen) {
        batch = tasks > MOST ? MOST : tasks < 1 ? 1 : (size_t)tasks;
    }
}

/* Gives a worker as many batches as it may have; where the next one begins. */
static size_t give(int to, const int64_t *in, size_t next, size_t count)
{
    worker *w = &workers[to];

    while (next < count && w->given - w->taken < IN_FLIGHT) {
        unsigned place = w->given++ % IN_FLIGHT;
        size_t tasks = smaller(batch, count - next);

        MPI_Wait(&w->sent[place], MPI_STATUS_IGNORE);
        w->first[place] = next;
        MPI_Isend(in + next, (int)tasks, MPI_INT64_T, to, 0, MPI_COMM_WORLD,
                  &w->sent[place]);
        next += tasks;
    }
    return next;
}

/* Takes a batch that came back; how many tasks it has. */
static size_t take(int from, int64_t *out, size_t count)
{
    worker *w = &workers[from];
    size_t first = w->first[w->taken++ % IN_FLIGHT];
    size_t tasks = smaller(batch, count - first);

    MPI_Recv(out + first, (int)tasks, MPI_INT64_T, from, 0, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    return tasks;
}

void contender_map(const int64_t *in, int64_t *out, size_t count)
{
    size_t next = 0;
    size_t done = 0;

    for (int i = 1; i < size; i++) {
        next = give(i, in, next, count);
    }
    while (done < count) {
        MPI_Status status;
        int back = 0;

        if (next == count) {
            MPI_Probe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &status);
            back = 1;
        } else if (size > 1) {
            MPI_Iprobe(MPI_ANY_SOURCE, 0, MPI_COMM_WORLD, &back, &status);
        }
        if (back) {
            done += take(status.MPI_SOURCE, out, count);
            next = give(status.MPI_SOURCE, in, next, count);
        } else {
            size_t end = next + smaller(batch, count - next);

            done += end - next;
            for (; next < end; next++) {
                out[next] = busy(in[next]);
            }
        }
    }
}

void contender_end(void)
{
    for (int i = 1; i < size; i++) {
        MPI_Waitall(IN_FLIGHT, workers[i].sent, MPI_STATUSES_IGNORE);
        MPI_Send(NULL, 0, MPI_INT64_T, i, 0, MPI_COMM_WORLD);
    }
    free(workers);
    MPI_Finalize();
}
