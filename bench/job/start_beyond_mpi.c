/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What mr_init takes beyond MPI, as rank 0 sees it: of a program that has
 * started MPI itself.
 *
 *   mpirun -np 2 bench/job/start_beyond_mpi
 */
#include "../bench.h"
#include "../repeat.h"

#include <mpi.h>

int main(int argc, char **argv)
{
    double start;
    int provided;

    end_in_time();
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    MPI_Barrier(MPI_COMM_WORLD);
    start = now();
    must(mr_init(&argc, &argv), "mr_init");
    report_of_ranks("beyond_mpi", mr_size(), (now() - start) * 1e3, "ms");
    must(mr_finalize(), "mr_finalize");
    return MPI_Finalize();
}
