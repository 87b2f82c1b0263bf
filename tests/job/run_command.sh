#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The command line of `multirank`: options, what it tells about wrong ones, and
# what a program finds around it.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

tool=./apps/multirank/multirank

# Runs a command to its end, without a job around.
call() { # COMMAND...
    "$@" < /dev/null > "$scratch/out" 2> "$scratch/err"
    status=$?
}

expect_error() { # STATUS TEXT
    expect_status "$1"
    grep -qF -- "$2" "$scratch/err" || broken "stderr does not say: $2"
    [ ! -s "$scratch/out" ] || broken "there are words on stdout"
}

wrong() { # TEXT ARGUMENT...
    local text=$1
    shift
    call "$tool" "$@"
    expect_error 2 "$text"
}

wrong_options_are_named() {
    wrong 'a program is missing' run
    wrong 'a program is missing' run -n 2 --
    wrong 'not "two"' run -n two true
    wrong 'not "0"' run -n 0 true
    wrong 'not "2x"' run -np 2x true
    wrong 'not "soon"' run --grace soon true
    wrong 'not "-1"' run --grace=-1 true
    wrong 'option -x' run -x true
    wrong '--wrong' run --wrong true
    wrong '--host' run --host
    wrong 'a quote has no end' run --mpirun "--mca 'a" true
    wrong 'multirank run' rank true
}

programs_that_cannot_run_are_named() {
    call "$tool" run -n 1 no-such-program
    expect_error 127 'no-such-program: No such file'
    call "$tool" run -n 1 /no/such/program
    expect_error 127 '/no/such/program: No such file'
    : > "$scratch/file"
    call "$tool" run -n 1 "$scratch/file"
    expect_error 126 "$scratch/file: Permission denied"
    call "$tool" run -n 1 /
    expect_error 126 '/: Permission denied'
    chmod +x "$scratch/file"
    mv "$scratch/file" "$scratch/program-beside"
    (cd "$scratch" && "$1/$tool" run program-beside) \
        > "$scratch/out" 2> "$scratch/err"
    status=$?
    expect_error 127 'write ./program-beside'
}

missing_launcher_is_named() {
    call env MPIRUN=no-such-mpirun "$tool" run true
    expect_error 127 'no-such-mpirun: No such file'
}

root_is_told_what_mpirun_wants() {
    if [ "$(id -u)" != 0 ]; then
        reason="not root"
        return
    fi
    call env -u OMPI_ALLOW_RUN_AS_ROOT "$tool" run true
    expect_error 1 'OMPI_ALLOW_RUN_AS_ROOT=1'
}

dry() { # EXPECTED ARGUMENT...; the words that depend on nothing else
    local expected=$1
    shift
    call "$tool" run --dry-run "$@"
    expect_status 0
    grep -qF -- "$expected" "$scratch/out" ||
        broken "no $expected in: $(cat "$scratch/out")"
}

dry_run_prints_what_would_be_run() {
    dry " -n 3 " -n 3 true
    dry " -n 3 " -np 3 true
    dry " -n 7 " -n7 --oversubscribe true
    dry " --oversubscribe " --oversubscribe true
    dry " --hostfile some/file " --hostfile some/file true
    dry " --host a:2,b:2 " --host a:2,b:2 true
    dry " --map-by node --mca a 'b c' " \
        --mpirun '--map-by node' --mpirun "--mca a 'b c'" true
    dry "rank program -n 'a b' 'it'\\''s' ''" -n 1 program -n 'a b' "it's" ''
    dry "rank --help" -- --help
    MR_SPIN=3 dry " -x MR_SPIN " true
    ! grep -q '[0-9a-f]\{32\}' "$scratch/out" || broken "it shows a secret"
}

# What a shell makes of the printed line is the words that went in.
dry_run_is_quoted_for_a_shell() {
    local words=("a b" "it's" '"' '$HOME' '*' 'back\slash' '' 'x=y')
    call "$tool" run --dry-run printf '%s\n' "${words[@]}"
    eval "set -- $(cat "$scratch/out")"
    shift $(($# - ${#words[@]}))
    [ "$(printf '<%s>' "$@")" = "$(printf '<%s>' "${words[@]}")" ] ||
        broken "they became: $*"
}

allocation_of_slurm_gives_the_number_of_ranks() {
    call env SLURM_JOB_ID=1 SLURM_NTASKS=12 "$tool" run --dry-run true
    grep -q ' -n 12 ' "$scratch/out" || broken "$(cat "$scratch/out")"
    call env SLURM_JOB_ID=1 SLURM_NTASKS=12 "$tool" run --dry-run -n 3 true
    grep -q ' -n 3 ' "$scratch/out" || broken "$(cat "$scratch/out")"
}

number_of_ranks_is_that_of_the_cores() {
    if ! command -v taskset > /dev/null; then
        reason="no taskset"
        return
    fi
    call taskset -c "$(first_cpu)" "$tool" run --dry-run true
    grep -q ' -n 1 ' "$scratch/out" || broken "$(cat "$scratch/out")"
}

first_cpu() {
    taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/'
}

# The same command by mpirun and by the tool.
alike() { # RANKS COMMAND...
    local ranks=$1
    shift
    "$mpirun" --oversubscribe -n "$ranks" "$@" < /dev/null 2>&1 |
        sort > "$scratch/expected"
    "$tool" run --oversubscribe -n "$ranks" "$@" < /dev/null 2>&1 |
        sort > "$scratch/out"
    expect_output < "$scratch/expected"
}

ranks_have_the_processors_of_ranks_of_mpirun() { # RANKS
    alike "$1" grep Cpus_allowed_list /proc/self/status
}

ranks_have_the_signals_of_ranks_of_mpirun() { # RANKS
    alike "$1" grep -E 'Sig(Blk|Ign)' /proc/self/status
}

# One more: that on which a rank talks to its parent.
ranks_have_the_descriptors_of_ranks_of_mpirun() {
    local count
    count=$("$mpirun" -n 1 sh -c 'ls /proc/self/fd | wc -l' < /dev/null)
    call "$tool" run -n 1 sh -c 'ls /proc/self/fd | wc -l'
    echo $((count + 1)) | expect_output
}

ranks_do_not_see_the_secret() {
    call "$tool" run -n 1 env
    ! grep -q MULTIRANK_RUN "$scratch/out" || broken "they do"
}

stdin_goes_to_rank_0() { # RANKS
    seq 1000 | timeout 20 "$tool" run --oversubscribe -n "$1" cat \
        > "$scratch/out" 2> "$scratch/err"
    seq 1000 | expect_output
}

arguments_arrive_as_they_are() { # ARGUMENT...
    call "$tool" run -n 1 printf '<%s>' "$@"
    expect_status 0
    printf '<%s>' "$@" | expect_output
}

closed_standard_descriptors_do_no_harm() { # WHICH...
    local way='exec "$@"'
    for descriptor in "$@"; do
        way="$way $descriptor>&-"
    done
    call bash -c "$way" - "$tool" run -n 2 --oversubscribe sh -c 'exit 5'
    expect_status 5
}

stdout_and_stderr_stay_apart() {
    call "$tool" run -n 1 sh -c 'echo out; echo err >&2'
    echo out | expect_output
    [ "$(cat "$scratch/err")" = err ] || broken "stderr is not err"
}

too_many_ranks_are_refused_by_mpirun() {
    # The tests may have more ranks than there are slots; here it is the point.
    call env -u OMPI_MCA_rmaps_base_oversubscribe \
        timeout 20 "$tool" run -n 1000 true
    expect_failure
    grep -q 'before all ranks had started' "$scratch/err" ||
        broken "it does not say when"
}

if ! have_launcher; then
    echo "SKIP: no mpirun"
    exit 77
fi
check wrong_options_are_named
check programs_that_cannot_run_are_named "$PWD"
check missing_launcher_is_named
check root_is_told_what_mpirun_wants
check dry_run_prints_what_would_be_run
check dry_run_is_quoted_for_a_shell
check allocation_of_slurm_gives_the_number_of_ranks
check number_of_ranks_is_that_of_the_cores
check ranks_have_the_processors_of_ranks_of_mpirun 1
check ranks_have_the_processors_of_ranks_of_mpirun 2
check ranks_have_the_processors_of_ranks_of_mpirun 4
check ranks_have_the_signals_of_ranks_of_mpirun 2
check ranks_have_the_descriptors_of_ranks_of_mpirun
check ranks_do_not_see_the_secret
check stdin_goes_to_rank_0 1
check stdin_goes_to_rank_0 4
check arguments_arrive_as_they_are : echo yes
check arguments_arrive_as_they_are a '' ' ' -np --disguised "it's" $'\n' '*'
check closed_standard_descriptors_do_no_harm 0
check closed_standard_descriptors_do_no_harm 1
check closed_standard_descriptors_do_no_harm 0 1 2
check stdout_and_stderr_stay_apart
check too_many_ranks_are_refused_by_mpirun
report run_command
