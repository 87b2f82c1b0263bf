/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many producers and many consumers by hand: messages of MPI, which go to the
 * consumers in turn.
 *
 *   mpirun -np 2 bench/objects/many_mpi     one of each
 *   mpirun -np 16 bench/objects/many_mpi    eight of each
 *
 * A producer has a window of MPI_Isend.  To each consumer one message of 64 is
 * sent by MPI_Issend, lest a producer that is faster takes all memory.
 */
#include "../repeat.h"
#include "market.h"

#include <mpi.h>
#include <stdbool.h>
#include <string.h>

enum { WINDOW = 64, WINDOW_BYTES = 8 << 20, MOST_PAIRS = 8 };

static int rank;
static int size;

/* Sends that are under way, each from memory of its own. */
typedef struct window {
    MPI_Request requests[WINDOW];
    unsigned char *memory;
    long sent;
    int producers; /* for a consumer: that have not ended */
} window;

static void put(void *user, const void *item, size_t bytes)
{
    window *w = user;
    const int pairs = size / 2;
    const size_t fit = WINDOW_BYTES / bytes;
    const size_t place = (size_t)w->sent % (fit < WINDOW ? fit : WINDOW);
    const int consumer = pairs + (int)(w->sent % pairs);
    const bool awaited = w->sent / pairs % WINDOW == WINDOW - 1;

    MPI_Wait(&w->requests[place], MPI_STATUS_IGNORE);
    memcpy(w->memory + place * bytes, item, bytes);
    (awaited ? MPI_Issend : MPI_Isend)(w->memory + place * bytes, (int)bytes,
                                       MPI_BYTE, consumer, 0, MPI_COMM_WORLD,
                                       &w->requests[place]);
    w->sent++;
}

/* An empty message tells the end of a producer. */
static int get(void *user, void *item, size_t bytes)
{
    window *w = user;

    while (w->producers > 0) {
        MPI_Status status;
        int got;

        MPI_Recv(item, (int)bytes, MPI_BYTE, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD,
                 &status);
        MPI_Get_count(&status, MPI_BYTE, &got);
        if (got > 0) {
            return 1;
        }
        w->producers--;
    }
    return 0;
}

static market_part take_part(window *w, const market_case *c)
{
    static const market_queue by_hand = {put, get};
    market_part mine;

    if (rank >= c->pairs) {
        return market_consume(&by_hand, w, c->size);
    }
    mine = market_produce(&by_hand, w, c->size);
    for (int i = 0; i < c->pairs; i++) {
        MPI_Send(NULL, 0, MPI_BYTE, c->pairs + i, 0, MPI_COMM_WORLD);
    }
    MPI_Waitall(WINDOW, w->requests, MPI_STATUSES_IGNORE);
    return mine;
}

static void run_case(const market_case *c)
{
    market_part parts[2 * MOST_PAIRS];
    market_part mine;
    window w = {.memory = calloc(1, WINDOW_BYTES), .producers = c->pairs};

    check(w.memory != NULL, "memory");
    for (int i = 0; i < WINDOW; i++) {
        w.requests[i] = MPI_REQUEST_NULL;
    }
    MPI_Barrier(MPI_COMM_WORLD);
    mine = take_part(&w, c);
    MPI_Gather(&mine, sizeof mine, MPI_BYTE, parts, sizeof mine, MPI_BYTE, 0,
               MPI_COMM_WORLD);
    if (rank == 0) {
        market_report(c, parts, parts + c->pairs);
    }
    free(w.memory);
}

int main(int argc, char **argv)
{
    end_in_time();
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    want(rank != 0 || (size % 2 == 0 && size <= 2 * MOST_PAIRS),
         "mpirun -np 2|8|16 bench/objects/many_mpi");
    for (size_t i = 0; i < market_case_count; i++) {
        if (2 * market_cases[i].pairs == size) {
            run_case(&market_cases[i]);
        }
    }
    return MPI_Finalize();
}
