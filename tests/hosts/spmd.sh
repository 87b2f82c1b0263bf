#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A program that all ranks run has a job in the middle, over several hosts.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/../job/spmd_checks.sh"
. "$here/support.sh"
in_slot "$0" "$@"

export MR_BIND=none

need "$cluster" 2
launcher=(over_hosts)
for ranks in 2 4; do
    check ranks_go_on_after_the_job $ranks middle
    check ranks_outside_compute_meanwhile $ranks
done
check ranks_go_on_after_the_job 3 ours
check two_groups_have_a_job_each 4
aborted_job_ends_on_all_hosts() { # RANKS HOW
    start "$1" ./tests/job/endings abort "$2" 41
    await 30
    expect_failure
    grep -q 'has called mr_job_abort(41): the job ends' "$scratch/err" ||
        broken "nobody says who has called"
    nothing_is_left_on_the_hosts
}

for who in main process task; do
    check aborted_job_ends_on_all_hosts 4 $who
done
report spmd_hosts
