# SPDX-License-Identifier: BSD-3-Clause
"""Contenders are compared with Multirank alone, and what does not fit is told.
The contenders are scripts that print figures."""
import contextlib
import io
import os
import sys
import tempfile
import unittest
from types import SimpleNamespace

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
sys.path.insert(0, os.path.join(SOURCES, "bench"))

import suite  # noqa: E402
from measure import (Case, Contender, Question, alone, collect,  # noqa: E402
                     table)

FAILS = "exit 3"
ABSENT = "echo there is no such thing; exit 77"


def ask(scripts, asked=1, calibrate=None):
    """What comes out when each contender is such a script, so often; one may
    calibrate."""
    with tempfile.TemporaryDirectory() as folder:
        for label, script in scripts.items():
            path = os.path.join(folder, label)
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(path, 0o700)
        question = Question(
            title="Any", cases=[Case("a", "first"), Case("b", "second")],
            contenders=[Contender(label, alone(label)) for label in scripts
                        if label != calibrate],
            calibrate=alone(calibrate) if calibrate else None)
        settings = SimpleNamespace(build=folder, mpirun="",
                                   repetitions=asked)
        with contextlib.redirect_stderr(io.StringIO()):
            results = collect.collect("any", question, "near", settings)
    return question, results


def rows(scripts):
    return list(table.rows(*ask(scripts)))


class Ratios(unittest.TestCase):
    def test_ratio_is_that_to_the_first_contender(self):
        self.assertEqual(
            rows({"Multirank": "echo a 2 us; echo b 4 M/s",
                  "Multirank, other": "echo a 1 us",
                  "MPI": "echo a 6 us; echo b 1 M/s"}),
            [["what", "Multirank", "Multirank, other", "MPI"],
             ["first", "2 us", "1 us: 0.5 x", "6 us: 3 x"],
             ["second", "4 M/s", "", "1 M/s: 4 x"]])

    def test_other_column_of_multirank_stands_in_for_a_missing_case(self):
        self.assertEqual(
            rows({"Multirank": "echo b 1 us", "MPI": "echo a 6 us",
                  "Multirank, other": "echo a 2 us"})[1],
            ["first", "", "6 us: 3 x", "2 us"])

    def test_peers_are_not_compared_with_each_other(self):
        peers = {"MPI": "echo a 6 us", "OpenMP": "echo a 3 us"}
        for ours in ({"Multirank": FAILS}, {"Multirank": ABSENT},
                     {"Multirank": FAILS, "Multirank, other": "echo a 1 us"}):
            self.assertEqual([text for text in rows(ours | peers)[1]
                              if " x" in text], [], ours)


class Failures(unittest.TestCase):
    def test_other_unit_is_told(self):
        question, results = ask({"Multirank": "echo a 2 us",
                                 "MPI": "echo a 900 ns"})
        self.assertEqual([label for label, _ in results.broken], ["MPI"])
        self.assertNotIn("MPI", results.values)
        self.assertIn("it tells a in ns, and others in us",
                      table.markdown(question, results))

    def test_failed_calibration_is_told_and_nobody_asked(self):
        for script in (FAILS, "true", "echo nothing of use"):
            _, results = ask({"peak": script, "Multirank": "echo a 2 us"},
                             calibrate="peak", asked=3)
            self.assertEqual([label for label, _ in results.broken], ["peak"])
            self.assertEqual(results.values, {})

    def test_calibration_reaches_contenders(self):
        _, results = ask({"peak": "echo BENCH_TEST 2 cores",
                          "Multirank": "echo a $BENCH_TEST us"},
                         calibrate="peak")
        self.assertEqual(results.broken, [])
        self.assertEqual(results.values, {"Multirank": {"a": [2]}})


class Repetitions(unittest.TestCase):
    def test_number_of_repetitions_is_told(self):
        scripts = {"Multirank": "echo a 2 us"}
        for asked, told in ((5, "Medians of 5 repetitions."),
                            (1, "Each was asked once.")):
            question, results = ask(scripts, asked)
            self.assertIn(told, table.markdown(question, results))
            self.assertEqual(len(results.values["Multirank"]["a"]), asked)


if __name__ == "__main__":
    suite.main("tables")
