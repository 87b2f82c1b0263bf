# SPDX-License-Identifier: BSD-3-Clause
# For scripts in which ranks of survivors.c and heirs.c are killed on simulated
# hosts, or a host crashes; they have sourced job/deaths.sh and support.sh before
# this file.
# shellcheck shell=bash

# Arrays go by messages: the window's MPI_Rget never returns when its target dies
# at the wrong moment (osc/pt2pt of Open MPI 4.1), and rank 0 ends with the job.
export MR_FAR_ARRAYS=messages
# No warning is expected where a host is not lost.
export MR_BIND=none

launcher=(by_tool)

expect_noticed_within() { # SECONDS
    awk -v limit="$1" '{ late += $1 > limit } END { exit NR == 0 || late }' \
        <(sed -n 's/.* after \([0-9.]*\) s\b.*/\1/p' "$scratch/err") || broken "noticed late"
}

# A host that answers nothing any more, not even by a reset.
program_loses_a_host() { # RANKS CASE PROGRAM EXPECTATION
    rm -f "$scratch/go"
    start "$1" "$3" "$2" "$scratch/go"
    await_line '^ready$'
    "$cluster" crash node3
    : > "$scratch/go"
    await 40
    expect_status 7
    expect_said "multirank: rank 0: error: rank $(($1 - 1)) on node3 is lost: .*; the job goes on without"
    expect_noticed_within 10
    "$4$2" "$1"
    nothing_is_left_on_the_hosts
    "$cluster" boot node3
}
