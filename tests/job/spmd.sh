#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A program that all ranks run has a job in the middle, and all ranks go on with
# MPI.  The job may have some of the ranks only.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
. "$here/spmd_checks.sh"
in_slot "$0" "$@"

if ! have_launcher; then
    reason="no mpirun"
    echo "SKIP: $reason"
    exit 77
fi

# More ranks than processors are no news here.
export MR_BIND=none

outliving() { # FUNCTION ARGUMENT...
    local before=("${launcher[@]}")
    launcher=("$mpirun" --enable-recovery --oversubscribe -np)
    "$@"
    launcher=("${before[@]}")
}

wrong_communicator_is_an_argument_error() {
    start 2 $program wrong
    await 40
    expect_status 0
    has_line '^MR_ERR_ARGUMENT: .* is MPI_COMM_NULL' || broken "no word of NULL"
    has_line '^MR_ERR_ARGUMENT: .* is an intercommunicator' ||
        broken "no word of the intercommunicator"
    has_line '^served 1$' || broken "no job afterwards"
}

program_without_a_launcher_goes_on_with_mpi() {
    start 0 $program ours
    await 40
    expect_status 0
    expect_lines 1 1 1 | sed '/^sum/i served 0' | expect_output
}

low_level_of_threads_is_told() {
    start 2 $program low
    await 40
    expect_status 0
    [ "$(grep -c 'warning: .*MPI_THREAD_SERIALIZED' "$scratch/err")" = 1 ] ||
        broken "not one warning"
}

far_low_level_of_threads_is_an_error_of_all() {
    export MR_ROUTE=far
    start 2 $program low
    unset MR_ROUTE
    await 40
    expect_failure
    grep -q 'MR_ERR_MPI: .*MPI_THREAD_SERIALIZED' "$scratch/err" ||
        broken "no error"
}

death_ends_the_job() {
    start 3 $program die
    await 40
    expect_failure
}

# Under a launcher that lets the others live.
death_is_told_to_all() { # FAR
    [[ $(mpirun --version) == *" 4."* ]] || {
        reason="mpirun has no --enable-recovery"
        return
    }
    start 3 $program die
    await 60
    [ "$(grep -c '^served: MR_ERR_OWNER_LOST$' "$scratch/out")" = 1 ] ||
        broken "the other rank does not know"
    has_line '^rank 0: MR_ERR_OWNER_LOST$' || broken "rank 0 does not know"
}

rank_that_lost_its_main_thread_ends() {
    start 3 $program leave
    await 40
    expect_failure
    grep -q 'cannot return from mr_init' "$scratch/err" || broken "no reason"
}

# It does not crash because its memory is gone.
rank_whose_task_does_not_end_ends() {
    start 3 $program stay
    await 40
    expect_failure
    grep -q 'the rank ends, as it cannot return from mr_init' "$scratch/err" ||
        broken "no reason"
    ! grep -q 'signal' "$scratch/err" || broken "a rank has crashed"
}

for ranks in 1 2 3 4; do
    check ranks_go_on_after_the_job $ranks middle
done
check ranks_go_on_after_the_job 3 ours
check through_tool ranks_go_on_after_the_job 3 middle
for ranks in 2 3; do
    check far ranks_go_on_after_the_job $ranks middle
done
check far ranks_go_on_after_the_job 2 ours
for ranks in 2 3 4; do
    check ranks_outside_compute_meanwhile $ranks
    check far ranks_outside_compute_meanwhile $ranks
done
check two_groups_have_a_job_each 4
check far two_groups_have_a_job_each 4
check wrong_communicator_is_an_argument_error
check program_without_a_launcher_goes_on_with_mpi
check low_level_of_threads_is_told
check far_low_level_of_threads_is_an_error_of_all
check death_ends_the_job
check far death_ends_the_job
check through_tool death_ends_the_job
check outliving death_is_told_to_all
check far outliving death_is_told_to_all
check rank_that_lost_its_main_thread_ends
check far rank_that_lost_its_main_thread_ends
check rank_whose_task_does_not_end_ends
check far rank_whose_task_does_not_end_ends
report spmd
