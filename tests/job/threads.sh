#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# At MPI_THREAD_SERIALIZED two threads of a rank are never inside MPI at the
# same time: at the start, during calls to other nodes, and at the end.  A
# library that is preloaded watches it.  The last of these tests checks that
# it would see one.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

watcher=$PWD/tests/library/.libs/libone_thread_in_mpi.so

if ! have_launcher; then
    reason="no mpirun"
elif [ -n "${SANITIZER_FLAGS:-}" ]; then
    reason="the runtime of a sanitizer wants to be the first library"
elif [ ! -e "$watcher" ]; then
    reason="no shared library to be preloaded"
fi
if [ -n "${reason:-}" ]; then
    echo "SKIP: $reason"
    exit 77
fi

# More ranks than processors are no news here.
export MR_BIND=none

watched() { # STATUS RANKS PROGRAM [ARGUMENT...]
    start "$2" env LD_PRELOAD="$watcher" "${@:3}"
    await 60
    expect_status "$1"
}

# Any thread may call these at any time (MPI 3.1, section 12.4.3), but for
# MPI_Abort, which ends the process whatever other threads do.
all_calls_are_watched() {
    : > "$scratch/err"
    nm -D --undefined-only .libs/libmultirank.so |
        sed -n 's/.* U \(MPI_[A-Za-z_]*\)$/\1/p' |
        grep -vx 'MPI_Abort\|MPI_Initialized\|MPI_Finalized\|MPI_Query_thread\|MPI_Get_library_version\|MPI_Init_thread' |
        sort > "$scratch/called"
    nm -D --defined-only "$watcher" |
        sed -n 's/.* T \(MPI_[A-Za-z_]*\)$/\1/p' | sort > "$scratch/watched"
    [ -s "$scratch/called" ] || broken "no calls are found"
    [ -z "$(comm -23 "$scratch/called" "$scratch/watched")" ] ||
        broken "not watched: $(comm -23 "$scratch/called" "$scratch/watched")"
}

expect_one_thread() {
    ! grep 'two threads are inside MPI' "$scratch/err" ||
        broken "the library called MPI in two threads"
}

starts_and_ends() { # RANKS
    local i
    for i in 1 2 3; do
        watched 0 "$1" ./tests/job/user_mpi
        expect_one_thread
    done
}

calls() { # RANKS SUITE
    watched 0 "$1" "./tests/mpi/$2_test"
    expect_one_thread
}

# The service thread and main, which takes no lock.
watcher_sees_two_threads() {
    watched 7 2 ./tests/job/mpi_lock careless
    grep -q 'two threads are inside MPI' "$scratch/err" ||
        broken "nothing is seen"
}

check all_calls_are_watched
for ranks in 2 3; do
    check starts_and_ends $ranks
    check far starts_and_ends $ranks
done
# Main, a service thread, and a rank between other two.
for suite in queue wait array_travel process; do
    check far calls 3 $suite
done
check far watcher_sees_two_threads
report threads
