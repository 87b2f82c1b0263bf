# SPDX-License-Identifier: BSD-3-Clause
"""How much memory does it take?"""
from measure import Case, Contender, Question, mpi, multirank, python

RANKS = (2, 8)

QUESTION = Question(
    title="How much memory does it take?",
    note="Resident memory, where what n processes share counts 1/n in each "
         "(Pss). Of a job that has only begun, for each rank, with its fork "
         "server; and by how much a job of 2 ranks grows with each of 10,000 "
         "locks, Values and queues, of 100,000 items in a queue, and of 32 "
         "processes that wait. multiprocessing has 200 queues, as each takes "
         "two descriptors.",
    cases=[Case(f"memory_{n}", f"a rank, of {n}") for n in RANKS] + [
        Case("lock", "a lock"),
        Case("value", "a Value"),
        Case("queue", "a queue without items"),
        Case("item", "an item of 8 bytes in a queue"),
        Case("process", "a process"),
    ],
    contenders=[
        Contender("Multirank", tuple(
            multirank("bench/job/memory", ranks=n) for n in RANKS) + (
                multirank("bench/objects/memory"),)),
        Contender("MPI", tuple(
            mpi("bench/job/memory_mpi", ranks=n) for n in RANKS)),
        Contender("multiprocessing",
                  python("bench/objects/memory_multiprocessing.py")),
    ],
)
