# SPDX-License-Identifier: BSD-3-Clause
"""Runs the contenders of a question in turn, again and again."""
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field

from . import launch

LIMIT = 120  # seconds that one run of a contender may take
SKIPPED = 77  # the exit status of what cannot run here


@dataclass
class Results:
    """Of one question at one place: values[contender][case] is a list."""
    place: str
    repetitions: int
    values: dict = field(default_factory=dict)
    units: dict = field(default_factory=dict)
    absent: dict = field(default_factory=dict)  # contender: why
    broken: list = field(default_factory=list)  # (contender, what it said)


def run(arguments):
    """Output of a program; it and what it started end with the time limit."""
    with subprocess.Popen(arguments, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        try:
            output, errors = process.communicate(timeout=LIMIT)
        except BaseException as why:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
            if isinstance(why, subprocess.TimeoutExpired):
                return None, "", f"took more than {LIMIT} s"
            raise
    return process.returncode, output, errors


def lines(output):
    """The lines "case value unit" among others, which a launcher may add."""
    for line in output.splitlines():
        words = line.split()
        if len(words) == 3:
            try:
                yield words[0], float(words[1]), words[2]
            except ValueError:
                pass


def add_broken(results, label, arguments, status, said):
    results.broken.append((label, f"{' '.join(arguments)}: exit status "
                           f"{status}\n{said.strip()[-600:]}"))


def calibrate(question, results, settings):
    """False where nothing is known to which figures could be relative."""
    if not question.calibrate:
        return True
    label = question.calibrate.path
    try:
        arguments = launch.command(question.calibrate, "near", settings.build,
                                   settings.mpirun)
    except launch.Missing as why:
        results.broken.append((label, str(why)))
        return False
    status, output, errors = run(arguments)
    found = list(lines(output))
    if status != 0 or not found:
        add_broken(results, label, arguments, status,
                   errors or output or "it told no figure")
        return False
    for name, value, _ in found:
        os.environ[name] = f"{value:g}"
    return True


def add(results, label, output):
    """Keeps what a contender told, and says what is wrong with it."""
    for case, value, unit in lines(output):
        agreed = results.units.setdefault(case, unit)
        if unit != agreed:
            return f"it tells {case} in {unit}, and others in {agreed}"
        results.values.setdefault(label, {}).setdefault(case, []).append(value)
    return ""


def run_once(contender, program, results, settings):
    """One repetition of one program; false when it is not to be tried again."""
    label = contender.label
    try:
        arguments = launch.command(program, results.place, settings.build,
                                   settings.mpirun)
    except launch.Missing as why:
        results.absent[label] = str(why)
        return False
    status, output, errors = run(arguments)
    if status == SKIPPED:
        results.absent[label] = (output + errors).strip().splitlines()[-1]
        return False
    wrong = errors or output if status != 0 else add(results, label, output)
    if status != 0 or wrong:
        add_broken(results, label, arguments, status, wrong)
        return False
    return True


def progress(name, results, repetition, repetitions, contender):
    """One line that is written over, for a person who waits."""
    if sys.stderr.isatty():
        line = (f"{name}, {results.place}: {repetition + 1} of {repetitions}, "
                f"{contender.label}")
        print(f"\r\033[K{line[:78]}", end="", file=sys.stderr, flush=True)
    elif repetition == 0:
        print(f"{name}, {results.place}: {contender.label}", file=sys.stderr,
              flush=True)


def collect(name, question, place, settings):
    """Asks a question at a place."""
    repetitions = settings.repetitions
    results = Results(place, repetitions)
    tried = [(contender, program) for contender in question.contenders
             if place in contender.places for program in contender.launches()]
    for repetition in range(repetitions):
        if not calibrate(question, results, settings):
            break
        for contender, program in list(tried):
            progress(name, results, repetition, repetitions, contender)
            if not run_once(contender, program, results, settings):
                tried.remove((contender, program))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return results
