/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A number in a window of MPI: MPI_Fetch_and_op, and an addition by MPI_Get
 * and MPI_Put under an exclusive MPI_Win_lock.
 *
 *   mpirun -np 2 bench/objects/value_mpi          rank 0 alone
 *   mpirun -np 8 bench/objects/value_mpi ranks    all ranks at once
 *
 * It lies on the last rank.
 */
#include "crowd.h"

#include <mpi.h>
#include <string.h>

enum { MOST_RANKS = 64 };

static int rank;
static int size;
static int64_t added; /* by this rank */

/* The number, and a window over it. */
typedef struct shared {
    MPI_Win window;
    int64_t *memory;
} shared;

static void add(void *user)
{
    const shared *s = user;
    int64_t one = 1;
    int64_t before;

    MPI_Fetch_and_op(&one, &before, MPI_INT64_T, size - 1, 0, MPI_SUM,
                     s->window);
    MPI_Win_flush(size - 1, s->window);
    added++;
}

static void lock_add_unlock(void *user)
{
    const shared *s = user;
    int64_t number;

    MPI_Win_lock(MPI_LOCK_EXCLUSIVE, size - 1, 0, s->window);
    MPI_Get(&number, 1, MPI_INT64_T, size - 1, 0, 1, MPI_INT64_T, s->window);
    MPI_Win_flush(size - 1, s->window);
    number++;
    MPI_Put(&number, 1, MPI_INT64_T, size - 1, 0, 1, MPI_INT64_T, s->window);
    MPI_Win_unlock(size - 1, s->window);
    added++;
}

static void adds(void *user, long count)
{
    for (long i = 0; i < count; i++) {
        add(user);
    }
}

static void locked_adds(void *user, long count)
{
    for (long i = 0; i < count; i++) {
        lock_add_unlock(user);
    }
}

static shared new_shared(void)
{
    shared s;

    MPI_Win_allocate(sizeof *s.memory, 1, MPI_INFO_NULL, MPI_COMM_WORLD,
                     &s.memory, &s.window);
    *s.memory = 0;
    added = 0;
    MPI_Barrier(MPI_COMM_WORLD);
    return s;
}

/* What all have counted to, known to rank 0. */
static int64_t free_shared(shared *s)
{
    int64_t sum = 0;

    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        MPI_Win_lock(MPI_LOCK_SHARED, size - 1, 0, s->window);
        MPI_Get(&sum, 1, MPI_INT64_T, size - 1, 0, 1, MPI_INT64_T, s->window);
        MPI_Win_unlock(size - 1, s->window);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Win_free(&s->window);
    return sum;
}

/* Over a network nothing moves unless the owner is inside MPI: so the others
 * wait there. */
static void measure_alone(const char *name, int locked)
{
    shared s = new_shared();
    int64_t sum;

    if (!locked) {
        MPI_Win_lock_all(0, s.window);
    }
    if (rank == 0) {
        report(name, seconds_each(locked ? locked_adds : adds, &s) * 1e9, "ns");
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (!locked) {
        MPI_Win_unlock_all(s.window);
    }
    sum = free_shared(&s);
    check(rank != 0 || sum == added, name);
}

static void measure_crowd(const char *name, int locked)
{
    shared s = new_shared();
    crowd_part mine;
    crowd_part parts[MOST_RANKS];
    crowd_part all = {.count = 0};
    int64_t sum;

    if (!locked) {
        MPI_Win_lock_all(0, s.window);
    }
    mine = crowd_work(locked ? lock_add_unlock : add, &s);
    if (!locked) {
        MPI_Win_unlock_all(s.window);
    }
    sum = free_shared(&s);
    MPI_Gather(&mine, sizeof mine, MPI_BYTE, parts, sizeof mine, MPI_BYTE, 0,
               MPI_COMM_WORLD);
    if (rank == 0) {
        for (int i = 0; i < size; i++) {
            crowd_add(&all, &parts[i]);
        }
        crowd_report(name, size, &all, sum);
    }
}

int main(int argc, char **argv)
{
    end_in_time();
    /* Debian's parameters exclude what works over TCP. */
    setenv("OMPI_MCA_osc", "^ucx", 0);
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    want(rank != 0 || (size <= MOST_RANKS &&
                       (argc == 1 || strcmp(argv[1], "ranks") == 0)),
         "mpirun -np RANKS bench/objects/value_mpi [ranks], with at most 64");
    if (argc == 1) {
        measure_alone("add", 0);
        measure_alone("lock_add_unlock", 1);
    } else {
        measure_crowd("add", 0);
        measure_crowd("lock_add_unlock", 1);
    }
    return MPI_Finalize();
}
