/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of MPI: there and back, and one way.
 *
 *   mpirun -np 2 bench/objects/talk_mpi
 *
 * A stream is a window of MPI_Isend, as one writes it by hand.
 */
#include "../repeat.h"
#include "talk.h"

#include <mpi.h>

enum { WINDOW = 64, WINDOW_BYTES = 8 << 20 }; /* sends, and their bytes */

/* Sends that are under way, each from memory of its own. */
typedef struct window {
    MPI_Request requests[WINDOW];
    unsigned char *memory;
    unsigned int next;
    int other; /* the rank at the other side */
} window;

static void put(void *user, const void *item, size_t size)
{
    const window *w = user;

    MPI_Send(item, (int)size, MPI_BYTE, w->other, 0, MPI_COMM_WORLD);
}

static size_t get(void *user, void *item)
{
    const window *w = user;
    MPI_Status status;
    int size;

    MPI_Recv(item, TALK_LARGEST, MPI_BYTE, w->other, 0, MPI_COMM_WORLD,
             &status);
    MPI_Get_count(&status, MPI_BYTE, &size);
    return (size_t)size;
}

/* Large items have fewer places, so that they stay in the cache; at least
 * one. */
static void *room(void *user, size_t size)
{
    window *w = user;
    size_t fit = WINDOW_BYTES / size;
    size_t places = fit > WINDOW ? WINDOW : fit > 0 ? fit : 1;

    w->next = (w->next + 1) % (unsigned int)places;
    MPI_Wait(&w->requests[w->next], MPI_STATUS_IGNORE);
    return w->memory + w->next * size;
}

static void stream(void *user, const void *item, size_t size)
{
    window *w = user;

    MPI_Isend(item, (int)size, MPI_BYTE, w->other, 0, MPI_COMM_WORLD,
              &w->requests[w->next]);
}

int main(int argc, char **argv)
{
    window mine = {.memory = calloc(1, TALK_LARGEST)};
    const talk_channel channel = {put, get, room, stream, &mine};
    int rank;
    int size;

    end_in_time();
    check(mine.memory != NULL, "memory");
    for (int i = 0; i < WINDOW; i++) {
        mine.requests[i] = MPI_REQUEST_NULL;
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    want(rank != 0 || size == 2, "mpirun -np 2 bench/objects/talk_mpi");
    mine.other = !rank;
    if (rank == 0) {
        talk_lead(&channel);
    } else {
        talk_follow(&channel);
    }
    MPI_Waitall(WINDOW, mine.requests, MPI_STATUSES_IGNORE);
    free(mine.memory);
    return MPI_Finalize();
}
