#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The user may hold MPI for longer than MR_PATIENCE: nobody takes the rank for
# lost, no rank ends, and the job goes on when MPI is given back.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi

# More ranks than processors are no news here.
export MR_BIND=none MR_PATIENCE=3

# Longer than the rank's own watch and those of the others wait.
held() { # RANKS WHO
    start "$1" ./tests/job/mpi_lock "$2" 11
    await 40
    expect_status 7
    has_line '^held by rank' || broken "nobody held it"
    has_line '^the job goes on$' || broken "the job did not go on"
    ! grep 'error' "$scratch/err" || broken "somebody sees an error"
}

held_far() { # RANKS WHO
    far held "$@"
    grep -q 'warning: mr_mpi_lock has been held for 3 s' "$scratch/err" ||
        broken "nobody is warned"
}

for who in main task; do
    check held 2 $who
    for ranks in 2 3; do
        check held_far $ranks $who
    done
done
# By their tool the job would go on without a rank that is taken for lost.
check through_tool held_far 3 task
report mpi_lock
