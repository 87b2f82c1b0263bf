# SPDX-License-Identifier: BSD-3-Clause
"""How well are tasks of some length shared out?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, mpi_python,
                     multirank, python)

POOL = "bench/pool/"
LENGTHS = ("100ns", "1us", "10us", "1ms")
CASES = tuple(f"{shape}/{length}" for shape in ("even", "one")
              for length in LENGTHS)


def text(case):
    shape, length = case.split("/")
    return f"{length}, " + ("all even" if shape == "even"
                            else "one of them 1000 times as long")


QUESTION = Question(
    title="How well are tasks of some length shared out?",
    note="Efficiency of two cores: the time in which both, each for itself "
         "and at once, would do the work of all tasks (or one core the "
         "longest), over the time of the map. There is work for 0.1 s, so "
         "200,000 tasks of 1 us; fewer for what would take far longer. The "
         "long task comes after 62 % of the others. Each case has one map "
         "before that is not timed. By hand: batches of some 16 us, 160 to 1 "
         "tasks; the master works, too. libcircle: rank 0 enqueues all "
         "tasks; inputs and outputs stay in "
         "shared memory, as no result comes back. Python's tasks are loops of "
         "Python, measured against such loops in two processes at once.",
    cases=[Case(case, text(case), aim="95 %" if "/1us" in case else "")
           for case in CASES],
    contenders=[
        Contender("Multirank", multirank(POOL + "multirank", "lengths",
                                         *CASES),
                  places=("near", "far", "hosts")),
        Contender("OpenMP, dynamic", alone(
            POOL + "openmp", "--threads", "2", "--schedule", "dynamic",
            "lengths", *CASES)),
        Contender("OpenMP, static", alone(
            POOL + "openmp", "--threads", "2", "--schedule", "static",
            "lengths", *CASES)),
        Contender("MPI by hand", mpi(POOL + "by_hand", "lengths", *CASES),
                  places=("near", "far", "hosts")),
        Contender("Scatter/Gather", mpi(POOL + "scatter", "lengths", *CASES),
                  places=("near", "far", "hosts")),
        Contender("libcircle", mpi(POOL + "with_libcircle", "lengths",
                                   *CASES)),
        Contender("multiprocessing", python(
            POOL + "with_multiprocessing.py", "--workers", "2", "lengths",
            *CASES)),
        Contender("mpi4py.futures", mpi_python(
            POOL + "with_mpi4py.py", "--workers", "2", "--limit", "200000",
            "lengths", *CASES, ranks=3, launcher=("-m", "mpi4py.futures"))),
        Contender("mpire", python(
            POOL + "with_mpire.py", "--workers", "2", "--limit", "20000",
            "lengths", *CASES, needs="mpire")),
    ],
    plots=(Bars(CASES[:4], "Even tasks", log=False),
           Bars(CASES[4:], "One task 1000 times as long", log=False)),
    calibrate=alone(POOL + "peak"),
)
