# SPDX-License-Identifier: BSD-3-Clause
"""How long does it take to count in a Value?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, multirank,
                     python)

QUESTION = Question(
    title="How long does it take to count in a Value?",
    note="One at a time: main alone adds 1 to a Value of 64 bits, by "
         "mr_value_add, and by the same under the Value's lock; and a process "
         "of rank 0, while main sleeps. The Value "
         "lies on the other rank: on one node that is shared memory like any "
         "other. MPI: MPI_Fetch_and_op and a flush; MPI_Get, MPI_Put and a "
         "flush in an exclusive MPI_Win_lock. POSIX: an atomic addition of "
         "C11, and one under a robust mutex, in memory that processes share. "
         "multiprocessing: get_lock(), and get_obj().value, which takes the "
         "lock no second time. "
         "In the table `far` MPI goes through shared memory.",
    cases=[
        Case("add", "an atomic addition", aim="10 ns"),
        Case("process_add", "the same by a process of rank 0"),
        Case("lock_add_unlock", "lock, add, unlock", aim="25 ns"),
    ],
    contenders=[
        Contender("Multirank", multirank("bench/objects/value"),
                  places=("near", "far", "hosts")),
        Contender("MPI", mpi("bench/objects/value_mpi"),
                  places=("near", "far", "hosts")),
        Contender("POSIX", alone("bench/objects/value_mutex")),
        Contender("multiprocessing",
                  python("bench/objects/value_multiprocessing.py")),
    ],
    plots=(Bars(("add", "lock_add_unlock")),),
)
