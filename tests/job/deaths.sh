# SPDX-License-Identifier: BSD-3-Clause
# For scripts that kill ranks of survivors.c and heirs.c; they have sourced jobs.sh before
# this file, and $launcher starts `multirank run`.
# shellcheck shell=bash

survivors=./tests/job/survivors
heirs=./tests/job/heirs

expect_lines() { # COUNT PATTERN
    [ "$(grep -cx "$2" "$scratch/out")" = "$1" ] ||
        broken "$(grep -cx "$2" "$scratch/out") lines $2, not $1"
}

expect_said() { # PATTERN
    grep -qx "$1" "$scratch/err" || broken "nobody says: $1"
}

# By the tool, and by the library.
expect_deaths() { # RANKS COUNT
    local rank
    for ((rank = $1 - $2; rank < $1; rank++)); do
        expect_said "multirank run: rank $rank on .*; the job goes on without it"
        expect_said "multirank: .* error: rank $rank on .*\(has died.*; its objects are lost\|is lost: .*; the job goes on without\)"
    done
}

# Each way to wait, by a thread of rank 0 and by a child on each survivor.
expect_all_know() { # RANKS DEAD
    local way
    for way in get put acquire join wait recv; do
        expect_lines "$2" "$way MR_ERR_OWNER_LOST"
        expect_lines $((($1 - $2) * $2)) "child's $way MR_ERR_OWNER_LOST"
    done
}

expect_waits() { # RANKS
    expect_all_know "$1" 1
}

expect_held() {
    expect_lines 3 'lock.* MR_ERR_HOLDER_DIED'
    expect_lines 1 'pipe MR_ERR_END_OF_FILE'
}

expect_map() {
    expect_lines 2 'map MR_OK, outputs are right'
}

expect_queue() {
    expect_lines 1 'out MR_ERR_OWNER_LOST'
    expect_lines 1 'in MR_ERR_OWNER_LOST'
}

expect_array() {
    expect_queue
}

expect_copies() {
    expect_lines 1 'copies MR_OK'
    expect_lines 1 "child's copies MR_OK"
}

expect_small() { # RANKS
    expect_lines 1 'small MR_ERR_OWNER_LOST'
    expect_lines $(($1 - 1)) "child's small MR_ERR_OWNER_LOST"
}

expect_after() {
    expect_lines 7 '.* MR_ERR_OWNER_LOST'
    expect_lines 1 'processes run'
    expect_lines 1 'map MR_OK, outputs are right'
}

one_dies() { # RANKS CASE SECONDS
    start "$1" $survivors "$2"
    await "$3"
    expect_status 7
    expect_deaths "$1" 1
    "expect_$2" "$1"
}

# Everybody who lives is told, on all nodes, whichever ranks they are.
those_die() { # RANKS DEAD SECONDS; DEAD are one or two, with a comma
    local dead=${2//,/ } count=0 rank way
    start "$1" $survivors those "$2"
    await "$3"
    expect_status 7
    for rank in $dead; do
        expect_said "multirank run: rank $rank on .*; the job goes on without it"
        count=$((count + 1))
    done
    for way in get join; do
        expect_lines $count "$way MR_ERR_OWNER_LOST"
        expect_lines $((($1 - count) * count)) "child's $way MR_ERR_OWNER_LOST"
    done
}

# Four objects of each kind, as many heirs of each as there are ranks: a thread of
# rank 0, and a child on each survivor. One heir of a lock is told of the death.
expect_heirs_of_held() { # RANKS
    local way
    for way in rlock write 'its lock'; do
        expect_lines 4 "$way MR_ERR_HOLDER_DIED"
        expect_lines $((4 * $1 - 4)) "$way MR_OK"
    done
    for way in 'write after a reader' condition; do
        expect_lines $((4 * $1)) "$way MR_OK"
    done
    expect_lines $((4 * $1)) 'barrier MR_ERR_BROKEN'
    expect_lines 1 'all can be used again'
}

expect_heirs_of_wanted() { # RANKS
    local way
    for way in rlock write read semaphore event; do
        expect_lines $((4 * $1)) "$way MR_OK"
    done
    expect_lines 1 'all can be used again'
}

expect_heirs_of_lost() { # RANKS
    expect_lines $((9 * $1)) '.* MR_ERR_OWNER_LOST'
}

rank_dies_at_synchronisation() { # RANKS CASE SECONDS
    start "$1" $heirs "$2"
    await "$3"
    expect_status 7
    expect_deaths "$1" 1
    "expect_heirs_of_$2" "$1"
}

two_die() { # RANKS
    start "$1" $survivors two
    await 12
    expect_status 7
    expect_deaths "$1" 2
    expect_all_know "$1" 2
}

# All of these, in jobs of few ranks.
check_deaths() {
    local ranks what
    for ranks in 2 3 4; do
        for what in waits held map queue array copies small after; do
            check one_dies $ranks $what 12
        done
    done
    for ranks in 3 4; do
        check two_die $ranks
    done
}
