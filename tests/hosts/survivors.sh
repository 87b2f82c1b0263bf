#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Over several hosts: ranks are killed, a host vanishes, and a cable is out for
# a while.  The living ranks go on, and a rank that was silent for a moment is not given up.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/../job/deaths.sh"
. "$here/support.sh"
. "$here/deaths.sh"
in_slot "$0" "$@"

rank_is_killed() { # RANKS CASE
    one_dies "$1" "$2" 40
    expect_noticed_within 10
    nothing_is_left_on_the_hosts
}

host_crashes() { # RANKS CASE
    program_loses_a_host "$1" "$2" $survivors expect_
}

rank_beside_others_is_killed() { # RANKS DEAD
    those_die "$1" "$2" 40
    nothing_is_left_on_the_hosts
}

# TCP needs some seconds more than the cable does.
cut_of_a_cable_loses_nobody_and_nothing() { # RANKS SECONDS
    start "$1" $survivors steady
    await_line '^ready$'
    "$cluster" cut node3
    sleep "$2"
    "$cluster" heal node3
    await 60
    expect_status 7
    expect_lines 4 'map MR_OK, outputs are right'
    expect_lines 1 'items in order 600'
    ! grep -E 'error|warning|lost' "$scratch/err" || broken "somebody is lost"
    nothing_is_left_on_the_hosts
}

need "$cluster" 3
for what in waits held map array; do
    check rank_is_killed 3 $what
done
check rank_is_killed 5 after
for what in waits held map queue array after; do
    check host_crashes 3 $what
done
check cut_of_a_cable_loses_nobody_and_nothing 3 3
check cut_of_a_cable_loses_nobody_and_nothing 5 3
need "$cluster" 2
for rank in 1 2 3 4 5; do
    check rank_beside_others_is_killed 6 $rank
done
# Of rank 0's node, of the other one, of both; the one whose server may clean
# up after the other is among them.
for ranks in 1,2 2,1 3,4 5,4 1,5 4,2; do
    check rank_beside_others_is_killed 6 $ranks
done
report survivors
