#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The model in bench/model, tested by model.py.
command -v python3 > /dev/null || {
    echo "  skip model: no python3"
    exit 77
}
exec python3 -B "$(dirname "$0")/model.py"
