# SPDX-License-Identifier: BSD-3-Clause
"""What do more ranks bring?"""
from measure import Case, Contender, Lines, Question, alone, mpi, multirank
from measure import python

POOL = "bench/pool/"
RANKS = (1, 2, 4, 8, 16, 32, 64)


def each(program, *arguments):
    return tuple(program(*arguments, ranks=ranks) for ranks in RANKS)


QUESTION = Question(
    title="What do more ranks bring?",
    note="Efficiency of the cores at work, as in the questions before, with "
         "tasks of 10 us: 20,000 of them (strong scaling), and 2,500 for "
         "each rank (weak scaling). With more ranks than cores it cannot "
         "rise; that it does not fall is the question. OpenMP has as many "
         "threads, multiprocessing as many processes.",
    cases=[Case(f"strong/{ranks}", f"20,000 tasks, {ranks} ranks", x=ranks)
           for ranks in RANKS]
          + [Case(f"weak/{ranks}", f"{2500 * ranks:,} tasks, {ranks} ranks",
                  x=ranks) for ranks in RANKS],
    contenders=[
        Contender("Multirank", each(multirank, POOL + "multirank", "scaling"),
                  places=("near", "far", "hosts")),
        Contender("MPI by hand", each(mpi, POOL + "by_hand", "--chunk", "4",
                                      "scaling"),
                  places=("near", "far", "hosts")),
        Contender("OpenMP, dynamic", tuple(
            alone(POOL + "openmp", "--threads", str(ranks), "--schedule",
                  "dynamic", "scaling") for ranks in RANKS)),
        Contender("multiprocessing", tuple(
            python(POOL + "with_multiprocessing.py", "--workers", str(ranks),
                   "scaling") for ranks in RANKS)),
    ],
    plots=(Lines("strong/", "ranks", "Strong scaling: 20,000 tasks"),
           Lines("weak/", "ranks", "Weak scaling: 2,500 tasks a rank")),
    calibrate=alone(POOL + "peak"),
)
