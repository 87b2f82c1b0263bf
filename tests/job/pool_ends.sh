#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Whatever ends a map, or an iterator, the next one of the same pool works: all
# its children die, also at their birth, or a rank dies with tasks that nobody
# else has. The true way in which a task ended its worker is told.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

run=(./apps/multirank/multirank run --oversubscribe -n)

pool_works_after_its_children_died_at_birth() { # RANKS WORKERS [ROUTE]
    MR_ROUTE=${3:-auto} start "$1" ./tests/job/pool_ends births "$2" \
        "$scratch/flag"
    await 60
    expect_status 0
    expect_output << END
map MR_OK, 0 wrong
map ends
map ends
map MR_OK, 0 wrong
map MR_OK, 0 wrong
map MR_OK, 0 wrong
imap ends
imap ends
imap MR_OK, 0 wrong
map MR_OK, 0 wrong
END
}

# The rest of what the rank had taken is done by others, who had left by then.
rest_of_a_rank_that_died_late_is_done() { # RANKS map|imap
    local launcher=("${run[@]}") code=MR_ERR_WORKER_DIED
    [ "$2" = map ] || code=MR_OK
    start "$1" ./tests/job/pool_ends "$2" rank late
    await 60
    expect_status 0
    sed -i 's/ wrong, .*/ wrong/' "$scratch/out"
    expect_output << END
$2 $code, 1 wrong
map MR_OK, 0 wrong
imap MR_OK, 0 wrong
END
}

# In a rank as in a child. The task's own output may be there or not.
way_in_which_a_task_ended_its_worker_is_told() { # RANKS PLACE HOW TEXT
    local launcher=("${run[@]}") call code
    for call in map imap; do
        code=MR_ERR_WORKER_DIED
        [ $call = map ] || code=MR_OK
        start "$1" ./tests/job/pool_ends $call "$2" "$3"
        await 60
        expect_status 0
        sed -i "1s/, [01] wrong/, one wrong/" "$scratch/out"
        expect_output << END
$call $code, one wrong, $4
map MR_OK, 0 wrong
imap MR_OK, 0 wrong
END
    done
}

# Nothing happens to the task itself.
process_that_a_task_forked_does_not_return_from_it() { # RANKS PLACE
    local launcher=("${run[@]}") call
    for call in map imap; do
        start "$1" ./tests/job/pool_ends $call "$2" fork
        await 60
        expect_status 0
        expect_output << END
$call MR_OK, 0 wrong
map MR_OK, 0 wrong
imap MR_OK, 0 wrong
END
        grep -q 'a process that a task has forked returned' "$scratch/err" ||
            broken "the process that returned is not told"
    done
}

every_way_to_end_a_worker() { # RANKS PLACE
    local must='a task must return'
    set -- way_in_which_a_task_ended_its_worker_is_told "$@"
    check "$@" segv 'signal 11, by signal 11, Segmentation fault'
    check "$@" abort 'signal 6, by signal 6, Aborted'
    check "$@" kill 'signal 9, by signal 9, Killed'
    check "$@" exit "signal 0, by exit with code 3: $must"
    check "$@" leave "signal 0, by exit with code 3: $must"
    check "$@" daemon "signal 0, by exit with code 0: $must"
    check "$@" pthread \
        "signal 0, by pthread_exit() or a cancellation: $must"
}

every_way_to_end_a_worker 0 child
check process_that_a_task_forked_does_not_return_from_it 0 child
check pool_works_after_its_children_died_at_birth 0 1
check pool_works_after_its_children_died_at_birth 0 3
if have_launcher; then
    check pool_works_after_its_children_died_at_birth 2 3
    check pool_works_after_its_children_died_at_birth 2 4 far
    for ranks in 2 3; do
        check rest_of_a_rank_that_died_late_is_done $ranks map
    done
    check rest_of_a_rank_that_died_late_is_done 2 imap
    every_way_to_end_a_worker 3 rank
    check process_that_a_task_forked_does_not_return_from_it 3 rank
fi
report job/pool_ends
