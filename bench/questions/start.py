# SPDX-License-Identifier: BSD-3-Clause
"""How long does a job take to start?"""
from measure import Case, Contender, Lines, Question, mpi, multirank

RANKS = (2, 4, 8, 16, 32, 64)

QUESTION = Question(
    title="How long does a job take to start?",
    note="The time that rank 0 spends in mr_init and in MPI_Init, and in "
         "mr_finalize and MPI_Finalize, on one node. mr_init calls MPI_Init: "
         "what it takes beyond is ours. All ranks share the cores.",
    cases=[Case(f"init_{n}", f"begin, {n} ranks", x=n,
                aim="MPI + 20 ms" if n == 2 else "") for n in RANKS] +
          [Case(f"finalize_{n}", f"end, {n} ranks", x=n) for n in RANKS],
    contenders=[
        Contender("Multirank", tuple(
            multirank("bench/job/start", ranks=n) for n in RANKS)),
        Contender("MPI", tuple(
            mpi("bench/job/start_mpi", ranks=n) for n in RANKS)),
    ],
    plots=(Lines("init_", "ranks", "mr_init and MPI_Init", logy=True),
           Lines("finalize_", "ranks", "mr_finalize and MPI_Finalize",
                 logy=True)),
    repetitions=5,
)
