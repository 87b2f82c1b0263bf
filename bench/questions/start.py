# SPDX-License-Identifier: BSD-3-Clause
"""How long does a job take to start?"""
from measure import Case, Contender, Lines, Question, alone, mpi, multirank

RANKS = (2, 4, 8, 16, 32, 64)

QUESTION = Question(
    title="How long does a job take to start?",
    note="The time that rank 0 spends in mr_init and in MPI_Init, and in "
         "mr_finalize and MPI_Finalize, on one node. mr_init calls MPI_Init; "
         "what it takes beyond that is told by a program that has started MPI "
         "itself, and calls mr_init then. All ranks share the cores. One rank "
         "that no launcher has started needs no MPI; beside it stands a program "
         "that forks once and calls MPI_Init.",
    cases=[Case("init_1", "begin, one rank without a launcher", x=1,
                aim="20 ms"),
           Case("finalize_1", "end, one rank without a launcher", x=1)] +
          [Case(f"init_{n}", f"begin, {n} ranks", x=n) for n in RANKS] +
          [Case(f"beyond_mpi_{n}", f"mr_init without MPI_Init, {n} ranks", x=n,
                aim="20 ms" if n == 2 else "") for n in RANKS] +
          [Case(f"finalize_{n}", f"end, {n} ranks", x=n) for n in RANKS],
    contenders=[
        Contender("Multirank", (alone("bench/job/start", "one"),) + tuple(
            multirank(program, ranks=n) for n in RANKS
            for program in ("bench/job/start", "bench/job/start_beyond_mpi"))),
        Contender("MPI", (alone("bench/job/start_mpi", "one"),) + tuple(
            mpi("bench/job/start_mpi", ranks=n) for n in RANKS)),
    ],
    plots=(Lines("init_", "ranks", "mr_init and MPI_Init", logy=True),
           Lines("beyond_mpi_", "ranks", "mr_init without MPI_Init",
                 logy=True),
           Lines("finalize_", "ranks", "mr_finalize and MPI_Finalize",
                 logy=True)),
)
