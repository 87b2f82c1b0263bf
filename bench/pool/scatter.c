/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool's questions to MPI_Scatterv and MPI_Gatherv: equal shares, for all
 * ranks, as they are written for loops that are known to be even. That of rank
 * 0 stays where it is.
 */
#include "contender.h"

#include <mpi.h>
#include <stdbool.h>
#include <stdlib.h>

static int rank;
static int size;
static int *counts;
static int *offsets;

static void share(long count)
{
    for (int i = 0; i < size; i++) {
        long first = count * i / size;

        offsets[i] = (int)first;
        counts[i] = (int)(count * (i + 1) / size - first);
    }
}

/* One map, on rank 0; a count below 0 ends. */
static void lead(const int64_t *in, int64_t *out, long count)
{
    MPI_Bcast(&count, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    if (count < 0) {
        return;
    }
    share(count);
    MPI_Scatterv(in, counts, offsets, MPI_INT64_T, MPI_IN_PLACE, 0, MPI_INT64_T,
                 0, MPI_COMM_WORLD);
    for (int i = 0; i < counts[0]; i++) {
        out[i] = busy(in[i]);
    }
    MPI_Gatherv(MPI_IN_PLACE, 0, MPI_INT64_T, out, counts, offsets, MPI_INT64_T,
                0, MPI_COMM_WORLD);
}

/* One map, on the others; false when there are no more. */
static bool follow(void)
{
    static int64_t *mine;
    static int room;
    long count;

    MPI_Bcast(&count, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    if (count < 0) {
        free(mine);
        return false;
    }
    share(count);
    if (counts[rank] > room) {
        free(mine);
        room = counts[rank];
        mine = malloc((size_t)room * sizeof *mine);
    }
    MPI_Scatterv(NULL, NULL, NULL, MPI_INT64_T, mine, counts[rank], MPI_INT64_T,
                 0, MPI_COMM_WORLD);
    for (int i = 0; i < counts[rank]; i++) {
        mine[i] = busy(mine[i]);
    }
    MPI_Gatherv(mine, counts[rank], MPI_INT64_T, NULL, NULL, NULL, MPI_INT64_T,
                0, MPI_COMM_WORLD);
    return true;
}

int contender_begin(int *argc, char ***argv, const contender_options *options)
{
    (void)options;
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    counts = malloc((size_t)size * sizeof *counts);
    offsets = malloc((size_t)size * sizeof *offsets);
    if (rank > 0) {
        while (follow()) {
        }
        MPI_Finalize();
        exit(0);
    }
    return size;
}

int64_t *contender_memory(size_t count)
{
    return malloc(count * sizeof(int64_t));
}

/* Shares are equal, however long tasks are. */
void contender_expect(double microseconds)
{
    (void)microseconds;
}

void contender_map(const int64_t *in, int64_t *out, size_t count)
{
    lead(in, out, (long)count);
}

void contender_end(void)
{
    lead(NULL, NULL, -1);
    MPI_Finalize();
}
