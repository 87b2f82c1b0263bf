# SPDX-License-Identifier: BSD-3-Clause
"""How long does an item of a queue take?"""
from measure import talk

QUESTION = talk(
    "queue",
    title="How long does an item of a queue take?",
    note="There and back: an item is put into one queue, and taken from "
         "another by which the other side answers. One way: items are put one "
         "after the other, and the time ends when the last one was taken, at "
         "most 64 MiB before an answer is awaited. The other side is rank 1, "
         "or a child process; each queue lies on the rank that takes from it. "
         "MPI is a ping-pong of MPI_Send and MPI_Recv, and a window of "
         "MPI_Isend: 64, 8 of 1 MiB, one of 64 MiB. A cache line: a number "
         "that two processes on two cores hand to each other, with nothing "
         "around it. In the table `far` MPI goes through shared memory.",
    aims={"there_and_back_8": "0.4 x MPI's time", "one_way_8": "20 M/s"},
)
