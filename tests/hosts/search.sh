#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# multirank-search finds the same over several hosts as on one core.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/../apps/search_checks.sh"
. "$here/support.sh"
in_slot "$0" "$@"

tasks_over_hosts_find_what_one_core_finds() { # HOSTS RANKS
    if [ "$(count_nodes)" != "$1" ]; then
        bring_up "$cluster" "$1" || return
    fi
    launcher=(over_hosts)
    tasks_find_what_one_core_finds "$2" 9
    nothing_is_left_on_the_hosts
}

need "$cluster" 2
check tasks_over_hosts_find_what_one_core_finds 2 2
check tasks_over_hosts_find_what_one_core_finds 2 4
report search_hosts
