/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program that starts MPI itself: the library uses it and leaves it alone.
 * endings.sh looks at how it ends.  With an argument it first waits, in the
 * job, until the process that has started it is gone.
 */
#include <mpi.h>
#include <multirank.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "user_mpi: %s: %s\n", what, mr_error_name(error));
        exit(1);
    }
}

#define NEED(call) need((call), #call)

static int print_rank(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("process on rank %d\n", mr_rank());
    return 0;
}

static mr_error tell_rank(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)task;
    *(int *)output = mr_rank();
    return MR_OK;
}

static void use_the_job(void)
{
    int ranks[100];
    mr_pool pool;

    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_process_options here = {.place = MR_ON_RANK(rank)};
        mr_process process;

        NEED(mr_process_create(&process, print_rank, NULL, 0, &here));
        NEED(mr_process_start(process));
        NEED(mr_process_join(process, MR_FOREVER));
    }
    NEED(mr_pool_create(&pool, NULL));
    NEED(mr_pool_map(pool, tell_rank, NULL, 0, NULL, 0, ranks, sizeof ranks[0],
                     100, NULL));
    NEED(mr_pool_destroy(pool));
}

/* A moment more, in which that process could be mistaken for the launcher. */
static void wait_to_be_alone(pid_t starter)
{
    for (int i = 0; i < 1000 && getppid() == starter; i++) {
        usleep(10000);
    }
    usleep(300000);
}

/* Without a launcher Open MPI 5.0.11 leaves a file of this component in
 * /dev/shm, whatever the program is. */
static void do_without_the_file(void)
{
    if (!getenv("OMPI_COMM_WORLD_SIZE")) {
        setenv("OMPI_MCA_btl", "^sm", 0);
    }
}

int main(int argc, char **argv)
{
    int provided, finalized, rank = -1;
    pid_t starter = getppid();

    do_without_the_file();
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    NEED(mr_init(&argc, &argv));
    if (argc > 1) {
        printf("ready\n");
        fflush(stdout);
        wait_to_be_alone(starter);
    }
    use_the_job();
    NEED(mr_finalize());

    MPI_Finalized(&finalized);
    if (!finalized) {
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    }
    printf("MPI is still there for rank %d\n", rank);
    fflush(stdout);
    return MPI_Finalize();
}
