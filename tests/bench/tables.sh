#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What bench/run makes of figures, tested by tables.py.
command -v python3 > /dev/null || {
    echo "  skip tables: no python3"
    exit 77
}
exec python3 -B "$(dirname "$0")/tables.py"
