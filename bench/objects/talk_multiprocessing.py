#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Queues and a pipe of Python's multiprocessing, with a child process.

    bench/objects/talk_multiprocessing.py queue|pipe

Items are bytes, the quickest there is. The end of a stream is an int, how many
items it has; its answer is how many have come.
"""
import multiprocessing
import sys

from repeat import check, end_in_time, report, seconds_each

SIZES = {"8": 8, "1KiB": 1 << 10, "1MiB": 1 << 20, "64MiB": 64 << 20}
BURST = 64 << 20  # bytes that are sent before an answer is awaited


def follow(put, get):
    """The other side: sends back what comes alone, counts what is a stream."""
    while True:
        asked = get()
        if asked is None:
            return
        if isinstance(asked, int):
            put(sum(len(get()) > 0 for _ in range(asked)))
        else:
            put(asked)


def there_and_back(put, get, item, trips):
    for _ in range(trips):
        put(item)
        check(len(get()) == len(item), "talk: an item that came back")


def one_way(put, get, item, count):
    most = BURST // len(item)
    while count > 0:
        burst = min(count, most)
        put(burst)
        for _ in range(burst):
            put(item)
        check(get() == burst, "talk: the end of a stream")
        count -= burst


def lead(put, get):
    for name, size in SIZES.items():
        item = bytes(size)
        if size < BURST:
            seconds = seconds_each(there_and_back, put, get, item)
            report(f"there_and_back_{name}", seconds * 1e6, "us")
        seconds = seconds_each(one_way, put, get, item)
        if size >= 1 << 20:
            report(f"one_way_{name}", size / seconds / 1e9, "GB/s")
        else:
            report(f"one_way_{name}", 1 / seconds / 1e6, "M/s")
    put(None)


def follow_queues(there, back):
    follow(back.put, there.get)


def follow_pipe(end):
    follow(end.send, end.recv)


def main():
    end_in_time()
    if sys.argv[1:] == ["queue"]:
        there, back = multiprocessing.Queue(), multiprocessing.Queue()
        put, get = there.put, back.get
        other = multiprocessing.Process(target=follow_queues,
                                        args=(there, back))
    elif sys.argv[1:] == ["pipe"]:
        mine, theirs = multiprocessing.Pipe()
        put, get = mine.send, mine.recv
        other = multiprocessing.Process(target=follow_pipe, args=(theirs,))
    else:
        sys.exit(__doc__)
    other.start()
    lead(put, get)
    other.join()
    check(other.exitcode == 0, "talk: the other side")


if __name__ == "__main__":
    main()
