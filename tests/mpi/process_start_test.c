/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The start of several processes by one call, and what one of them does not
 * start for.
 */
#include "mpi/process_support.h"

#include <pthread.h>

enum { MANY = 150 }; /* more than one request takes on one rank */

static bool create(mr_process *process, int rank, mr_process_function *function,
                   const void *argument, size_t size)
{
    const mr_process_options options = {
        .place = rank == ANYWHERE ? MR_PLACE_DEFAULT : MR_ON_RANK(rank)};

    return MRT_OK(
        mr_process_create(process, function, argument, size, &options));
}

static void many_are_started_by_one_call(int rank)
{
    static mr_process processes[MANY];
    mr_error errors[MANY];

    for (int i = 0; i < MANY; i++) {
        if (!create(&processes[i], rank, return_the_argument, &i, sizeof i)) {
            return;
        }
        errors[i] = MR_ERR_USER;
    }
    MRT_OK(mr_process_start_many(processes, MANY, errors));
    for (int i = 0; i < MANY; i++) {
        MRT_ERROR(errors[i], MR_OK);
        END(processes[i], i);
    }
}

static void start_many_starts_each_on_its_rank(void)
{
    many_are_started_by_one_call(ANYWHERE);
}

static void start_many_starts_more_than_a_request_takes(void)
{
    many_are_started_by_one_call(mr_size() - 1);
}

static void start_many_of_none_does_nothing(void)
{
    mr_process process;

    MRT_OK(mr_process_start_many(NULL, 0, NULL));
    MRT_OK(mr_process_start_many(&process, 0, NULL));
    MRT_ERROR(mr_process_start_many(NULL, 1, NULL), MR_ERR_ARGUMENT);
}

/* All have started when the call returns. */
static void start_many_returns_when_all_exist(void)
{
    enum { COUNT = 8 };
    mr_process processes[COUNT];
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int i = 0; i < COUNT; i++) {
        create(&processes[i], rank_of(i), wait_until_told, &s, sizeof s);
    }
    MRT_OK(mr_process_start_many(processes, COUNT, NULL));
    for (int i = 0; i < COUNT; i++) {
        bool alive = false;
        int64_t pid = 0;

        MRT_OK(mr_process_is_alive(processes[i], &alive));
        MRT_CHECK(alive);
        MRT_OK(mr_process_pid(processes[i], &pid));
        MRT_CHECK(pid > 0);
    }
    for (int i = 0; i < COUNT; i++) {
        tell(&s);
    }
    for (int i = 0; i < COUNT; i++) {
        END(processes[i], 0);
    }
    destroy_stage(&s);
}

/* The others start, whatever is wrong with some. */
static void start_many_tells_which_did_not_start(void)
{
    enum { GOOD, RUNS, GONE, ENDED, TWICE, AGAIN, NO_PROCESS, LAST, COUNT };
    static const mr_error expected[COUNT] = {
        [RUNS] = MR_ERR_STATE,
        [GONE] = MR_ERR_STALE,
        [ENDED] = MR_ERR_STATE,
        [NO_PROCESS] = MR_ERR_STALE,
    };
    mr_process processes[COUNT];
    mr_error errors[COUNT];
    stage s;

    if (!make_stage(&s)) {
        return;
    }
    for (int rank = 0; rank < mr_size(); rank++) {
        START(&processes[RUNS], rank, wait_until_told, &s, sizeof s);
        START(&processes[ENDED], rank, nothing, NULL, 0);
        MRT_OK(mr_process_join(processes[ENDED], GUARD));
        create(&processes[GOOD], rank, nothing, NULL, 0);
        create(&processes[GONE], rank, nothing, NULL, 0);
        create(&processes[TWICE], rank, nothing, NULL, 0);
        create(&processes[LAST], rank, nothing, NULL, 0);
        MRT_OK(mr_process_destroy(processes[GONE]));
        processes[AGAIN] = processes[TWICE];
        processes[NO_PROCESS] = (mr_process){s.said.handle};
        MRT_ERROR(mr_process_start_many(processes, COUNT, errors),
                  MR_ERR_STATE);
        for (int i = 0; i < COUNT; i++) {
            if (i != TWICE && i != AGAIN) {
                MRT_ERROR(errors[i], expected[i]);
            }
        }
        MRT_CHECK((errors[TWICE] == MR_OK && errors[AGAIN] == MR_ERR_STATE) ||
                  (errors[TWICE] == MR_ERR_STATE && errors[AGAIN] == MR_OK));
        tell(&s);
        END(processes[GOOD], 0);
        END(processes[RUNS], 0);
        END(processes[ENDED], 0);
        END(processes[TWICE], 0);
        END(processes[LAST], 0);
    }
    destroy_stage(&s);
}

static int start_what_is_anothers(const void *argument, size_t size)
{
    const mr_process *process = argument;
    mr_process mine[2];
    mr_error errors[2] = {MR_OK, MR_ERR_USER};

    (void)size;
    CHILD_OK(mr_process_create(&mine[1], nothing, NULL, 0, NULL));
    mine[0] = *process;
    CHILD_ERROR(mr_process_start_many(mine, 2, errors), MR_ERR_STATE);
    CHILD_CHECK(errors[0] == MR_ERR_STATE && errors[1] == MR_OK);
    CHILD_OK(mr_process_join(mine[1], GUARD));
    return child_result();
}

static void start_many_starts_only_what_the_caller_has_created(void)
{
    mr_process process;

    for (int rank = 0; rank < mr_size(); rank++) {
        if (create(&process, ANYWHERE, nothing, NULL, 0)) {
            RUN(rank, start_what_is_anothers, &process, sizeof process);
            MRT_OK(mr_process_start(process));
            END(process, 0);
        }
    }
}

typedef struct racer {
    mr_process *processes;
    size_t count;
    size_t started;
} racer;

static void *race(void *argument)
{
    racer *r = argument;
    mr_error errors[MANY];

    (void)!mr_process_start_many(r->processes, r->count, errors);
    for (size_t i = 0; i < r->count; i++) {
        r->started += errors[i] == MR_OK;
    }
    return NULL;
}

/* Each process starts for one of the threads. */
static void start_many_by_two_threads_starts_each_once(void)
{
    static mr_process processes[MANY];
    racer racers[2] = {{processes, MANY, 0}, {processes, MANY, 0}};
    pthread_t threads[2];

    for (int i = 0; i < MANY; i++) {
        if (!create(&processes[i], ANYWHERE, return_the_argument, &i,
                    sizeof i)) {
            return;
        }
    }
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    MRT_EQUAL(racers[0].started + racers[1].started, MANY);
    for (int i = 0; i < MANY; i++) {
        END(processes[i], i);
    }
}

static const mrt_test tests[] = {
    {"start_many_starts_each_on_its_rank", start_many_starts_each_on_its_rank,
     60},
    {"start_many_starts_more_than_a_request_takes",
     start_many_starts_more_than_a_request_takes, 60},
    {"start_many_of_none_does_nothing", start_many_of_none_does_nothing, 0},
    {"start_many_returns_when_all_exist", start_many_returns_when_all_exist, 0},
    {"start_many_tells_which_did_not_start",
     start_many_tells_which_did_not_start, 0},
    {"start_many_starts_only_what_the_caller_has_created",
     start_many_starts_only_what_the_caller_has_created, 0},
    {"start_many_by_two_threads_starts_each_once",
     start_many_by_two_threads_starts_each_once, 60},
};

int main(int argc, char **argv)
{
    return suite_main("process_start", tests, MRT_COUNT(tests), argc, argv);
}
