#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A Queue of Python's multiprocessing, with many producers and consumers.

    bench/objects/many_multiprocessing.py

The last producer puts None for each consumer. Each process first gives what it
did to another queue.
"""
import multiprocessing
import time

from repeat import ENOUGH, check, end_in_time, report

CASES = [(1, 8, "1_8"), (1, 1 << 10, "1_1KiB"), (1, 1 << 20, "1_1MiB"),
         (4, 8, "4_8"), (4, 1 << 10, "4_1KiB"), (8, 8, "8_8"),
         (8, 1 << 10, "8_1KiB")]


def produce(queue, ready, parts, size):
    item = bytes(size)
    ready.wait(60)
    count, begin = 0, time.monotonic()
    while time.monotonic() - begin < 2 * ENOUGH:
        for _ in range(16):
            queue.put(item)
        count += 16
    queue.close()
    queue.join_thread()
    parts.put((begin, 0, -count))


def consume(queue, ready, parts):
    ready.wait(60)
    count = 0
    while queue.get() is not None:
        count += 1
    parts.put((float("inf"), time.monotonic(), count))


def run_case(pairs, size, name):
    room = min((8 << 20) // size, 1024)
    queue = multiprocessing.Queue(room)
    parts = multiprocessing.SimpleQueue()
    ready = multiprocessing.Barrier(2 * pairs)
    producers = [multiprocessing.Process(target=produce,
                                         args=(queue, ready, parts, size))
                 for _ in range(pairs)]
    consumers = [multiprocessing.Process(target=consume,
                                         args=(queue, ready, parts))
                 for _ in range(pairs)]
    for process in producers + consumers:
        process.start()
    told = [parts.get() for _ in producers]
    for _ in consumers:
        queue.put(None)
    told += [parts.get() for _ in consumers]
    for process in producers + consumers:
        process.join()
        check(process.exitcode == 0, "a process of the market")
    check(sum(part[2] for part in told) == 0, name)
    count = sum(part[2] for part in told if part[2] > 0)
    seconds = max(part[1] for part in told) - min(part[0] for part in told)
    if size < 1 << 20:
        report(name, count / seconds / 1e6, "M/s")
    else:
        report(name, count * size / seconds / 1e9, "GB/s")


def main():
    end_in_time()
    for case in CASES:
        run_case(*case)


if __name__ == "__main__":
    main()
