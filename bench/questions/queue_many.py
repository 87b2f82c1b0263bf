# SPDX-License-Identifier: BSD-3-Clause
"""What if several put to a queue, and several take from it?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, multirank,
                     python)

CASES = {"1_8": "1 and 1, 8 bytes", "1_1KiB": "1 and 1, 1 KiB",
         "1_1MiB": "1 and 1, 1 MiB", "4_8": "4 and 4, 8 bytes",
         "4_1KiB": "4 and 4, 1 KiB", "8_8": "8 and 8, 8 bytes",
         "8_1KiB": "8 and 8, 1 KiB"}

QUESTION = Question(
    title="What if several put to a queue, and several take from it?",
    note="Producers and consumers are processes; the producers put items for "
         "0.2 seconds. Each queue has room for 1,024 items, or for 8 MiB. MPI "
         "has no queue: each producer sends to the consumers in turn, in a "
         "window of 64. lockfree::queue and iceoryx2 cannot wait here: who "
         "finds nothing yields, or asks again. iceoryx2 gives every item to "
         "each subscriber, so that it is asked for one and one only, through "
         "its Python package. "
         "Kill -9 of a user: Multirank's queue goes on, wherever the user was, "
         "and was measured so. A queue of POSIX (mq) lies in the kernel and "
         "goes on. interprocess::message_queue stays locked if the user was "
         "inside a call, and the others hang. lockfree::queue goes on, and may "
         "lose an item or a place. A Queue of multiprocessing hangs if the "
         "user held its lock. MPI ends the job. iceoryx2 removes what belonged "
         "to a dead process, according to its documentation.",
    cases=[Case(name, text, aim="the best peer" if name[0] != "1" else "")
           for name, text in CASES.items()],
    contenders=[
        Contender("Multirank", multirank("bench/objects/queue_many")),
        Contender("MPI by hand", tuple(
            mpi("bench/objects/many_mpi", ranks=n) for n in (2, 8, 16))),
        Contender("POSIX mq", alone("bench/objects/many_mq")),
        Contender("Boost message_queue",
                  alone("bench/objects/many_boost", "interprocess")),
        Contender("Boost lockfree::queue",
                  alone("bench/objects/many_boost", "lockfree")),
        Contender("iceoryx2", python("bench/objects/many_iceoryx.py",
                                     needs="iceoryx2")),
        Contender("multiprocessing",
                  python("bench/objects/many_multiprocessing.py")),
    ],
    plots=(Bars(("1_8", "4_8", "8_8"), "Items of 8 bytes"),
           Bars(("1_1KiB", "4_1KiB", "8_1KiB"), "Items of 1 KiB")),
)
