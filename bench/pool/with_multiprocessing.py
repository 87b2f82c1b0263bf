#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The pool's questions to multiprocessing.Pool."""
import multiprocessing

import contender

if __name__ == "__main__":
    with multiprocessing.Pool(contender.options()[0]) as pool:
        contender.ask(pool.map)
