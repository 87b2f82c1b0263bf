/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program of MPI that all ranks run, with a job in the middle; spmd.sh looks
 * at how it ends.  The argument says what it does:
 *
 *     middle   a pool, between two collective calls
 *     ours     the same, but mr_init_with starts MPI
 *     part     a job of the even ranks; the odd ranks compute meanwhile
 *     groups   a job of the even ranks and one of the odd ranks
 *     wrong    communicators that cannot be taken
 *     die      a rank is killed while it serves
 *     leave    a task ends the main thread of its rank
 *     stay     a task on a rank does not end, and uses shared memory
 *     low      MPI at MPI_THREAD_SINGLE
 */
#include <mpi.h>
#include <multirank.h>
#include <multirank/mpi.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "spmd: %s: %s: %s\n", what, mr_error_name(error),
                mr_last_error(error));
        exit(99);
    }
}

#define NEED(call) need((call), #call)

static int world_rank(void)
{
    int rank;

    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

static int sum_of_ranks(MPI_Comm communicator)
{
    int mine = world_rank() + 1;
    int all = 0;

    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, communicator);
    return all;
}

static mr_error square(const void *input, void *output, const mr_task *task)
{
    (void)task;
    usleep(1000);
    *(int64_t *)output = *(const int64_t *)input * *(const int64_t *)input;
    return MR_OK;
}

static mr_error die(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    usleep(1000);
    if (mr_rank() == mr_size() - 1) {
        raise(SIGKILL);
    }
    return MR_OK;
}

static mr_error leave(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    usleep(1000);
    if (mr_rank() == mr_size() - 1) {
        pthread_exit(NULL);
    }
    return MR_OK;
}

/* The others fail, so that the map is given up. */
static mr_error stay(const void *input, void *output, const mr_task *task)
{
    mr_queue queue;

    (void)input;
    (void)output;
    (void)task;
    usleep(1000);
    if (mr_rank() != mr_size() - 1) {
        return MR_ERR_USER;
    }
    if (mr_queue_create(&queue, NULL) == MR_OK) {
        for (;;) {
            (void)!mr_queue_put(queue, &queue, sizeof queue, 1);
            (void)!mr_queue_get(queue, &queue, sizeof queue, NULL, 1);
        }
    }
    return MR_OK;
}

static int print(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    printf("process on rank %d of %d\n", mr_rank(), mr_size());
    return 0;
}

static void run_processes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_process_options there = {.place = MR_ON_RANK(rank)};
        mr_process process;

        NEED(mr_process_create(&process, print, NULL, 0, &there));
        NEED(mr_process_start(process));
        NEED(mr_process_join(process, 20));
    }
}

static void map(mr_task_function *function)
{
    const mr_map_options one = {.chunk = 1, .timeout = 5};
    int64_t inputs[100], outputs[100] = {0}, sum = 0;
    mr_error error;
    mr_pool pool;

    for (int i = 0; i < 100; i++) {
        inputs[i] = i;
    }
    NEED(mr_pool_create(&pool, NULL));
    error = mr_pool_map(pool, function, NULL, 0, inputs, sizeof *inputs,
                        outputs, sizeof *outputs, 100, &one);
    if (function == square) {
        need(error, "map");
    }
    for (int i = 0; i < 100; i++) {
        sum += outputs[i];
    }
    printf("mapped %lld\n", (long long)sum);
}

/* True at the ranks that served.  What rank 0 prints comes first. */
static bool use_job(mr_init_options *options, mr_task_function *function)
{
    bool served = false;

    options->served = &served;
    NEED(mr_init_with(options));
    if (!served) {
        run_processes();
        map(function);
        NEED(mr_finalize());
        fflush(stdout);
    }
    if (mr_rank() != -1) {
        fprintf(stderr, "spmd: the job is still there\n");
        exit(98);
    }
    return served;
}

static void go_on(MPI_Comm communicator)
{
    int sum = sum_of_ranks(communicator);
    int rank;

    MPI_Comm_rank(communicator, &rank);
    if (rank == 0) {
        printf("sum %d\n", sum);
        fflush(stdout);
    }
    MPI_Barrier(communicator);
}

/* A program has one job. */
static void expect_no_other(void)
{
    mr_error error = mr_init(NULL, NULL);

    if (error != MR_ERR_STATE ||
        !strstr(mr_last_error(error), "a program has one job")) {
        fprintf(stderr, "spmd: error %s: %s\n", mr_error_name(error),
                mr_last_error(error));
        exit(96);
    }
}

static void middle(void)
{
    mr_init_options options = {.ranks = 0};
    bool served = use_job(&options, square);
    int mine = served;
    int all = 0;

    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (world_rank() == 0) {
        printf("served %d\n", all);
    }
    expect_no_other();
    go_on(MPI_COMM_WORLD);
}

/* As long as rank 0 of all is in its job. */
static void compute(MPI_Comm communicator)
{
    MPI_Request request;
    int done = 0;
    int steps = 0;

    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    for (int all = 0; !all; steps++) {
        MPI_Test(&request, &done, MPI_STATUS_IGNORE);
        MPI_Allreduce(&done, &all, 1, MPI_INT, MPI_MIN, communicator);
    }
    if (steps < 10) {
        fprintf(stderr, "spmd: the others did not compute\n");
        exit(97);
    }
}

static void part(bool all)
{
    int odd = world_rank() % 2;
    MPI_Request request;
    MPI_Comm half;

    MPI_Comm_split(MPI_COMM_WORLD, odd, world_rank(), &half);
    if (all || !odd) {
        mr_init_options options = {.communicator = &half};

        use_job(&options, square);
        MPI_Ibarrier(MPI_COMM_WORLD, &request);
        MPI_Wait(&request, MPI_STATUS_IGNORE);
    } else {
        compute(half);
    }
    MPI_Comm_free(&half);
    go_on(MPI_COMM_WORLD);
}

static void expect_refusal(const MPI_Comm *communicator)
{
    const mr_init_options options = {.communicator = communicator};
    mr_error error = mr_init_with(&options);

    if (world_rank() == 0) {
        printf("%s: %s\n", mr_error_name(error), mr_last_error(error));
    }
}

static void wrong(void)
{
    int odd = world_rank() % 2;
    MPI_Comm none = MPI_COMM_NULL;
    MPI_Comm half, inter;

    expect_refusal(&none);
    MPI_Comm_split(MPI_COMM_WORLD, odd, 0, &half);
    MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, !odd, 0, &inter);
    expect_refusal(&inter);
    middle();
}

/* The program ends itself, as MPI cannot be used any more. */
static _Noreturn void lose_rank(mr_task_function *function)
{
    bool served = false;
    const mr_init_options options = {.served = &served};
    mr_error error = mr_init_with(&options);

    if (!served) {
        NEED(error);
        map(function);
        error = mr_finalize();
        printf("rank 0: %s\n", mr_error_name(error));
        fflush(stdout);
        sleep(1); /* for what the others print */
    } else {
        printf("served: %s\n", mr_error_name(error));
        fflush(stdout);
    }
    _exit(6);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "middle";
    int provided;

    if (strcmp(what, "low") == 0) {
        MPI_Init(&argc, &argv);
    } else if (strcmp(what, "ours") != 0) {
        MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
        sum_of_ranks(MPI_COMM_WORLD);
    }
    if (strcmp(what, "part") == 0 || strcmp(what, "groups") == 0) {
        part(strcmp(what, "groups") == 0);
    } else if (strcmp(what, "wrong") == 0) {
        wrong();
    } else if (strcmp(what, "die") == 0) {
        lose_rank(die);
    } else if (strcmp(what, "leave") == 0) {
        lose_rank(leave);
    } else if (strcmp(what, "stay") == 0) {
        lose_rank(stay);
    } else {
        middle();
    }
    MPI_Finalize();
    return 0;
}
