/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A job of one rank that no launcher has started, and what it has to do with
 * MPI; alone.sh looks at how it ends.  The argument says what it does:
 *
 *     job     use all kinds of objects
 *     lock    call MPI under mr_mpi_lock
 *     hold    the same, and wait then
 *     after   start and end MPI by itself, inside the job
 *     ended   start and end MPI before the job
 */
#include <mpi.h>
#include <multirank.h>
#include <multirank/mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "alone: %s: %s: %s\n", what, mr_error_name(error),
                mr_last_error(error));
        exit(99);
    }
}

#define NEED(call) need((call), #call)

static mr_error square(const void *input, void *output, const mr_task *task)
{
    (void)task;
    *(int64_t *)output = *(const int64_t *)input * *(const int64_t *)input;
    return MR_OK;
}

static void map(void)
{
    int64_t inputs[100], outputs[100], sum = 0;
    const mr_pool_options options = {.workers = 3};
    mr_pool pool;

    for (int i = 0; i < 100; i++) {
        inputs[i] = i;
    }
    NEED(mr_pool_create(&pool, &options));
    NEED(mr_pool_map(pool, square, NULL, 0, inputs, sizeof *inputs, outputs,
                     sizeof *outputs, 100, NULL));
    NEED(mr_pool_destroy(pool));
    for (int i = 0; i < 100; i++) {
        sum += outputs[i];
    }
    printf("mapped %lld\n", (long long)sum);
}

typedef struct shared {
    mr_queue queue;
    mr_lock lock;
    mr_value value;
} shared;

static int work(const void *argument, size_t size)
{
    const shared *s = argument;
    int item;

    (void)size;
    NEED(mr_queue_get(s->queue, &item, sizeof item, NULL, 20));
    NEED(mr_lock_acquire(s->lock, 20));
    NEED(mr_value_add(s->value, &(int64_t){item}, NULL));
    NEED(mr_lock_release(s->lock));
    if (mr_mpi_lock() != MR_ERR_STATE) {
        return 1;
    }
    printf("worked\n");
    return 0;
}

static void use_objects(void)
{
    mr_process process;
    int64_t value = 0;
    int item = 42;
    int status;
    shared s;

    NEED(mr_queue_create(&s.queue, NULL));
    NEED(mr_lock_create(&s.lock, NULL));
    NEED(mr_value_create(&s.value, MR_INT64, NULL, NULL));
    NEED(mr_process_create(&process, work, &s, sizeof s, NULL));
    NEED(mr_process_start(process));
    NEED(mr_queue_put(s.queue, &item, sizeof item, 20));
    NEED(mr_process_join(process, 20));
    NEED(mr_process_exit_code(process, &status));
    NEED(mr_value_get(s.value, &value));
    printf("status %d, value %lld\n", status, (long long)value);
    map();
}

static void say_state_of_mpi(const char *when)
{
    int initialized, finalized;

    MPI_Initialized(&initialized);
    MPI_Finalized(&finalized);
    printf("%s: MPI %s\n", when,
           finalized     ? "has ended"
           : initialized ? "runs"
                         : "is not there");
    fflush(stdout);
}

static void call_mpi(void)
{
    int mine = 3, all = 0, size = 0;

    NEED(mr_mpi_lock());
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    NEED(mr_mpi_unlock());
    printf("of %d: %d\n", size, all);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "job";

    if (strcmp(what, "ended") == 0) {
        MPI_Init(&argc, &argv);
        MPI_Finalize();
    }
    NEED(mr_init(&argc, &argv));
    say_state_of_mpi("begin");
    if (strcmp(what, "lock") == 0 || strcmp(what, "hold") == 0) {
        call_mpi();
        call_mpi();
        say_state_of_mpi("locked");
    }
    if (strcmp(what, "hold") == 0) {
        printf("waiting\n");
        fflush(stdout);
        pause();
    }
    if (strcmp(what, "after") == 0) {
        MPI_Init(&argc, &argv);
        call_mpi();
    }
    use_objects();
    if (strcmp(what, "ended") == 0) {
        printf("%s\n", mr_error_name(mr_mpi_lock()));
    }
    NEED(mr_finalize());
    say_state_of_mpi("end");
    if (strcmp(what, "after") == 0) {
        MPI_Finalize();
    }
    return 5;
}
