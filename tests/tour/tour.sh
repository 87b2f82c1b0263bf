#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The tour prints the same with any number of ranks, whole or in parts.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
alone "$0" "$@"

tour=${TOUR:-./apps/multirank-tour}
examples="process pool queue pipe value array daemon"

tour_prints_what_is_expected() { # RANKS
    start "$1" "$tour"
    await 5
    expect_status 0
    expect_output < "$here/expected.txt"
}

# The sections of single examples, one after the other, are the whole.
tour_runs_single_examples() { # RANKS
    local example
    : > "$scratch/all"
    for example in $examples; do
        start "$1" "$tour" "$example"
        await 5
        expect_status 0
        cat "$scratch/out" >> "$scratch/all"
    done
    cp "$scratch/all" "$scratch/out"
    expect_output < "$here/expected.txt"
}

tour_runs_several_examples_in_the_order_given() {
    start "$1" "$tour" array value
    await 5
    expect_status 0
    grep '^==' "$scratch/out" > "$scratch/titles"
    mv "$scratch/titles" "$scratch/out"
    printf '== An array in shared memory ==\n== A value in shared memory ==\n' |
        expect_output
}

tour_lists_its_examples() { # RANKS
    start "$1" "$tour" --list
    await 5
    expect_status 0
    cut -d ' ' -f 1 "$scratch/out" > "$scratch/names"
    mv "$scratch/names" "$scratch/out"
    # shellcheck disable=SC2086
    printf '%s\n' $examples | expect_output
}

tour_explains_itself() { # RANKS
    start "$1" "$tour" --help
    await 5
    expect_status 0
    has_line '^usage: ' || broken "no usage"
    has_line '^process  *Creating processes$' || broken "no examples"
}

tour_refuses_unknown_names() { # RANKS
    start "$1" "$tour" process nonsense
    await 5
    expect_status 2
    expect_output < /dev/null
    [ "$(grep -c 'no example "nonsense"' "$scratch/err")" = 1 ] ||
        broken "the error is not told once"
}

check tour_prints_what_is_expected 0
check tour_refuses_unknown_names 0
if have_launcher; then
    for ranks in 1 2 4 8; do
        check tour_prints_what_is_expected $ranks
    done
    for again in 1 2 3; do
        check tour_prints_what_is_expected 3
    done
    check tour_runs_single_examples 2
    check tour_runs_several_examples_in_the_order_given 2
    check tour_lists_its_examples 2
    check tour_explains_itself 2
    check tour_refuses_unknown_names 4
fi
report tour
