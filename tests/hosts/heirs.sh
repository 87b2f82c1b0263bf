#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Over three hosts: a rank is killed, or its host crashes, while it holds locks,
# stands in barriers and waits for notifications.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/../job/deaths.sh"
. "$here/support.sh"
. "$here/deaths.sh"
in_slot "$0" "$@"

rank_is_killed_at_synchronisation() { # RANKS CASE
    rank_dies_at_synchronisation "$1" "$2" 40
    expect_noticed_within 10
    nothing_is_left_on_the_hosts
}

host_crashes_at_synchronisation() { # RANKS CASE
    program_loses_a_host "$1" "$2" $heirs expect_heirs_of_
}

need "$cluster" 3
for what in held wanted lost; do
    check rank_is_killed_at_synchronisation 3 $what
    check host_crashes_at_synchronisation 3 $what
done
report heirs_hosts
