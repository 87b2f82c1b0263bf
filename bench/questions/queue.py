# SPDX-License-Identifier: BSD-3-Clause
"""How long does an item of a queue take?"""
from measure import Bars, Case, Contender, Question, mpi, multirank, python

QUESTION = Question(
    title="How long does an item of a queue take?",
    note="There and back: an item is put into one queue, and taken from "
         "another by which the other side answers. One way: items are put one "
         "after the other, and the time ends when the last one was taken, at "
         "most 64 MiB before an answer is awaited. The other side is rank 1, "
         "or a child process; each queue lies on the rank that takes from it. "
         "MPI is a ping-pong of MPI_Send and MPI_Recv, and a window of "
         "MPI_Isend: 64, 8 of 1 MiB, one of 64 MiB. In the table `far` MPI "
         "goes through shared memory.",
    cases=[
        Case("there_and_back_8", "there and back, 8 bytes",
             aim="0.4 x MPI's time"),
        Case("there_and_back_1KiB", "there and back, 1 KiB"),
        Case("there_and_back_1MiB", "there and back, 1 MiB"),
        Case("one_way_8", "one way, 8 bytes", aim="20 M/s"),
        Case("one_way_1KiB", "one way, 1 KiB"),
        Case("one_way_1MiB", "one way, 1 MiB"),
        Case("one_way_64MiB", "one way, 64 MiB"),
    ],
    contenders=[
        Contender("Multirank, ranks", multirank("bench/objects/queue"),
                  places=("near", "far", "hosts")),
        Contender("Multirank, children",
                  multirank("bench/objects/queue", "children")),
        Contender("MPI", mpi("bench/objects/talk_mpi"),
                  places=("near", "far", "hosts")),
        Contender("multiprocessing",
                  python("bench/objects/talk_multiprocessing.py", "queue")),
    ],
    plots=(Bars(("there_and_back_8", "there_and_back_1KiB",
                 "there_and_back_1MiB")),
           Bars(("one_way_8", "one_way_1KiB"), "One way")),
)
