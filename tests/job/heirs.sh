#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Ranks of `multirank run` are killed while they hold locks, stand in barriers and
# wait for notifications, near and far: those who live inherit what was held, or
# are told, and nobody hangs.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
. "$here/deaths.sh"
in_slot "$0" "$@"

launcher=(./apps/multirank/multirank run --oversubscribe --grace 1 -n)

# A wait for an object of a silent rank ends with its loss; the other object is
# ready all the same.
wait_tells_what_is_ready_beside_what_is_lost() { # RANKS
    start "$1" $heirs beside
    await 12
    expect_status 7
    expect_lines 1 'beside MR_OK, ready 1 and 0'
    expect_lines 1 'beside MR_ERR_OWNER_LOST'
}

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi
export MR_PATIENCE=3
for ranks in 2 3 4; do
    for what in held wanted lost; do
        check rank_dies_at_synchronisation $ranks $what 12
        check far rank_dies_at_synchronisation $ranks $what 12
    done
    check far wait_tells_what_is_ready_beside_what_is_lost $ranks
done
report heirs
