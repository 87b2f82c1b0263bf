#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The simulated hosts do what cluster.sh says, so that tests can build on them.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/support.sh"
in_slot "$0" "$@"

stream=./tests/hosts/stream
launcher=(over_hosts)

hosts_talk_to_each_other() { # RANKS HOSTS
    start "$1" $stream 0.5
    await 20
    expect_status 0
    expect_number hosts -eq "$2"
    expect_number messages -gt 16
}

ranks_are_spread_evenly_and_in_order() {
    # shellcheck disable=SC2016
    start 7 sh -c 'echo "$OMPI_COMM_WORLD_RANK $(hostname)"'
    await 20
    sort -n "$scratch/out" > "$scratch/sorted"
    mv "$scratch/sorted" "$scratch/out"
    printf '%s\n' '0 node1' '1 node1' '2 node1' '3 node2' '4 node2' \
        '5 node3' '6 node3' | expect_output
}

variables_reach_all_ranks() {
    export MR_PROBE='a b' MULTIRANK_TEST_PROBE=c ASAN_OPTIONS=detect_leaks=0
    # shellcheck disable=SC2016
    start 3 sh -c 'echo "$MR_PROBE-$MULTIRANK_TEST_PROBE-$ASAN_OPTIONS"'
    await 20
    unset MR_PROBE MULTIRANK_TEST_PROBE ASAN_OPTIONS
    printf '%s\n' a\ b-c-detect_leaks=0{,,} | expect_output
}

# The stream knows by its longest pause that the cable was out.
cut_loses_nothing() { # SECONDS
    start 3 $stream "$(($1 + 2))"
    await_line streaming
    "$cluster" cut node3
    sleep "$1"
    "$cluster" heal node3
    await 40
    expect_status 0
    expect_number longest_pause_ms -ge $(($1 * 900))
}

rate_limits_a_stream() {
    "$cluster" rate node3 20mbit 2> "$scratch/err" || {
        reason=$(tail -n 1 "$scratch/err")
        return
    }
    start 3 $stream 2
    await 20
    expect_status 0
    expect_number kilobytes_per_second -lt 4000
    "$cluster" rate node3 none
    start 3 $stream 1
    await 20
    expect_status 0
    expect_number kilobytes_per_second -gt 8000
}

crashed_host_is_there_again_after_boot() {
    "$cluster" crash node3
    ! "$cluster" on node3 true 2> /dev/null || broken "node3 is up"
    "$cluster" boot node3
    hosts_talk_to_each_other 3 3
}

run_ends_when_its_time_is_over() {
    "$cluster" run -t 1 -np 3 sleep 60 > /dev/null 2>&1
    status=$?
    expect_status 124
    nothing_is_left_on_the_hosts
}

what_jobs_leave_is_found() {
    "$cluster" on node2 sh -c \
        'sleep 60 > /dev/null 2>&1 & : > /dev/shm/forgotten'
    ! "$cluster" left -t 0 > "$scratch/out" || broken "nothing is found"
    has_line '^node2: process .* sleep 60' || broken "not the process"
    has_line '^node2: file /dev/shm/forgotten' || broken "not the file"
}

outside() { # FOLDER; what is left of a cluster
    ls -d "$1" 2> /dev/null
    grep -lzxsF "CLUSTER_STATE=$1" /proc/[0-9]*/environ
}

is_gone() { # FOLDER
    [ -z "$(outside "$1")" ]
}

clusters_do_not_know_each_other() {
    local first=$CLUSTER_STATE second
    unset CLUSTER_STATE
    eval "$("$cluster" up -o $$ 2)"
    second=$CLUSTER_STATE
    hosts_talk_to_each_other 2 2
    "$cluster" down
    "$cluster" down
    CLUSTER_STATE=$first
    until_true 5 is_gone "$second" || broken "left: $(outside "$second")"
    hosts_talk_to_each_other 3 3
}

cluster_ends_with_its_owner() {
    local first=$CLUSTER_STATE second owner
    sleep 60 &
    owner=$!
    unset CLUSTER_STATE
    eval "$("$cluster" up -o $owner 2)"
    second=$CLUSTER_STATE
    kill -KILL $owner
    wait $owner 2> /dev/null
    CLUSTER_STATE=$first
    until_true 10 is_gone "$second" || broken "left: $(outside "$second")"
}

delay_lengthens_a_round_trip() {
    bring_up "$cluster" -d 2 || return
    start 2 $stream 0.5
    await 20
    expect_status 0
    expect_number round_trip_us -lt 15000
    "$cluster" delay node2 20000
    start 2 $stream 0.5
    await 20
    expect_status 0
    expect_number round_trip_us -ge 40000
    "$cluster" delay node2 0
}

switch_does_all_but_rates() {
    bring_up "$cluster" -d 3 || return
    cut_loses_nothing 1
    crashed_host_is_there_again_after_boot
}

need "$cluster" 3
check hosts_talk_to_each_other 3 3
check hosts_talk_to_each_other 7 3
check ranks_are_spread_evenly_and_in_order
check variables_reach_all_ranks
check cut_loses_nothing 3
check rate_limits_a_stream
check crashed_host_is_there_again_after_boot
check run_ends_when_its_time_is_over
check nothing_is_left_on_the_hosts
check clusters_do_not_know_each_other
check cluster_ends_with_its_owner
check what_jobs_leave_is_found
check delay_lengthens_a_round_trip
check switch_does_all_but_rates
report network
