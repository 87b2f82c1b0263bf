# SPDX-License-Identifier: BSD-3-Clause
"""Questions, the cases that they ask, and the contenders that answer."""
import importlib.util
import os
from dataclasses import dataclass

FOLDER = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "questions")


@dataclass(frozen=True)
class Case:
    """A row of the table: a name that programs print, and what it means."""
    name: str
    text: str
    x: float | None = None  # where it lies in a plot with lines
    aim: str = ""           # what we want to reach on one node
    only_plot: bool = False  # not a row of the table


@dataclass(frozen=True)
class Contender:
    """A column: a program, or several that have some of the cases each.

    `places` are those where it can run: near (one node), far (each rank is
    taken for a node of its own) and hosts (two simulated ones, over TCP).
    """
    label: str
    programs: object  # a Program (launch.py), or a tuple of them
    places: tuple = ("near",)

    def launches(self):
        return (self.programs if isinstance(self.programs, tuple)
                else (self.programs,))


@dataclass(frozen=True)
class Question:
    """One table. Ratios are relative to the first contender, or to the next
    of Multirank where that one has no such case.

    What `calibrate`, a Program, prints is in the environment of the others,
    measured again in each repetition.
    """
    title: str
    cases: list
    contenders: list
    note: str = ""
    plots: tuple = ()
    calibrate: object = None

    def places(self):
        return [place for place in ("near", "far", "hosts")
                if any(place in contender.places
                       for contender in self.contenders)]


def load(name):
    """The question in the file of that name."""
    path = os.path.join(FOLDER, name + ".py")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.QUESTION
