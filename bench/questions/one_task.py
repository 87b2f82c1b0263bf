# SPDX-License-Identifier: BSD-3-Clause
"""How long does a single task take, there and back?"""
from measure import (Bars, Case, Contender, Question, mpi, mpi_python,
                     multirank, python)

POOL = "bench/pool/"

QUESTION = Question(
    title="How long does a single task take, there and back?",
    note="A map of one task that returns at once, 2,000 times in a row; the "
         "mean. By hand it is a message to a rank that waits for it, and one "
         "back: a ping-pong.",
    cases=[Case("single", "a map of one empty task", aim="1 x by hand")],
    contenders=[
        Contender("Multirank", multirank(POOL + "multirank", "single"),
                  places=("near", "far", "hosts")),
        Contender("MPI by hand", mpi(POOL + "by_hand", "single"),
                  places=("near", "far", "hosts")),
        Contender("multiprocessing", python(
            POOL + "with_multiprocessing.py", "--workers", "2", "single")),
        Contender("mpi4py.futures", mpi_python(
            POOL + "with_mpi4py.py", "--workers", "2", "single",
            ranks=3, launcher=("-m", "mpi4py.futures"))),
        Contender("mpire", python(
            POOL + "with_mpire.py", "--workers", "2", "--limit", "100",
            "single", needs="mpire")),
    ],
    plots=(Bars(("single",)),),
)
