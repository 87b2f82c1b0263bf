# SPDX-License-Identifier: BSD-3-Clause
"""What a queue and a pipe are asked alike: see bench/objects/talk.h."""
from .launch import alone, mpi, multirank, python
from .plot import Bars
from .question import Case, Contender, Question

SIZES = {"8": "8 bytes", "1KiB": "1 KiB", "1MiB": "1 MiB", "64MiB": "64 MiB"}


def talk(what, title, note, aims):
    """A question about `what`, which is the name of its program, too; aims by
    the names of cases."""
    names = ([f"there_and_back_{size}" for size in SIZES if size != "64MiB"]
             + [f"one_way_{size}" for size in SIZES])
    return Question(
        title=title,
        note=note,
        cases=[Case(name, text_of(name), aim=aims.get(name, ""))
               for name in names],
        contenders=[
            Contender("Multirank, ranks", multirank(f"bench/objects/{what}"),
                      places=("near", "far", "hosts")),
            Contender("Multirank, children",
                      multirank(f"bench/objects/{what}", "children")),
            Contender("MPI", mpi("bench/objects/talk_mpi"),
                      places=("near", "far", "hosts")),
            Contender("a cache line", alone("bench/objects/talk_line")),
            Contender("multiprocessing", python(
                "bench/objects/talk_multiprocessing.py", what)),
        ],
        plots=(Bars(tuple(names[:3])),
               Bars(("one_way_8", "one_way_1KiB"), "One way")),
    )


def text_of(name):
    way, size = name.rsplit("_", 1)
    return f"{way.replace('_', ' ')}, {SIZES[size]}"
