# SPDX-License-Identifier: BSD-3-Clause
# For scripts that watch whole jobs from outside; they source this file.
#
# A script defines functions, calls `check NAME` for each, and ends with
# `report SUITE`. In them `start RANKS PROGRAM...` begins a job (0 ranks:
# without a launcher; else by $launcher, which the number of ranks follows),
# `await` waits for its end, and `broken TEXT...` says what is wrong. Output
# goes to $scratch/out and $scratch/err.
#
# The files of a job are in two folders that it has alone: $job_memory for the
# shared memory of MPI, $job_tmp for what else there is. Multirank's own memory
# has no name. What others have in /dev/shm and /tmp does not count. Transports
# that ask nobody where to put their files (UCX, PSM) are not watched.
#
# All processes of a job are found by a variable in their environment, which
# the kernel shows as it was when the program began.
# shellcheck shell=bash
set -u
# In `... | expect_output` the last command runs in this shell: in one of its
# own, what it says is broken would be forgotten.
shopt -s lastpipe

mpirun=${MPIRUN:-mpirun}
launcher=("$mpirun" --oversubscribe -np)
scale=${MULTIRANK_TEST_SCALE:-1}
scratch=$(mktemp -d)
memory=$(mktemp -d /dev/shm/multirank-test.XXXXXXXX 2> /dev/null) ||
    memory=$scratch
chmod 755 "$memory"
passed=0 failed=0 skipped=0
jobs_started=0

# Without a launcher means a job of one rank.
export MR_LAUNCH=never

if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

have_launcher() {
    command -v "$mpirun" > /dev/null
}

# True, and the test is skipped, with the mpirun of Open MPI 5.
open_mpi_5() { # WHAT IT DOES
    ! "$mpirun" --version 2> /dev/null | grep -q '(Open MPI) 5' ||
        reason="Open MPI 5 $1"
    [ -n "${reason:-}" ]
}

# As one of so many that may run on the machine, as with tests/launch.
in_slot() { # "$0" "$@"
    if [ -z "${MULTIRANK_TEST_IN_SLOT:-}" ]; then
        rm -rf "$scratch" "$memory"
        MULTIRANK_TEST_IN_SLOT=1 exec "${BASH_SOURCE[0]%/*}/../slot" bash "$@"
    fi
}

processes() { # TAG; the ids of its processes
    grep -lzxsF "MULTIRANK_JOB=$1" /proc/[0-9]*/environ | cut -d / -f 3
}

# A rank without a launcher that is killed leaves the folder jf.0, which Open MPI
# 4.1 has for all such ranks of the user: here it is one of the program's alone.
job_files() {
    local folder
    for folder in "$job_tmp"/ompi.*/jf.0; do
        [ ! -d "$folder" ] || { rm -rf "$folder" && rmdir "${folder%/*}"; }
    done
    find "$job_memory" "$job_tmp" -mindepth 1 2> /dev/null
}

# The names are those of Open MPI 4.1 (vader, osc) and 5 (sm). Simulated hosts
# have a /dev/shm of their own each, so their scripts replace this function.
use_job_memory() {
    export OMPI_MCA_btl_vader_backing_directory=$job_memory
    export OMPI_MCA_btl_sm_backing_directory=$job_memory
    export OMPI_MCA_osc_sm_backing_directory=$job_memory
    export OMPI_MCA_osc_rdma_backing_directory=$job_memory
}

start() { # RANKS PROGRAM [ARGUMENT...]
    local ranks=$1
    shift
    jobs_started=$((jobs_started + 1))
    tag=$$.$jobs_started
    job_memory=$memory/memory.$jobs_started
    job_tmp=$scratch/tmp.$jobs_started
    mkdir -m 1777 "$job_memory" "$job_tmp" # a job may be of another user
    use_job_memory
    if [ "$ranks" -gt 0 ]; then
        set -- "${launcher[@]}" "$ranks" "$@"
    fi
    : > "$scratch/out" > "$scratch/err"
    MULTIRANK_JOB=$tag TMPDIR=$job_tmp "$@" \
        < /dev/null > "$scratch/out" 2> "$scratch/err" &
    job=$!
}

now() { # milliseconds
    local seconds=$EPOCHREALTIME
    seconds=${seconds/[.,]/}
    echo $((seconds / 1000))
}

scaled() { # SECONDS; milliseconds
    awk -v limit="$1" -v scale="$scale" 'BEGIN { print int(limit * scale * 1000) }'
}

# Runs a command until it succeeds; false when it does not in that time.
until_true() { # SECONDS COMMAND...
    local end
    end=$(($(now) + $(scaled "$1")))
    shift
    until "$@"; do
        if [ "$(now)" -gt "$end" ]; then
            return 1
        fi
        sleep 0.02
    done
}

broken() {
    echo "       $*"
    fine=false
}

has_ended() {
    ! kill -0 "$job" 2> /dev/null
}

none_left() {
    [ -z "$(processes "$tag")" ]
}

no_file_left() {
    [ -z "$(job_files)" ]
}

has_line() { # PATTERN
    grep -q "$1" "$scratch/out"
}

await_line() { # PATTERN
    until_true 20 has_line "$1" || broken "no line $1 in the output"
}

# Waits for the end of the job. Then nothing of it may be left, after a moment.
await() { # SECONDS
    if ! until_true "$1" has_ended; then
        broken "not ended after $1 s"
        kill -KILL "$job" 2> /dev/null
    fi
    wait "$job" 2> /dev/null
    status=$?
    until_true 5 none_left || {
        # shellcheck disable=SC2046
        broken "left behind:" $(ps -o pid=,stat=,args= -p $(processes "$tag"))
        # shellcheck disable=SC2046
        kill -KILL $(processes "$tag") 2> /dev/null
    }
    until_true 5 no_file_left || broken "left behind:" "$(job_files)"
}

expect_status() { # STATUS
    [ "$status" = "$1" ] || broken "exit status $status, not $1"
}

expect_failure() {
    [ "$status" != 0 ] || broken "exit status 0"
}

# Compares what a job printed with the text on stdin.
expect_output() {
    diff - "$scratch/out" > "$scratch/diff" ||
        broken "the output differs:" "$(head -20 "$scratch/diff")"
}

# A check with each rank as if on a node of its own.
far() { # FUNCTION ARGUMENT...
    export MR_ROUTE=far
    "$@"
    unset MR_ROUTE
}

# A check of a job that `multirank run` starts, which waits so many seconds for
# ranks after the end of rank 0.
through_tool() { # FUNCTION ARGUMENT...
    local before=("${launcher[@]}")
    launcher=(./apps/multirank/multirank run --oversubscribe
        --grace "${tool_grace:-1}" -n)
    "$@"
    launcher=("${before[@]}")
}

check() { # FUNCTION [ARGUMENT...]
    local name=$* began
    name=${name//[[:space:]]/_}
    fine=true
    reason=
    began=$(now)
    "$@"
    if ! $fine; then
        sed 's/^/       stderr: /' "$scratch/err" | head -20
        echo "  FAIL $name"
        failed=$((failed + 1))
    elif [ -n "$reason" ]; then
        echo "  skip $name: $reason"
        skipped=$((skipped + 1))
    else
        echo "  ok   $name ($(($(now) - began)) ms)"
        passed=$((passed + 1))
    fi
}

report() { # SUITE
    echo "SUITE $1: $passed passed, $failed failed, $skipped skipped"
    if [ $failed -gt 0 ]; then
        exit 1
    elif [ $passed -eq 0 ]; then
        exit 77
    fi
    exit 0
}

clean_up() {
    local number
    for number in $(seq "$jobs_started"); do
        # shellcheck disable=SC2046
        kill -KILL $(processes "$$.$number") 2> /dev/null
    done
    rm -rf "$scratch" "$memory"
}
trap clean_up EXIT
