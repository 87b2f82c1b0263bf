# SPDX-License-Identifier: BSD-3-Clause
"""How long does it take to start a process?"""
from measure import (Bars, Case, Contender, Question, alone, mpi, multirank,
                     python)

SCRIPT = "bench/objects/process_multiprocessing.py"
PLAIN = "bench/objects/process_plain"

QUESTION = Question(
    title="How long does it take to start a process?",
    note="From the start of a process that does nothing until its end is "
         "known: of one after the other, and of 16 that are started before "
         "the first is waited for, for each of them. fork copies a small "
         "program, posix_spawn starts it again. MPI_Comm_spawn is timed until "
         "both sides have disconnected.",
    cases=[
        Case("start_join", "one after the other", aim="1,000 us"),
        Case("start_join_16_at_once", "16 at once, each"),
    ],
    contenders=[
        Contender("Multirank", multirank("bench/objects/process"),
                  places=("near", "far", "hosts")),
        Contender("fork, wait", alone(PLAIN, "fork")),
        Contender("posix_spawn, wait", alone(PLAIN, "spawn")),
        Contender("multiprocessing, fork", python(SCRIPT, "fork")),
        Contender("multiprocessing, forkserver", python(SCRIPT, "forkserver")),
        Contender("MPI_Comm_spawn",
                  mpi("bench/objects/process_mpi", ranks=1)),
    ],
    plots=(Bars(("start_join", "start_join_16_at_once")),),
)
