#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# What jobs.sh offers to the other scripts can fail, and what fails is told.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"

# Runs a script of one check, and expects its end to be this one.
script_ends() { # STATUS, COMMANDS
    bash -s > "$scratch/log" 2>&1 << END
. "$here/jobs.sh"
it_is() {
    $2
}
check it_is
report script
END
    [ $? = "$1" ] || broken "$2:" "$(cat "$scratch/log")"
}

right_output_passes() {
    script_ends 0 'start 0 echo yes; await 5; echo yes | expect_output'
}

wrong_output_fails() {
    script_ends 1 'start 0 echo no; await 5; echo yes | expect_output'
    script_ends 1 'start 0 echo no; await 5; expect_output <<< yes'
}

wrong_status_fails() {
    script_ends 1 'start 0 false; await 5; expect_status 0'
    script_ends 1 'start 0 true; await 5; expect_failure'
}

missing_line_fails() {
    script_ends 1 'start 0 echo no; await 5; scale=0; await_line yes'
}

late_end_fails() {
    script_ends 1 'start 0 sleep 60; scale=0; await 1'
}

process_that_is_left_behind_fails() {
    script_ends 1 'start 0 sh -c "sleep 60 &"; await 5'
}

file_that_is_left_behind_fails() {
    script_ends 1 'start 0 true; : > "$job_memory/left"; await 5'
    script_ends 1 'start 0 true; : > "$job_tmp/left"; await 5'
}

file_of_another_job_passes() {
    local foreign=/dev/shm/another-job.$$
    script_ends 0 "start 0 true; : > $foreign; await 5; rm $foreign"
}

reason_skips() {
    script_ends 77 'reason="there is none"'
}

check right_output_passes
check wrong_output_fails
check wrong_status_fails
check missing_line_fails
check late_end_fails
check process_that_is_left_behind_fails
check file_that_is_left_behind_fails
check file_of_another_job_passes
check reason_skips
report checks
