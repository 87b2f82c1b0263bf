#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Lent items of iceoryx2, through its face for Python: loan, send, receive.

    bench/objects/lent_iceoryx.py

It has no call that waits for an item beside its events, so both sides ask
again and again.
"""
import ctypes
import multiprocessing
import os

import iceoryx2 as iox
from repeat import check, end_in_time, report, seconds_each

SIZES = {"64": 64, "64KiB": 64 << 10, "1MiB": 1 << 20, "64MiB": 64 << 20}


def service_of(node, name, size):
    """A service, whose items have `size` bytes."""
    return (node.service_builder(iox.ServiceName.new(name))
            .publish_subscribe(iox.Slice[ctypes.c_uint8])
            .subscriber_max_buffer_size(2).enable_safe_overflow(False)
            .open_or_create())


def publisher_of(service, size):
    return (service.publisher_builder().initial_max_slice_len(size)
            .backpressure_strategy(iox.BackpressureStrategy.RetryUntilDelivered)
            .create())


def put(publisher, size, what):
    item = publisher.loan_slice_uninit(size)
    data = item.payload()
    data[0] = data[size - 1] = what
    item.assume_init().send()


def take(subscriber, size):
    while True:
        sample = subscriber.receive()
        if sample is not None:
            data = sample.payload()
            what = data[0]
            check(data[size - 1] == what, "lent: what was written")
            sample.delete()
            return what


def follow(name, size, ready):
    end_in_time()
    node = iox.NodeBuilder.new().create(iox.ServiceType.Ipc)
    there = service_of(node, name + "/there", size)
    back = service_of(node, name + "/back", size)
    subscriber = there.subscriber_builder().create()
    publisher = publisher_of(back, size)
    ready.wait(60)
    while True:
        what = take(subscriber, size)
        if what == 255:
            return
        put(publisher, size, what)


def trips(publisher, subscriber, size, count):
    for i in range(count):
        put(publisher, size, i % 255)
        check(take(subscriber, size) == i % 255, "lent: the answer")


def main():
    end_in_time()
    iox.set_log_level(iox.LogLevel.Error)
    for text, size in SIZES.items():
        name = f"bench/{os.getpid()}/{text}"
        ready = multiprocessing.Barrier(2)
        other = multiprocessing.Process(target=follow,
                                        args=(name, size, ready))
        other.start()
        node = iox.NodeBuilder.new().create(iox.ServiceType.Ipc)
        there = service_of(node, name + "/there", size)
        back = service_of(node, name + "/back", size)
        publisher = publisher_of(there, size)
        subscriber = back.subscriber_builder().create()
        ready.wait(60)
        seconds = seconds_each(trips, publisher, subscriber, size)
        report(f"there_{text}", seconds / 2 * 1e6, "us")
        put(publisher, size, 255)
        other.join()
        check(other.exitcode == 0, "the other side")


if __name__ == "__main__":
    main()
