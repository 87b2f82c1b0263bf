#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A map of one node passes few files of framework/pool/: all files of which
# callgrind sees a function run, in the caller and in the worker, while
# tests/counts/paths.c does a map that goes well. Inline functions of headers do
# not count. Call this in the build folder, after make check-programs.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
in_slot "$0" "$@"

program=./tests/counts/paths
limit=9

skip_all() { # REASON
    echo "  skip paths: $1"
    skipped=1
    report paths
}

files_of() { # NAME; a line for each
    grep -lxF "desc: Trigger: Client Request: $1" "$scratch"/paths.* |
        xargs -r sed -n 's|^fl=.*framework/pool/\(.*\.c\)$|\1|p' | sort -u
}

program_runs_under_callgrind() {
    MR_SPIN=0 start 0 valgrind --tool=callgrind --instr-atstart=no -q \
        --compress-strings=no --callgrind-out-file="$scratch/paths.%p" \
        "$program"
    await 60
    expect_status 0
    # Valgrind tells of system calls that it does not know.
    [ "$status" != 0 ] || : > "$scratch/err"
}

# A list without either would be no list.
both_processes_are_seen() { # NAME
    files_of "$1" | grep -qx map.c || broken "the caller is missing"
    files_of "$1" | grep -qx worker/run.c || broken "the worker is missing"
}

map_passes_few_files() { # NAME
    local files
    files=$(files_of "$1")
    [ "$(wc -l <<< "$files")" -le "$limit" ] ||
        broken "more than $limit files of framework/pool/:" $files
    echo "       $1: $(wc -l <<< "$files") files:" $files
}

[ -x "$program" ] || {
    echo "no $program: call this in the build folder, after make check-programs"
    exit 1
}
reason=$("$program" --about)
[ -z "$reason" ] || skip_all "$reason"
valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" --about \
    > "$scratch/log" 2>&1 ||
    skip_all "valgrind: $(sed 's/^==[0-9]*== *//' "$scratch/log" | tail -n 3 |
        tr '\n' ' ')"
check program_runs_under_callgrind
if $fine; then
    for name in small_map large_map; do
        check both_processes_are_seen "$name"
        check map_passes_few_files "$name"
    done
fi
report paths
