# SPDX-License-Identifier: BSD-3-Clause
"""What does an idle rank cost?"""
from measure import Case, Contender, Question, mpi, multirank

RANKS = (2, 8)

QUESTION = Question(
    title="What does an idle rank cost?",
    note="Context switches and time on a core, as the kernel counts them, for "
         "each rank but rank 0, whose main sleeps; the rank and its fork "
         "server together. Each repetition looks for two seconds, and tells "
         "of ten. Ranks of MPI wait in MPI_Recv. With 8 "
         "ranks they share the cores. Only ranks of several nodes look for "
         "messages, so that `far` is the other price.",
    cases=[Case(f"switches_{n}", f"context switches, {n} ranks",
                aim="below 10") for n in RANKS] +
          [Case(f"core_{n}", f"time on a core, {n} ranks") for n in RANKS],
    contenders=[
        Contender("Multirank", tuple(
            multirank("bench/job/idle", "2", ranks=n) for n in RANKS),
            places=("near", "far")),
        Contender("MPI", tuple(
            mpi("bench/job/idle_mpi", "2", ranks=n) for n in RANKS)),
        Contender("MPI, mpi_yield_when_idle", tuple(
            mpi("bench/job/idle_mpi", "2", ranks=n,
                launcher=("--mca", "mpi_yield_when_idle", "1"))
            for n in RANKS)),
    ],
)
