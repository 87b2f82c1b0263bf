#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A Process of Python's multiprocessing that does nothing: start and join.

    bench/objects/process_multiprocessing.py fork|forkserver|spawn
"""
import multiprocessing
import sys

from repeat import check, end_in_time, report, seconds_each

AT_ONCE = 16


def nothing():
    pass


def start_and_join(at_once, count):
    for _ in range(count):
        processes = [multiprocessing.Process(target=nothing)
                     for _ in range(at_once)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
            check(process.exitcode == 0, "a process")


def main():
    end_in_time()
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    multiprocessing.set_start_method(sys.argv[1])
    report("start_join", seconds_each(start_and_join, 1) * 1e6, "us")
    report("start_join_16_at_once",
           seconds_each(start_and_join, AT_ONCE) / AT_ONCE * 1e6, "us")


if __name__ == "__main__":
    main()
