# SPDX-License-Identifier: BSD-3-Clause
# What is expected of multirank-search, whatever starts it: checks for scripts
# that have sourced job/jobs.sh before this file.
# shellcheck shell=bash

program=./apps/multirank-search

# What each worker did, a line each, without titles.
shares() {
    sed '1,/^worker/d' "$scratch/out"
}

tasks_find_what_one_core_finds() { # RANKS MARKS [OPTION...]
    start 0 "$program" --serial --marks "$2"
    await 60
    expect_status 0
    cp "$scratch/out" "$scratch/serial"
    start "$1" "$program" --marks "$2" "${@:3}"
    await 60
    expect_status 0
    sed '/^$/,$d' "$scratch/out" > "$scratch/rulers"
    cmp "$scratch/serial" "$scratch/rulers" || broken "$(cat "$scratch/rulers")"
}
