# SPDX-License-Identifier: BSD-3-Clause
"""How long does a message through a pipe take?"""
from measure import Bars, Case, Contender, Question, mpi, multirank, python

QUESTION = Question(
    title="How long does a message through a pipe take?",
    note="A pipe that goes both ways; it lies on rank 0. There and back, and "
         "one way, as with queues: the other side is rank 1, or a child "
         "process. In the table `far` MPI goes through shared memory.",
    cases=[
        Case("there_and_back_8", "there and back, 8 bytes"),
        Case("there_and_back_1KiB", "there and back, 1 KiB"),
        Case("there_and_back_1MiB", "there and back, 1 MiB"),
        Case("one_way_8", "one way, 8 bytes"),
        Case("one_way_1KiB", "one way, 1 KiB"),
        Case("one_way_1MiB", "one way, 1 MiB"),
        Case("one_way_64MiB", "one way, 64 MiB"),
    ],
    contenders=[
        Contender("Multirank, ranks", multirank("bench/objects/pipe"),
                  places=("near", "far", "hosts")),
        Contender("Multirank, children",
                  multirank("bench/objects/pipe", "children")),
        Contender("MPI", mpi("bench/objects/talk_mpi"),
                  places=("near", "far", "hosts")),
        Contender("multiprocessing",
                  python("bench/objects/talk_multiprocessing.py", "pipe")),
    ],
    plots=(Bars(("there_and_back_8", "there_and_back_1KiB",
                 "there_and_back_1MiB")),
           Bars(("one_way_8", "one_way_1KiB"), "One way")),
)
