/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of MPI that hold a batch of items each, as one gathers them by hand.
 *
 *   mpirun -np 2 bench/objects/batches_mpi
 *
 * A stream is a window of MPI_Isend.
 */
#include "../repeat.h"
#include "batches.h"

#include <mpi.h>
#include <string.h>

enum { WINDOW = 64 }; /* sends that are under way */

typedef struct window {
    MPI_Request requests[WINDOW];
    int64_t items[WINDOW][BATCHES_LARGEST];
    int next;
    int other; /* the rank at the other side */
} window;

static void put(void *user, const int64_t *items, size_t count, size_t batch)
{
    window *w = user;

    (void)batch;
    w->next = (w->next + 1) % WINDOW;
    MPI_Wait(&w->requests[w->next], MPI_STATUS_IGNORE);
    memcpy(w->items[w->next], items, count * sizeof *items);
    MPI_Isend(w->items[w->next], (int)count, MPI_INT64_T, w->other, 0,
              MPI_COMM_WORLD, &w->requests[w->next]);
}

static size_t get(void *user, int64_t *items, size_t batch)
{
    const window *w = user;
    MPI_Status status;
    int count;

    (void)batch;
    MPI_Recv(items, BATCHES_LARGEST, MPI_INT64_T, w->other, 0, MPI_COMM_WORLD,
             &status);
    MPI_Get_count(&status, MPI_INT64_T, &count);
    return (size_t)count;
}

static void answer(void *user, int64_t number)
{
    const window *w = user;

    MPI_Send(&number, 1, MPI_INT64_T, w->other, 0, MPI_COMM_WORLD);
}

static int64_t wait_for_answer(void *user)
{
    const window *w = user;
    int64_t number;

    MPI_Recv(&number, 1, MPI_INT64_T, w->other, 0, MPI_COMM_WORLD,
             MPI_STATUS_IGNORE);
    return number;
}

int main(int argc, char **argv)
{
    static window mine;
    const batches_channel channel = {put, get, answer, wait_for_answer, &mine};
    int rank;
    int size;

    end_in_time();
    for (int i = 0; i < WINDOW; i++) {
        mine.requests[i] = MPI_REQUEST_NULL;
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    want(rank != 0 || size == 2, "mpirun -np 2 bench/objects/batches_mpi");
    mine.other = !rank;
    if (rank == 0) {
        batches_lead(&channel);
    } else {
        batches_follow(&channel);
    }
    MPI_Waitall(WINDOW, mine.requests, MPI_STATUSES_IGNORE);
    return MPI_Finalize();
}
