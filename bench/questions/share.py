# SPDX-License-Identifier: BSD-3-Clause
"""How fast do data reach all nodes?"""
from measure import Bars, Case, Contender, Question, mpi, multirank

SIZES = {"64KiB": "64 KiB", "1MiB": "1 MiB", "64MiB": "64 MiB"}

QUESTION = Question(
    title="How fast do data reach all nodes?",
    note="A replicated Array is created and destroyed; a process on each of "
         "the other ranks reads the whole of an ordinary one; MPI_Bcast and "
         "MPI_Barrier. Four ranks: each is a node of its own in the table "
         "`far`, two are on each of two hosts in the table `hosts`. There a "
         "replicated Array travels once, as it lies once on each node, and "
         "what is read by each rank as often as there are ranks.",
    cases=[Case(f"share_{size}", text) for size, text in SIZES.items()],
    contenders=[
        Contender("Multirank, replicated",
                  multirank("bench/objects/share", "replicated", ranks=4),
                  places=("near", "far", "hosts")),
        Contender("Multirank, read by each",
                  multirank("bench/objects/share", "get", ranks=4),
                  places=("near", "far", "hosts")),
        Contender("MPI_Bcast", mpi("bench/objects/share_mpi", ranks=4),
                  places=("near", "far", "hosts")),
    ],
    plots=(Bars(tuple(f"share_{size}" for size in SIZES), "Share", log=False),),
)
