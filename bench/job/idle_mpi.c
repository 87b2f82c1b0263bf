/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a rank of MPI costs that waits for a message.
 *
 *   mpirun -np 2 bench/job/idle_mpi [SECONDS]
 *   mpirun -np 2 --mca mpi_yield_when_idle 1 bench/job/idle_mpi [SECONDS]
 */
#include "idle.h"

#include <mpi.h>

int main(int argc, char **argv)
{
    char byte = 0;
    int rank;
    int size;

    end_in_time();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    want(rank != 0 || size > 1,
         "mpirun -np RANKS bench/job/idle_mpi, with 2 or more");
    if (rank == 0) {
        idle_measure(size, idle_seconds(argc, argv));
        for (int i = 1; i < size; i++) {
            MPI_Send(&byte, 1, MPI_BYTE, i, 0, MPI_COMM_WORLD);
        }
    } else {
        MPI_Recv(&byte, 1, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    }
    return MPI_Finalize();
}
