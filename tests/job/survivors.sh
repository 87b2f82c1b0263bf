#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Ranks of `multirank run` are killed while others wait for what they have: all
# are told, the job goes on, and ends by itself with the status of rank 0.
# Nothing of it stays.  A fork server notices the death.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
. "$here/deaths.sh"
in_slot "$0" "$@"

launcher=(./apps/multirank/multirank run --oversubscribe --grace 1 -n)

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi
check_deaths
report survivors
