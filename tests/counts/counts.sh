#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A slow-down that is seen without a clock: the instructions of hot_paths.c's
# operations, counted by callgrind, are at most those of expected.txt, and 3 %
# more; another compiler than the one of the record may use 40 % more.
#
#   tests/counts/counts.sh             compare, in the build folder
#   tests/counts/counts.sh --record    write expected.txt again
#
# Where the instructions of one operation are:
#   MR_LAUNCH=never valgrind --tool=callgrind --instr-atstart=no \
#       tests/counts/hot_paths
#   callgrind_annotate --inclusive=yes "$(grep -l ': queue_put_8$' callgrind.*)"
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../job/jobs.sh"
in_slot "$0" "$@"

program=./tests/counts/hot_paths
table=$here/expected.txt
same_compiler=3 other_compiler=40 # percent

skip_all() { # REASON
    echo "  skip counts: $1"
    skipped=1
    report counts
}

# Counts all operations: lines "NAME INSTRUCTIONS", of one call. An operation's
# name ends the trigger of its file of callgrind's. Of several files that have
# the same name the least counts: others have waited longer.
count_all() {
    MR_SPIN=0 start 0 valgrind --tool=callgrind --instr-atstart=no -q \
        --callgrind-out-file="$scratch/counts.%p" "$program"
    await 60
    expect_status 0
    # Valgrind tells of system calls that it does not know.
    [ "$status" != 0 ] || : > "$scratch/err"
    awk -v repeat="$repeat" '
        /^desc: Trigger: Client Request: / {
            name = $NF
            calls = /: one call: / ? 1 : repeat
        }
        /^totals: / && name != "" {
            if (!(name in least) || $2 / calls < least[name]) {
                least[name] = $2 / calls
            }
            name = ""
        }
        END {
            for (name in least) {
                printf "%s %.1f\n", name, least[name]
            }
        }' "$scratch"/counts.* | sort > "$scratch/counted"
}

counted_of() { # NAME
    awk -v name="$1" '$1 == name { print $2 }' "$scratch/counted"
}

recorded_of() { # NAME
    awk -v name="$1" '$1 == name { print $2 }' "$table"
}

# What a count is beside its record: same, more or less.
verdict() { # COUNTED RECORDED PERCENT
    awk -v counted="$1" -v recorded="$2" -v percent="$3" 'BEGIN {
        if (counted > recorded * (1 + percent / 100)) {
            print "more"
        } else if (counted < recorded * (1 - percent / 100)) {
            print "less"
        } else {
            print "same"
        }
    }'
}

program_runs_under_callgrind() {
    count_all
    [ -s "$scratch/counted" ] || broken "callgrind has counted nothing"
}

no_more_than_recorded() { # NAME
    local counted recorded
    counted=$(counted_of "$1") recorded=$(recorded_of "$1")
    if [ -z "$counted" ]; then
        broken "it is in expected.txt, and was not counted"
        return
    fi
    case $(verdict "$counted" "$recorded" "$tolerance") in
        more) broken "$1 takes $counted instructions, $recorded are recorded:" \
            "find where they are (see $0), or record them: $0 --record" ;;
        less) echo "       $1 takes $counted instructions only, $recorded are" \
            "recorded; lower the record: $0 --record" ;;
        same) echo "       $counted instructions, $recorded are recorded" ;;
        *) broken "$counted and $recorded cannot be compared" ;;
    esac
}

everything_counted_is_recorded() {
    local name
    for name in $(cut -d ' ' -f 1 "$scratch/counted"); do
        [ "$name" = value_add_twice ] || [ -n "$(recorded_of "$name")" ] ||
            broken "$name has no record: $0 --record"
    done
}

# What is twice the work must be seen, or nothing is.
call_that_is_made_twice_is_found() {
    [ "$(verdict "$(counted_of value_add_twice)" "$(recorded_of value_add)" \
        "$tolerance")" = more ] || broken "it was not"
}

limits_are_kept() {
    [ "$(verdict 110 100 10)" = same ] || broken "110 are not 10 % more"
    [ "$(verdict 110.2 100 10)" = more ] || broken "110.2 are more than that"
    [ "$(verdict 89.8 100 10)" = less ] || broken "89.8 are less"
    [ "$(verdict 139 100 40)" = same ] || broken "139 are not 40 % more"
}

record() {
    check program_runs_under_callgrind
    $fine || exit 1
    {
        echo "# Instructions of one call of each operation of hot_paths.c,"
        echo "# written by counts.sh --record."
        echo "# compiler: $compiler"
        grep -v '_twice ' "$scratch/counted"
    } > "$table" || exit 1
    echo "recorded: $table"
}

[ -x "$program" ] || {
    echo "no $program: call this in the build folder, after make check-programs"
    exit 1
}
read -r repeat compiler < <("$program" --about)
[ "$repeat" != skip ] || skip_all "$compiler"
compiler=${compiler/(ccache /(} # what keeps its output is no other compiler
# Some cannot read what some compilers write for debuggers.
valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" --about \
    > "$scratch/log" 2>&1 ||
    skip_all "valgrind: $(sed 's/^==[0-9]*== *//' "$scratch/log" | tail -n 3 |
        tr '\n' ' ')"
if [ "${1:-}" = --record ]; then
    record
    exit
fi
tolerance=$other_compiler
if grep -qxF "# compiler: $compiler" "$table"; then
    tolerance=$same_compiler
fi
echo "       $compiler: at most $tolerance % more"
check program_runs_under_callgrind
if $fine; then
    check limits_are_kept
    check everything_counted_is_recorded
    check call_that_is_made_twice_is_found
    for name in $(grep -v '^#' "$table" | cut -d ' ' -f 1); do
        check no_more_than_recorded "$name"
    done
fi
report counts
