# SPDX-License-Identifier: BSD-3-Clause
"""Compares predictions with what bench/run has measured on this machine: jobs
of one and two ranks, on one node and on two that share its cores."""
import os
import re

from dispatch import Job, on_cores, predict
from machine import calibrated

MEASURED = "Multirank"
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3}
EMPTY = 10 ** 7   # tasks of bench/pool/questions.c
BUSY = 0.1        # seconds of work, there
SCALING = 10e-6   # a task of its last question


def job_of(question, place, case):
    """The map behind a figure; None for those that are not predicted."""
    nodes = 1 if place == "near" else 2
    if question == "empty_tasks" and case in ("one/warm", "batches/warm"):
        if (place, case) != ("near", "batches/warm"):  # that calibrates
            return Job(EMPTY, 0, nodes, 2 // nodes,
                       chunk=1 if case == "one/warm" else 0)
    length = re.fullmatch(r"even/([\d.]+)([num]s)", case)
    if question == "task_length" and length:
        seconds = float(length[1]) * UNITS[length[2]]
        return Job(int(min(EMPTY, 2 * BUSY / seconds)), seconds, nodes,
                   2 // nodes)
    ranks = re.fullmatch(r"(strong|weak)/([12])", case)
    if question == "scaling" and ranks:
        count = int(ranks[2])
        nodes = min(nodes, count)
        return Job(20000 if ranks[1] == "strong" else 2500 * count, SCALING,
                   nodes, count // nodes)
    return None


def predicted(job, machine):
    """As the question tells it: tasks in a second, or efficiency."""
    cores = os.cpu_count() or 1
    seconds = on_cores(predict(job, machine), job, machine, cores)
    if not job.length:
        return job.tasks / seconds
    return job.tasks * job.length / min(job.ranks, cores) / seconds


def check(figures, factor):
    """Prints all that can be compared; the exit status."""
    bad = compared = 0
    for (question, place, contender, case), measured in figures.items():
        job = job_of(question, place, case) if contender == MEASURED else None
        if not job:
            continue
        expected = predicted(job, calibrated(figures, place))
        ratio = max(expected, measured) / min(expected, measured)
        compared += 1
        bad += ratio > factor
        print(f"{'ok' if ratio <= factor else 'FAR OFF':7} {place:5} "
              f"{question:12} {case:13} predicted {expected:9.3g}, measured "
              f"{measured:9.3g}: {ratio:.2f} x")
    if not compared:
        print("there is nothing to compare: bench/run empty_tasks task_length "
              "scaling queue")
        return 1
    print(f"{compared - bad} of {compared} within a factor of {factor:g}")
    return 1 if bad else 0
