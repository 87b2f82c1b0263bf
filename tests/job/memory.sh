#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A job keeps to the memory that it is allowed, and users who fill their part
# leave the runtime what it needs.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

program=./tests/job/memory

# ---- the control group of a batch job ----------------------------------------

# The folder of a new control group below ours with so much memory, or nothing.
make_group() { # BYTES
    local group folder
    group=$(awk -F : '$2 ~ /(^|,)memory(,|$)/ { print $3 }' /proc/self/cgroup)
    if [ -n "$group" ]; then
        folder=/sys/fs/cgroup/memory$group/multirank-test.$$
        mkdir "$folder" 2> /dev/null &&
            echo "$1" > "$folder/memory.limit_in_bytes" && echo "$folder"
        return
    fi
    group=$(awk -F :: '/^0::/ { print $2 }' /proc/self/cgroup)
    folder=/sys/fs/cgroup${group%/}/multirank-test.$$
    mkdir "$folder" 2> /dev/null || return
    if echo "$1" 2> /dev/null > "$folder/memory.max"; then
        echo "$folder"
    else
        rmdir "$folder"
    fi
}

job_in_a_small_control_group_is_not_killed() {
    local folder
    folder=$(make_group $((300 << 20)) 2> /dev/null)
    if [ -z "$folder" ]; then
        reason="no control group with a limit of memory can be made"
        return
    fi
    # shellcheck disable=SC2016
    launcher=(bash -c 'echo $$ > "$0/cgroup.procs"; exec "$@"' "$folder"
        "$mpirun" --oversubscribe -np)
    start 2 $program fill
    await 60
    launcher=("$mpirun" --oversubscribe -np)
    expect_status 0
    expect_output << END
rank 0: filled
rank 1: filled
map: MR_OK
END
    rmdir "$folder"
}

# ---- limits of a shell -------------------------------------------------------

small_files_make_small_segments() {
    # shellcheck disable=SC2016
    start 2 bash -c 'ulimit -f 100000; exec "$@"' - $program fill
    await 60
    expect_status 0
    grep -q "instead of .*ulimit -f" "$scratch/err" ||
        broken "no warning about ulimit -f"
    expect_output << END
rank 0: filled
rank 1: filled
map: MR_OK
END
}

# Of 16 MB, in which MPI has room for its own.
too_small_files_are_refused() {
    ! open_mpi_5 "needs larger files by itself" || return 0
    # shellcheck disable=SC2016
    start 2 bash -c 'ulimit -f 16000; exec "$@"' - $program fill
    await 60
    expect_status 3
    grep -q "ulimit -f" "$scratch/err" || broken "no word about ulimit -f"
    echo "mr_init: MR_ERR_NO_MEMORY" | expect_output
}

too_little_memory_is_named_as_it_was_set() {
    MR_MEMORY=1K start 2 $program fill
    await 60
    expect_status 3
    grep -q "1024 bytes of shared memory" "$scratch/err" ||
        broken "1024 bytes are not named"
}

# ---- full queues -------------------------------------------------------------

full_queue_leaves_memory_for_the_rest() { # RANKS
    MR_MEMORY=2M start "$1" $program rest
    await 60
    expect_status 0
    [ "$(grep -c MR_MEMORY "$scratch/err")" = 1 ] ||
        broken "not one line that names MR_MEMORY"
    expect_output << END
map: MR_OK
imap: MR_OK
process: MR_OK
value: MR_OK
lock: MR_OK
send: MR_OK
pipe: MR_OK
put: MR_OK
full pipe: MR_ERR_TIMEOUT
map: MR_OK
imap: MR_OK
END
}

processes_that_fill_a_queue_are_told() { # RANKS
    MR_MEMORY=2M start "$1" $program breed
    await 60
    expect_status 0
    grep -q "MR_MEMORY.*maxsize\|maxsize.*MR_MEMORY" "$scratch/err" ||
        broken "no line that names MR_MEMORY and maxsize"
    expect_output << END
process 0: 7
process 1: 7
map: MR_OK
END
}

# ---- ranks that may not open each other's files ------------------------------

can_unshare() { # OPTION...
    unshare --user --map-root-user "$@" true 2> /dev/null
}

ranks_in_user_namespaces_share_memory() {
    if ! can_unshare; then
        reason="no user namespaces"
        return
    fi
    start 3 unshare --user --map-root-user $program nodes
    await 60
    expect_status 0
    expect_output << END
3 of 3 ranks share memory
map: MR_OK
imap: MR_OK
END
}

ranks_in_process_namespaces_are_far() {
    if ! can_unshare --pid --fork; then
        reason="no process namespaces"
        return
    fi
    # Without /proc of their own, which nothing here asks for.
    # The shared memory of Open MPI crashes there.
    OMPI_MCA_btl=tcp,self \
        start 2 unshare --user --map-root-user --pid --fork $program nodes
    await 60
    expect_status 0
    grep -q "share no memory" "$scratch/err" || broken "nothing is logged"
    expect_output << END
1 of 2 ranks share memory
map: MR_OK
imap: MR_OK
END
}

if ! have_launcher; then
    echo "  skip all: no $mpirun"
    exit 77
fi
check job_in_a_small_control_group_is_not_killed
check small_files_make_small_segments
check too_small_files_are_refused
check too_little_memory_is_named_as_it_was_set
check full_queue_leaves_memory_for_the_rest 1
check full_queue_leaves_memory_for_the_rest 2
check processes_that_fill_a_queue_are_told 1
check processes_that_fill_a_queue_are_told 2
check ranks_in_user_namespaces_share_memory
check ranks_in_process_namespaces_are_far
report job/memory
