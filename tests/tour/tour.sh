#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The tour prints the same with any number of ranks, near and far, whole or in
# parts.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
. "$here/checks.sh"
in_slot "$0" "$@"

check tour_prints_what_is_expected 0
check tour_lists_its_examples 0
check tour_explains_itself 0
check tour_tells_its_version 0
check tour_refuses_unknown_names 0
check tour_refuses_unknown_options 0
if have_launcher; then
    for ranks in 1 2 4 8; do
        check tour_prints_what_is_expected $ranks
    done
    for ranks in 2 4 8; do
        check far tour_prints_what_is_expected $ranks
    done
    for again in 1 2 3; do
        check tour_prints_what_is_expected 3
    done
    check tour_runs_single_examples 2
    check tour_runs_several_examples_in_the_order_given 2
    check tour_refuses_unknown_names 4
fi
report tour
