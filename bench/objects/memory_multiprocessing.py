#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The memory that objects of Python's multiprocessing take, as the program and
its children grow by many of them. What lies in the buffers of the kernel is not
seen: of the items in a queue the last 64 KiB at most.

    bench/objects/memory_multiprocessing.py
"""
import glob
import multiprocessing
import os
import re

from repeat import check, end_in_time, report

OBJECTS = 10000
QUEUES = 200  # each has two descriptors
ITEMS = 100000
PROCESSES = 32


def number(path, word):
    """The sum of the numbers behind a word; 0 if the process has ended."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return sum(map(int, re.findall(word + r"\s+(\d+)", file.read())))
    except OSError:
        return 0


def memory():
    """KiB of this process and its children; what is shared by n of them
    counts 1/n in each."""
    total = 0
    for folder in glob.glob("/proc/[0-9]*"):
        if (folder == f"/proc/{os.getpid()}"
                or number(f"{folder}/status", "PPid:") == os.getpid()):
            total += number(f"{folder}/smaps_rollup", "Pss:")
    check(total > 0, "what /proc tells of processes")
    return total


def measure(name, make, count):
    before = memory()
    kept = [make() for _ in range(count)]
    report(name, (memory() - before) / count, "KiB")
    return kept


def measure_items():
    queue = multiprocessing.Queue()
    queue.cancel_join_thread()
    measure("item", lambda: queue.put(bytes(8)), ITEMS)
    check(queue.qsize() == ITEMS, "items in the queue")


def be_there(here, go):
    here.release()
    go.wait(60)


def measure_processes():
    here = multiprocessing.Semaphore(0)
    go = multiprocessing.Event()

    def make():
        process = multiprocessing.Process(target=be_there, args=(here, go))
        process.start()
        check(here.acquire(timeout=60), "a process")
        return process

    processes = measure("process", make, PROCESSES)
    go.set()
    for process in processes:
        process.join()


def main():
    end_in_time()
    measure_processes()
    locks = measure("lock", multiprocessing.Lock, OBJECTS)
    values = measure("value", lambda: multiprocessing.Value("q", 0), OBJECTS)
    queues = measure("queue", multiprocessing.Queue, QUEUES)
    measure_items()
    check(len(locks) == len(values) and len(queues) == QUEUES, "objects")


if __name__ == "__main__":
    main()
