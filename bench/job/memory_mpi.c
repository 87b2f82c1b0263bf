/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory of a job of MPI that has only begun, for each rank.
 *
 *   mpirun -np 2 bench/job/memory_mpi
 */
#include "../repeat.h"
#include "usage.h"

#include <mpi.h>

int main(int argc, char **argv)
{
    int rank;
    int size;

    end_in_time();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        usage job = usage_of_job();

        check(job.processes == size, "ranks, all here");
        report_of_ranks("memory", size, job.memory / size / 1024, "MiB");
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Finalize();
}
