#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""An Array of Python's multiprocessing: slices copied by memmove, under its
lock; the quickest there is without NumPy, as slices of it are lists.

    bench/objects/array_multiprocessing.py
"""
import ctypes
import multiprocessing

from repeat import check, end_in_time, report, seconds_each

SIZES = {"64KiB": 64 << 10, "1MiB": 1 << 20, "64MiB": 64 << 20}


def move(array, to, source, size, times):
    for _ in range(times):
        with array.get_lock():
            ctypes.memmove(to, source, size)


def main():
    end_in_time()
    array = multiprocessing.Array(ctypes.c_int64, max(SIZES.values()) // 8)
    shared = array.get_obj()
    into = ctypes.create_string_buffer(max(SIZES.values()))
    for number, (name, size) in enumerate(SIZES.items(), 1):
        out = bytes([number]) * size
        seconds = seconds_each(move, array, shared, out, size)
        report(f"set_{name}", size / seconds / 1e9, "GB/s")
        seconds = seconds_each(move, array, into, shared, size)
        report(f"get_{name}", size / seconds / 1e9, "GB/s")
        check(into.raw[:size] == out, "what was set and got")


if __name__ == "__main__":
    main()
