# SPDX-License-Identifier: BSD-3-Clause
# What is expected of the tour, whatever starts it: checks for scripts that have
# sourced job/jobs.sh before this file.
# shellcheck shell=bash

tour=${TOUR:-./apps/multirank-tour}
# What the tour prints, and the seconds that it may take.
tour_text=$(cd "${BASH_SOURCE[0]%/*}" && pwd)/expected.txt
tour_limit=30
examples="process family pool iterator future spawn queue queue_end queue_join lent \
pipe ticket value array semaphore event condition barrier rwlock daemon"

tour_prints_what_is_expected() { # RANKS
    start "$1" "$tour"
    await $tour_limit
    expect_status 0
    expect_output < "$tour_text"
}

# The sections of single examples, one after the other, are the whole.
tour_runs_single_examples() { # RANKS
    local example
    : > "$scratch/all"
    for example in $examples; do
        start "$1" "$tour" "$example"
        await $tour_limit
        expect_status 0
        cat "$scratch/out" >> "$scratch/all"
    done
    cp "$scratch/all" "$scratch/out"
    expect_output < "$tour_text"
}

tour_runs_several_examples_in_the_order_given() {
    start "$1" "$tour" array value
    await $tour_limit
    expect_status 0
    grep '^==' "$scratch/out" > "$scratch/titles"
    mv "$scratch/titles" "$scratch/out"
    printf '== An array in shared memory ==\n== A value in shared memory ==\n' |
        expect_output
}

tour_lists_its_examples() { # RANKS
    start "$1" "$tour" --list
    await $tour_limit
    expect_status 0
    cut -d ' ' -f 1 "$scratch/out" > "$scratch/names"
    mv "$scratch/names" "$scratch/out"
    # shellcheck disable=SC2086
    printf '%s\n' $examples | expect_output
}

tour_explains_itself() { # RANKS
    start "$1" "$tour" --help
    await $tour_limit
    expect_status 0
    has_line '^usage: ' || broken "no usage"
    has_line '^  process  *Creating processes$' || broken "no examples"
}

tour_tells_its_version() { # RANKS
    start "$1" "$tour" --version
    await $tour_limit
    expect_status 0
    has_line '^multirank-tour [0-9]' || broken "no version"
}

tour_refuses_unknown_names() { # RANKS
    start "$1" "$tour" process nonsense
    await $tour_limit
    expect_status 2
    expect_output < /dev/null
    [ "$(grep -c 'no example "nonsense"' "$scratch/err")" = 1 ] ||
        broken "the error is not told once"
}

tour_refuses_unknown_options() { # RANKS
    start "$1" "$tour" --nonsense
    await $tour_limit
    expect_status 2
    expect_output < /dev/null
    grep -q 'no option "--nonsense"' "$scratch/err" || broken "no word of it"
}
