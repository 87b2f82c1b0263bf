# SPDX-License-Identifier: BSD-3-Clause
"""The questions of questions.c, put to a pool of Python.

A script gives `ask` a function map(function, inputs, chunk) that returns the
list of results, and the number of those that work. Tasks are loops of Python,
and efficiencies relative to such loops in processes that share nothing.
"""
import itertools
import multiprocessing
import os
import statistics
import sys
import time

LONG_ONE = 1000


def busy(iterations):
    """A task that only takes time. It counts with no numbers of Python: those
    up to 256 are there already, so that short loops would be faster."""
    for _ in itertools.repeat(None, iterations):
        pass
    return iterations


def tell_rate(sender):
    """Iterations in a microsecond, into a pipe."""
    best = 0
    for _ in range(3):
        start = time.perf_counter()
        busy(2000000)
        best = max(best, 2 / (time.perf_counter() - start))
    sender.send(best)


def measure_rate(processes):
    """Of each, while all work: the mean, as peak.c has it."""
    context = multiprocessing.get_context("fork")
    receivers = []
    for _ in range(processes):
        receiver, sender = context.Pipe(duplex=False)
        context.Process(target=tell_rate, args=(sender,), daemon=True).start()
        sender.close()
        receivers.append(receiver)
    rates = []
    for receiver in receivers:
        if not receiver.poll(60):
            sys.exit("a loop of Python took more than a minute")
        rates.append(receiver.recv())
    return statistics.mean(rates)


def cores():
    """Those that may be used: as bench/pool/peak has told, or of this
    process."""
    return int(os.environ.get("BENCH_CORES",
                              len(os.sched_getaffinity(0))))


def report(name, value, unit):
    print(name, f"{value:.6g}", unit, flush=True)


def run(pool_map, inputs, chunk):
    """Seconds of one map."""
    start = time.perf_counter()
    results = list(pool_map(busy, inputs, chunk))
    seconds = time.perf_counter() - start
    if results != inputs:
        sys.exit("a wrong result")
    return seconds


def ask_empty(pool_map, name, limit, chunk):
    inputs = [0] * limit
    for when in ("cold", None, "warm"):
        seconds = run(pool_map, inputs, chunk)
        if when:
            report(f"{name}/{when}", limit / seconds / 1e6, "M/s")


def ask_single(pool_map, limit):
    for maps in (50, min(limit, 500)):
        start = time.perf_counter()
        for _ in range(maps):
            run(pool_map, [0], 1)
        seconds = time.perf_counter() - start
    report("single", seconds / maps * 1e6, "us")


def efficiency(pool_map, rate, workers, length, count, one_long, chunk):
    iterations = int(length * rate)
    inputs = [iterations] * count
    if one_long:
        inputs[int(0.618 * count)] *= LONG_ONE
    work = max(sum(inputs) / workers, max(inputs)) / rate
    return work / 1e6 / run(pool_map, inputs, chunk) * 100


def tasks_of(length, workers, limit):
    return max(1, min(limit, int(1e5 * workers / length)))


def try_length(pool_map, rate, workers, length, limit, one_long, chunk):
    """Efficiency once the workers are awake, which the first map sees to."""
    count = tasks_of(length, workers, limit)
    efficiency(pool_map, rate, workers, length, count, False, chunk)
    return efficiency(pool_map, rate, workers, length, count, one_long, chunk)


def ask_lengths(pool_map, workers, cases, limit, chunk):
    rate = measure_rate(workers)
    units = {"ns": 1e-3, "us": 1, "ms": 1e3}
    for case in cases:
        shape, text = case.split("/")
        length = float(text[:-2]) * units[text[-2:]]
        report(case, try_length(pool_map, rate, workers, length, limit,
                                shape == "one", chunk), "%")


def ask_smallest(pool_map, workers, limit, chunk):
    rate = measure_rate(workers)
    smallest, last, length = 0, 0, 16384
    while length > 0.004:
        found = try_length(pool_map, rate, workers, length, limit, False,
                           chunk)
        report(f"even/{length:g}us", found, "%")
        if found >= 50:
            smallest = length
        elif last >= 50:
            smallest = length + length * (50 - found) / (last - found)
        elif last > 0:
            break
        last = found
        length /= 2
    if smallest:
        report("smallest", smallest * 1e3, "ns")


def ask_scaling(pool_map, workers, limit, chunk):
    working = min(workers, cores())
    rate = measure_rate(working)
    efficiency(pool_map, rate, working, 10, min(limit, 4000), False, chunk)
    for name, count in (("strong", 40000), ("weak", 10000 * workers)):
        report(f"{name}/{workers}",
               efficiency(pool_map, rate, working, 10, min(limit, count),
                          False, chunk), "%")


def options():
    """--workers N, --chunk N, --limit N, and the question."""
    words = sys.argv[1:]
    found = {"--workers": cores(), "--chunk": 0, "--limit": 1000000}
    while words and words[0] in found:
        found[words[0]] = int(words[1])
        words = words[2:]
    return found["--workers"], found["--chunk"] or None, found["--limit"], words


def ask(pool_map):
    workers, chunk, limit, words = options()
    if words[0] == "empty":
        ask_empty(pool_map, words[1], limit, chunk)
    elif words[0] == "single":
        ask_single(pool_map, limit)
    elif words[0] == "lengths":
        ask_lengths(pool_map, min(workers, cores()), words[1:], limit, chunk)
    elif words[0] == "smallest":
        ask_smallest(pool_map, min(workers, cores()), limit, chunk)
    elif words[0] == "scaling":
        ask_scaling(pool_map, workers, limit, chunk)
    else:
        sys.exit(f"no such question: {words[0]}")
