#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What children print arrives: whole lines, in order, before join returns.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/output

run() { # RANKS CASE
    start "$1" $program "$2"
    await 20
    expect_status 0
}

ten_thousand_lines_are_written_before_join_returns() { # RANKS
    run "$1" many
    { seq -f 'line %.0f' 0 9999 && echo joined; } | expect_output
}

whole_lines() { # LETTERS COUNT
    awk -v length_wanted="$1" -v count="$2" '
        length($0) != length_wanted || $0 ~ "[^" substr($0, 1, 1) "]" {
            print "line " NR " is mixed or cut: " substr($0, 1, 60)
        }
        { seen[substr($0, 1, 1)]++ }
        END {
            for (letter in seen) {
                if (seen[letter] != count) {
                    print seen[letter] " lines of " letter
                }
                letters++
            }
            if (letters != 4) {
                print letters " letters"
            }
        }' "$scratch/out" | head -5 > "$scratch/wrong"
    [ ! -s "$scratch/wrong" ] || broken "$(cat "$scratch/wrong")"
}

long_lines_of_four_children_do_not_mix() { # RANKS
    run "$1" long
    whole_lines 5000 200
}

lines_written_by_single_characters_do_not_mix() { # RANKS
    run "$1" slow
    whole_lines 20 100
}

a_line_of_a_megabyte_stays_whole() { # RANKS
    run "$1" huge
    awk 'BEGIN {
        for (i = 0; i < 1048576; i++) {
            printf "%c", 97 + i % 26
        }
        print "\njoined"
    }' | cmp - "$scratch/out" || broken "it does not"
}

output_stands_before_what_follows_the_join() { # RANKS
    run "$1" turns
    seq 0 199 | sed 's/.*/child &\nmain &/' | expect_output
}

# Whether a newline is added to the last part of a line is left open.
a_last_line_without_newline_is_written_before_join_returns() { # RANKS
    run "$1" partial
    tr -d '\n' < "$scratch/out" > "$scratch/text"
    mv "$scratch/text" "$scratch/out"
    printf 'wholepartjoined' | expect_output
}

stderr_arrives_on_stderr() { # RANKS
    run "$1" errors
    grep '^error ' "$scratch/err" | sort > "$scratch/errors"
    for child in 0 1 2 3; do
        seq -f "error $child %.0f" 0 49
    done | sort | cmp - "$scratch/errors" || broken "stderr is not whole"
    sort -o "$scratch/out" "$scratch/out"
    printf 'output %d\n' 0 1 2 3 | expect_output
}

lines_of_a_killed_child_are_not_lost() { # RANKS
    run "$1" killed
    for _ in $(seq $(($1 > 0 ? $1 : 1))); do
        printf 'last words\njoined\n'
    done | expect_output
}

exit_writes_what_is_buffered() { # RANKS
    run "$1" exits
    tr -d '\n' < "$scratch/out" > "$scratch/text"
    mv "$scratch/text" "$scratch/out"
    grep -q '^exit writes thisjoined.*joined$' "$scratch/out" ||
        broken "$(cat "$scratch/out")"
}

# Of one process what goes around stdio has an order of its own: the shell's line
# may come before or behind the one that is printed after it. Those who joined
# the process have theirs behind both.
output_of_grandchildren_arrives() { # RANKS
    run "$1" nested
    { head -n 2 "$scratch/out" | sort && tail -n +3 "$scratch/out"; } \
        > "$scratch/sorted"
    mv "$scratch/sorted" "$scratch/out"
    printf '%s\n' 'depth 3' 'from a shell' 'depth 2' 'depth 1' joined |
        expect_output
}

output_of_tasks_arrives() { # RANKS
    run "$1" tasks
    sort -V -o "$scratch/out" "$scratch/out"
    seq -f 'task %.0f' 0 99 | expect_output
}

output_of_children_that_nobody_joins_arrives() { # RANKS
    run "$1" unjoined
    sort -o "$scratch/out" "$scratch/out"
    printf 'child %d\n' 0 1 2 3 | expect_output
}

lines_of_a_daemon_are_whole_and_in_order() { # RANKS
    run "$1" daemons
    cp "$scratch/out" "$scratch/lines"
    count=$(wc -l < "$scratch/lines")
    [ "$count" -ge 100 ] || broken "only $count lines"
    seq -f 'daemon %.0f' 0 $((count - 1)) | expect_output
}

# The script looks at what has arrived before it lets the job go on.
start_with_fifo() { # RANKS CASE
    export OUTPUT_FIFO=$scratch/fifo
    rm -f "$OUTPUT_FIFO"
    mkfifo "$OUTPUT_FIFO"
    start "$1" $program "$2"
}

go_on() {
    : > "$OUTPUT_FIFO"
    await 20
    expect_status 0
}

part_of_a_line_arrives_and_lines_of_others_stay_whole() { # RANKS
    ! open_mpi_5 "holds back a line without an end" || return 0
    start_with_fifo "$1" between
    await_line '^begun$'
    go_on
    printf 'begun\nchild 5\n and ended\n' | expect_output
}

text_written_around_stdio_keeps_its_place() { # RANKS
    ! open_mpi_5 "holds back a line without an end" || return 0
    local ranks=$(($1 > 0 ? $1 : 1)) # a plain program is one rank

    run "$1" around
    for ((i = 0; i < ranks; i++)); do
        seq -f 'printed %.0f, written behind' 0 99
        head -c 99999 /dev/zero | tr '\0' m
        printf '\nno end\njoined in main\n'
    done | expect_output
    [ "$(grep -c '^an error$' "$scratch/err")" = "$ranks" ] ||
        broken "the errors are missing"
}

progress_bar_is_seen() { # RANKS
    ! open_mpi_5 "holds back a line without an end" || return 0
    start_with_fifo "$1" bar
    await_line 'progress 3'
    go_on
    printf '\rprogress 0\rprogress 1\rprogress 2\rprogress 3\n' |
        expect_output
}

in_place_of_us() { # RANKS SCRIPT CASE; a shell in front of rank 0
    start "$1" bash -c "$2" - $program "$3"
    await 20
}

expect_one_complaint() {
    [ "$(grep -c . "$scratch/err")" = 1 ] || broken "not one line on stderr"
    grep -q "stdout.*$1" "$scratch/err" || broken "nothing is said of $1"
}

full_disk_fails_the_job() { # CASE
    in_place_of_us 0 'exec "$@" > /dev/full' "$1"
    expect_status 3
    expect_one_complaint "No space left on device"
}

# As any program that writes to `head`.
closed_reader_ends_the_job() { # CASE
    in_place_of_us 0 '"$@" | true; exit ${PIPESTATUS[0]}' "$1"
    expect_status $((128 + 13))
}

closed_reader_fails_the_job_that_ignores_the_signal() { # CASE
    in_place_of_us 0 'trap "" PIPE; "$@" | true; exit ${PIPESTATUS[0]}' "$1"
    expect_status 3
    expect_one_complaint "Broken pipe"
}

closed_standard_descriptors_do_no_harm() { # WHICH...
    local way="exec \"\$@\""
    for descriptor in "$@"; do
        way="$way $descriptor>&-"
    done
    in_place_of_us 0 "$way" letters
    expect_status 0
}

settings_are_printed_as_a_table() { # RANKS
    run "$1" table
    grep -q '^MR_MEMORY ' "$scratch/out" || broken "no MR_MEMORY"
    grep -q '^MR_LOG .*warning' "$scratch/out" || broken "no MR_LOG"
}

unknown_settings_are_warned_about_once() { # RANKS
    export MR_NONSENSE=1
    run "$1" table
    unset MR_NONSENSE
    [ "$(grep -c 'MR_NONSENSE' "$scratch/err")" = 1 ] ||
        broken "$(grep -c 'MR_NONSENSE' "$scratch/err") warnings"
}

for ranks in 0 $(have_launcher && echo 1 3); do
    check ten_thousand_lines_are_written_before_join_returns "$ranks"
    check long_lines_of_four_children_do_not_mix "$ranks"
    check lines_written_by_single_characters_do_not_mix "$ranks"
    check a_line_of_a_megabyte_stays_whole "$ranks"
    check output_stands_before_what_follows_the_join "$ranks"
    check a_last_line_without_newline_is_written_before_join_returns "$ranks"
    check stderr_arrives_on_stderr "$ranks"
    check lines_of_a_killed_child_are_not_lost "$ranks"
    check exit_writes_what_is_buffered "$ranks"
    check output_of_grandchildren_arrives "$ranks"
    check output_of_tasks_arrives "$ranks"
    check output_of_children_that_nobody_joins_arrives "$ranks"
    check lines_of_a_daemon_are_whole_and_in_order "$ranks"
    check part_of_a_line_arrives_and_lines_of_others_stay_whole "$ranks"
    check progress_bar_is_seen "$ranks"
    check text_written_around_stdio_keeps_its_place "$ranks"
    check settings_are_printed_as_a_table "$ranks"
    check unknown_settings_are_warned_about_once "$ranks"
done
for what in main long; do
    check full_disk_fails_the_job $what
    check closed_reader_ends_the_job $what
    check closed_reader_fails_the_job_that_ignores_the_signal $what
done
check closed_standard_descriptors_do_no_harm 0
check closed_standard_descriptors_do_no_harm 1
check closed_standard_descriptors_do_no_harm 2
check closed_standard_descriptors_do_no_harm 0 1
check closed_standard_descriptors_do_no_harm 0 1 2
report output
