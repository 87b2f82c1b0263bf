# SPDX-License-Identifier: BSD-3-Clause
"""How long does it take to wait for one another?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, multirank,
                     python)

QUESTION = Question(
    title="How long does it take to wait for one another?",
    note="Locks that nobody else wants: acquire and release. A condition: two "
         "processes take turns, each waits, is notified, and notifies the "
         "other; the time is that of one turn. A barrier: of main with ranks, "
         "or with child processes. POSIX: sem_t, a robust recursive mutex, "
         "pthread_rwlock_t, pthread_cond_t and pthread_barrier_t in memory "
         "that processes share. A cache line: two processes on two cores hand "
         "a number to each other, one way. With 8 parties on fewer cores they "
         "take turns. In the table `far` MPI goes through shared memory.",
    cases=[
        Case("semaphore", "Semaphore, acquire and release"),
        Case("rlock", "RLock, acquire and release"),
        Case("read_lock", "reader-writer lock, to read"),
        Case("notify", "Condition, notify to woken",
             aim="1 x a cache line"),
        Case("barrier_2", "Barrier of 2", aim="2 x MPI_Barrier's time"),
        Case("barrier_4", "Barrier of 4"),
        Case("barrier_8", "Barrier of 8", aim="2 x MPI_Barrier's time"),
    ],
    contenders=[
        Contender("Multirank, ranks", (
            multirank("bench/objects/sync"),) + tuple(
                multirank("bench/objects/sync", "barrier", ranks=n)
                for n in (2, 4, 8)),
            places=("near", "far", "hosts")),
        Contender("Multirank, children", multirank(
            "bench/objects/sync", "children", "2", "4", "8")),
        Contender("MPI_Barrier", tuple(
            mpi("bench/objects/sync_mpi", ranks=n) for n in (2, 4, 8)),
            places=("near", "far", "hosts")),
        Contender("POSIX", alone("bench/objects/sync_posix")),
        Contender("a cache line", alone("bench/objects/talk_line")),
        Contender("multiprocessing",
                  python("bench/objects/sync_multiprocessing.py")),
    ],
    plots=(Bars(("semaphore", "rlock", "read_lock"), "Locks"),
           Bars(("notify", "barrier_2", "barrier_8"), "Others")),
)
