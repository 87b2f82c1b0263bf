/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a job of MPI takes to begin and to end, as rank 0 sees it.
 *
 *   mpirun -np 2 bench/job/start_mpi
 *   bench/job/start_mpi one       one rank, which forks a helper first
 */
#include "../repeat.h"

#include <mpi.h>

/* A child that ends with us, as a fork server would. */
static void fork_helper(void)
{
    int ends[2];
    char byte;

    check(pipe(ends) == 0, "pipe");
    switch (fork()) {
    case -1:
        check(0, "fork");
        break;
    case 0:
        close(ends[1]);
        (void)!read(ends[0], &byte, 1);
        _exit(0);
    default:
        close(ends[0]);
    }
}

int main(int argc, char **argv)
{
    double start;
    int rank;
    int size;

    end_in_time();
    start = now();
    if (argc > 1) {
        fork_helper();
    }
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
