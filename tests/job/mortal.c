/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A plain MPI program of which a rank dies; run.sh starts it with
 * `multirank run`, and watches what becomes of the others.
 *
 *     mortal dies RANK    kills itself when all are ready; the others pass
 *                         messages round, and leave, rank 0 with status 7
 *     mortal early RANK   kills itself before MPI_Init
 *     mortal half RANK    kills itself when all are ready but itself
 *     mortal doubt RANK   kills itself when it is ready, and all others wait
 *                         for ever without being ready
 *     mortal leaves N     all are ready; rank 0 leaves with status N
 *     mortal plain N      nobody says that it is ready; status N is rank 0's
 *     mortal fails RANK   nobody is ready, and that rank exits with status 4
 *     mortal aborts RANK  all are ready; that rank calls MPI_Abort, status 6
 *     mortal signal RANK  all are ready; that rank gets what SIGUSR1 does
 *     mortal stays        all are ready; rank 0 ends and the others do not
 *     mortal until FILE   all are ready, wait for a file, and leave, rank 0
 * with status 7 mortal waits        all are ready, and wait for ever
 *
 * Each rank prints "ready RANK PID PARENT" when it has said that it is ready.
 */
#include <errno.h>
#include <mpi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 1000 };

static int rank, size;

static void tell_parent(char byte)
{
    const char *number = getenv("MULTIRANK_PARENT");

    if (!number || write(atoi(number), &byte, 1) != 1) {
        fprintf(stderr, "mortal: no parent listens\n");
        _exit(99);
    }
}

static void be_ready(void)
{
    tell_parent('r');
    printf("ready %d %d %d\n", rank, (int)getpid(), (int)getppid());
    fflush(stdout);
}

static void wait_for_ever(void)
{
    for (;;) {
        pause();
    }
}

struct process {
    int pid;
    char host[64];
};

static struct process this_process(void)
{
    struct process process = {.pid = getpid()};

    gethostname(process.host, sizeof process.host - 1);
    return process;
}

/* A rank that has ended is a zombie until its parent has noticed.  On another
 * host it cannot be seen. */
static void await_death(const struct process *dead)
{
    if (strcmp(this_process().host, dead->host) == 0) {
        while (kill(dead->pid, 0) == 0 || errno != ESRCH) {
            usleep(1000);
        }
    }
}

/* A number goes round and each rank that is alive adds one to it.  Rank 0 may
 * be the only one. */
static void pass_round(int dead)
{
    int next = (rank + 1) % size, previous = (rank + size - 1) % size;
    int sum = 0;

    next = next == dead ? (next + 1) % size : next;
    previous = previous == dead ? (previous + size - 1) % size : previous;
    for (int i = 0; i < ROUNDS && next != rank; i++) {
        if (rank == 0) {
            MPI_Send(&sum, 1, MPI_INT, next, 0, MPI_COMM_WORLD);
        }
        MPI_Recv(&sum, 1, MPI_INT, previous, 0, MPI_COMM_WORLD,
                 MPI_STATUS_IGNORE);
        sum++;
        if (rank != 0) {
            MPI_Send(&sum, 1, MPI_INT, next, 0, MPI_COMM_WORLD);
        }
    }
    if (rank == 0) {
        printf("passed round %d\n", sum);
        fflush(stdout);
    }
}

/* Nobody finalizes MPI, as that waits for the dead. */
static void leave(int status)
{
    tell_parent('e');
    _exit(rank == 0 ? status : 0);
}

static void dies(int dead)
{
    struct process process = this_process();

    be_ready();
    MPI_Bcast(&process, sizeof process, MPI_BYTE, dead, MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == dead) {
        raise(SIGKILL);
    }
    if (rank == 0) {
        await_death(&process);
    }
    pass_round(dead);
    leave(7);
}

static void half(int dead)
{
    if (rank != dead) {
        be_ready();
    }
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == dead) {
        raise(SIGKILL);
    }
    wait_for_ever();
}

static void doubt(int dead)
{
    if (rank == dead) {
        be_ready();
        raise(SIGKILL);
    }
    wait_for_ever();
}

static volatile sig_atomic_t signals;

static void count_signal(int signal)
{
    (void)signal;
    signals++;
}

/* The signal arrives once, although mpirun sends it to a group. */
static void await_signal(int chosen)
{
    sigset_t none;

    sigemptyset(&none);
    signal(SIGUSR1, count_signal);
    be_ready();
    if (rank == chosen) {
        while (signals == 0) {
            usleep(1000);
        }
        usleep(200000);
        printf("signals %d\n", (int)signals);
        fflush(stdout);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    leave(0);
}

static void stays(void)
{
    be_ready();
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        leave(0);
    }
    wait_for_ever();
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    const char *place = getenv("OMPI_COMM_WORLD_RANK");

    if (strcmp(how, "early") == 0 && place && atoi(place) == number) {
        raise(SIGKILL);
    }
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (strcmp(how, "dies") == 0) {
        dies(number);
    } else if (strcmp(how, "half") == 0) {
        half(number);
    } else if (strcmp(how, "doubt") == 0) {
        doubt(number);
    } else if (strcmp(how, "signal") == 0) {
        await_signal(number);
    } else if (strcmp(how, "stays") == 0) {
        stays();
    } else if (strcmp(how, "fails") == 0) {
        if (rank == number) {
            exit(4);
        }
        wait_for_ever();
    } else if (strcmp(how, "plain") == 0) {
        MPI_Finalize();
        return rank == 0 ? number : 0;
    }
    be_ready();
    if (strcmp(how, "leaves") == 0) {
        MPI_Barrier(MPI_COMM_WORLD);
        leave(number);
    } else if (strcmp(how, "until") == 0 && argc > 2) {
        while (access(argv[2], F_OK) != 0) {
            usleep(10000);
        }
        leave(7);
    } else if (strcmp(how, "aborts") == 0 && rank == number) {
        MPI_Abort(MPI_COMM_WORLD, 6);
    }
    wait_for_ever();
}
