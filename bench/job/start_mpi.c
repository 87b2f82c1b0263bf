/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a job of MPI takes to begin and to end, as rank 0 sees it.
 *
 *   mpirun -np 2 bench/job/start_mpi
 */
#include "../repeat.h"

#include <mpi.h>

int main(int argc, char **argv)
{
    double start;
    int rank;
    int size;

    end_in_time();
    start = now();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0) {
        report_of_ranks("init", size, (now() - start) * 1e3, "ms");
    }
    start = now();
    MPI_Finalize();
    if (rank == 0) {
        report_of_ranks("finalize", size, (now() - start) * 1e3, "ms");
    }
    return 0;
}
