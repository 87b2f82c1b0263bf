#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The programs of bench/pool tell a figure for each of their cases; what they
# compute they check themselves.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/figures.sh"
in_slot "$0" "$@"

scripts=$here/../../bench/pool
few=(--limit 200)
# As if it had been measured, by bench/pool/peak.
export BENCH_RATE=500

all_questions_are_answered() { # RANKS PROGRAM...
    tells "x/cold x/warm" "$@" "${few[@]}" empty x
    tells single "$@" "${few[@]}" single
    tells "even/1us one/1us one/10us" "$@" "${few[@]}" lengths even/1us \
        one/1us one/10us
    tells "strong/2 weak/2" "$@" "${few[@]}" scaling
}

python_answers() {
    if ! command -v python3 > /dev/null; then
        reason="there is no python3"
        return
    fi
    all_questions_are_answered 0 python3 "$scripts/with_multiprocessing.py" \
        --workers 2
}

# How far it goes depends on the machine.
shortest_task_is_found() {
    start 2 bench/pool/multirank --limit 2000 smallest
    await 60
    expect_status 0
    has_figures || broken "no figures:" "$(cat "$scratch/out")"
    grep -q '^even/1024us [0-9.]* %$' "$scratch/out" || broken "no efficiency"
}

peak_is_told() {
    tells "BENCH_RATE BENCH_CORES" 0 bench/pool/peak
}

wrong_questions_are_refused() {
    local words
    for words in "why" "lengths odd/1us" "lengths even/1h" "--nonsense x empty"
    do
        # shellcheck disable=SC2086
        start 1 bench/pool/multirank $words
        await 20
        expect_failure
    done
}

check peak_is_told
check python_answers
if [ -x bench/pool/openmp ]; then
    check all_questions_are_answered 0 bench/pool/openmp --threads 2 \
        --schedule dynamic
    check all_questions_are_answered 0 bench/pool/openmp --threads 2
fi
if have_launcher; then
    check all_questions_are_answered 2 bench/pool/multirank
    check all_questions_are_answered 2 bench/pool/multirank --chunk 1 --in-place
    check all_questions_are_answered 2 bench/pool/by_hand
    check all_questions_are_answered 2 bench/pool/by_hand --chunk 1
    check all_questions_are_answered 2 bench/pool/scatter
    if [ -x bench/pool/with_libcircle ]; then
        check all_questions_are_answered 2 bench/pool/with_libcircle
        check all_questions_are_answered 2 bench/pool/with_libcircle --chunk 1 \
            --schedule static
    fi
    check shortest_task_is_found
    check wrong_questions_are_refused
fi
report bench/pool
