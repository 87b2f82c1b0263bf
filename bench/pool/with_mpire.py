#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The pool's questions to mpire.WorkerPool."""
from mpire import WorkerPool

import contender


def pool_map(function, inputs, chunk):
    return pool.map(function, inputs, chunk_size=chunk)


if __name__ == "__main__":
    with WorkerPool(n_jobs=contender.options()[0], keep_alive=True) as pool:
        contender.ask(pool_map)
