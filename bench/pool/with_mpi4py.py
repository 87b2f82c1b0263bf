#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The pool's questions to mpi4py.futures; python -m mpi4py.futures runs it on
one rank more than there are workers."""
from mpi4py.futures import MPIPoolExecutor

import contender


def pool_map(function, inputs, chunk):
    """Without a chunk of its own choice it would be 1; this one is what
    multiprocessing would take."""
    if not chunk:
        chunk = max(1, len(inputs) // (4 * contender.options()[0]))
    return executor.map(function, inputs, chunksize=chunk)


if __name__ == "__main__":
    with MPIPoolExecutor() as executor:
        contender.ask(pool_map)
