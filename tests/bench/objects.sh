#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# The programs of bench/objects and bench/job tell a figure for each of their
# cases; what they compute they check themselves.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/figures.sh"
in_slot "$0" "$@"

scripts=$here/../../bench/objects

talk="there_and_back_8 one_way_8 there_and_back_1KiB one_way_1KiB
      there_and_back_1MiB one_way_1MiB one_way_64MiB"
copies="set_64KiB get_64KiB set_1MiB get_1MiB set_64MiB get_64MiB"
starts="start_join start_join_16_at_once"
sizes="lock value queue item process"
shares="share_64KiB share_1MiB share_64MiB"
batches="single batch_1 batch_10 batch_100 batch_1000"
lent="there_64 there_64KiB there_1MiB there_64MiB"
pair="1_8 1_1KiB 1_1MiB"
crowds="4_8 4_1KiB 8_8 8_1KiB"
waits="semaphore rlock read_lock notify"

queues_and_pipes_tell() {
    tells "$talk" 2 bench/objects/queue
    tells "$talk" 2 bench/objects/queue children
    tells "$talk" 2 bench/objects/pipe
    tells "$talk" 2 bench/objects/pipe children
}

batches_crowds_and_lent_items_tell() {
    tells "$batches" 2 bench/objects/queue_batches
    tells "$batches" 2 bench/objects/queue_batches children
    tells "$pair $crowds" 2 bench/objects/queue_many
    tells "$lent" 2 bench/objects/queue_lent
    tells "$lent" 2 bench/objects/queue_lent children
}

locks_and_barriers_tell() {
    tells "$waits" 2 bench/objects/sync
    tells "barrier_3" 3 bench/objects/sync barrier
    tells "barrier_2 barrier_4" 2 bench/objects/sync children 2 4
}

far_objects_tell() {
    local -x MR_ROUTE=far
    tells "$batches" 2 bench/objects/queue_batches
    tells "$lent" 2 bench/objects/queue_lent
    tells "$waits" 2 bench/objects/sync
    tells "barrier_4" 4 bench/objects/sync barrier
    tells "$talk" 2 bench/objects/queue
    tells "$talk" 2 bench/objects/pipe
    tells "add lock_add_unlock process_add" 2 bench/objects/value
    tells "$copies" 2 bench/objects/array
}

values_tell() {
    tells "add lock_add_unlock process_add" 2 bench/objects/value
    tells "add_3 lock_add_unlock_3" 3 bench/objects/value ranks
    tells "add_1 lock_add_unlock_1 add_4 lock_add_unlock_4" 2 \
        bench/objects/value children 1 4
}

arrays_processes_and_memory_tell() {
    tells "$copies" 2 bench/objects/array
    tells "$starts" 2 bench/objects/process
    tells "$sizes" 2 bench/objects/memory
    tells "$shares" 2 bench/objects/share replicated
    tells "$shares" 2 bench/objects/share get
}

jobs_tell() {
    tells "init_2 finalize_2" 2 bench/job/start
    tells "init_1 finalize_1" 0 bench/job/start one
    tells "beyond_mpi_2" 2 bench/job/start_beyond_mpi
    tells "memory_3" 3 bench/job/memory
    tells "switches_2 core_2" 2 bench/job/idle 0.2
}

peers_by_mpi_tell() {
    tells "$talk" 2 bench/objects/talk_mpi
    tells "add lock_add_unlock" 2 bench/objects/value_mpi
    tells "add_3 lock_add_unlock_3" 3 bench/objects/value_mpi ranks
    tells "$copies" 2 bench/objects/array_mpi
    tells "$shares" 2 bench/objects/share_mpi
    tells "$batches" 2 bench/objects/batches_mpi
    tells "$pair" 2 bench/objects/many_mpi
    tells "4_8 4_1KiB" 8 bench/objects/many_mpi
    tells "barrier_3" 3 bench/objects/sync_mpi
    tells "init_2 finalize_2" 2 bench/job/start_mpi
    tells "memory_2" 2 bench/job/memory_mpi
    tells "switches_2 core_2" 2 bench/job/idle_mpi 0.2
}

peers_without_mpi_tell() {
    tells "add lock_add_unlock" 0 bench/objects/value_mutex
    tells "add_3 lock_add_unlock_3" 0 bench/objects/value_mutex 3
    tells "there_and_back_8 notify" 0 bench/objects/talk_line
    tells "$lent" 0 bench/objects/lent_line
    tells "semaphore rlock read_lock notify barrier_2 barrier_8" 0 \
        bench/objects/sync_posix
    tells "$copies" 0 bench/objects/array_memcpy
    tells "$starts" 0 bench/objects/process_plain fork
    tells "$starts" 0 bench/objects/process_plain spawn
}

# What the system allows decides whether a queue of POSIX holds 1 MiB.
queues_of_posix_tell() {
    start 0 bench/objects/many_mq
    await 60
    expect_status 0
    has_figures || broken "no figures:" "$(cat "$scratch/out")"
    grep -q '^8_1KiB ' "$scratch/out" || broken "not all cases"
}

queues_of_boost_tell() {
    if [ ! -x bench/objects/many_boost ]; then
        reason="configure found no Boost"
        return
    fi
    tells "$batches" 0 bench/objects/batches_boost
    tells "$pair $crowds" 0 bench/objects/many_boost interprocess
    tells "1_8 1_1KiB $crowds" 0 bench/objects/many_boost lockfree
}

iceoryx_tells() {
    local python=${BENCH_PYTHON:-python3}
    if ! "$python" -c "import iceoryx2" 2> /dev/null; then
        reason="there is no module iceoryx2; BENCH_PYTHON may name a Python"
        return
    fi
    tells "$lent" 0 "$python" "$scripts/lent_iceoryx.py"
    tells "$pair" 0 "$python" "$scripts/many_iceoryx.py"
}

peers_in_python_tell() {
    if ! command -v python3 > /dev/null; then
        reason="there is no python3"
        return
    fi
    tells "$talk" 0 "$scripts/talk_multiprocessing.py" queue
    tells "$talk" 0 "$scripts/talk_multiprocessing.py" pipe
    tells "lock_add_unlock" 0 "$scripts/value_multiprocessing.py"
    tells "lock_add_unlock_2" 0 "$scripts/value_multiprocessing.py" 2
    tells "$copies" 0 "$scripts/array_multiprocessing.py"
    tells "$starts" 0 "$scripts/process_multiprocessing.py" fork
    tells "$pair $crowds" 0 "$scripts/many_multiprocessing.py"
    tells "semaphore rlock notify barrier_2 barrier_8" 0 \
        "$scripts/sync_multiprocessing.py"
    may_shrink=1 tells "$sizes" 0 "$scripts/memory_multiprocessing.py"
}

wrong_start_is_told_the_right_one() { # RANKS PROGRAM [ARGUMENT...]
    start "$@"
    await 60
    expect_failure
    grep -q "^start it so: .*$2" "$scratch/err" ||
        broken "it does not say how to start it"
}

check peers_without_mpi_tell
check queues_of_posix_tell
check queues_of_boost_tell
check iceoryx_tells
check peers_in_python_tell
check wrong_start_is_told_the_right_one 0 bench/objects/process_plain
check wrong_start_is_told_the_right_one 0 bench/objects/value_mutex 0
if [ -x bench/objects/many_boost ]; then
    check wrong_start_is_told_the_right_one 0 bench/objects/many_boost
fi
if have_launcher; then
    check queues_and_pipes_tell
    check batches_crowds_and_lent_items_tell
    check locks_and_barriers_tell
    check far_objects_tell
    check values_tell
    check arrays_processes_and_memory_tell
    check jobs_tell
    check peers_by_mpi_tell
    check wrong_start_is_told_the_right_one 1 bench/objects/queue
    check wrong_start_is_told_the_right_one 2 bench/objects/share nonsense
    check wrong_start_is_told_the_right_one 2 bench/objects/sync nonsense
    check wrong_start_is_told_the_right_one 3 bench/objects/many_mpi
    check wrong_start_is_told_the_right_one 2 bench/objects/value nonsense
    check wrong_start_is_told_the_right_one 1 bench/job/idle_mpi
fi
report bench/objects
