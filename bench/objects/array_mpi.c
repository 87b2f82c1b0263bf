/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An array in a window of MPI: MPI_Get and MPI_Put.
 *
 *   mpirun -np 2 bench/objects/array_mpi
 *
 * It lies on the last rank, which waits inside MPI, as over a network nothing
 * moves unless it does.
 */
#include "slices.h"

#include <mpi.h>

/* A window, and the rank whose memory it is. */
typedef struct shared {
    MPI_Win window;
    int owner;
} shared;

static void get(void *user, int64_t *mine, size_t count)
{
    const shared *s = user;

    MPI_Get(mine, (int)count, MPI_INT64_T, s->owner, 0, (int)count, MPI_INT64_T,
            s->window);
    MPI_Win_flush(s->owner, s->window);
}

static void set(void *user, const int64_t *mine, size_t count)
{
    const shared *s = user;

    MPI_Put(mine, (int)count, MPI_INT64_T, s->owner, 0, (int)count, MPI_INT64_T,
            s->window);
    MPI_Win_flush(s->owner, s->window);
}

int main(int argc, char **argv)
{
    shared s;
    int rank;
    int size;
    int64_t *memory;

    end_in_time();
    /* Debian's parameters exclude what works over TCP. */
    setenv("OMPI_MCA_osc", "^ucx", 0);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    s.owner = size - 1;
    MPI_Win_allocate(rank == s.owner ? SLICES_MOST * sizeof *memory : 0,
                     sizeof *memory, MPI_INFO_NULL, MPI_COMM_WORLD, &memory,
                     &s.window);
    MPI_Win_lock_all(0, s.window);
    if (rank == 0) {
        slices_measure(&(slices){get, set, &s});
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_unlock_all(s.window);
    MPI_Win_free(&s.window);
    return MPI_Finalize();
}
