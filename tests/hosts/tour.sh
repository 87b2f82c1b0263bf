#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The tour prints the same over several hosts, and in jobs of Slurm.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/../tour/checks.sh"
. "$here/support.sh"
in_slot "$0" "$@"

tour_over_hosts() { # HOSTS RANKS
    if [ "$(count_nodes)" != "$1" ]; then
        bring_up "$cluster" "$1" || return
    fi
    launcher=(over_hosts)
    tour_prints_what_is_expected "$2"
    nothing_is_left_on_the_hosts
}

tour_in_slurm() { # HOW RANKS
    if [ ! -e "${CLUSTER_STATE:-}/slurm" ]; then
        bring_up "$slurm" 2 || return
    fi
    launcher=("$1")
    tour_prints_what_is_expected "$2"
}

need "$cluster" 2
for ranks in 2 3 4 8; do
    check tour_over_hosts 2 $ranks
done
for ranks in 3 4 6 8; do
    check tour_over_hosts 3 $ranks
done
check tour_in_slurm by_sbatch 4
check tour_in_slurm by_srun 4
report tour_hosts
