#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Ranks of `multirank run` are killed while others wait for what they have: all
# are told, the job goes on, and ends by itself with the status of rank 0.
# Nothing of it stays.  Near, a fork server notices the death; far, as between
# nodes, it shows by silence.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
. "$here/deaths.sh"
alone "$0" "$@"

launcher=(./apps/multirank/multirank run --oversubscribe --grace 1 -n)

# With its usual patience a job has to notice within ten seconds.
default_patience_notices_within_10_s() { # RANKS
    export MR_ROUTE=far
    one_dies "$1" held 12
    unset MR_ROUTE
    awk '/ after / { if ($(NF - 1) > 10) late = 1 } END { exit late }' \
        "$scratch/err" || broken "noticed late"
}

far() { # FUNCTION ARGUMENT...
    export MR_ROUTE=far MR_PATIENCE=3
    "$@"
    unset MR_ROUTE MR_PATIENCE
}

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi
for route in '' far; do
    for ranks in 2 3 4; do
        for what in waits held map queue array small after; do
            # shellcheck disable=SC2086
            check $route one_dies $ranks $what 12
        done
    done
    for ranks in 3 4; do
        # shellcheck disable=SC2086
        check $route two_die $ranks
    done
done
check default_patience_notices_within_10_s 2
report survivors
