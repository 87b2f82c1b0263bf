#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A program that is started by its name alone becomes a job with a rank for
# each core, and is the same process as before for its parent.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/bare
unset MR_LAUNCH

# Of the machine as mpirun counts it, and as this process may use it.
cores=$(lscpu --parse=CORE,SOCKET | grep -v '^#' | sort -u | wc -l)

run() { # [NAME=VALUE...] PROGRAM [ARGUMENT...]
    start 0 env "$@"
    await 20
}

expect_ranks() { # COUNT
    has_line "^ranks $1$" || broken "$(grep ranks "$scratch/out"), not $1"
}

expect_silence() {
    [ ! -s "$scratch/err" ] || broken "there are words on stderr"
}

expect_one_warning() { # PATTERN
    [ "$(grep -c . "$scratch/err")" = 1 ] || broken "not one line on stderr"
    grep -q "warning: .*$1" "$scratch/err" || broken "nothing is said of $1"
}

needs_cores() { # COUNT; false, and the test is skipped, if there are fewer
    if [ "$cores" -lt "$1" ]; then
        reason="there are fewer than $1 cores"
        return 1
    fi
    have_launcher || reason="no mpirun"
    [ -z "$reason" ]
}

there_is_a_rank_for_each_core() {
    needs_cores 2 || return
    run $program map
    expect_status 0
    expect_ranks "$cores"
    has_line '^mapped$' || broken "nothing was mapped"
    expect_silence
}

one_core_is_one_rank_without_mpirun() {
    local first
    first=$(taskset -pc $$ | sed 's/.*: *\([0-9]*\).*/\1/')
    run MPIRUN=/there/is/none taskset -c "$first" $program
    expect_status 0
    expect_ranks 1
    expect_silence
}

arguments_arrive_as_they_are() {
    needs_cores 2 || return
    run $program arguments 'a b' '' '--np' "it's" $'two\nlines' '*'
    expect_status 0
    expect_output << END
ranks $cores
argument <a b>
argument <>
argument <--np>
argument <it's>
argument <two
lines>
argument <*>
END
}

# Each by itself: one that mpirun eats must not be saved by another.
odd_argument_arrives_as_it_is() { # ARGUMENT...
    needs_cores 2 || return
    run $program arguments "$@"
    expect_status 0
    { echo "ranks $cores" && printf 'argument <%s>\n' "$@"; } | expect_output
    expect_silence
}

# Of more than some 28 KiB mpirun of Open MPI 4.1.4 crashes one time in six, with
# dd in place of this program, too.
input_reaches_rank_0() {
    needs_cores 2 || return
    seq 4000 > "$scratch/numbers"
    MULTIRANK_JOB=$$.input timeout -k 5 30 $program copy \
        < "$scratch/numbers" 2> "$scratch/err" | tail -n +2 > "$scratch/out"
    cmp "$scratch/numbers" "$scratch/out" || broken "the input has changed"
}

exit_status_is_that_of_rank_0() {
    needs_cores 2 || return
    run $program status 7
    expect_status 7
    expect_ranks "$cores"
}

signal_ends_the_job() { # SIGNAL
    needs_cores 2 || return
    start 0 $program wait
    await_line '^waiting '
    kill "-$1" "$job"
    await 10
    expect_failure
}

never_is_one_rank() {
    run MR_LAUNCH=never MPIRUN=/there/is/none $program
    expect_status 0
    expect_ranks 1
    expect_silence
}

other_value_is_named() {
    run MR_LAUNCH=sometimes $program
    expect_status 0
    grep -q 'MR_LAUNCH' "$scratch/err" || broken "MR_LAUNCH is not named"
}

missing_mpirun_is_one_rank_and_one_warning() {
    needs_cores 2 || return
    run MPIRUN=/there/is/none $program map
    expect_status 0
    expect_ranks 1
    expect_one_warning "/there/is/none cannot be started"
}

root_without_leave_is_one_rank_and_one_warning() {
    needs_cores 2 || return
    if [ "$(id -u)" != 0 ]; then
        reason="not root"
        return
    fi
    run -u OMPI_ALLOW_RUN_AS_ROOT $program map
    expect_status 0
    expect_ranks 1
    expect_one_warning "OMPI_ALLOW_RUN_AS_ROOT=1"
}

program_of_a_process_is_not_launched() {
    needs_cores 2 || return
    run $program nest $program
    expect_status 0
    expect_output << END
ranks $cores
ranks 1
END
}

under_mpirun_nothing_more_is_launched() {
    have_launcher || reason="no mpirun"
    MR_BIND=none start 3 $program
    await 20
    expect_status 0
    expect_output <<< "ranks 3"
    expect_silence
}

# A step of srun that has not told MPI of the others: as many jobs as processes
# would be too many.
step_of_slurm_is_not_launched() {
    run SLURM_STEP_ID=0 SLURM_JOB_ID=1 MPIRUN=/there/is/none $program
    expect_ranks 1
    expect_silence
}

asked_ranks_are_started() { # COUNT
    needs_cores 1 || return
    run BARE_RANKS="$1" MR_BIND=none $program map
    expect_status 0
    expect_ranks "$1"
    expect_silence
}

one_asked_rank_needs_no_mpirun() {
    run BARE_RANKS=1 MPIRUN=/there/is/none $program map
    expect_status 0
    expect_ranks 1
    expect_silence
}

never_is_one_rank_whatever_is_asked() {
    run BARE_RANKS=3 MR_LAUNCH=never $program map
    expect_status 0
    expect_ranks 1
    expect_silence
}

given_command_is_started() {
    needs_cores 2 || return
    run BARE_COMMAND="$PWD/$program" BARE_RANKS=2 $program map
    expect_status 0
    expect_output << END
ranks 2
argument <of the command>
END
}

# As that of a virtual environment of Python, which is known by its name alone.
name_of_the_program_is_kept() { # HOW
    needs_cores 2 || return
    mkdir -p "$scratch/bin"
    ln -sf "$PWD/$program" "$scratch/bin/linked"
    case $1 in
        whole) run "$scratch/bin/linked" name ;;
        relative) cd "$scratch" && run bin/linked name && cd "$OLDPWD" ;;
        path) run PATH="$scratch/bin:$PATH" linked name ;;
    esac
    expect_status 0
    has_line "^name $scratch/bin/linked$" || broken "$(cat "$scratch/out")"
}

# What bears its name is another program now.
replaced_program_is_found_by_its_file() {
    needs_cores 2 || return
    # shellcheck disable=SC2016
    run bash -c 'exec -a /bin/true "$@"' bash "$program" name
    expect_status 0
    has_line "^name $PWD/${program#./}$" || broken "$(cat "$scratch/out")"
}

check there_is_a_rank_for_each_core
check asked_ranks_are_started 2
check asked_ranks_are_started 3
check one_asked_rank_needs_no_mpirun
check never_is_one_rank_whatever_is_asked
check given_command_is_started
check name_of_the_program_is_kept whole
check name_of_the_program_is_kept relative
check name_of_the_program_is_kept path
check replaced_program_is_found_by_its_file
check one_core_is_one_rank_without_mpirun
check arguments_arrive_as_they_are
check odd_argument_arrives_as_it_is : /bin/echo yes
check odd_argument_arrives_as_it_is :
check odd_argument_arrives_as_it_is ''
check odd_argument_arrives_as_it_is ' '
check odd_argument_arrives_as_it_is -np 7
check odd_argument_arrives_as_it_is --prtemca a b
check odd_argument_arrives_as_it_is -x HOME -- --help
check odd_argument_arrives_as_it_is $'\n' $'two\nlines\n'
check odd_argument_arrives_as_it_is "it's" '"' '\' '$HOME' '`id`' '*' '='
check input_reaches_rank_0
check exit_status_is_that_of_rank_0
check signal_ends_the_job INT
check signal_ends_the_job TERM
check never_is_one_rank
check other_value_is_named
check missing_mpirun_is_one_rank_and_one_warning
check root_without_leave_is_one_rank_and_one_warning
check program_of_a_process_is_not_launched
check under_mpirun_nothing_more_is_launched
check step_of_slurm_is_not_launched
report bare
