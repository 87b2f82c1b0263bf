#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# A rank is killed in the middle of a map. On another node its tasks run again
# elsewhere; on the same one only that is missing which killed it. The pool
# goes on with those that are left.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/jobs.sh"
in_slot "$0" "$@"

launcher=(./apps/multirank/multirank run --oversubscribe -n)
export MR_PATIENCE=2

tasks_of_a_far_rank_run_again() { # RANKS RANK
    MR_ROUTE=far start "$1" ./tests/job/pools "$2"
    await 40
    expect_status 0
    expect_output << END
map MR_OK, 0 wrong
map MR_OK, 0 wrong
killed 1
END
}

# One that has no child of the pool, whose task would be missing, too.
task_that_kills_a_near_rank_is_told() { # RANKS RANK
    start "$1" ./tests/job/pools "$2"
    await 40
    expect_status 0
    expect_output << END
map MR_ERR_WORKER_DIED, 1 wrong
map MR_OK, 0 wrong
killed 1
END
}

destroy_of_a_busy_pool_is_refused_and_the_log_says_why() {
    MR_LOG=info start 0 ./tests/job/pools busy
    await 20
    expect_status 0
    expect_output <<< "destroy MR_ERR_STATE"
    grep -q 'a map of this pool is under way: wait' "$scratch/err" ||
        broken "the log does not say why"
}

check destroy_of_a_busy_pool_is_refused_and_the_log_says_why
if have_launcher; then
    for ranks in 2 3 4; do
        check tasks_of_a_far_rank_run_again $ranks $((ranks - 1))
    done
    check tasks_of_a_far_rank_run_again 4 1
    check task_that_kills_a_near_rank_is_told 3 2
    check task_that_kills_a_near_rank_is_told 4 3
fi
report job/pools
