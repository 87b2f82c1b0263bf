/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints on which processors a job runs; placements.sh starts it.
 *
 *     placements [WORKERS]   of a pool; by default one for each rank
 *
 *     allowed 0-1       to the threads of the library in rank 0
 *     main 0            rank 0
 *     process 1 0-1     a process on rank 1
 *     worker 1 1        a worker of the pool on rank 1: the rank, or a process
 *     threads 1         what OpenMP, OpenBLAS, MKL and the environment are told
 *
 * The functions of these libraries are here, so that the program hears what
 * they would be told.
 */
#include <multirank.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "topology/processors.h"

static int told[3];

void omp_set_num_threads(int count);
void openblas_set_num_threads(int count);
void MKL_Set_Num_Threads(int count);

void omp_set_num_threads(int count)
{
    told[0] = count;
}

void openblas_set_num_threads(int count)
{
    told[1] = count;
}

void MKL_Set_Num_Threads(int count)
{
    told[2] = count;
}

static void fail(const char *what, mr_error error)
{
    printf("%s: %s\n", what, mr_error_name(error));
    exit(EXIT_FAILURE);
}

static void print(const char *what, const mri_processors *set)
{
    char list[1024];

    mri_processors_write(set, list, sizeof list);
    printf("%s %s\n", what, list);
}

static void print_here(const char *who, bool with_rank)
{
    mri_processors set;
    char text[64];

    snprintf(text, sizeof text, with_rank ? "%s %d" : "%s", who, mr_rank());
    mri_processors_of(0, &set);
    print(text, &set);
}

static void print_threads(void)
{
    static const char *const variables[] = {
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};

    printf("threads");
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(variables[i]);

        printf(" %d:%s", told[i], value ? value : "-");
    }
    printf("\n");
}

/* All threads of this process together. */
static void print_allowed(void)
{
    DIR *threads = opendir("/proc/self/task");
    mri_processors all = {0};
    struct dirent *thread;

    while (threads && (thread = readdir(threads))) {
        mri_processors set;
        pid_t id = (pid_t)strtol(thread->d_name, NULL, 10);

        if (id > 0 && mri_processors_of(id, &set)) {
            mri_processors_unite(&all, &set);
        }
    }
    closedir(threads);
    print("allowed", &all);
}

static int process(const void *argument, size_t size)
{
    (void)argument;
    (void)size;
    print_here("process", true);
    print_threads();
    return 0;
}

/* Returns when all tasks have begun, so that each worker has one. */
static mr_error task(const void *input, void *output, const mr_task *t)
{
    const mr_value *begun = t->context;
    const int64_t one = 1;
    int64_t count = 0;
    mr_error error = mr_value_add(*begun, &one, NULL);

    (void)input;
    (void)output;
    for (int i = 0; !error && i < 20000 && count < (int64_t)t->count; i++) {
        usleep(1000);
        error = mr_value_get(*begun, &count);
    }
    print_here("worker", true);
    print_threads();
    return error;
}

static void run_processes(void)
{
    for (int rank = 0; rank < mr_size(); rank++) {
        const mr_process_options options = {.place = MR_ON_RANK(rank)};
        mr_process p;
        mr_error error = mr_process_create(&p, process, NULL, 0, &options);

        if (!error) {
            error = mr_process_start(p);
        }
        if (!error) {
            error = mr_process_join(p, 60);
        }
        if (error) {
            fail("process", error);
        }
    }
}

static void run_workers(size_t workers)
{
    const mr_pool_options options = {.workers = workers};
    const mr_map_options one = {.chunk = 1, .timeout = 60};
    mr_value begun;
    mr_pool pool;
    mr_error error = mr_value_create(&begun, MR_INT64, NULL, NULL);

    if (!error) {
        error = mr_pool_create(&pool, &options);
    }
    if (!error) {
        error = mr_pool_map(pool, task, &begun, sizeof begun, NULL, 0, NULL, 0,
                            workers, &one);
    }
    if (error) {
        fail("pool", error);
    }
}

int main(int argc, char **argv)
{
    mr_error error = mr_init(&argc, &argv);

    if (error) {
        fail("mr_init", error);
    }
    print_allowed();
    print_here("main", false);
    print_threads();
    run_processes();
    run_workers(argc > 1 ? (size_t)atoi(argv[1]) : (size_t)mr_size());
    return mr_finalize();
}
