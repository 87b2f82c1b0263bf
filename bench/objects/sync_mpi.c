/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MPI_Barrier of all ranks.
 *
 *   mpirun -np 2 bench/objects/sync_mpi
 */
#include "../repeat.h"

#include <mpi.h>

static void pass(long count)
{
    for (long i = 0; i < count; i++) {
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

/* Rank 0 tells the others how often; 0 ends them. */
static void lead(void *user, long count)
{
    (void)user;
    MPI_Bcast(&count, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    pass(count);
}

static void follow(void)
{
    long count;

    do {
        MPI_Bcast(&count, 1, MPI_LONG, 0, MPI_COMM_WORLD);
        pass(count);
    } while (count > 0);
}

int main(int argc, char **argv)
{
    int rank;
    int size;

    end_in_time();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0) {
        report_of_ranks("barrier", size, seconds_each(lead, NULL) * 1e6, "us");
        lead(NULL, 0);
    } else {
        follow();
    }
    return MPI_Finalize();
}
