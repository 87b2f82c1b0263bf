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

    end_in_time();
    start = now();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        report("init", (now() - start) * 1e3, "ms");
    }
    start = now();
    MPI_Finalize();
    if (rank == 0) {
        report("finalize", (now() - start) * 1e3, "ms");
    }
    return 0;
}
