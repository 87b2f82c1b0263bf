#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The same as survivors.sh with each rank as if on a node of its own, where a
# death shows by silence; and a rank that is taken for lost comes back.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
. "$here/deaths.sh"
in_slot "$0" "$@"

launcher=(./apps/multirank/multirank run --oversubscribe --grace 1 -n)
export MR_ROUTE=far

# With its usual patience a job has to notice within ten seconds.
default_patience_notices_within_10_s() { # RANKS
    one_dies "$1" held 12
    awk '/ after / { if ($(NF - 1) > 10) late = 1 } END { exit late }' \
        "$scratch/err" || broken "noticed late"
}

# Taken for lost while large items are under way, it ends when it comes back.
stopped_rank_comes_back() { # RANKS
    local victim
    rm -f "$scratch/go"
    start "$1" $survivors stopped "$scratch/go"
    await_line '^ready$'
    victim=$(sed -n 's/^victim //p' "$scratch/out")
    kill -STOP "$victim" || broken "there is no rank to be stopped"
    : > "$scratch/go"
    until_true 20 has_line '^out MR_ERR_OWNER_LOST' ||
        broken "the put is not told: $(cat "$scratch/out")"
    until_true 20 has_line '^in MR_ERR_OWNER_LOST' ||
        broken "the get is not told: $(cat "$scratch/out")"
    kill -CONT "$victim"
    await 30
    expect_status 7
    expect_said "multirank: rank $(($1 - 1)): error: rank 0 takes this rank for lost; this rank ends"
    expect_said "multirank: rank 0: error: rank $(($1 - 1)) on .* is lost: no word .*"
    expect_lines 3 'map MR_OK, outputs are right'
}

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi
check default_patience_notices_within_10_s 2
export MR_PATIENCE=3
check_deaths
for ranks in 2 3; do
    check stopped_rank_comes_back $ranks
done
report survivors_far
