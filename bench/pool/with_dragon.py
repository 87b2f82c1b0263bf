#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The pool's questions to multiprocessing.Pool over Dragon; its launcher,
dragon, runs this."""
import dragon  # noqa: F401, it has to be imported first
import multiprocessing

import contender

if __name__ == "__main__":
    multiprocessing.set_start_method("dragon")
    with multiprocessing.Pool(contender.options()[0]) as pool:
        contender.ask(pool.map)
