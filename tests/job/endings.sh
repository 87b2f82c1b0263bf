#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# However main ends, nothing of the job stays: no process, and no file in
# /dev/shm.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/endings

lines() { # PATTERN; how many there are in the output
    grep -c "$1" "$scratch/out"
}

expect_lines() { # COUNT PATTERN
    [ "$(lines "$2")" = "$1" ] ||
        broken "$(lines "$2") lines $2 in the output, not $1"
}

ranks_of() { # RANKS; a plain program is one rank
    echo $(($1 > 0 ? $1 : 1))
}

return_from_main_ends_the_job_with_its_status() { # RANKS
    start "$1" $program return
    await 20
    expect_status 5
    expect_lines "$(ranks_of "$1")" '^done '
}

# By SIGTERM: a daemon that lives long enough tells of it.
main_terminates_daemons_and_joins_the_others() { # RANKS
    start "$1" $program family
    await 20
    expect_status 5
    expect_lines "$(ranks_of "$1")" '^done '
    expect_lines "$(ranks_of "$1")" '^a daemon is terminated$'
}

finalize_ends_the_job_before_main_does() { # RANKS
    start "$1" $program finalize
    await 20
    expect_status 0
    expect_lines "$(ranks_of "$1")" '^done '
    [ "$(tail -n 1 "$scratch/out")" = finalized ] ||
        broken "the last line is $(tail -n 1 "$scratch/out")"
}

process_that_awaits_main_is_told_of_its_end() { # RANKS
    start "$1" $program awaited
    await 20
    expect_status 0
    expect_lines "$(ranks_of "$1")" \
        '^main lived, and has ended; its exit code is not known$'
}

exit_in_the_middle_gives_its_status() { # RANKS
    start "$1" $program exit
    await 20
    expect_status 3
    expect_lines "$(ranks_of "$1")" '^done '
}

# All that happens after the line "ready" has to take less than 3 seconds.
abrupt_end() { # RANKS HOW
    start "$1" $program "$2"
    await_line '^ready '
    await 3
    expect_failure
}

abort_on_rank_0_ends_the_job() { # RANKS
    abrupt_end "$1" abort
}

segfault_on_rank_0_ends_the_job() { # RANKS
    abrupt_end "$1" segfault
}

# By the time the launcher ends all others, it is said which task did it.
crashed_rank_is_named_with_its_task() { # RANKS
    local rank=$(($1 - 1))
    abrupt_end "$1" task
    grep -q "error: rank $rank on .*, process [0-9]*, has died while it ran task [0-9]* of a map" \
        "$scratch/err" || broken "the task is not named"
}

far_crashed_rank_is_named_with_its_task() { # RANKS
    export MR_ROUTE=far
    crashed_rank_is_named_with_its_task "$1"
    unset MR_ROUTE
}

mpi_of_the_user_is_used_and_left_alone() { # RANKS
    start "$1" ./tests/job/user_mpi
    await 10
    expect_status 0
    {
        seq -f 'process on rank %.0f' 0 $(($(ranks_of "$1") - 1))
        echo 'MPI is still there for rank 0'
    } | expect_output
}

# MPI without a launcher has a rank, too, and the shell that starts such a program need not stay.
program_outlives_the_shell_that_started_it() {
    # shellcheck disable=SC2016
    start 0 sh -c '"$0" alone & while ! grep -q ready "$1"; do sleep 0.02; done' \
        ./tests/job/user_mpi "$scratch/out"
    await 10
    expect_status 0
    expect_output << END
ready
process on rank 0
MPI is still there for rank 0
END
}

unwilling() { # RANKS HOW
    start "$1" ./tests/job/unwilling "$2"
    await 15
    expect_status 0
    [ "$(tail -n 1 "$scratch/out")" = 'the end' ] ||
        broken "the last line is $(tail -n 1 "$scratch/out")"
}

full_segment_does_not_keep_the_job() { # RANKS
    unwilling "$1" full
}

task_that_never_ends_does_not_keep_the_job() { # RANKS
    unwilling "$1" stuck
}

task_that_calls_for_ever_does_not_keep_the_job() { # RANKS
    MR_ROUTE=far unwilling "$1" calling
}

# MPI cannot be finalized then, and a launcher's status tells.
task_that_holds_mpi_does_not_keep_the_job() { # RANKS
    start "$1" ./tests/job/unwilling holding
    await 15
    [ "$status" != 0 ] || broken "the status is 0"
    grep -q 'error: .* cannot end MPI: a task .* mr_mpi_lock' "$scratch/err" ||
        broken "it is not said why"
}

stubborn_daemons_do_not_keep_the_job() { # RANKS
    unwilling "$1" stubborn
}

for ranks in 0 $(have_launcher && echo 1 2 4 8); do
    check return_from_main_ends_the_job_with_its_status "$ranks"
    check main_terminates_daemons_and_joins_the_others "$ranks"
    check finalize_ends_the_job_before_main_does "$ranks"
    check process_that_awaits_main_is_told_of_its_end "$ranks"
    check exit_in_the_middle_gives_its_status "$ranks"
    check abort_on_rank_0_ends_the_job "$ranks"
    check segfault_on_rank_0_ends_the_job "$ranks"
    check mpi_of_the_user_is_used_and_left_alone "$ranks"
    check full_segment_does_not_keep_the_job "$ranks"
    check task_that_never_ends_does_not_keep_the_job "$ranks"
    check stubborn_daemons_do_not_keep_the_job "$ranks"
done
for ranks in $(have_launcher && echo 2 4); do
    check far main_terminates_daemons_and_joins_the_others "$ranks"
    check task_that_calls_for_ever_does_not_keep_the_job "$ranks"
    check task_that_holds_mpi_does_not_keep_the_job "$ranks"
    check crashed_rank_is_named_with_its_task "$ranks"
    check far_crashed_rank_is_named_with_its_task "$ranks"
done
check program_outlives_the_shell_that_started_it
report endings
