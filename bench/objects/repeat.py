# SPDX-License-Identifier: BSD-3-Clause
"""Time, and the lines in which it is told, as in bench/repeat.h."""
import os
import signal
import sys
import time

# Seconds that are enough to be told from noise.
ENOUGH = float(os.environ.get("BENCH_ENOUGH", "0.1"))


def end_in_time():
    """Whatever hangs is ended, by SIGALRM."""
    signal.alarm(300)


def report(name, value, unit):
    print(name, f"{value:.6g}", unit, flush=True)


def check(right, what):
    if not right:
        sys.exit(f"{what}: this went wrong")


def seconds_of(run, arguments, steps):
    start = time.perf_counter()
    run(*arguments, steps)
    return time.perf_counter() - start


def seconds_each(run, *arguments):
    """Seconds for each of the steps that run(*arguments, steps) takes: of
    more and more of them, until they take long enough, and do so again. The
    quicker of these two counts, and never the first of all."""
    run(*arguments, 1)
    steps = 1
    while True:
        seconds = seconds_of(run, arguments, steps)
        if seconds >= ENOUGH:
            seconds = min(seconds, seconds_of(run, arguments, steps))
            if seconds >= ENOUGH / 2:
                return seconds / steps
        steps = int(steps * min(1.2 * ENOUGH / seconds, 10)) + 1
