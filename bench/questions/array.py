# SPDX-License-Identifier: BSD-3-Clause
"""How fast are slices of an Array copied?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, multirank,
                     python)

SIZES = {"64KiB": "64 KiB", "1MiB": "1 MiB", "64MiB": "64 MiB"}

QUESTION = Question(
    title="How fast are slices of an Array copied?",
    note="mr_array_get and mr_array_set of the first elements of an Array of "
         "64 MiB that lies on the other rank, again and again; a set has "
         "ended when the elements are there. MPI: MPI_Get and MPI_Put in a "
         "window, with a flush, while the owner waits inside MPI. "
         "multiprocessing: memmove under the Array's lock, as slices of it are "
         "lists. In the table `far` MPI goes through shared memory.",
    cases=[Case(f"get_{size}", f"get {text}") for size, text in SIZES.items()] +
          [Case(f"set_{size}", f"set {text}") for size, text in SIZES.items()],
    contenders=[
        Contender("Multirank", multirank("bench/objects/array"),
                  places=("near", "far", "hosts")),
        Contender("MPI", mpi("bench/objects/array_mpi"),
                  places=("near", "far", "hosts")),
        Contender("memcpy", alone("bench/objects/array_memcpy")),
        Contender("multiprocessing",
                  python("bench/objects/array_multiprocessing.py")),
    ],
    plots=(Bars(tuple(f"get_{size}" for size in SIZES), "Get", log=False),
           Bars(tuple(f"set_{size}" for size in SIZES), "Set", log=False)),
)
