#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# multirank-search finds the shortest rulers, the same by tasks as on one core,
# and tells what each worker did.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
in_slot "$0" "$@"
. "$here/search_checks.sh"

# The lengths and numbers of these rulers are known.
lengths_are_those_of_the_literature() { # MARKS LENGTH RULERS
    start 0 "$program" --serial --marks "$1"
    await 60
    expect_status 0
    has_line "^$1 marks, length $2, rulers: $3\$" || broken "no such line"
    [ "$(wc -l < "$scratch/out")" = $(($3 + 1)) ] || broken "not $3 rulers"
    check_rulers
}

# By another way than the program's.
check_rulers() {
    tail -n +2 "$scratch/out" | awk '{
        delete seen
        for (i = 1; i <= NF; i++) {
            for (k = 1; k < i; k++) {
                if (seen[$i - $k]++) { exit 1 }
            }
        }
    }' || broken "a distance comes twice"
}

every_worker_is_told() { # RANKS
    start "$1" "$program" --marks 10
    await 60
    expect_status 0
    [ "$(shares | wc -l)" = "$1" ] || broken "not $1 workers"
    shares | awk '{ tasks += $3; steps += $4; busy += $5 }
        END { exit !(tasks > 100 && steps > 10000 && busy > 0) }' ||
        broken "$(shares)"
}

full_output_is_told() {
    start 0 bash -c "exec $program --serial --marks 4 > /dev/full"
    await 20
    expect_status 1
    grep -q 'stdout: No space left on device' "$scratch/err" ||
        broken "it is not told"
}

command_line_is_answered() { # STATUS PATTERN ARGUMENT...
    local expected=$1 pattern=$2
    shift 2
    start 0 "$program" "$@"
    await 20
    expect_status "$expected"
    cat "$scratch/err" "$scratch/out" | grep -q -e "$pattern" ||
        broken "no line $pattern"
}

check lengths_are_those_of_the_literature 4 6 1
check lengths_are_those_of_the_literature 5 11 2
check lengths_are_those_of_the_literature 6 17 4
check lengths_are_those_of_the_literature 7 25 5
check lengths_are_those_of_the_literature 8 34 1
check lengths_are_those_of_the_literature 9 44 1
check full_output_is_told
check command_line_is_answered 0 '^usage: ' --help
check command_line_is_answered 0 '^multirank-search [0-9]' --version
check command_line_is_answered 2 'see multirank-search --help' --nonsense
check command_line_is_answered 2 "option '--marks' requires" --marks
check command_line_is_answered 2 'what is "more" for' more
for number in '' 3 15 1.5 many; do
    check command_line_is_answered 2 '--marks wants a number' --marks "$number"
done
for number in '' 2 15 x; do
    check command_line_is_answered 2 '--split wants a number' --split "$number"
done
check tasks_find_what_one_core_finds 0 7
if have_launcher; then
    for marks in 4 5 6 7 8; do
        check tasks_find_what_one_core_finds 2 $marks
    done
    for ranks in 1 2 4; do
        check tasks_find_what_one_core_finds $ranks 9
    done
    check tasks_find_what_one_core_finds 2 8 --split 3
    check tasks_find_what_one_core_finds 2 8 --split 14
    check far tasks_find_what_one_core_finds 2 9
    check far tasks_find_what_one_core_finds 4 8
    check every_worker_is_told 2
    check far every_worker_is_told 3
fi
report apps/search
