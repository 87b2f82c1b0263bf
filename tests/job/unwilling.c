/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jobs that make their own end hard: unwilling full | stuck | calling |
 * holding | stubborn.
 */
#include <multirank.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(mr_error error, const char *what)
{
    if (error != MR_OK) {
        fprintf(stderr, "%s: %s\n", what, mr_error_name(error));
        exit(1);
    }
}

#define NEED(call) need(call, #call)

static int print_lines(const void *argument, size_t size)
{
    (void)size;
    for (int i = 0; i < *(const int *)argument; i++) {
        printf("line\n");
    }
    return 0;
}

/* Rank 0's segment is full while output has to pass through it, whatever
 * number of lines stands in the way. */
static void full(void)
{
    static char item[40000];
    mr_queue queue;

    NEED(mr_queue_create(&queue, NULL));
    for (size_t size = sizeof item; size > 0; size /= 2) {
        while (mr_queue_put(queue, item, size, 0) == MR_OK) {
        }
    }
    for (int lines = 28; lines < 33; lines++) {
        mr_process process;
        mr_error error = mr_process_create(&process, print_lines, &lines,
                                           sizeof lines, NULL);

        if (error == MR_ERR_NO_MEMORY) {
            print_lines(&lines, sizeof lines);
            continue;
        }
        NEED(error);
        NEED(mr_process_start(process));
        NEED(mr_process_join(process, MR_FOREVER));
    }
}

static mr_error never_end(const void *input, void *output, const mr_task *task)
{
    (void)input;
    (void)output;
    (void)task;
    for (;;) {
        pause();
    }
    return MR_OK;
}

/* It calls the library, and through it MPI, up to the end of the job. */
static mr_error call_for_ever(const void *input, void *output,
                              const mr_task *task)
{
    mr_value value;

    (void)input;
    (void)output;
    memcpy(&value, task->context, sizeof value);
    for (;;) {
        (void)!mr_value_add(value, &(int64_t){1}, NULL);
    }
    return MR_OK;
}

static mr_error hold_mpi(const void *input, void *output, const mr_task *task)
{
    (void)!mr_mpi_lock();
    return never_end(input, output, task);
}

/* Tasks on the ranks outlive the map, the pool and the job. */
static void stuck(mr_task_function *function)
{
    const mr_map_options options = {.timeout = 0.5};
    mr_value value;
    mr_pool pool;

    NEED(mr_value_create(&value, MR_INT64, NULL, NULL));

    NEED(mr_pool_create(&pool, NULL));
    if (mr_pool_map(pool, function, &value, sizeof value, NULL, 0, NULL, 0, 100,
                    &options) != MR_ERR_TIMEOUT) {
        printf("but the map ended\n");
    }
    NEED(mr_pool_destroy(pool));
}

static int ignore_terminate(const void *argument, size_t size)
{
    mr_queue queue;

    memcpy(&queue, argument, size);
    signal(SIGTERM, SIG_IGN);
    NEED(mr_queue_put(queue, NULL, 0, MR_FOREVER));
    for (;;) {
        pause();
    }
    return 0;
}

/* Their graces run at the same time. */
static void stubborn(void)
{
    enum { DAEMONS = 20 };
    const mr_process_options options = {.daemon = true};
    mr_queue queue;

    NEED(mr_queue_create(&queue, NULL));
    for (int i = 0; i < DAEMONS; i++) {
        mr_process process;

        NEED(mr_process_create(&process, ignore_terminate, &queue, sizeof queue,
                               &options));
        NEED(mr_process_start(process));
    }
    for (int i = 0; i < DAEMONS; i++) {
        NEED(mr_queue_get(queue, NULL, 0, NULL, MR_FOREVER));
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";

    if (strcmp(how, "full") == 0) {
        setenv("MR_MEMORY", "1M", 1);
    }
    NEED(mr_init(&argc, &argv));
    if (strcmp(how, "full") == 0) {
        full();
    } else if (strcmp(how, "stuck") == 0) {
        stuck(never_end);
    } else if (strcmp(how, "calling") == 0) {
        stuck(call_for_ever);
    } else if (strcmp(how, "holding") == 0) {
        stuck(hold_mpi);
    } else {
        stubborn();
    }
    NEED(mr_finalize());
    printf("the end\n");
    return 0;
}
