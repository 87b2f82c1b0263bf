#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Python's multiprocessing, in the lines of the other benchmarks."""
import multiprocessing
import time


def square(number):
    return number * number


def nothing():
    pass


def echo(first, second, trips):
    for _ in range(trips):
        second.put(first.get())


def report(name, value, unit):
    print(name, f"{value:.6g}", unit, flush=True)


def bench_pool():
    with multiprocessing.Pool(2) as pool:
        pool.map(square, range(1000))
        count = 20000
        start = time.perf_counter()
        pool.map(square, range(count), 1)
        seconds = time.perf_counter() - start
        report("multiprocessing_map_chunk1", count / seconds / 1e6, "M/s")
        count = 1000000
        start = time.perf_counter()
        pool.map(square, range(count))
        seconds = time.perf_counter() - start
        report("multiprocessing_map", count / seconds / 1e6, "M/s")
        start = time.perf_counter()
        for _ in range(500):
            pool.apply(square, (7,))
        seconds = time.perf_counter() - start
        report("multiprocessing_apply", seconds / 500 * 1e6, "us")


def bench_queue():
    queues = multiprocessing.Queue(), multiprocessing.Queue()
    trips = 1000
    other = multiprocessing.Process(target=echo, args=(*queues, trips))
    other.start()
    start = time.perf_counter()
    for _ in range(trips):
        queues[0].put(1)
        queues[1].get()
    seconds = time.perf_counter() - start
    report("multiprocessing_queue", seconds / trips * 1e6, "us")
    other.join()


def bench_value():
    value = multiprocessing.Value("q", 0)
    count = 100000
    start = time.perf_counter()
    for _ in range(count):
        with value.get_lock():
            value.value += 1
    seconds = time.perf_counter() - start
    report("multiprocessing_value", seconds / count * 1e9, "ns")


def bench_process():
    start = time.perf_counter()
    for _ in range(50):
        process = multiprocessing.Process(target=nothing)
        process.start()
        process.join()
    seconds = time.perf_counter() - start
    report("multiprocessing_process", seconds / 50 * 1e6, "us")


if __name__ == "__main__":
    bench_process()
    bench_value()
    bench_queue()
    bench_pool()
