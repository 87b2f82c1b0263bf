/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that calls MPI beside the library; threads.sh and mpi_lock.sh
 * look at how it ends.
 *
 *     mpi_lock careless      main calls MPI without the mutex
 *     mpi_lock main SECONDS  main holds the mutex for so long
 *     mpi_lock task SECONDS  a task on the last rank does
 *
 * Then the job is used: objects of all ranks, and a map.
 */
#include <mpi.h>
#include <multirank.h>
#include <multirank/mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "mpi_lock: %s: %s\n", what, mr_error_name(error));
        exit(1);
    }
}

#define NEED(call) need((call), #call)

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Without pause, as a blocking call of MPI would.  What a task prints is a call
 * of the library, so it has none inside. */
static void hold(double time)
{
    double end;

    printf("held by rank %d\n", mr_rank());
    fflush(stdout);
    NEED(mr_mpi_lock());
    end = seconds() + time;
    while (seconds() < end) {
        usleep(10000);
    }
    NEED(mr_mpi_unlock());
}

/* One task on the last rank does, the others leave it time to be begun. */
static mr_error hold_in_task(const void *input, void *output,
                             const mr_task *task)
{
    static bool held;

    (void)input;
    (void)output;
    usleep(2000);
    if (mr_rank() == mr_size() - 1 && !held) {
        held = true;
        hold(*(const double *)task->context);
    }
    return MR_OK;
}

static void call_without_lock(void)
{
    double end = seconds() + 1;
    MPI_Request request;
    int in = 0, out = 1, done;

    while (seconds() < end) {
        MPI_Irecv(&in, 1, MPI_INT, 0, 0, MPI_COMM_SELF, &request);
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        MPI_Send(&out, 1, MPI_INT, 0, 0, MPI_COMM_SELF);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    }
}

static mr_error tell_rank(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int *)output = mr_rank();
    return MR_OK;
}

static void use_the_job(mr_pool pool)
{
    int ranks[100];

    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_queue_options there = {.place = MR_ON_RANK(rank)};
        mr_queue queue;

        NEED(mr_queue_create(&queue, &there));
        NEED(mr_queue_put(queue, "item", 4, MR_FOREVER));
        NEED(mr_queue_destroy(queue));
    }
    NEED(mr_pool_map(pool, tell_rank, NULL, 0, NULL, 0, ranks, sizeof ranks[0],
                     100, NULL));
    printf("the job goes on\n");
}

int main(int argc, char **argv)
{
    double time = argc > 2 ? atof(argv[2]) : 0;
    mr_pool pool;

    NEED(mr_init(&argc, &argv));
    NEED(mr_pool_create(&pool, NULL));
    if (argc > 1 && strcmp(argv[1], "careless") == 0) {
        call_without_lock();
    } else if (argc > 1 && strcmp(argv[1], "main") == 0) {
        hold(time);
    } else if (argc > 1) {
        const mr_map_options one = {.chunk = 1};

        NEED(mr_pool_map(pool, hold_in_task, &time, sizeof time, NULL, 0, NULL,
                         0, (size_t)mr_size() * 50, &one));
    }
    use_the_job(pool);
    NEED(mr_pool_destroy(pool));
    NEED(mr_finalize());
    return 7;
}
