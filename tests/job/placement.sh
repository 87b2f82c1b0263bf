#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# On which processors ranks, processes and workers run: on their share by
# default, elsewhere when a user, a launcher's option or MR_BIND says so.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

# What the environment of the tests says shall not decide here.
unset MR_BIND MR_TASK_THREADS OMP_NUM_THREADS OPENBLAS_NUM_THREADS
unset MKL_NUM_THREADS

# The processors that this script may use, one number in a line.
processors() {
    local list range
    list=$(sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status)
    for range in ${list//,/ }; do
        seq "${range%-*}" "${range#*-}"
    done
}
mapfile -t all < <(processors)
first=${all[0]} last=${all[-1]} second=${all[1]:-}
everything=$(sed -n 's/^Cpus_allowed_list:\s*//p' /proc/self/status)

run() { # COMMAND...; which ends with the number of ranks, before the program
    start 0 "$@" ./tests/job/placement
    await 60
    expect_status 0
}

said() { # LINE
    grep -qx -- "$1" "$scratch/out" ||
        broken "no line \"$1\" in:" "$(sort "$scratch/out" | tr '\n' ';')"
}

set_of() { # LINE-BEFORE-THE-LIST
    sed -n "s/^$1 \([0-9,-]*\)$/\1/p" "$scratch/out"
}

silent() {
    [ ! -s "$scratch/err" ] || broken "there are words on stderr"
}

warned() { # COUNT TEXT
    local count
    count=$(grep -c -- "$2" "$scratch/err")
    [ "$count" = "$1" ] || broken "told $count times and not $1: $2"
}

# Two sets that have no processor in common.
apart() { # LIST LIST
    local a b
    for a in $(expand "$1"); do
        for b in $(expand "$2"); do
            [ "$a" != "$b" ] || broken "both run on processor $a"
        done
    done
    [ -n "$1" ] && [ -n "$2" ] || broken "a set is empty"
}

expand() { # LIST
    local range
    for range in ${1//,/ }; do
        seq "${range%-*}" "${range#*-}"
    done
}

wants() { # PROCESSORS
    if [ "${#all[@]}" -lt "$1" ]; then
        reason="wants $1 processors"
        return 1
    fi
}

ranks_get_shares_and_processes_all() {
    wants 2 || return 0
    run "$mpirun" -np 2
    silent
    apart "$(set_of main)" "$(set_of 'worker 1')"
    [ "$(set_of main)" = "$(set_of 'worker 0')" ] ||
        broken "the worker of rank 0 is not beside it"
    said "allowed $everything"
    said "process 0 $everything"
    said "process 1 $everything"
}

job_without_launcher_is_not_bound() {
    run env
    silent
    said "allowed $everything"
    said "process 0 $everything"
}

job_of_multirank_run_is_bound_the_same_way() {
    wants 2 || return 0
    run ./apps/multirank/multirank run -n 2
    silent
    apart "$(set_of main)" "$(set_of 'worker 1')"
    said "process 1 $everything"
}

far_ranks_of_a_machine_are_planned_together() {
    wants 2 || return 0
    MR_ROUTE=far run "$mpirun" -np 2
    silent
    apart "$(set_of main)" "$(set_of 'worker 1')"
}

everything_runs_on() { # LIST
    said "allowed $1"
    said "main $1"
    said "process 0 $1"
    said "worker 0 $1"
}

taskset_is_kept() {
    run taskset -c "$last"
    silent
    everything_runs_on "$last"
    run taskset -c "$last" "$mpirun" -np 1
    silent
    everything_runs_on "$last"
}

binding_to_none_is_kept() {
    run "$mpirun" --bind-to none -np 2 --oversubscribe
    everything_runs_on "$everything"
    said "worker 1 $everything"
    warned 0 share
    run "$mpirun" --bind-to none -np 1 taskset -c "$last"
    everything_runs_on "$last"
}

binding_to_a_core_is_kept() {
    wants 2 || return 0
    run "$mpirun" --bind-to core -np 2
    silent
    apart "$(set_of main)" "$(set_of 'worker 1')"
    apart "$(set_of 'process 0')" "$(set_of 'process 1')"
}

set_of_mpirun_is_kept() {
    wants 2 || return 0
    if [ "$first$second" != 01 ]; then
        reason="mpirun counts processors from 0"
        return
    fi
    run "$mpirun" --cpu-set 1 -np 1
    silent
    everything_runs_on "$(set_of 'process 0')"
    [ -z "$(expand "$(set_of main)" | grep -x 0)" ] ||
        broken "it runs on processor 0"
}

setting_none_binds_nothing() {
    MR_BIND=none run "$mpirun" --oversubscribe -np 3
    silent
    everything_runs_on "$everything"
    said "worker 1 $everything"
    said "process 2 $everything"
}

setting_lists_processors() {
    MR_BIND=$last run "$mpirun" -np 1
    silent
    everything_runs_on "$last"
}

setting_that_cannot_be_is_told_once() {
    MR_BIND=4095 run "$mpirun" --oversubscribe -np 2
    warned 1 'MR_BIND=4095 lists no processor that the job may use'
    said "process 1 $everything"
    MR_BIND=socket run "$mpirun" --oversubscribe -np 2
    warned 1 'MR_BIND=socket has a wrong value; it takes:'
    said "process 1 $everything"
}

ranks_that_are_too_many_are_not_bound_and_told_once() {
    run taskset -c "$last" "$mpirun" --oversubscribe -np 3
    warned 1 '3 ranks share 1 processor on .*, so none is bound'
    everything_runs_on "$last"
    said "worker 2 $last"
    MR_ROUTE=far run taskset -c "$last" "$mpirun" --oversubscribe -np 3
    warned 1 '3 ranks share 1 processor on .*, so none is bound'
}

threads_are_suggested_where_nobody_has_said() {
    run taskset -c "$last" "$mpirun" --oversubscribe -np 2
    said 'threads 1:1 1:1 1:1'
    [ "$(grep -c '^threads 1:1 1:1 1:1$' "$scratch/out")" = 5 ] ||
        broken "not everybody was told"
    OMP_NUM_THREADS=7 run "$mpirun" -np 1
    said 'threads 0:7 0:- 0:-'
    MKL_NUM_THREADS=7 run taskset -c "$last"
    said 'threads 1:1 1:1 0:7'
    MR_TASK_THREADS=off run "$mpirun" -np 1
    said 'threads 0:- 0:- 0:-'
}

if have_launcher; then
    check ranks_get_shares_and_processes_all
    check job_of_multirank_run_is_bound_the_same_way
    check far_ranks_of_a_machine_are_planned_together
    check taskset_is_kept
    check binding_to_none_is_kept
    check binding_to_a_core_is_kept
    check set_of_mpirun_is_kept
    check setting_none_binds_nothing
    check setting_lists_processors
    check setting_that_cannot_be_is_told_once
    check ranks_that_are_too_many_are_not_bound_and_told_once
    check threads_are_suggested_where_nobody_has_said
fi
check job_without_launcher_is_not_bound
report job/placements
