#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What Python's multiprocessing has to wait for one another.

    bench/objects/sync_multiprocessing.py
"""
import multiprocessing
import threading

from repeat import check, end_in_time, report, seconds_each


def use(lock, count):
    for _ in range(count):
        lock.acquire()
        lock.release()


def take_turn(condition, turn, mine):
    """Waits for one's own turn and gives the other the next. False at the
    end."""
    with condition:
        while turn.value == 1 - mine:
            condition.wait()
        right = turn.value == mine
        if right:
            turn.value = 1 - mine
            condition.notify()
        return right


def take_turns(condition, turn, count):
    for _ in range(count):
        take_turn(condition, turn, 0)


def answer_turns(condition, turn):
    while take_turn(condition, turn, 1):
        pass


def end_turns(condition, turn):
    with condition:
        while turn.value == 1:
            condition.wait()
        turn.value = 2
        condition.notify_all()


def pass_barrier(barrier, count):
    for _ in range(count):
        barrier.wait()


def answer_barriers(barrier):
    try:
        while True:
            barrier.wait()
    except threading.BrokenBarrierError:
        pass


def others(count, target, *arguments):
    started = [multiprocessing.Process(target=target, args=arguments)
               for _ in range(count)]
    for process in started:
        process.start()
    return started


def end(started):
    for process in started:
        process.join()
        check(process.exitcode == 0, "the other side")


def measure_condition():
    condition = multiprocessing.Condition(multiprocessing.Lock())
    turn = multiprocessing.Value("q", 0, lock=False)
    started = others(1, answer_turns, condition, turn)
    report("notify", seconds_each(take_turns, condition, turn) / 2 * 1e6, "us")
    end_turns(condition, turn)
    end(started)


def measure_barrier(parties):
    barrier = multiprocessing.Barrier(parties)
    started = others(parties - 1, answer_barriers, barrier)
    seconds = seconds_each(pass_barrier, barrier)
    report(f"barrier_{parties}", seconds * 1e6, "us")
    barrier.abort()
    end(started)


def main():
    end_in_time()
    report("semaphore", seconds_each(use, multiprocessing.Semaphore(1)) * 1e9,
           "ns")
    report("rlock", seconds_each(use, multiprocessing.RLock()) * 1e9, "ns")
    measure_condition()
    measure_barrier(2)
    measure_barrier(8)


if __name__ == "__main__":
    main()
