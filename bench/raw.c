/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the same machine does without Multirank, in the same lines: MPI's own
 * start, a ping-pong of 8 bytes between two ranks, MPI_Fetch_and_op.
 */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>

enum { TRIPS = 100000 };

static void ping_pong(int rank)
{
    int64_t item = 1;
    double start = MPI_Wtime();

    for (int i = 0; i < TRIPS && rank < 2; i++) {
        if (rank == 0) {
            MPI_Send(&item, 1, MPI_INT64_T, 1, 0, MPI_COMM_WORLD);
        }
        MPI_Recv(&item, 1, MPI_INT64_T, !rank, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        if (rank == 1) {
            MPI_Send(&item, 1, MPI_INT64_T, 0, 0, MPI_COMM_WORLD);
        }
    }
    if (rank == 0) {
        printf("mpi_ping_pong %.6g us\n", (MPI_Wtime() - start) / TRIPS * 1e6);
    }
}

static void fetch_and_op(int rank)
{
    int64_t one = 1;
    int64_t before;
    int64_t *memory;
    MPI_Win window;
    double start;

    MPI_Win_allocate(sizeof one, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &memory,
                     &window);
    *memory = 0;
    MPI_Win_lock_all(0, window);
    MPI_Barrier(MPI_COMM_WORLD);
    start = MPI_Wtime();
    for (int i = 0; i < TRIPS && rank == 0; i++) {
        MPI_Fetch_and_op(&one, &before, MPI_INT64_T, 0, 0, MPI_SUM, window);
        MPI_Win_flush(0, window);
    }
    if (rank == 0) {
        printf("mpi_fetch_and_op %.6g ns\n",
               (MPI_Wtime() - start) / TRIPS * 1e9);
    }
    MPI_Win_unlock_all(window);
    MPI_Win_free(&window);
}

int main(int argc, char **argv)
{
    int rank;
    int size;
    double start = MPI_Wtime();

    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0) {
        printf("mpi_init %.6g ms\n", (MPI_Wtime() - start) * 1e3);
    }
    if (size > 1) {
        ping_pong(rank);
        fetch_and_op(rank);
    }
    return MPI_Finalize();
}
