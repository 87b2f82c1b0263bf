# SPDX-License-Identifier: BSD-3-Clause
"""How long does a message through a pipe take?"""
from measure import talk

QUESTION = talk(
    "pipe",
    title="How long does a message through a pipe take?",
    note="A pipe that goes both ways; it lies on rank 0. There and back, and "
         "one way, as with queues: the other side is rank 1, or a child "
         "process. A cache line: a number that two processes on two cores hand "
         "to each other, with nothing around it. In the table `far` MPI goes "
         "through shared memory.",
    aims={},
)
