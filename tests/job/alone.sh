#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# One rank that no launcher has started needs no MPI, and works where MPI cannot
# start.  MPI starts when the program asks for it.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/alone
shim=$PWD/tests/library/.libs/libno_mpi.so

run() { # STATUS [NAME=VALUE...] PROGRAM [ARGUMENT...]
    start 0 env "${@:2}"
    await 40
    expect_status "$1"
}

expect_silence() {
    [ ! -s "$scratch/err" ] || broken "there are words on stderr"
}

needs_shim() { # false, and the test is skipped, without it
    if [ -n "${SANITIZER_FLAGS:-}" ]; then
        reason="the runtime of a sanitizer wants to be the first library"
    elif [ ! -e "$shim" ]; then
        reason="no shared library to be preloaded"
    fi
    [ -z "$reason" ]
}

expect_job() { # LINE BEFORE, LINE AFTER
    expect_output << END
$1
worked
status 0, value 42
mapped 328350
$2
END
}

one_rank_has_no_mpi() {
    run 5 $program job
    expect_job "begin: MPI is not there" "end: MPI is not there"
    expect_silence
}

one_rank_works_where_mpi_cannot_start() {
    needs_shim || return
    run 5 LD_PRELOAD="$shim" $program job
    expect_job "begin: MPI is not there" "end: MPI is not there"
    expect_silence
}

# Settings of Open MPI with which its MPI_Init gives up.
one_rank_works_where_mpi_is_set_up_wrongly() {
    run 5 OMPI_MCA_pml=none OMPI_MCA_ess=none OMPI_MCA_btl=none $program job
    expect_job "begin: MPI is not there" "end: MPI is not there"
    expect_silence
}

one_rank_works_without_mpirun() {
    run 5 -u MR_LAUNCH MPIRUN=/there/is/none $program job
    expect_job "begin: MPI is not there" "end: MPI is not there"
}

# The shim shows that the test above would fail otherwise.
shim_ends_a_program_that_starts_mpi() {
    needs_shim || return
    run 13 LD_PRELOAD="$shim" MR_MPI_THREADS=multiple $program job
    run 13 LD_PRELOAD="$shim" $program lock
    grep -q '^MPI cannot start here$' "$scratch/err" ||
        broken "the shim was not used"
}

lock_of_mpi_starts_mpi() {
    run 5 $program lock
    expect_output << END
begin: MPI is not there
of 1: 3
of 1: 3
locked: MPI runs
worked
status 0, value 42
mapped 328350
end: MPI has ended
END
}

threads_that_call_mpi_have_it_from_the_start() {
    run 5 MR_MPI_THREADS=multiple $program job
    expect_job "begin: MPI runs" "end: MPI has ended"
}

program_may_start_mpi_later() {
    run 5 OMPI_MCA_btl=^sm $program after # as Open MPI 5 leaves its file
    expect_output << END
begin: MPI is not there
of 1: 3
worked
status 0, value 42
mapped 328350
end: MPI runs
END
}

program_may_have_ended_mpi() {
    run 5 OMPI_MCA_btl=^sm $program ended
    expect_output << END
begin: MPI has ended
worked
status 0, value 42
mapped 328350
MR_ERR_MPI
end: MPI has ended
END
}

under_mpirun_one_rank_has_mpi() {
    have_launcher || { reason="no mpirun" && return; }
    start 1 $program job
    await 40
    expect_status 5
    expect_job "begin: MPI runs" "end: MPI has ended"
}

killed_rank_leaves_nothing() {
    start 0 $program hold
    await_line '^waiting$'
    kill -KILL "$job"
    await 10
}

check one_rank_has_no_mpi
check one_rank_works_where_mpi_cannot_start
check one_rank_works_where_mpi_is_set_up_wrongly
check one_rank_works_without_mpirun
check shim_ends_a_program_that_starts_mpi
check lock_of_mpi_starts_mpi
check threads_that_call_mpi_have_it_from_the_start
check program_may_start_mpi_later
check program_may_have_ended_mpi
check under_mpirun_one_rank_has_mpi
check killed_rank_leaves_nothing
report alone
