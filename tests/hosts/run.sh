#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# `multirank run` over several hosts: ranks are killed, and hosts vanish.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/support.sh"
in_slot "$0" "$@"

program=./tests/job/mortal
launcher=(by_tool)

expect_said() { # PATTERN
    grep -qx "multirank run: $1" "$scratch/err" ||
        broken "it does not say: $1"
}

has_ready() { # COUNT
    [ "$(grep -c '^ready ' "$scratch/out")" = "$1" ]
}

start_and_wait() { # RANKS
    rm -f "$scratch/go"
    start "$1" $program until "$scratch/go"
    until_true 20 has_ready "$1" || broken "not all ranks are ready"
}

status_of_rank_0_is_that_of_the_job() { # RANKS
    start "$1" $program leaves 9
    await 20
    expect_status 9
    nothing_is_left_on_the_hosts
}

job_goes_on_without_a_killed_rank() { # RANKS
    local dead=$(($1 - 1))
    start "$1" $program dies $dead
    await 30
    expect_status 7
    expect_said "rank $dead on node3 .* was killed by signal 9; the job goes on without it"
    nothing_is_left_on_the_hosts
}

killed_rank_0_ends_the_job() { # RANKS
    start "$1" $program dies 0
    await 20
    expect_status 137
    expect_said "rank 0 on node1 .* was killed by signal 9; the job is ended"
    nothing_is_left_on_the_hosts
}

rank_that_dies_before_it_is_ready_ends_the_job() { # RANKS
    start "$1" $program half $(($1 - 1))
    await 20
    expect_status 137
    nothing_is_left_on_the_hosts
}

program_that_is_missing_is_named() {
    start 3 ./no-such-program
    await 20
    expect_status 127
    expect_said "the program does not start on node.: No such file or directory"
}

# Nobody knows yet that it did.
job_ends_when_a_host_has_just_vanished() {
    start_and_wait 3
    "$cluster" crash node3
    : > "$scratch/go"
    await 15
    expect_status 7
    expect_said "rank 2 on node3 does not answer"
    nothing_is_left_on_the_hosts
    "$cluster" boot node3
}

job_goes_on_without_a_vanished_host() {
    start_and_wait 3
    "$cluster" crash node3
    until_true 60 grep -q 'the job goes on without it' "$scratch/err" ||
        broken "nobody noticed"
    : > "$scratch/go"
    await 8
    expect_status 7
    nothing_is_left_on_the_hosts
    "$cluster" boot node3
}

host_of_rank_0_that_vanishes_ends_the_job() {
    start_and_wait 3
    "$cluster" crash node1
    await 60
    expect_failure
    expect_said "rank 0 on node1 does not answer; the job is ended"
    nothing_is_left_on_the_hosts
    "$cluster" boot node1
}

cut_of_some_seconds_is_not_noticed() {
    start_and_wait 3
    "$cluster" cut node3
    sleep 4
    "$cluster" heal node3
    : > "$scratch/go"
    await 15
    expect_status 7
    [ ! -s "$scratch/err" ] || broken "there are words on stderr"
    nothing_is_left_on_the_hosts
}

# Silence is expected, also of jobs with more ranks than processors.
export MR_BIND=none

need "$cluster" 3
for ranks in 3 5; do
    check status_of_rank_0_is_that_of_the_job $ranks
    check job_goes_on_without_a_killed_rank $ranks
    check killed_rank_0_ends_the_job $ranks
    check rank_that_dies_before_it_is_ready_ends_the_job $ranks
done
check program_that_is_missing_is_named
check cut_of_some_seconds_is_not_noticed
check job_ends_when_a_host_has_just_vanished
check job_goes_on_without_a_vanished_host
check host_of_rank_0_that_vanishes_ends_the_job
report run
