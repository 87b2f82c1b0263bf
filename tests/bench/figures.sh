# SPDX-License-Identifier: BSD-3-Clause
# For scripts that look at what programs of bench/ tell; they source this file.
# shellcheck shell=bash
. "$here/../job/jobs.sh"

export PYTHONDONTWRITEBYTECODE=1
# Nobody looks at the figures.
export BENCH_ENOUGH=0.01

# Figures are above zero, but for what idle ranks cost, and, where may_shrink is
# set, for memory: Python may give some back between two looks.
has_figures() {
    awk -v may_shrink="${may_shrink:-0}" '
        NF != 3 || $2 !~ /^-?[0-9.]+(e[-+][0-9]+)?$/ ||
            $2 + 0 <= 0 && !/^(switches|core)/ &&
            !(may_shrink && $3 == "KiB") {
        wrong = 1
    } END { exit wrong }' "$scratch/out"
}

tells() { # CASES RANKS PROGRAM [ARGUMENT...]
    local cases=$1
    shift
    start "$@"
    await 60
    expect_status 0
    # shellcheck disable=SC2086
    printf '%s\n' $cases | sort > "$scratch/cases"
    cut -d ' ' -f 1 "$scratch/out" | sort | diff "$scratch/cases" - \
        > "$scratch/diff" || broken "other cases:" "$(cat "$scratch/diff")"
    has_figures || broken "no figures:" "$(cat "$scratch/out")"
}
