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
report spmd_hosts
