# SPDX-License-Identifier: BSD-3-Clause
"""How short may a task be?"""
from measure import (Case, Contender, Lines, Question, alone, mpi, mpi_python,
                     multirank, python)

POOL = "bench/pool/"
# Microseconds, halved again and again; Python begins with longer ones.
LENGTHS = [16384 / 2 ** i for i in range(23)]

QUESTION = Question(
    title="How short may a task be?",
    note="The minimum effective task granularity, METG(50 %), of Slaughter et "
         "al., Task Bench, SC 2020: the shortest task with which half of the "
         "time of two cores is work. There is work for 0.05 s (fewer tasks "
         "where that would be more than 4 million), halved in length until "
         "less than half is work. One by one: --chunk 1, schedule(dynamic, "
         "1), chunksize=1; else batches as the contender chooses them, by "
         "hand of some 16 us (at most 8,192 tasks). With libcircle so many "
         "are done between two looks for messages; inputs and outputs stay in "
         "shared memory, as no result comes back. Efficiencies are as in the "
         "question before.",
    cases=[Case("smallest", "shortest task with 50 % efficiency")]
          + [Case(f"even/{length:g}us", f"efficiency at {length:g} us",
                  x=length, only_plot=True) for length in LENGTHS],
    contenders=[
        Contender("Multirank", multirank(POOL + "multirank", "smallest"),
                  places=("near", "far", "hosts")),
        Contender("Multirank, one by one", multirank(
            POOL + "multirank", "--chunk", "1", "smallest"),
            places=("near", "far", "hosts")),
        Contender("OpenMP, dynamic", alone(
            POOL + "openmp", "--threads", "2", "--schedule", "dynamic",
            "smallest")),
        Contender("OpenMP, static", alone(
            POOL + "openmp", "--threads", "2", "--schedule", "static",
            "smallest")),
        Contender("MPI by hand", mpi(POOL + "by_hand", "smallest"),
                  places=("near", "far", "hosts")),
        Contender("MPI by hand, one by one", mpi(
            POOL + "by_hand", "--chunk", "1", "smallest"),
            places=("near", "far", "hosts")),
        Contender("libcircle", mpi(POOL + "with_libcircle", "smallest")),
        Contender("libcircle, one by one", mpi(
            POOL + "with_libcircle", "--chunk", "1", "smallest")),
        Contender("multiprocessing", python(
            POOL + "with_multiprocessing.py", "--workers", "2", "--limit",
            "200000", "smallest")),
        Contender("multiprocessing, one by one", python(
            POOL + "with_multiprocessing.py", "--workers", "2", "--limit",
            "5000", "--chunk", "1", "smallest")),
        Contender("mpi4py.futures", mpi_python(
            POOL + "with_mpi4py.py", "--workers", "2", "--limit", "100000",
            "smallest", ranks=3, launcher=("-m", "mpi4py.futures"))),
    ],
    plots=(Lines("even/", "length of a task, us", "How much of the time of two cores is work",
                 without=("libcircle", "libcircle, one by one",
                          "multiprocessing, one by one")),),
    calibrate=alone(POOL + "peak"),
)
