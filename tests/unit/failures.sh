#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What tests/failures and tests/count say of programs that failed: run here are
# the inner suite of the harness's own test, and checks of a script.
set -u

source=${srcdir:-$(dirname "$0")/../..}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

leave_result() { # NAME STATUS; as automake leaves it
    local result=FAIL
    case $2 in
        0) result=PASS ;;
        77) result=SKIP ;;
    esac
    echo "$result tests/$1 (exit status: $2)" >> "$scratch/$1.log"
    echo ":test-result: $result" > "$scratch/$1.trs"
}

leave_script() { # NAME COMMANDS
    bash -c "$2" > "$scratch/$1.log" 2>&1
    leave_result "$1" $?
}

leave_inner() { # TEST
    leave_script "$1" "MRT_INNER=1 tests/unit/harness_test $1; exit"
}

expect() { # NAME ACTUAL EXPECTED
    if [ "$2" = "$3" ]; then
        echo "  ok   $1"
        passed=$((passed + 1))
    else
        diff <(echo "$3") <(echo "$2") | sed 's/^/       /'
        echo "  FAIL $1"
        failed=$((failed + 1))
    fi
}

failures() { # NAME...
    local name
    mkdir "$scratch/some"
    for name in "$@"; do
        mv "$scratch/$name".* "$scratch/some"
    done
    # Line numbers and seconds are not what is looked at.
    "$source/tests/failures" "$scratch/some" |
        sed -E "s|$scratch/some/||; s|[^ ]*/([a-z_]*\.c):[0-9]+:|\1:|
            s/process [0-9]+/process N/"
    "$source/tests/count" "$scratch/some"
    rm -r "$scratch/some"
}

leave_inner fails
leave_inner skips
expect failed_test_is_listed_with_its_message "$(failures fails skips)" \
    "  fails
    fails
        harness_test.c: 1 + 1 is 2, not 3, that is, 3
0 passed, 1 failed, 1 skipped"

leave_inner fails_in_threads
expect two_messages_are_enough "$(failures fails_in_threads)" \
    "  fails_in_threads
    fails_in_threads
        harness_test.c: i < 0
        harness_test.c: i < 0
0 passed, 1 failed, 0 skipped"

leave_inner hangs
expect test_that_does_not_end_is_listed "$(failures hangs)" \
    "  hangs
    hangs
        HUNG inner: hangs did not end within 0.2 s; process N
0 passed, 1 failed, 0 skipped"

leave_script checks.sh ". '$source/tests/job/jobs.sh'
    : > \"\$scratch/err\"
    fits() { :; }
    differs() { broken 'rank 3 is missing'; }
    check fits
    check differs
    report checks"
expect failed_check_is_listed_with_its_message "$(failures checks.sh)" \
    "  checks.sh
    differs
        rank 3 is missing
1 passed, 1 failed, 0 skipped"

leave_script plain.sh "echo one; echo two; echo no such host; exit 1"
expect script_without_checks_is_listed_with_its_end "$(failures plain.sh)" \
    "  plain.sh
    (no test)
        two
        no such host
0 passed, 1 failed, 0 skipped"

leave_script late.sh "echo '  ok   first'
    echo 'FAIL tests/late.sh: not done within 300 s, or killed'
    exit 1"
expect program_out_of_time_is_listed_with_the_limit "$(failures late.sh)" \
    "  late.sh
    FAIL tests/late.sh: not done within 300 s, or killed
1 passed, 1 failed, 0 skipped"

leave_script many.sh "for i in 1 2 3 4 5 6; do
        echo '       wrong'
        echo '  FAIL test_'\$i
    done
    exit 1"
expect further_tests_of_a_program_are_counted \
    "$(failures many.sh | tail -n 2)" \
    "    and 2 more
0 passed, 6 failed, 0 skipped"

echo "SUITE failures: $passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
