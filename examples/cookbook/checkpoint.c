/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checkpoint: results are saved when the batch job must end, and the next job
 * goes on from there.
 *
 * Shortly before the wall time is over a batch system sends SIGTERM; Slurm does
 * so with `sbatch --signal=TERM@60`.  Main then stops taking results, saves
 * what it has, and exits with 75 (EX_TEMPFAIL), for which the batch script
 * requeues the job.
 */
#define _POSIX_C_SOURCE 200809L /* sigaction, nanosleep */
#include "../check.h"
#include <signal.h>
#include <time.h>

enum { TASKS = 40 };

/* Results that are there, from this job and those before. */
struct state {
    bool done[TASKS];
    int64_t result[TASKS];
};

static mr_error work(const void *input, void *output, const mr_task *task)
{
    const struct timespec moment = {.tv_nsec = 100000000};
    const size_t number = *(const size_t *)input;
    const int64_t result = (int64_t)(number * number);

    (void)output, (void)task;
    nanosleep(&moment, NULL); /* what takes long */
    return mr_task_return(&result, sizeof result);
}

static void save(const char *path, const struct state *state)
{
    char fresh[4096];
    FILE *file;

    /* rename() is atomic: a crash in between leaves the old file. */
    snprintf(fresh, sizeof fresh, "%s.new", path);
    file = fopen(fresh, "wb");
    if (!file || fwrite(state, sizeof *state, 1, file) != 1 || fclose(file) ||
        rename(fresh, path)) {
        perror(path);
        exit(1);
    }
}

static void load(const char *path, struct state *state)
{
    FILE *file = fopen(path, "rb");

    if (file) {
        if (fread(state, sizeof *state, 1, file) != 1) {
            *state = (struct state){0};
        }
        fclose(file);
    }
}

/* [recipe] */
static volatile sig_atomic_t stop;

static void on_term(int number)
{
    (void)number;
    stop = 1;
}

/* Runs the tasks that are not done; false when it was told to stop before. */
static bool run(mr_pool pool, struct state *state)
{
    size_t numbers[TASKS], count = 0;
    mr_iterator *results;
    mr_result result;
    mr_error error = MR_OK;

    for (size_t i = 0; i < TASKS; i++) {
        if (!state->done[i]) {
            numbers[count++] = i;
        }
    }
    printf("%zu of %d tasks are left\n", count, TASKS);
    fflush(stdout);
    CHECK(mr_pool_imap_unordered(&results, pool, work, NULL, 0, numbers,
                                 sizeof *numbers, count, NULL));
    while (!stop) {
        error = mr_iterator_next(results, &result, 0.2);
        if (error == MR_ERR_TIMEOUT) {
            continue; /* look at `stop` again */
        }
        if (error) {
            break;
        }
        if (!result.error.code) { /* a failed task is for the next job */
            state->result[numbers[result.index]] =
                *(const int64_t *)result.data;
            state->done[numbers[result.index]] = true;
        }
    }
    mr_iterator_destroy(results);
    return error == MR_ERR_END_OF_FILE;
}
/* [end] */

int main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_term};
    const char *path = argc > 1 ? argv[1] : "checkpoint.state";
    struct state state = {0};
    int64_t sum = 0;
    mr_pool pool;

    sigaction(SIGTERM, &action, NULL); /* on all ranks: none dies of it */
    CHECK(mr_init(&argc, &argv));      /* returns on rank 0 only */
    load(path, &state);
    CHECK(mr_pool_create(&pool, NULL));
    if (!run(pool, &state)) {
        save(path, &state);
        fprintf(stderr, "stopped; results are in %s\n", path);
        mr_pool_destroy(pool);
        mr_finalize();
        return 75; /* EX_TEMPFAIL: run me again */
    }
    save(path, &state);
    for (int i = 0; i < TASKS; i++) {
        sum += state.result[i];
    }
    printf("all %d tasks are done, sum %lld\n", TASKS, (long long)sum);
    CHECK(mr_pool_destroy(pool));
    return mr_finalize();
}
