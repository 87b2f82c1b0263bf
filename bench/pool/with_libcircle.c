/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool's questions to libcircle: each rank has a queue of tasks, and one
 * whose queue is empty takes half of another's.
 *
 * A task of libcircle is a string, and no result comes back. So strings are
 * places in arrays that lie in MPI's shared memory, all ranks on one node: a
 * task finds its input there, and leaves its output. Neither travels, which is
 * less than those do who bring both to a worker and back.
 *
 * With --schedule static each rank enqueues an equal share of the tasks, so
 * that nothing need be given out while they are even; else rank 0 enqueues all.
 * --chunk N is how many tasks of its own queue a rank does before libcircle
 * looks for messages again. Without it they take some 16 us, and are 64 where
 * nobody knows how long a task takes.
 */
#include "contender.h"

#include <libcircle.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARRAYS = 2,      /* of inputs and of outputs */
    USUAL = 64,      /* tasks before messages are looked for */
    MOST = 8192,     /* of those that are very short */
    BATCH_TIME = 16, /* us */
    BASE = 64,       /* of the digits of a place */
    DIGITS = 11      /* of 64 bits */
};

/* What rank 0 broadcasts, and all do next. */
typedef struct order {
    enum { MAKE_ARRAY, MAP, END } what;
    size_t count; /* of numbers */
    size_t batch;
    int in; /* which of the arrays */
    int out;
} order;

static int rank;
static int size;
static bool shares;   /* are what each rank enqueues */
static size_t chosen; /* by --chunk, or 0 */
static size_t batch;
static MPI_Win windows[ARRAYS];
static int64_t *arrays[ARRAYS];
static int made;  /* of the arrays */
static order map; /* that runs; callbacks have no argument for it */

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    MPI_Abort(MPI_COMM_WORLD, 1);
}

/* ---- tasks --------------------------------------------------------------- */

/* The lowest digit comes first; by hand, as snprintf and strtoul take eight
 * times as long. */
static void write_place(char *text, size_t place)
{
    do {
        *text++ = (char)('0' + place % BASE);
        place /= BASE;
    } while (place > 0);
    *text = '\0';
}

static size_t read_place(const char *text)
{
    size_t place = 0;

    for (size_t unit = 1; *text; unit *= BASE) {
        place += (size_t)(*text++ - '0') * unit;
    }
    return place;
}

/* The last first, as a queue gives back first what it got last. */
static void enqueue(CIRCLE_handle *queue)
{
    size_t parts = shares ? (size_t)size : 1;
    size_t first = map.count * (size_t)rank / parts;
    size_t next = map.count * ((size_t)rank + 1) / parts;
    char text[DIGITS + 1];

    while (next > first) {
        write_place(text, --next);
        if (queue->enqueue(text) < 0) {
            fail("libcircle has no memory");
        }
    }
}

static void process(CIRCLE_handle *queue)
{
    const int64_t *in = arrays[map.in];
    int64_t *out = arrays[map.out];
    char text[DIGITS + 1];

    for (size_t i = 0; i < map.batch && queue->dequeue(text) >= 0; i++) {
        size_t place = read_place(text);

        out[place] = busy(in[place]);
    }
}

/* ---- what all ranks do --------------------------------------------------- */

static void make_array(size_t count)
{
    MPI_Win *window = &windows[made];
    MPI_Aint bytes = rank == 0 ? (MPI_Aint)(count * sizeof(int64_t)) : 0;
    int unit;

    MPI_Win_allocate_shared(bytes, sizeof(int64_t), MPI_INFO_NULL,
                            MPI_COMM_WORLD, &arrays[made], window);
    MPI_Win_shared_query(*window, 0, &bytes, &unit, &arrays[made]);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *window);
    made++;
}

/* What one rank has written others see after a message between two of these. */
static void synchronize(void)
{
    for (int i = 0; i < made; i++) {
        MPI_Win_sync(windows[i]);
    }
}

static void run_map(void)
{
    synchronize();
    CIRCLE_begin();
    synchronize();
    MPI_Barrier(MPI_COMM_WORLD);
    synchronize();
}

static void end(void)
{
    while (made > 0) {
        made--;
        MPI_Win_unlock_all(windows[made]);
        MPI_Win_free(&windows[made]);
    }
    CIRCLE_finalize();
}

/* False after the last. */
static bool obey(order given)
{
    synchronize();
    MPI_Bcast(&given, sizeof given, MPI_BYTE, 0, MPI_COMM_WORLD);
    switch (given.what) {
    case MAKE_ARRAY:
        make_array(given.count);
        return true;
    case MAP:
        map = given;
        run_map();
        return true;
    case END:
        break;
    }
    end();
    return false;
}

/* ---- what contender.h asks for ------------------------------------------- */

int contender_begin(int *argc, char ***argv, const contender_options *options)
{
    int flags = CIRCLE_SPLIT_EQUAL | CIRCLE_TERM_TREE;

    shares = options->schedule && strcmp(options->schedule, "static") == 0;
    chosen = options->chunk;
    batch = chosen ? chosen : USUAL;
    rank = CIRCLE_init(*argc, *argv,
                       shares ? flags | CIRCLE_CREATE_GLOBAL : flags);
    CIRCLE_enable_logging(CIRCLE_LOG_FATAL);
    CIRCLE_cb_create(enqueue);
    CIRCLE_cb_process(process);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (rank > 0) {
        while (obey((order){0})) {
        }
        exit(0);
    }
    return size;
}

int64_t *contender_memory(size_t count)
{
    if (made == ARRAYS) {
        return NULL;
    }
    obey((order){.what = MAKE_ARRAY, .count = count});
    return arrays[made - 1];
}

void contender_expect(double microseconds)
{
    double tasks = BATCH_TIME / microseconds + 0.5;

    if (!chosen) {
        batch = tasks > MOST ? MOST : tasks < 1 ? 1 : (size_t)tasks;
    }
}

void contender_map(const int64_t *in, int64_t *out, size_t count)
{
    obey((order){.what = MAP,
                 .count = count,
                 .batch = batch,
                 .in = in == arrays[0] ? 0 : 1,
                 .out = out == arrays[0] ? 0 : 1});
}

void contender_end(void)
{
    obey((order){.what = END});
}
