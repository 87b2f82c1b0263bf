#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# mr_job_abort ends the whole job, from any endpoint and whatever the others do;
# the status is that of the job, and nothing of it stays.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/endings
export MR_BIND=none
tool_grace=20

abort_ends_the_job() { # RANKS WHO STATUS
    start "$1" $program abort "$2" "$3"
    await 20
    expect_status $(($3 & 255))
    [ "$(grep -c "error: .* has called mr_job_abort($(($3 & 255))): the job ends" \
        "$scratch/err")" = 1 ] || broken "not one line says who has called"
    ! grep 'multirank: .*\(has died\|is lost\)' "$scratch/err" ||
        broken "a death is told"
    case $2 in
        main) has_line '^last words of rank 0$' || broken "words are lost" ;;
        process)
            has_line "^last words of rank $(($1 > 0 ? $1 - 1 : 0))$" ||
                broken "words are lost"
            ;;
    esac
}

for who in main process task thread; do
    check abort_ends_the_job 0 $who 9
    have_launcher || continue
    for ranks in 1 3; do
        check abort_ends_the_job $ranks $who 200
    done
    check far abort_ends_the_job 3 $who 7
    check through_tool abort_ends_the_job 3 $who 11
    check far through_tool abort_ends_the_job 3 $who 12
done
check abort_ends_the_job 0 main 0
if have_launcher; then
    check abort_ends_the_job 2 main 0
    check abort_ends_the_job 2 process 256
    check far abort_ends_the_job 2 process 0
    check through_tool abort_ends_the_job 2 process 0
fi
report aborts
