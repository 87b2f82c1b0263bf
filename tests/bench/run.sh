#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# bench/run asks questions, prints tables, and leaves a page, pictures and a
# file with all values.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/figures.sh"
command -v python3 > /dev/null || {
    echo "  skip bench/run: no python3"
    exit 77
}
in_slot "$0" "$@"

run=$here/../../bench/run

ask() { # ARGUMENT...
    start 0 "$run" --build . --output "$scratch/page" "$@"
    await 120
}

# Two repetitions by each of the contenders, which take turns.
values_are_kept() {
    ask --repetitions 2 --place near value
    expect_status 0
    : > "$scratch/err" # the progress
    grep -q '^| what | aim | Multirank | MPI | POSIX' "$scratch/out" ||
        broken "no table"
    grep -q '^| an atomic addition | 10 ns | [0-9.]* ns (.*: [0-9.,]* x |' \
        "$scratch/out" || broken "no row"
    grep -q '^Medians of 2 repetitions' "$scratch/out" ||
        broken "the number of repetitions is not told"
    [ "$(grep -c '^value,near,Multirank,add,[12],[0-9.]*,ns' \
        "$scratch/page/results.csv")" = 2 ] || broken "not 2 values"
    grep -q '^# compiler: ' "$scratch/page/results.csv" ||
        broken "nothing about the build"
    python3 -c 'import html.parser, sys
html.parser.HTMLParser().feed(open(sys.argv[1]).read())' \
        "$scratch/page/index.html" || broken "no page"
    grep -q '<h2 id=value>' "$scratch/page/index.html" || broken "no answer"
    grep -q 'Medians of 2 repetitions' "$scratch/page/index.html" ||
        broken "the number of repetitions is not on the page"
}

pictures_are_drawn() {
    [ -s "$scratch/page/value-near-1.svg" ] || broken "no picture"
    grep -q '<svg' "$scratch/page/index.html" || broken "none on the page"
}

# In words as gnuplot writes them, so for the version that drew the picture.
kept_picture_is_that_of_its_data() {
    local bench=$here/../../bench version
    local kept=$bench/pictures/smallest_task.svg
    version=$(gnuplot --version | sed 's/^gnuplot/GNUPLOT/')
    if ! grep -q "$version" "$kept"; then
        reason="another version of gnuplot drew it"
        return
    fi
    "$bench/draw" smallest_task "$bench/pictures/smallest_task.csv" \
        > "$scratch/drawn" || broken "it cannot be drawn"
    cmp -s "$scratch/drawn" "$kept" || broken "bench/draw draws another"
}

drawing_says_what_is_missing() {
    start 0 "$here/../../bench/draw" smallest_task /dev/null
    await 20
    expect_status 1
    grep -q 'no data for this picture' "$scratch/err" || broken "no reason"
}

places_can_be_chosen() {
    ask --repetitions 1 --place far value
    expect_status 0
    : > "$scratch/err"
    grep -q 'each rank taken for a node' "$scratch/out" || broken "not far"
    [ "$(grep -c '^## ' "$scratch/out")" = 1 ] || broken "elsewhere, too"
}

wrong_words_are_refused() {
    ask velocity
    expect_status 2
    grep -q 'there is no question velocity' "$scratch/err" || broken "no reason"
    ask --repetitions 0 value
    expect_status 2
    start 0 "$run" --build /nonexistent value
    await 20
    expect_status 2
}

check wrong_words_are_refused
check drawing_says_what_is_missing
if command -v gnuplot > /dev/null; then
    check kept_picture_is_that_of_its_data
fi
if have_launcher; then
    check values_are_kept
    if command -v gnuplot > /dev/null; then
        check pictures_are_drawn
    fi
    check places_can_be_chosen
fi
report bench/run
