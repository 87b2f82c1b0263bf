#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Over several hosts: ranks are killed, a host vanishes, and a cable is out for
# a while.  The living ranks go on, and a rank that was silent for a moment is not given up.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/../job/deaths.sh"
. "$here/support.sh"
in_slot "$0" "$@"

launcher=(by_tool)

expect_noticed_within() { # SECONDS
    awk -v limit="$1" '{ late += $1 > limit } END { exit NR == 0 || late }' \
        <(sed -n 's/.* after \([0-9.]*\) s\b.*/\1/p' "$scratch/err") || broken "noticed late"
}

rank_is_killed() { # RANKS CASE
    one_dies "$1" "$2" 40
    expect_noticed_within 10
    nothing_is_left_on_the_hosts
}

rank_is_killed_at_synchronisation() { # RANKS CASE
    rank_dies_at_synchronisation "$1" "$2" 40
    expect_noticed_within 10
    nothing_is_left_on_the_hosts
}

rank_beside_others_is_killed() { # RANKS DEAD
    those_die "$1" "$2" 40
    nothing_is_left_on_the_hosts
}

# A host that answers nothing any more, not even by a reset.
host_crashes() { # RANKS CASE [PROGRAM EXPECTATION]
    rm -f "$scratch/go"
    start "$1" "${3:-$survivors}" "$2" "$scratch/go"
    await_line '^ready$'
    "$cluster" crash node3
    : > "$scratch/go"
    await 40
    expect_status 7
    expect_said "multirank: rank 0: error: rank $(($1 - 1)) on node3 is lost: .*; the job goes on without"
    expect_noticed_within 10
    "${4:-expect_}$2" "$1"
    nothing_is_left_on_the_hosts
    "$cluster" boot node3
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

# With messages: the window's MPI_Rget never returns when its target dies at
# the wrong moment (osc/pt2pt of Open MPI 4.1), and rank 0 ends with the job.
export MR_FAR_ARRAYS=messages
# No warning is expected where a host is not lost.
export MR_BIND=none

need "$cluster" 3
for what in waits held map array; do
    check rank_is_killed 3 $what
done
check rank_is_killed 5 after
for what in held wanted lost; do
    check rank_is_killed_at_synchronisation 3 $what
    check host_crashes 3 $what "$heirs" expect_heirs_of_
done
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
