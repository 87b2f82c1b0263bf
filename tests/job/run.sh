#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Ranks of `multirank run` die, and so do its other processes: the job goes on
# or ends as it should, with the right status, and nothing of it stays.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

# Silence is expected, also of jobs with more ranks than processors.
export MR_BIND=none
# A plain program does not tell MPI that it needs no network, and MPI says so
# where it does not like the addresses of the machine.
export OMPI_MCA_btl=^tcp,ofi,openib,uct,usnic

tool=./apps/multirank/multirank
program=./tests/job/mortal

run() { # RANKS ARGUMENT...; of the program
    local ranks=$1
    shift
    start 0 "$tool" run --oversubscribe -n "$ranks" --grace 1 $program "$@"
}

expect_said() { # PATTERN; what the tool says comes as one line
    grep -qx "multirank run: $1" "$scratch/err" ||
        broken "it does not say: $1"
}

expect_silence() {
    [ ! -s "$scratch/err" ] || broken "there are words on stderr"
}

has_lines() { # COUNT PATTERN
    [ "$(grep -c "$2" "$scratch/out")" = "$1" ]
}

field() { # RANK FIELD; 3 is the process, 4 its parent
    awk -v rank="$1" -v field="$2" \
        '$1 == "ready" && $2 == rank { print $field }' "$scratch/out"
}

run_and_wait() { # RANKS
    run "$1" waits
    until_true 20 has_lines "$1" '^ready ' || broken "not all ranks are ready"
}

shoot() { # PID
    if [ -n "$1" ] && [ "$1" -gt 1 ]; then
        kill -KILL "$1" || broken "there is no process $1"
    else
        broken "no such process in the output"
    fi
}

status_of_rank_0_is_that_of_the_job() { # RANKS
    run "$1" leaves 9
    await 10
    expect_status 9
    expect_silence
}

ranks_that_leave_without_mpi_finalize_are_fine() { # RANKS
    run "$1" leaves 0
    await 10
    expect_status 0
    expect_silence
}

plain_program_ends_as_ever() { # RANKS
    run "$1" plain 0
    await 10
    expect_status 0
    expect_silence
}

killed_rank_0_ends_the_job() { # RANKS
    run "$1" dies 0
    await 10
    expect_status 137
    expect_said "rank 0 on .* (pid $(field 0 3)) was killed by signal 9; the job is ended"
}

# Who is alive adds one in each of 1000 rounds, if there is anybody else.
job_goes_on_without_a_killed_rank() { # RANKS
    local dead=$(($1 - 1)) sum=$((($1 - 1) * 1000))
    run "$1" dies $dead
    await 10
    expect_status 7
    expect_said "rank $dead on .* (pid $(field $dead 3)) was killed by signal 9; the job goes on without it"
    if [ "$1" = 2 ]; then
        sum=0
    fi
    has_lines 1 "^passed round $sum$" || broken "the others did not go on"
}

rank_that_dies_before_mpi_init_ends_the_job() { # RANKS
    run "$1" early $(($1 - 1))
    await 10
    expect_status 137
    expect_said "rank $(($1 - 1)) on .* was killed by signal 9; the job is ended"
}

rank_that_dies_before_it_is_ready_ends_the_job() { # RANKS
    run "$1" half $(($1 - 1))
    await 10
    expect_status 137
    expect_said "rank $(($1 - 1)) on .* was killed by signal 9 before all were ready; the job is ended"
}

rank_that_dies_before_all_are_ready_ends_the_job() { # RANKS
    run "$1" doubt $(($1 - 1))
    await 12
    expect_status 137
    expect_said "rank $(($1 - 1)) on .* was killed by signal 9 before all were ready; the job is ended"
}

failed_rank_of_a_plain_program_ends_the_job() { # RANKS
    run "$1" fails $(($1 - 1))
    await 10
    expect_status 4
    expect_said "rank $(($1 - 1)) on .* ended with status 4; the job is ended"
}

mpi_abort_gives_its_status() { # RANKS
    run "$1" aborts $(($1 - 1))
    await 12
    expect_status 6
}

rank_that_outstays_rank_0_is_killed() { # RANKS
    run "$1" stays
    await 12
    expect_status 0
}

killed_run_takes_the_job_with_it() { # RANKS
    ! open_mpi_5 "leaves its own files if it is killed" || return 0
    run_and_wait "$1"
    shoot "$job"
    await 8
}

mpirun_of_the_job() {
    ps -o pid= --ppid "$job" | tr -d ' '
}

has_mpirun() {
    [ -n "$(mpirun_of_the_job)" ]
}

# A program without the library leaves what it had in /dev/shm when mpirun is
# killed, so it shall have nothing there.
killed_mpirun_takes_the_job_with_it() { # RANKS
    ! open_mpi_5 "leaves its own files if it is killed" || return 0
    export OMPI_MCA_btl=tcp,self
    run_and_wait "$1"
    unset OMPI_MCA_btl
    shoot "$(mpirun_of_the_job)"
    await 8
    expect_status 137
    expect_said "mpirun was killed by signal 9; the job is ended"
}

killed_parent_takes_its_rank_with_it() { # RANKS RANK
    local rank
    run_and_wait "$1"
    rank=$(field "$2" 3)
    shoot "$(field "$2" 4)"
    until_true 5 is_gone "$rank" || broken "its rank lives"
    await 10
    expect_failure
    expect_said "the parent process of rank $2 on .* died, and the rank with it"
}

is_gone() { # PID
    ! kill -0 "$1" 2> /dev/null
}

terminated_run_ends_the_job() { # RANKS
    run_and_wait "$1"
    kill -TERM "$job"
    await 10
    expect_status 143
    expect_said "ended by signal 15, as was asked for"
}

start_obedient() { # RANKS
    start 0 setsid env --default-signal=INT,TERM \
        "$tool" run --oversubscribe -n "$1" ./tests/job/bare obey
    await_line '^waiting'
}

main_that_catches_a_signal_has_the_status() { # RANKS SIGNAL
    start_obedient "$1"
    kill "-$2" "$job"
    await 15
    expect_status 75
    has_lines 1 '^saved$' || broken "nothing was saved"
    expect_silence
}

# As timeout(1) and a terminal do: all processes get it, mpirun, too.
main_that_catches_a_signal_of_its_group_has_the_status() { # RANKS SIGNAL
    start_obedient "$1"
    kill "-$2" "$job"
    kill "-$2" -- "-$job"
    await 15
    expect_status 75
    has_lines 1 '^saved$' || broken "nothing was saved"
    expect_silence
}

terminated_twice_run_ends_the_job_at_once() { # RANKS
    ! open_mpi_5 "leaves its own files if it is killed" || return 0
    export OMPI_MCA_btl=tcp,self
    run_and_wait "$1"
    unset OMPI_MCA_btl
    kill -STOP "$(field 0 4)"
    kill -TERM "$job"
    sleep 1
    kill -TERM "$job"
    await 4
    expect_status 143
}

terminated_before_the_ranks_have_started_run_ends() { # RANKS
    run "$1" waits
    until_true 10 has_mpirun || broken "there is no mpirun"
    kill -TERM "$job"
    await 10
    expect_status 143
}

# Ctrl-C in a terminal reaches the whole group: mpirun too.
interrupted_group_ends() { # RANKS
    if ! env --default-signal=INT true 2> /dev/null ||
        ! command -v setsid > /dev/null; then
        reason="no setsid, or no env --default-signal"
        return
    fi
    # A command in the background leads no group, so that setsid does not fork.
    start 0 setsid env --default-signal=INT \
        "$tool" run --oversubscribe -n "$1" $program waits
    until_true 20 has_lines "$1" '^ready ' || broken "not all ranks are ready"
    kill -INT -- "-$job"
    await 10
    expect_status 130
    expect_said "ended by signal 2, as was asked for"
}

signals_reach_a_rank_once() { # RANKS
    run "$1" signal $(($1 - 1))
    until_true 20 has_lines "$1" '^ready ' || broken "not all ranks are ready"
    kill -USR1 "$job"
    await 10
    expect_status 0
    has_lines 1 '^signals 1$' || broken "not one signal"
}

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi
for ranks in 1 2 4; do
    check status_of_rank_0_is_that_of_the_job $ranks
    check plain_program_ends_as_ever $ranks
    check killed_rank_0_ends_the_job $ranks
    check rank_that_dies_before_mpi_init_ends_the_job $ranks
    check failed_rank_of_a_plain_program_ends_the_job $ranks
    check mpi_abort_gives_its_status $ranks
    check killed_run_takes_the_job_with_it $ranks
    check killed_parent_takes_its_rank_with_it $ranks 0
    check terminated_run_ends_the_job $ranks
    check signals_reach_a_rank_once $ranks
done
for ranks in 2 4; do
    check ranks_that_leave_without_mpi_finalize_are_fine $ranks
    check job_goes_on_without_a_killed_rank $ranks
    check rank_that_dies_before_it_is_ready_ends_the_job $ranks
    check rank_that_dies_before_all_are_ready_ends_the_job $ranks
    check rank_that_outstays_rank_0_is_killed $ranks
    check killed_mpirun_takes_the_job_with_it $ranks
    check killed_parent_takes_its_rank_with_it $ranks 1
    check terminated_twice_run_ends_the_job_at_once $ranks
    check terminated_before_the_ranks_have_started_run_ends $ranks
    check interrupted_group_ends $ranks
    for signal in INT TERM; do
        check main_that_catches_a_signal_has_the_status $ranks $signal
        check main_that_catches_a_signal_of_its_group_has_the_status $ranks \
            $signal
    done
done
report run
