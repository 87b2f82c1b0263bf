# SPDX-License-Identifier: BSD-3-Clause
# What a program of MPI with a job in the middle prints, wherever its ranks are.
# shellcheck shell=bash

program=./tests/job/spmd

# Two jobs print side by side: each process and each map has a line.
expect_lines() { # RANKS OF A JOB, JOBS, ALL RANKS
    local rank job
    for job in $(seq "$2"); do
        for rank in $(seq 0 $(($1 - 1))); do
            echo "process on rank $rank of $1"
        done
        echo "mapped 328350"
    done
    echo "sum $(($3 * ($3 + 1) / 2))"
}

ranks_go_on_after_the_job() { # RANKS HOW
    start "$1" $program "$2"
    await 60
    expect_status 0
    grep -v '^served' "$scratch/out" > "$scratch/lines"
    expect_lines "$1" 1 "$1" | diff - "$scratch/lines" ||
        broken "the output differs"
    has_line "^served $(($1 - 1))$" || broken "not all others served"
    expect_no_errors
}

ranks_outside_compute_meanwhile() { # RANKS
    start "$1" $program part
    await 60
    expect_status 0
    expect_lines $((($1 + 1) / 2)) 1 "$1" | expect_output
    expect_no_errors
}

two_groups_have_a_job_each() { # RANKS, an even number
    start "$1" $program groups
    await 60
    expect_status 0
    expect_lines $(($1 / 2)) 2 "$1" | sort > "$scratch/lines"
    sort "$scratch/out" | diff "$scratch/lines" - ||
        broken "the output differs"
    expect_no_errors
}

expect_no_errors() {
    ! grep 'error' "$scratch/err" || broken "there is an error"
}
