/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Data that all ranks need, by MPI_Bcast.
 *
 *   mpirun -np 4 bench/objects/share_mpi
 */
#include "share.h"

#include <mpi.h>

static void all_together(void *user, long times)
{
    const share *s = user;

    for (long i = 0; i < times; i++) {
        MPI_Bcast(s->numbers, (int)s->count, MPI_INT64_T, 0, MPI_COMM_WORLD);
        MPI_Barrier(MPI_COMM_WORLD);
    }
}

/* Rank 0 says how often, as it alone looks at the clock. */
static void lead(void *user, long times)
{
    const share *s = user;
    long told[2] = {times, (long)s->count};

    MPI_Bcast(told, 2, MPI_LONG, 0, MPI_COMM_WORLD);
    all_together(user, times);
}

static void follow(void)
{
    share s = {.numbers = share_numbers()};
    long told[2];

    for (;;) {
        MPI_Bcast(told, 2, MPI_LONG, 0, MPI_COMM_WORLD);
        if (told[0] == 0) {
            break;
        }
        s.count = (size_t)told[1];
        all_together(&s, told[0]);
    }
    free(s.numbers);
}

int main(int argc, char **argv)
{
    long end[2] = {0, 0};
    int rank;

    end_in_time();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        share_measure(lead);
        MPI_Bcast(end, 2, MPI_LONG, 0, MPI_COMM_WORLD);
    } else {
        follow();
    }
    MPI_Finalize();
    return 0;
}
