# SPDX-License-Identifier: BSD-3-Clause
"""The model of how a map is scheduled: its rules are those of the library, its two
ways agree, and a prediction that is wrong is told."""
import contextlib
import dataclasses
import io
import os
import re
import sys
import tempfile
import unittest

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
sys.path.insert(0, os.path.join(SOURCES, "bench/model"))

import suite  # noqa: E402
import check  # noqa: E402
import dispatch  # noqa: E402
import machine  # noqa: E402
from dispatch import Job, estimate, batch_size, simulate  # noqa: E402

MACHINE = machine.Machine()
FREE = machine.Machine(**{field.name: 0 for field in
                          dataclasses.fields(machine.Machine)})


def defined(path, name):
    """The value of a constant in a source of the library."""
    with open(os.path.join(SOURCES, "framework", path),
              encoding="utf-8") as file:
        found = re.search(rf"\b{name}\b[ =]+(\d+)(?: << (\d+))?", file.read())
    return int(found[1]) << int(found[2] or 0)


class Model(unittest.TestCase):
    def test_rules_are_those_of_the_library(self):
        self.assertEqual(dispatch.BATCH_BYTES,
                         defined("pool/schedule.c", "BATCH_BYTES"))
        self.assertEqual(dispatch.GOOD_BYTES,
                         defined("pool/gather.c", "GOOD_BYTES"))
        self.assertEqual(round(dispatch.BATCH_TIME * 1e9),
                         defined("pool/gather.c", "BATCH_TIME"))
        self.assertEqual(dispatch.FAR_BATCHES,
                         defined("pool/scheduler.h", "MRI_SCHEDULE_FAR"))
        self.assertEqual(dispatch.NEAR_CHUNKS,
                         defined("pool/gather.c", "NEAR_CHUNKS"))
        self.assertEqual(dispatch.NEAR_BATCHES,
                         defined("pool/scheduler.h", "MRI_SCHEDULE_NEAR"))
        self.assertEqual(dispatch.MOST_UNDER_WAY + 1, defined(
            "pool/scheduler.h", "MRI_SCHEDULE_WAITS"))
        self.assertLess(defined("pool/worker/run.c", "SHORT_CHUNK"),
                        dispatch.CHUNK_TIME * 1e9)
        self.assertGreater(defined("pool/worker/run.c", "LONG_CHUNK"),
                           dispatch.CHUNK_TIME * 1e9)

    def test_batch_is_half_of_a_share_and_no_less_than_is_worth_it(self):
        job = Job(tasks=8000, length=1e-3, nodes=2, cores=4)
        self.assertEqual(batch_size(job, 8000, 0, 0), 2000)
        self.assertEqual(batch_size(job, 4000, 0, 0), 1000)
        self.assertEqual(batch_size(job, 100, 0, 0), 24)
        self.assertEqual(batch_size(job, 100, 0.01, 1e-3), 40)
        self.assertEqual(batch_size(job, 3, 0, 0), 3)
        alone = dataclasses.replace(job, nodes=1)
        self.assertEqual(batch_size(alone, 8000, 0, 0), 8000)
        huge = dataclasses.replace(job, tasks=10 ** 9)
        self.assertEqual(batch_size(huge, 10 ** 9, 0, 0), (2 << 20) // 16)

    def test_all_tasks_are_scheduled_once(self):
        for job in (Job(1, 1e-3, 4, 2), Job(12345, 1e-6, 3, 2),
                    Job(99999, 1e-4, 7, 5, uneven=True)):
            schedule = dispatch.Simulation(job, MACHINE, 1)
            sizes = []
            size_of = dispatch.batch_size
            try:
                dispatch.batch_size = lambda *args: (
                    sizes.append(size_of(*args)) or sizes[-1])
                schedule.run()
            finally:
                dispatch.batch_size = size_of
            self.assertEqual(sum(sizes), job.tasks)
            self.assertGreater(min(sizes), 0)

    def test_without_costs_it_is_the_work_shared_out(self):
        for nodes, cores in ((1, 1), (1, 8), (4, 8), (16, 1)):
            job = Job(32 * 1024, 1e-2, nodes, cores)
            work = job.tasks * job.length / job.ranks
            self.assertAlmostEqual(simulate(job, FREE).seconds / work, 1, 2)
            self.assertAlmostEqual(estimate(job, FREE).seconds / work, 1, 2)

    def test_simulation_and_estimate_agree(self):
        for length in (0, 1e-6, 1e-5, 1e-3):
            for nodes, cores in ((1, 2), (2, 1), (4, 4), (16, 16), (64, 64)):
                for uneven in (False, True):
                    ranks = nodes * cores
                    tasks = ranks / max(length, MACHINE.task)
                    job = Job(int(min(tasks, 1e9)), length, nodes, cores,
                              uneven)
                    ratio = (estimate(job, MACHINE).seconds
                             / simulate(job, MACHINE).seconds)
                    self.assertLess(abs(ratio - 1), 0.1, job)

    def test_rank_0_is_the_limit_where_bytes_take_longer_than_work(self):
        for nodes, limit in ((2, "workers"), (64, "rank 0")):
            job = Job(10 ** 7, 1e-6, nodes, 16)
            self.assertEqual(simulate(job, MACHINE).limit, limit)
            self.assertEqual(estimate(job, MACHINE).limit, limit)

    def test_no_more_nodes_than_parts_that_can_be_waited_for(self):
        few, many = (Job(10 ** 6, 0.1, nodes, 1) for nodes in (511, 1022))
        for way in (simulate, estimate):
            self.assertAlmostEqual(way(few, MACHINE).seconds
                                   / way(many, MACHINE).seconds, 1, 1)
        self.assertEqual(estimate(many, MACHINE).limit, "parts under way")

    def test_predictions_are_near_the_figures_of_the_readme(self):
        """Of maps of empty tasks; two nodes on two cores poll, which is not
        predicted."""
        near = Job(10 ** 7, 0, 1, 2, chunk=1)
        far = Job(2 * 10 ** 6, 0, 2, 1, chunk=64)
        for job, measured, factor in ((near, 69e6, 1.3), (far, 115e6, 2)):
            outcome = dispatch.predict(job, MACHINE)
            rate = job.tasks / dispatch.on_cores(outcome, job, MACHINE, 2)
            self.assertLess(max(rate, measured) / min(rate, measured), factor)


HEADER = "question,place,contender,case,repetition,value,unit\n"
MEASURED = {("empty_tasks", "Multirank, in place", "batches/warm"): "400,M/s",
            ("empty_tasks", "Multirank, in place", "one/warm"): "100,M/s",
            ("empty_tasks", "Multirank", "batches/warm"): "200,M/s",
            ("task_length", "Multirank", "even/10us"): "99,%",
            ("task_length", "OpenMP", "even/10us"): "1,%"}


def figures(measured):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("# machine: any\n" + HEADER)
        for (question, contender, case), value in measured.items():
            for repetition in (1, 2, 3):
                file.write(f'{question},near,"{contender}",{case},{repetition},'
                           f"{value}\n")
        file.flush()
        return machine.read_figures(file.name)


def said(measured, factor):
    """Exit status and text of a check."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        status = check.check(figures(measured), factor)
    return status, output.getvalue()


class Figures(unittest.TestCase):
    def test_machine_is_that_of_the_figures(self):
        found = machine.calibrated(figures(MEASURED), "far")
        self.assertAlmostEqual(found.task, 5e-9)
        self.assertAlmostEqual(found.claim, 15e-9)
        self.assertAlmostEqual(found.copy, 5e-9 / 16)
        self.assertEqual(found.trip, MACHINE.trip)

    def test_right_prediction_passes(self):
        status, text = said(MEASURED, 1.5)
        self.assertEqual(status, 0, text)
        self.assertIn("1 of 1 within", text)

    def test_wrong_prediction_fails(self):
        wrong = dict(MEASURED)
        wrong["task_length", "Multirank", "even/10us"] = "40,%"
        status, text = said(wrong, 1.5)
        self.assertEqual(status, 1, text)
        self.assertIn("FAR OFF", text)

    def test_nothing_to_compare_fails(self):
        status, text = said({}, 1.5)
        self.assertEqual(status, 1, text)


if __name__ == "__main__":
    suite.main("model")
