# SPDX-License-Identifier: BSD-3-Clause
"""How long does an item take that is not copied?"""
from measure import Bars, Case, Contender, Question, alone, multirank, python

SIZES = {"64": "64 bytes", "64KiB": "64 KiB", "1MiB": "1 MiB",
         "64MiB": "64 MiB"}

QUESTION = Question(
    title="How long does an item take that is not copied?",
    note="Half of the way there and back: mr_queue_reserve, mr_queue_commit, "
         "mr_queue_take and mr_item_release by which one side lends an item "
         "to the other, rank 1 or a child process. The first and the last byte "
         "are written and read. A flag: two processes on two cores hand "
         "a block to each other by one number, with nothing around it, and "
         "always the same block. iceoryx2: loan, send and receive, through its "
         "Python package, so that the time is Python's. "
         "In the table `far` the item is sent as one block.",
    cases=[Case(f"there_{name}", text, aim="0.5 us")
           for name, text in SIZES.items()],
    contenders=[
        Contender("Multirank, ranks", multirank("bench/objects/queue_lent"),
                  places=("near", "far", "hosts")),
        Contender("Multirank, children",
                  multirank("bench/objects/queue_lent", "children")),
        Contender("a flag", alone("bench/objects/lent_line")),
        Contender("iceoryx2", python("bench/objects/lent_iceoryx.py",
                                     needs="iceoryx2")),
    ],
    plots=(Bars(tuple(f"there_{size}" for size in SIZES)),),
)
