# SPDX-License-Identifier: BSD-3-Clause
"""What if several want to count in the same Value?"""
from measure import (Case, Contender, Lines, Question, alone, mpi, multirank,
                     python)

WORKERS = (2, 4, 8)

QUESTION = Question(
    title="What if several want to count in the same Value?",
    note="All workers add 1 to the same Value for 0.2 seconds: the time that "
         "passes, by all additions that were made in it. The workers are "
         "ranks, or children of a job of 2 ranks. With more workers than "
         "cores they take turns, and a lock may rest with one that sleeps.",
    cases=[Case(f"add_{n}", f"atomic additions by {n}", x=n)
           for n in WORKERS] +
          [Case(f"lock_add_unlock_{n}", f"lock, add, unlock by {n}", x=n)
           for n in WORKERS],
    contenders=[
        Contender("Multirank, ranks", tuple(
            multirank("bench/objects/value", "ranks", ranks=n)
            for n in WORKERS)),
        Contender("Multirank, children", multirank(
            "bench/objects/value", "children", *map(str, WORKERS))),
        Contender("MPI", tuple(
            mpi("bench/objects/value_mpi", "ranks", ranks=n)
            for n in WORKERS)),
        Contender("POSIX",
                  alone("bench/objects/value_mutex", *map(str, WORKERS))),
        Contender("multiprocessing",
                  python("bench/objects/value_multiprocessing.py",
                         *map(str, WORKERS))),
    ],
    plots=(Lines("add_", "workers", "Atomic additions", logy=True),
           Lines("lock_add_unlock_", "workers", "Lock, add, unlock",
                 logy=True)),
)
