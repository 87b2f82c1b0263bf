#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A Value of Python's multiprocessing: an addition under its lock.

    bench/objects/value_multiprocessing.py          one process
    bench/objects/value_multiprocessing.py 2 4 8    so many at once

It knows no atomic addition.
"""
import multiprocessing
import sys
import time

from repeat import check, end_in_time, report, seconds_each

WORK = 0.2  # seconds


def lock_add_unlock(value, count):
    """What is behind the Value: value.value would take the lock, which may be
    taken again, once more to read and once more to write."""
    lock, number = value.get_lock(), value.get_obj()
    for _ in range(count):
        with lock:
            number.value += 1


def measure_alone():
    value = multiprocessing.Value("q", 0)
    report("lock_add_unlock", seconds_each(lock_add_unlock, value) * 1e9, "ns")


def take_part(value, barrier, parts):
    count = 0
    barrier.wait(60)
    begin = end = time.monotonic()
    while end - begin < WORK:
        lock_add_unlock(value, 16)
        count += 16
        end = time.monotonic()
    parts.put((begin, end, count))


def measure_crowd(workers):
    value = multiprocessing.Value("q", 0)
    barrier = multiprocessing.Barrier(workers)
    queue = multiprocessing.SimpleQueue()
    processes = [multiprocessing.Process(target=take_part,
                                         args=(value, barrier, queue))
                 for _ in range(workers)]
    for process in processes:
        process.start()
    parts = [queue.get() for _ in processes]
    for process in processes:
        process.join()
    begins, ends, counts = zip(*parts)
    check(value.value == sum(counts), "value")
    report(f"lock_add_unlock_{workers}",
           (max(ends) - min(begins)) / sum(counts) * 1e9, "ns")


def main():
    end_in_time()
    if len(sys.argv) == 1:
        measure_alone()
    for workers in sys.argv[1:]:
        measure_crowd(int(workers))


if __name__ == "__main__":
    main()
