/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the same machine does without Multirank, in the same lines: MPI's own
 * start, a ping-pong of 8 bytes between two ranks, 64 MiB one way,
 * MPI_Fetch_and_op, and a master with a worker.
 */
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRIPS = 20000, OPERATIONS = 20000, LARGE = 64 << 20, TASKS = 2000000 };
enum { IN_FLIGHT = 4 }; /* batches, at the one worker */

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
    for (int i = 0; i < OPERATIONS && rank == 0; i++) {
        MPI_Fetch_and_op(&one, &before, MPI_INT64_T, 0, 0, MPI_SUM, window);
        MPI_Win_flush(0, window);
    }
    if (rank == 0) {
        printf("mpi_fetch_and_op %.6g ns\n",
               (MPI_Wtime() - start) / OPERATIONS * 1e9);
    }
    MPI_Win_unlock_all(window);
    MPI_Win_free(&window);
}

/* The best of three, as the first touches the memory. */
static void bandwidth(int rank)
{
    char *memory = calloc(1, LARGE);
    double best = 0;

    for (int i = 0; i < 3 && rank < 2; i++) {
        double start = MPI_Wtime();
        char byte = 0;

        if (rank == 0) {
            double rate;

            MPI_Send(memory, LARGE, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
            MPI_Recv(&byte, 1, MPI_BYTE, 1, 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
            rate = LARGE / (MPI_Wtime() - start) / 1e9;
            best = rate > best ? rate : best;
        } else {
            MPI_Recv(memory, LARGE, MPI_BYTE, 0, 0, MPI_COMM_WORLD,
                     MPI_STATUS_IGNORE);
            MPI_Send(&byte, 1, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        }
    }
    if (rank == 0) {
        printf("mpi_64MiB %.6g GB/s\n", best);
    }
    free(memory);
}

/* ---- a master and a worker, as one writes them by hand ------------------- */

static void work(int batch)
{
    int64_t *tasks = malloc((size_t)batch * sizeof *tasks);

    for (;;) {
        MPI_Status status;
        int count;

        MPI_Recv(tasks, batch, MPI_INT64_T, 0, 0, MPI_COMM_WORLD, &status);
        MPI_Get_count(&status, MPI_INT64_T, &count);
        if (count == 0) {
            break;
        }
        for (int i = 0; i < count; i++) {
            tasks[i] *= tasks[i];
        }
        MPI_Send(tasks, count, MPI_INT64_T, 0, 0, MPI_COMM_WORLD);
    }
    free(tasks);
}

static void lead(int batch, const int64_t *in, int64_t *out)
{
    MPI_Request requests[IN_FLIGHT];
    int batches = 0;
    int sent = 0;
    int done = 0;

    for (int i = 0; i < IN_FLIGHT; i++) {
        requests[i] = MPI_REQUEST_NULL;
    }
    while (done < TASKS) {
        while (sent < TASKS && sent - done < IN_FLIGHT * batch) {
            int count = TASKS - sent < batch ? TASKS - sent : batch;
            MPI_Request *request = &requests[batches++ % IN_FLIGHT];

            MPI_Wait(request, MPI_STATUS_IGNORE);
            MPI_Isend(in + sent, count, MPI_INT64_T, 1, 0, MPI_COMM_WORLD,
                      request);
            sent += count;
        }
        {
            MPI_Status status;
            int count;

            MPI_Recv(out + done, batch, MPI_INT64_T, 1, 0, MPI_COMM_WORLD,
                     &status);
            MPI_Get_count(&status, MPI_INT64_T, &count);
            done += count;
        }
    }
    MPI_Waitall(IN_FLIGHT, requests, MPI_STATUSES_IGNORE);
    MPI_Send(in, 0, MPI_INT64_T, 1, 0, MPI_COMM_WORLD);
}

static void master_worker(int rank, int batch)
{
    int64_t *in = malloc(TASKS * sizeof *in);
    int64_t *out = malloc((TASKS + (size_t)batch) * sizeof *out);
    double start;

    for (int i = 0; i < TASKS; i++) {
        in[i] = i;
        out[i] = 0;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    start = MPI_Wtime();
    if (rank == 0) {
        lead(batch, in, out);
        printf("mpi_master_worker_%d %.6g M/s\n", batch,
               TASKS / (MPI_Wtime() - start) / 1e6);
    } else if (rank == 1) {
        work(batch);
    }
    free(in);
    free(out);
}

int main(int argc, char **argv)
{
    int rank;
    int size;
    double start;

    /* As mr_init does: Debian's parameters exclude what works over TCP. */
    setenv("OMPI_MCA_osc", "^ucx", 0);
    start = MPI_Wtime();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank == 0) {
        printf("mpi_init %.6g ms\n", (MPI_Wtime() - start) * 1e3);
    }
    if (size > 1) {
        ping_pong(rank);
        bandwidth(rank);
        master_worker(rank, 64);
        master_worker(rank, 1000);
        master_worker(rank, 8000);
        fetch_and_op(rank);
    }
    return MPI_Finalize();
}
