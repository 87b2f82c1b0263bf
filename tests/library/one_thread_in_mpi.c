/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A library to be preloaded: it says on stderr when two threads of a process
 * are inside MPI at the same time and MPI was not started at
 * MPI_THREAD_MULTIPLE.  It wraps each function of MPI that the library
 * calls, by the profiling interface (MPI 3.1, chapter 14).  What every thread
 * may call at any time, like MPI_Initialized, is not wrapped.
 *
 * Collective calls take some milliseconds more than they need, so that
 * another thread that may call meanwhile does.
 */
#include <mpi.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINES = 8, DWELL = 4000000 };

static _Atomic(const char *) inside; /* the call of the thread that is */
static atomic_int said;
static atomic_int level = -1;

static void complain(const char *call, const char *other)
{
    char line[160];
    int size =
        snprintf(line, sizeof line,
                 "two threads are inside MPI: %s during %s\n", call, other);

    if (atomic_fetch_add(&said, 1) < LINES &&
        write(STDERR_FILENO, line, (size_t)size) != size) {
        _exit(1);
    }
}

static bool may_overlap(void)
{
    int provided = atomic_load(&level);

    if (provided < 0) {
        PMPI_Query_thread(&provided);
        atomic_store(&level, provided);
    }
    return provided == MPI_THREAD_MULTIPLE;
}

/* True: the thread is the one that is inside. */
static bool enter(const char *call, bool collective)
{
    const struct timespec dwell = {.tv_nsec = DWELL};
    const char *other = NULL;

    if (may_overlap()) {
        return false;
    }
    if (!atomic_compare_exchange_strong(&inside, &other, call)) {
        complain(call, other);
        return false;
    }
    if (collective) {
        nanosleep(&dwell, NULL);
    } else {
        sched_yield();
    }
    return true;
}

static void leave(bool entered)
{
    if (entered) {
        atomic_store(&inside, NULL);
    }
}

#define WRAP(call, collective, parameters, arguments) \
    int call parameters                               \
    {                                                 \
        bool entered = enter(#call, collective);      \
        int code = P##call arguments;                 \
                                                      \
        leave(entered);                               \
        return code;                                  \
    }

WRAP(MPI_Allgather, true,
     (const void *in, int in_count, MPI_Datatype in_type, void *out,
      int out_count, MPI_Datatype out_type, MPI_Comm group),
     (in, in_count, in_type, out, out_count, out_type, group))
WRAP(MPI_Allreduce, true,
     (const void *in, void *out, int count, MPI_Datatype type, MPI_Op operation,
      MPI_Comm group),
     (in, out, count, type, operation, group))
WRAP(MPI_Bcast, true,
     (void *bytes, int count, MPI_Datatype type, int root, MPI_Comm group),
     (bytes, count, type, root, group))
WRAP(MPI_Cancel, false, (MPI_Request * request), (request))
WRAP(MPI_Comm_dup, true, (MPI_Comm group, MPI_Comm *made), (group, made))
WRAP(MPI_Comm_free, true, (MPI_Comm * group), (group))
WRAP(MPI_Comm_rank, false, (MPI_Comm group, int *rank), (group, rank))
WRAP(MPI_Comm_set_errhandler, false, (MPI_Comm group, MPI_Errhandler handler),
     (group, handler))
WRAP(MPI_Comm_size, false, (MPI_Comm group, int *size), (group, size))
WRAP(MPI_Comm_split, true, (MPI_Comm group, int color, int key, MPI_Comm *made),
     (group, color, key, made))
WRAP(MPI_Comm_split_type, true,
     (MPI_Comm group, int type, int key, MPI_Info info, MPI_Comm *made),
     (group, type, key, info, made))
WRAP(MPI_Comm_test_inter, false, (MPI_Comm group, int *inter), (group, inter))
WRAP(MPI_Error_string, false, (int code_given, char *text, int *size),
     (code_given, text, size))
WRAP(MPI_Finalize, true, (void), ())
WRAP(MPI_Gather, true,
     (const void *in, int in_count, MPI_Datatype in_type, void *out,
      int out_count, MPI_Datatype out_type, int root, MPI_Comm group),
     (in, in_count, in_type, out, out_count, out_type, root, group))
WRAP(MPI_Get_count, false,
     (const MPI_Status *status, MPI_Datatype type, int *count),
     (status, type, count))
WRAP(MPI_Iallreduce, false,
     (const void *in, void *out, int count, MPI_Datatype type, MPI_Op operation,
      MPI_Comm group, MPI_Request *request),
     (in, out, count, type, operation, group, request))
WRAP(MPI_Ibarrier, false, (MPI_Comm group, MPI_Request *request),
     (group, request))
WRAP(MPI_Irecv, false,
     (void *bytes, int count, MPI_Datatype type, int from, int tag,
      MPI_Comm group, MPI_Request *request),
     (bytes, count, type, from, tag, group, request))
WRAP(MPI_Isend, false,
     (const void *bytes, int count, MPI_Datatype type, int to, int tag,
      MPI_Comm group, MPI_Request *request),
     (bytes, count, type, to, tag, group, request))
WRAP(MPI_Recv_init, false,
     (void *bytes, int count, MPI_Datatype type, int from, int tag,
      MPI_Comm group, MPI_Request *request),
     (bytes, count, type, from, tag, group, request))
WRAP(MPI_Request_free, false, (MPI_Request * request), (request))
WRAP(MPI_Rget, false,
     (void *out, int count, MPI_Datatype type, int rank, MPI_Aint place,
      int there_count, MPI_Datatype there_type, MPI_Win window,
      MPI_Request *request),
     (out, count, type, rank, place, there_count, there_type, window, request))
WRAP(MPI_Rput, false,
     (const void *in, int count, MPI_Datatype type, int rank, MPI_Aint place,
      int there_count, MPI_Datatype there_type, MPI_Win window,
      MPI_Request *request),
     (in, count, type, rank, place, there_count, there_type, window, request))
WRAP(MPI_Scatter, true,
     (const void *in, int in_count, MPI_Datatype in_type, void *out,
      int out_count, MPI_Datatype out_type, int root, MPI_Comm group),
     (in, in_count, in_type, out, out_count, out_type, root, group))
WRAP(MPI_Start, false, (MPI_Request * request), (request))
WRAP(MPI_Test, false, (MPI_Request * request, int *done, MPI_Status *status),
     (request, done, status))
WRAP(MPI_Wait, false, (MPI_Request * request, MPI_Status *status),
     (request, status))
WRAP(MPI_Win_create, true,
     (void *base, MPI_Aint size, int unit, MPI_Info info, MPI_Comm group,
      MPI_Win *window),
     (base, size, unit, info, group, window))
WRAP(MPI_Win_flush, false, (int rank, MPI_Win window), (rank, window))
WRAP(MPI_Win_free, true, (MPI_Win * window), (window))
WRAP(MPI_Win_get_attr, false,
     (MPI_Win window, int key, void *value, int *found),
     (window, key, value, found))
WRAP(MPI_Win_lock_all, false, (int assert_given, MPI_Win window),
     (assert_given, window))
WRAP(MPI_Win_set_errhandler, false, (MPI_Win window, MPI_Errhandler handler),
     (window, handler))
WRAP(MPI_Win_unlock_all, false, (MPI_Win window), (window))
