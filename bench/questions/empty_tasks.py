# SPDX-License-Identifier: BSD-3-Clause
"""How many tasks in a second, when they do nothing?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, mpi_python,
                     multirank, python)

POOL = "bench/pool/"
DRAGON = ("dragon", "--single-node-override")


def both(program, one, batches, **more):
    """Tasks given out one by one, and in batches."""
    return (program(*one, **more), program(*batches, **more))


QUESTION = Question(
    title="How many empty tasks in a second?",
    note="A map of a function that returns at once, over 8-byte inputs, with "
         "2 workers. Cold is the first map of a job, warm the third. "
         "Given out one by one (schedule(dynamic, 1), chunksize=1), or in "
         "batches as each contender chooses them; by hand they are of 8,000 "
         "tasks, and single tasks are sent 4 at a time to each worker. In "
         "place: inputs and outputs lie in a shared Array. Scatter/Gather "
         "and OpenMP's static loop give equal shares. libcircle brings tasks, "
         "which are strings, and no results: here a string is a place in "
         "shared memory, where input and output stay. One by one: rank 0 "
         "enqueues all, a rank without tasks gets half of another's queue, and "
         "each takes them singly from its own. In batches: each enqueues an "
         "equal share, and takes 64 between two looks for messages.",
    cases=[
        Case("one/cold", "one by one, cold"),
        Case("one/warm", "one by one, warm", aim="100 M/s"),
        Case("batches/cold", "in batches, cold", aim="80 M/s"),
        Case("batches/warm", "in batches, warm", aim="200 M/s"),
    ],
    contenders=[
        Contender("Multirank", both(
            multirank,
            (POOL + "multirank", "--chunk", "1", "empty", "one"),
            (POOL + "multirank", "empty", "batches")),
            places=("near", "far", "hosts")),
        Contender("Multirank, in place", both(
            multirank,
            (POOL + "multirank", "--in-place", "--chunk", "1", "empty", "one"),
            (POOL + "multirank", "--in-place", "empty", "batches"))),
        Contender("OpenMP", both(
            alone,
            (POOL + "openmp", "--threads", "2", "--schedule", "dynamic",
             "empty", "one"),
            (POOL + "openmp", "--threads", "2", "--schedule", "static",
             "empty", "batches"))),
        Contender("MPI by hand", both(
            mpi,
            (POOL + "by_hand", "--chunk", "1", "--limit", "200000",
             "empty", "one"),
            (POOL + "by_hand", "--chunk", "8000", "empty", "batches")),
            places=("near", "far", "hosts")),
        Contender("Scatter/Gather",
                  mpi(POOL + "scatter", "empty", "batches"),
                  places=("near", "far", "hosts")),
        Contender("libcircle", both(
            mpi,
            (POOL + "with_libcircle", "--chunk", "1", "empty", "one"),
            (POOL + "with_libcircle", "--schedule", "static", "empty",
             "batches"))),
        Contender("multiprocessing", both(
            python,
            (POOL + "with_multiprocessing.py", "--workers", "2", "--chunk",
             "1", "--limit", "10000", "empty", "one"),
            (POOL + "with_multiprocessing.py", "--workers", "2", "empty",
             "batches"))),
        Contender("mpi4py.futures", both(
            mpi_python,
            (POOL + "with_mpi4py.py", "--workers", "2", "--chunk", "1",
             "--limit", "2000", "empty", "one"),
            (POOL + "with_mpi4py.py", "--workers", "2", "--limit", "200000",
             "empty", "batches"),
            ranks=3, launcher=("-m", "mpi4py.futures"))),
        Contender("mpire", both(
            python,
            (POOL + "with_mpire.py", "--workers", "2", "--chunk", "1",
             "--limit", "10000", "empty", "one"),
            (POOL + "with_mpire.py", "--workers", "2", "--limit", "200000",
             "empty", "batches"),
            needs="mpire")),
        Contender("Dragon", both(
            python,
            (POOL + "with_dragon.py", "--workers", "2", "--chunk", "1",
             "--limit", "200", "empty", "one"),
            (POOL + "with_dragon.py", "--workers", "2", "--limit", "200000",
             "empty", "batches"),
            needs="dragon", launcher=DRAGON)),
    ],
    plots=(Bars(("one/warm", "batches/cold", "batches/warm")),),
)
