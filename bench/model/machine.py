# SPDX-License-Identifier: BSD-3-Clause
"""What a machine costs: measured figures, and where they come from.

Times are in seconds. The defaults are the medians in README.md, of a virtual
machine with two cores; the CSV file of bench/run replaces what it has.
"""
import csv
import dataclasses
import statistics

TASK_BYTES = 16  # of a measured task: 8 of input, 8 of output
WORKERS = 2      # of a measured job


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a map pays for, apart from its tasks."""
    task: float = 5.1e-9     # a worker's loop, for each task
    claim: float = 18e-9     # a worker takes a chunk
    copy: float = 0.2e-9     # the caller copies a byte, on its own node
    send: float = 0.29e-9    # ... to another: 1 / bandwidth (Hockney 1994)
    start: float = 2e-6      # a part on the caller's node
    trip: float = 2.7e-6     # there and back between nodes: 2 L + 4 o (LogP;
                             # Culler et al. 1993)
    message: float = 0.4e-6  # one of a stream of messages: o, or g

    @property
    def care(self):
        """The caller's time for a part of another node: it is made, and its
        end is asked for."""
        return 2 * self.trip

    @property
    def watch(self):
        """The same for each other node, whenever it waits: a WATCH there, its
        end, and the answers."""
        return 4 * self.message


UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "M/s": 1e6, "k/s": 1e3,
         "/s": 1, "GB/s": 1e9, "%": 0.01}


def read_figures(path):
    """Medians of the CSV of bench/run, by (question, place, contender, case),
    in seconds, bytes and parts of 1."""
    values = {}
    names = ("question", "place", "contender", "case")
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if line[0] != "#")
        if not {*names, "value", "unit"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{path} is no results.csv of bench/run")
        for row in rows:
            if row["unit"] in UNITS:
                values.setdefault(tuple(row[name] for name in names),
                                  []).append(
                    float(row["value"]) * UNITS[row["unit"]])
    return {key: statistics.median(some) for key, some in values.items()}


def calibrated(figures, place):
    """A machine of these figures, whose nodes are joined as at that place."""
    def empty(contender, case):
        return figures.get(("empty_tasks", "near", contender, case))

    def queue(case):
        return next((value for (question, *rest), value in figures.items()
                     if question.startswith("queue")
                     and rest == [place, "Multirank", case]), None)

    found = {}
    in_place = empty("Multirank, in place", "batches/warm")
    one = empty("Multirank, in place", "one/warm")
    copied = empty("Multirank", "batches/warm")
    if in_place:
        found["task"] = WORKERS / in_place
        if one:
            found["claim"] = max(0, WORKERS / one - found["task"])
        if copied:  # by a third process, for which there is no third core
            found["copy"] = max(0, (WORKERS / copied - found["task"])
                                / TASK_BYTES)
    if queue("there_and_back_8"):
        found["trip"] = queue("there_and_back_8")
    if queue("one_way_8"):
        found["message"] = 1 / queue("one_way_8")
    if queue("one_way_1MiB"):
        found["send"] = 1 / queue("one_way_1MiB")
    return dataclasses.replace(Machine(), **found)
