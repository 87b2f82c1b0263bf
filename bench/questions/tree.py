# SPDX-License-Identifier: BSD-3-Clause
"""How long do tasks take that make tasks?"""
from measure import Bars, Case, Contender, Question, alone, multirank

POOL = "bench/pool/"

QUESTION = Question(
    title="How long do tasks take that make tasks?",
    note="Trees of empty tasks with 2^22 leaves: each task but the leaves "
         "makes two others. In `join` it waits for them and adds up what they "
         "give; in `visit` nobody waits but the map. The time is that of the "
         "whole tree for each task, on two cores. GCC's OpenMP runs a task "
         "inside the one that makes it once 64 for each thread wait.",
    cases=[Case("join", "a task that waits for two others",
                aim="ahead of OpenMP"),
           Case("visit", "a task that nobody waits for",
                aim="ahead of OpenMP")],
    contenders=[
        Contender("Multirank", multirank(POOL + "tree"),
                  places=("near", "far", "hosts")),
        Contender("OpenMP", alone(POOL + "tree_openmp", "2")),
    ],
    plots=(Bars(("join", "visit")),),
)
