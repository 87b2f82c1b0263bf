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

queues_and_pipes_tell() {
    tells "$talk" 2 bench/objects/queue
    tells "$talk" 2 bench/objects/queue children
    tells "$talk" 2 bench/objects/pipe
    tells "$talk" 2 bench/objects/pipe children
}

far_objects_tell() {
    local -x MR_ROUTE=far
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
    tells "init_2 finalize_2" 2 bench/job/start_mpi
    tells "memory_2" 2 bench/job/memory_mpi
    tells "switches_2 core_2" 2 bench/job/idle_mpi 0.2
}

peers_without_mpi_tell() {
    tells "add lock_add_unlock" 0 bench/objects/value_mutex
    tells "add_3 lock_add_unlock_3" 0 bench/objects/value_mutex 3
    tells "there_and_back_8" 0 bench/objects/talk_line
    tells "$copies" 0 bench/objects/array_memcpy
    tells "$starts" 0 bench/objects/process_plain fork
    tells "$starts" 0 bench/objects/process_plain spawn
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
    tells "$sizes" 0 "$scripts/memory_multiprocessing.py"
}

wrong_start_is_told_the_right_one() { # RANKS PROGRAM [ARGUMENT...]
    start "$@"
    await 60
    expect_failure
    grep -q "^start it so: .*$2" "$scratch/err" ||
        broken "it does not say how to start it"
}

check peers_without_mpi_tell
check peers_in_python_tell
check wrong_start_is_told_the_right_one 0 bench/objects/process_plain
check wrong_start_is_told_the_right_one 0 bench/objects/value_mutex 0
if have_launcher; then
    check queues_and_pipes_tell
    check far_objects_tell
    check values_tell
    check arrays_processes_and_memory_tell
    check jobs_tell
    check peers_by_mpi_tell
    check wrong_start_is_told_the_right_one 1 bench/objects/queue
    check wrong_start_is_told_the_right_one 2 bench/objects/share nonsense
    check wrong_start_is_told_the_right_one 2 bench/objects/value nonsense
    check wrong_start_is_told_the_right_one 1 bench/job/idle_mpi
fi
report bench/objects
