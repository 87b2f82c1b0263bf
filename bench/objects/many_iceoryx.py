#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""One publisher and one subscriber of iceoryx2, through its face for Python.

    bench/objects/many_iceoryx.py

Each subscriber of iceoryx2 gets every item, so it is no queue of several
consumers. The items are written and read in place; the first byte of the last
one is 255.
"""
import ctypes
import multiprocessing
import os
import time

import iceoryx2 as iox
from repeat import ENOUGH, check, end_in_time, report

CASES = [(8, "1_8"), (1 << 10, "1_1KiB"), (1 << 20, "1_1MiB")]


def service_of(name, room):
    node = iox.NodeBuilder.new().create(iox.ServiceType.Ipc)
    return node, (node.service_builder(iox.ServiceName.new(name))
                  .publish_subscribe(iox.Slice[ctypes.c_uint8])
                  .subscriber_max_buffer_size(room)
                  .enable_safe_overflow(False).open_or_create())


def consume(name, room, ready, parts):
    end_in_time()
    node, service = service_of(name, room)
    subscriber = service.subscriber_builder().create()
    ready.wait(60)
    count, last = 0, False
    while not last:
        sample = subscriber.receive()
        if sample is not None:
            count += 1
            last = sample.payload()[0] == 255
            sample.delete()
    parts.put((count, time.monotonic()))
    del subscriber, service, node


def copy(data, item):
    """The producer of other queues copies its item, too."""
    ctypes.memmove(data.as_ptr(), item, len(item))


def produce(publisher, size):
    item = bytes(size)
    count, begin, last = 0, time.monotonic(), False
    while not last:
        last = time.monotonic() - begin >= 2 * ENOUGH
        for i in range(16):
            sample = publisher.loan_slice_uninit(size)
            copy(sample.payload(), item)
            if last and i == 15:
                sample.payload()[0] = 255
            sample.assume_init().send()
        count += 16
    return count, begin


def run_case(size, case):
    room = min((8 << 20) // size, 1024)
    name = f"bench/{os.getpid()}/{case}"
    ready = multiprocessing.Barrier(2)
    parts = multiprocessing.SimpleQueue()
    node, service = service_of(name, room)
    publisher = (service.publisher_builder().initial_max_slice_len(size)
                 .backpressure_strategy(
                     iox.BackpressureStrategy.RetryUntilDelivered).create())
    other = multiprocessing.Process(target=consume,
                                    args=(name, room, ready, parts))
    other.start()
    ready.wait(60)
    put, begin = produce(publisher, size)
    taken, end = parts.get()
    other.join()
    check(put == taken, case)
    if size < 1 << 20:
        report(case, taken / (end - begin) / 1e6, "M/s")
    else:
        report(case, taken * size / (end - begin) / 1e9, "GB/s")
    del publisher, service, node


def main():
    end_in_time()
    iox.set_log_level(iox.LogLevel.Error)
    for size, case in CASES:
        run_case(size, case)


if __name__ == "__main__":
    main()
